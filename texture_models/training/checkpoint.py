"""Checkpoints: one file holding every number an exact resume needs, replaced atomically.

NumPy's own archive, read without pickles; its members carry checksums, so a torn or damaged file is
noticed and the one before it is used.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

KEPT = 2  # the newest and, should it turn out damaged, the one before
_META = "meta.json"

logger = logging.getLogger(__name__)


class CheckpointMismatch(ValueError):  # noqa: N818 (it says what happened)
    """A checkpoint belongs to another model or training than the one that is to go on."""


class DiskRefused(OSError):  # noqa: N818 (it says what happened)
    """The disk did not take or give something of a training; what was written before stays."""


@contextlib.contextmanager
def written(what: str, path: Path) -> Iterator[None]:
    """Say what could not be written, and where, when the disk refuses it in the block.

    Raises:
        DiskRefused: in place of an OSError of the block.
    """
    try:
        yield
    except OSError as error:
        free = ""
        with contextlib.suppress(OSError):  # the folder itself may be what could not be made
            free = f", {shutil.disk_usage(path.parent).free / 1e6:.1f} MB are free there"
        raise DiskRefused(
            error.errno,
            f"{what} cannot be written to {path}: {error.strerror or error}{free}; make room or"
            " allow it, then run the same again: it goes on from the newest checkpoint",
        ) from error


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
        DiskRefused: the disk is full or the folder cannot be written; older checkpoints stay.
    """
    target = folder / f"step-{meta['step']:08d}.npz"
    with written(f"the checkpoint of step {meta['step']}", target):
        folder.mkdir(parents=True, exist_ok=True)
        for torn in folder.glob("*.partial"):  # by a process that was killed while it wrote
            torn.unlink()
        _write(target, state, meta)
        for old in sorted(folder.glob("step-*.npz"))[:-KEPT]:
            old.unlink(missing_ok=True)
    return target


def _write(target: Path, state: Mapping[str, Sequence[Any]], meta: Mapping[str, Any]) -> None:
    arrays = {
        f"{part}/{index:04d}": variable.numpy()
        for part, variables in state.items()
        for index, variable in enumerate(variables)
    }
    arrays[_META] = np.frombuffer(json.dumps(dict(meta)).encode(), dtype=np.uint8)
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


def read_checkpoint(
    folder: Path, state: Mapping[str, Sequence[Any]], model: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    """Load the newest sound checkpoint of `folder` into `state`'s variables.

    Args:
        folder: need not exist.
        state: as when it was written.
        model: config of the model as JSON, if `meta` was written with its own as `model`: other
            labels can have the same shapes.

    Returns:
        Its bookkeeping, or None when there is no sound checkpoint.

    Raises:
        CheckpointMismatch: the model's config, or number or shape of the variables differ.
        DiskRefused: a checkpoint may not be read; beginning anew would replace it.
    """
    for path in sorted(folder.glob("step-*.npz"), reverse=True):
        arrays = _read(path)
        if arrays is None:
            continue
        meta: dict[str, Any] = json.loads(arrays.pop(_META).tobytes())
        _check_model(path, meta.get("model"), model)
        _assign(path, state, arrays)
        return meta
    return None


def _read(path: Path) -> dict[str, np.ndarray] | None:
    """Return what is in a checkpoint; None if it is damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except PermissionError as error:
        raise DiskRefused(
            error.errno,
            f"the checkpoint {path} cannot be read: {error.strerror}; allow it, or train into"
            " another folder",
        ) from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        # The one before it is as good, a minute older.
        logger.warning("passed over %s, which is damaged: %s", path, error or type(error).__name__)
        return None


def _check_model(path: Path, then: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> None:
    if now is None or then == now:
        return
    there = {key: (then or {}).get(key) for key in now}
    differing = ", ".join(
        f"model.{key}={json.dumps(there[key])} there and {json.dumps(value)} here"
        for key, value in now.items()
        if there[key] != value
    )
    raise CheckpointMismatch(
        f"{path} was written by another model: {differing}; train into another folder or delete"
        " this one"
    )


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
