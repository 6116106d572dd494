"""Keep the terminal for our own lines while TensorFlow, MLflow and Prefect work."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def noise_into(log: TextIO) -> Iterator[None]:
    """Send what libraries print to the log file."""
    with _descriptor_into(log), contextlib.redirect_stdout(log):
        yield


@contextlib.contextmanager
def without_native_noise() -> Iterator[None]:
    """Drop what C++ writes past Python; what Python prints is still seen."""
    with Path(os.devnull).open("w") as nowhere, _descriptor_into(nowhere):
        yield


@contextlib.contextmanager
def _descriptor_into(log: TextIO) -> Iterator[None]:
    """Send descriptor 2 to a file, and `sys.stderr` where descriptor 2 went before.

    TensorFlow's C++ and child processes write to descriptor 2, whatever `sys.stderr` is, so the
    descriptor itself is redirected and `sys.stderr` keeps a copy of the old one.
    """
    with os.fdopen(os.dup(2), "w", buffering=1) as terminal:
        os.dup2(log.fileno(), 2)
        try:
            with contextlib.redirect_stderr(terminal):
                yield
        finally:
            os.dup2(terminal.fileno(), 2)


class _CurrentStderr(logging.StreamHandler[TextIO]):
    """Writes to whatever `sys.stderr` is at the moment: a progress bar puts itself in between."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # an attribute in the parent class
        return sys.stderr


def open_log(folder: Path) -> Path:
    """Send our own lines to the terminal and everything to a new log file; return its path."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    path = folder / f"{stamp}.log"
    to_file = logging.FileHandler(path)
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(to_file)
    logging.captureWarnings(True)
    threading.excepthook = _thread_into_log
    to_terminal = _CurrentStderr()
    to_terminal.setFormatter(logging.Formatter("%(message)s"))
    for name in ("tasks", "data", "texture_models"):
        logging.getLogger(name).setLevel(logging.INFO)
        logging.getLogger(name).addHandler(to_terminal)
    return path


def _thread_into_log(thread: threading.ExceptHookArgs) -> None:
    """Tell the log alone: a run that is stopped takes the server from under Prefect's threads."""
    name = thread.thread.name if thread.thread else "unknown"
    what = (thread.exc_type, thread.exc_value or thread.exc_type(), thread.exc_traceback)
    logging.getLogger("threading").error("thread %s ended with an error", name, exc_info=what)
