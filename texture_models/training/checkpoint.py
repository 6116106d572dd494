"""Checkpoints: one file holding every number an exact resume needs, replaced atomically.

NumPy's own archive, read without pickles; its members carry checksums, so a torn or damaged file is
noticed, put aside, and the one before it is used.
"""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from texture_models.training.durable import whole_file

KEPT = 2  # the newest and, should it turn out damaged, the one before
_META = "meta.json"
_ARRAYS = "arrays"  # in the bookkeeping: how many there are beside it
# What NumPy and zipfile say of an archive in which any one byte is another.
_DAMAGED = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    RuntimeError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)

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


def checkpoint_paths(folder: Path) -> list[Path]:
    """Return the checkpoints of `folder`, oldest first; it need not exist."""
    return sorted(folder.glob("step-*.npz"))


def write_checkpoint(
    folder: Path,
    state: Mapping[str, Sequence[Any]],
    meta: Mapping[str, Any],
    *,
    spared: str | None = None,
) -> Path:
    """Write variables and bookkeeping to `folder`/step-<step>.npz; keep the newest two.

    Args:
        folder: created if missing.
        state: part -> its Keras variables, in a fixed order.
        meta: JSON-ready; must hold `step`.
        spared: name of an older checkpoint that is kept as well.

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
        for damaged in folder.glob("*.damaged"):  # of a disk, say; put aside when it was read
            damaged.unlink()
        for old in checkpoint_paths(folder)[:-KEPT]:
            if old.name != spared:
                old.unlink(missing_ok=True)
    return target


def _write(target: Path, state: Mapping[str, Sequence[Any]], meta: Mapping[str, Any]) -> None:
    arrays = {
        f"{part}/{index:04d}": variable.numpy()
        for part, variables in state.items()
        for index, variable in enumerate(variables)
    }
    bookkeeping = json.dumps({**meta, _ARRAYS: len(arrays)}).encode()
    arrays[_META] = np.frombuffer(bookkeeping, dtype=np.uint8)
    with whole_file(target) as file:
        np.savez(file, **arrays)


def read_checkpoint(
    folder: Path,
    state: Mapping[str, Sequence[Any]],
    made_for: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any] | None:
    """Load the newest sound checkpoint of `folder` into `state`'s variables.

    Args:
        folder: need not exist.
        state: as when it was written.
        made_for: what it has to have been made for, if `meta` was written with its own as
            `made_for`, see `check_made_for`: other labels can have the same shapes.

    Returns:
        Its bookkeeping, or None when there is no sound checkpoint.

    Raises:
        CheckpointMismatch: what it was made for, or number or shape of the variables differ.
        DiskRefused: a checkpoint may not be read; beginning anew would replace it.
    """
    for path in reversed(checkpoint_paths(folder)):
        found = _read(path)
        if found is None:
            continue
        meta, arrays = found
        if made_for is not None:
            check_made_for(path, meta.get("made_for"), made_for)
        _assign(path, state, arrays)
        return meta
    return None


def _read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
    """Return (bookkeeping, arrays) of a checkpoint; None if it is damaged, and it is put aside."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        meta: dict[str, Any] = json.loads(arrays.pop(_META).tobytes())
        if (count := meta.pop(_ARRAYS, len(arrays))) != len(arrays):
            raise ValueError(f"{len(arrays)} of its {count} arrays are there")
        return meta, arrays
    except PermissionError as error:
        raise DiskRefused(
            error.errno,
            f"the checkpoint {path} cannot be read: {error.strerror}; allow it, or train into"
            " another folder",
        ) from error
    except _DAMAGED as error:
        # The one before it is as good, a minute older.
        logger.warning("passed over %s, which is damaged: %s", path, error or type(error).__name__)
        with contextlib.suppress(OSError):  # or it counts as one of those that are kept
            path.replace(path.with_suffix(".damaged"))
        return None


def check_made_for(
    path: Path,
    then: Mapping[str, Mapping[str, Any]] | None,
    now: Mapping[str, Mapping[str, Any]],
) -> None:
    """Refuse what was made for another model or training.

    Args:
        path: named in the error.
        then: concern -> field -> value, as JSON has it; None where nobody wrote it down.
        now: likewise; the fields that have to agree.

    Raises:
        CheckpointMismatch: one does not.
    """
    if then is None:
        raise CheckpointMismatch(
            f"{path} does not say which training it belongs to, as none of an older version does;"
            " train into another folder or delete this one"
        )
    differing = ", ".join(
        f"{concern}.{name}={json.dumps(there)} there and {json.dumps(value)} here"
        for concern, fields in now.items()
        for name, value in fields.items()
        if (there := then.get(concern, {}).get(name)) != value
    )
    if differing:
        raise CheckpointMismatch(
            f"{path} belongs to another training: {differing}; train into another folder or delete"
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
