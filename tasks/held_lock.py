"""One worker at a time in a folder: a file lock that ends with its process, however that dies."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tasks.errors import MillError


class FolderBusy(MillError):  # noqa: N818 - the name says what happened
    """Another process works in the folder."""


@contextmanager
def held_lock(folder: Path, purpose: str) -> Iterator[None]:
    """Hold `folder` for this process while the block runs.

    Side effects: makes the folder; writes who holds it to `<folder>/in-use.lock`, which stays.

    Args:
        folder: what is held; made if it does not exist.
        purpose: what is done there, for whoever finds it busy.

    Raises:
        FolderBusy: another process holds it; the line says which, since when and what to do.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "in-use.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderBusy(_who_holds(folder, file.name)) from None
        file.truncate(0)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        json.dump({"pid": os.getpid(), "since": since, "purpose": purpose}, file)
        file.flush()
        yield  # closing the file releases the lock


def _who_holds(folder: Path, lock_path: str) -> str:
    try:
        holder = json.loads(Path(lock_path).read_text())
        who = f"process {holder['pid']} ({holder['purpose']}, since {holder['since']})"
    except (OSError, ValueError, KeyError):
        who = "another process"
    return (
        f"{folder} is in use by {who}; wait for it or stop it, "
        "or work in another folder: TEXTURE_MILL_HOME=..."
    )
