"""Checkpoints: one file holding every number an exact resume needs, replaced atomically.

NumPy's own archive, read without pickles; its members carry checksums, so a torn or damaged file is
noticed and the one before it is used.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

KEPT = 2  # the newest and, should it turn out damaged, the one before
_META = "meta.json"


class CheckpointMismatch(ValueError):  # noqa: N818 (it says what happened)
    """A checkpoint belongs to another model or training than the one that is to go on."""


def write_checkpoint(
    folder: Path, state: Mapping[str, Sequence[Any]], meta: Mapping[str, Any]
) -> Path:
    """Write variables and bookkeeping to `folder`/step-<step>.npz; keep the newest two.

    Args:
        folder: created if missing.
        state: part -> its Keras variables, in a fixed order.
        meta: JSON-ready; must hold `step`.

    Returns:
        The file's path. It appears complete or not at all.

    Raises:
        OSError: the disk is full or the folder cannot be written; older checkpoints stay.
    """
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        f"{part}/{index:04d}": variable.numpy()
        for part, variables in state.items()
        for index, variable in enumerate(variables)
    }
    arrays[_META] = np.frombuffer(json.dumps(dict(meta)).encode(), dtype=np.uint8)
    target = folder / f"step-{meta['step']:08d}.npz"
    partial = target.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    for old in sorted(folder.glob("step-*.npz"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return target


def read_checkpoint(folder: Path, state: Mapping[str, Sequence[Any]]) -> dict[str, Any] | None:
    """Load the newest sound checkpoint of `folder` into `state`'s variables.

    Returns:
        Its bookkeeping, or None when there is no sound checkpoint.

    Raises:
        CheckpointMismatch: number or shape of the variables differ.
    """
    for path in sorted(folder.glob("step-*.npz"), reverse=True):
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            continue  # damaged: the one before it is as good, a minute older
        meta: dict[str, Any] = json.loads(arrays.pop(_META).tobytes())
        _assign(path, state, arrays)
        return meta
    return None


def _assign(
    path: Path, state: Mapping[str, Sequence[Any]], arrays: Mapping[str, np.ndarray]
) -> None:
    wanted = {
        f"{part}/{index:04d}": variable
        for part, variables in state.items()
        for index, variable in enumerate(variables)
    }
    shapes = {name: tuple(variable.shape) for name, variable in wanted.items()}
    found = {name: array.shape for name, array in arrays.items()}
    if shapes != found:
        different = sorted(set(shapes.items()) ^ set(found.items()))[0]
        raise CheckpointMismatch(
            f"{path} was written by another configuration: {different[0]} has shape {different[1]}"
            " on one side only; train into another folder or delete this one"
        )
    for name, variable in wanted.items():
        variable.assign(arrays[name])
