"""How far a long step is and how long it will still take, for people.

On a terminal a bar; elsewhere a plain line every ten seconds; on the Prefect server a progress
artifact. Nothing here decides anything.
"""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.context import TaskRunContext
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from tasks.pace import Pace

logger = logging.getLogger(__name__)

LINE_EVERY_S: Final = 10.0
# Each update is a request and an event on the server.
ARTIFACT_EVERY_S: Final = 5.0


class StepProgress:
    """Progress of one step; call `report` as often as convenient, it throttles itself."""

    def __init__(self, key: str, title: str) -> None:
        self._key = key
        self._title = title
        self._started = time.monotonic()
        self._line_at = self._started  # a step shorter than one interval needs no line
        self._pace = Pace(ARTIFACT_EVERY_S)
        self._artifact: UUID | None = None
        self._bar: Progress | None = None
        self._row: TaskID | None = None

    def report(
        self, share_done: float, *, seconds_left: float | None = None, detail: str = ""
    ) -> None:
        """Show that `share_done` (0..1) of the step is done.

        Args:
            share_done: 0..1.
            seconds_left: what the step itself expects; None extrapolates the time taken so far.
            detail: a few words on what is being done.
        """
        now = time.monotonic()
        share = min(max(share_done, 0.0), 1.0)
        # The first parts load and compile; extrapolated from them alone the end looks far away.
        if seconds_left is None and share >= 0.1:
            seconds_left = (now - self._started) * (1 - share) / share
        left = f"{_duration(seconds_left)} left" if seconds_left is not None else ""
        if self._bar is not None and self._row is not None:
            self._bar.update(self._row, completed=share, left=left, detail=detail)
        elif now - self._line_at >= LINE_EVERY_S:
            self._line_at = now
            said = ", ".join(part for part in (f"{share:4.0%}", left, detail) if part)
            logger.info("%s: %s", self._title, said)
        if self._pace.is_due():
            with self._pace.telling():
                self._show_on_server(share)

    def _show_on_server(self, share: float) -> None:
        if TaskRunContext.get() is None:
            return
        try:
            if self._artifact is None:
                self._artifact = create_progress_artifact(
                    share * 100, key=self._key, description=self._title
                )  # type: ignore[assignment]  # a coroutine only inside an event loop
            else:
                update_progress_artifact(self._artifact, share * 100)
        except Exception as error:
            # A server that hiccups must not end hours of training.
            logger.warning("the progress could not be shown on the Prefect server: %s", error)


@contextmanager
def step_progress(key: str, title: str) -> Iterator[StepProgress]:
    """Show the progress of one step while the block runs.

    Args:
        key: of the artifact on the Prefect server: lower case, digits, dashes.
        title: what is being done, for people.
    """
    progress = StepProgress(key, title)
    started = time.monotonic()
    if not sys.stderr.isatty():
        logger.info("%s ...", title)
        yield progress
    else:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}% {task.fields[left]} {task.fields[detail]}"),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            progress._bar = bar
            progress._row = bar.add_task(title, total=1.0, left="", detail="")
            yield progress
    if progress._artifact is not None:
        progress._show_on_server(1.0)
    logger.info("%s: done in %s", title, _duration(time.monotonic() - started))


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
