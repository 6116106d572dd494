"""Files of a training that are whole or not there, even after a loss of power."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> None:
    """Write a file beside its place, on the disk, and then into it.

    Args:
        path: of the file; its folder exists.
        text: all of it.
    """
    partial = path.with_suffix(".partial")
    with partial.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def sync_files(folder: Path) -> None:
    """Wait until every file directly in `folder`, and its name, is on the disk."""
    for path in (*sorted(folder.iterdir()), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
