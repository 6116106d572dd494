"""Files of a training that are whole or not there, even after a loss of power."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file to be written beside its place; it comes there when it is on the disk.

    Args:
        path: of the file; its folder exists.

    Raises:
        OSError: the disk refuses it; what was at `path` stays.
    """
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def sync_files(folder: Path) -> None:
    """Wait until every file directly in `folder`, and its name, is on the disk."""
    for path in (*sorted(folder.iterdir()), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
