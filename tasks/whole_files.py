"""Files of the home folder that appear whole or not at all."""

from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place and move it there; its folder is made.

    Raises:
        OSError: the disk is full or may not be written; what was there before stays.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):  # the folder itself may be what could not be made
            partial.unlink()
        raise OSError(
            error.errno,
            f"{path} cannot be written: {error.strerror}; make room or allow it, then run the same "
            "again: what is finished is kept",
        ) from error
