"""Keep the terminal for our own lines while TensorFlow, MLflow and Prefect work."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def noise_into(log: TextIO) -> Iterator[None]:
    """Send what libraries print to the log file.

    TensorFlow's C++ and child processes write to descriptor 2, whatever `sys.stderr` is, so the
    descriptor itself is redirected and `sys.stderr` keeps a copy of the old one.
    """
    with os.fdopen(os.dup(2), "w", buffering=1) as terminal:
        os.dup2(log.fileno(), 2)
        try:
            with contextlib.redirect_stderr(terminal), contextlib.redirect_stdout(log):
                yield
        finally:
            os.dup2(terminal.fileno(), 2)
