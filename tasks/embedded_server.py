"""Prefect's own temporary server: started before the first flow, gone when its run is, in any way.

Prefect starts it by itself when a flow needs one; started here it can be waited for with a line
on the screen, and two gaps are closed. It would outlive a killed run, holding the database. And
Ctrl-C, which a terminal sends to every process of the job, would end it before it has heard of the
run's last state.
"""

import importlib
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tasks.errors import MillError


@contextmanager
def embedded_server(imports: Sequence[str] = ()) -> Iterator[None]:
    """Run a server on the loopback interface while the block runs.

    Args:
        imports: modules that the block will ask for, and that take seconds; the server, another
            process, takes as long to start.

    Raises:
        MillError: it does not start.
    """
    from prefect.server.api.server import SubprocessASGIServer

    server = SubprocessASGIServer()
    guard: subprocess.Popen[bytes] | None = None
    try:
        with ThreadPoolExecutor(2) as pool:
            started = pool.submit(_start_deaf_to_interrupts, server)
            pool.submit(_import_all, imports)
            while server.server_process is None and not started.done():
                time.sleep(0.02)
            if server.server_process is not None:
                guard = _kill_when_we_are_gone(server.server_process.pid)
            started.result()
    except RuntimeError as error:
        raise MillError(f"Prefect's embedded server does not start: {error}") from error
    try:
        yield
    finally:
        server.stop()
        if guard is not None and guard.stdin is not None:
            guard.stdin.close()
            guard.wait()


def send_what_waits() -> None:
    """Wait for what Prefect sends in the background: logs and events, at most a few seconds."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (APILogWorker, EventsWorker):
        worker.drain_all(timeout=5)


def _start_deaf_to_interrupts(server: object) -> None:
    # A blocked signal stays blocked in the child; only this thread blocks it, not the run's.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    server.start()  # type: ignore[attr-defined]  # SubprocessASGIServer, imported only when needed


def _import_all(names: Sequence[str]) -> None:
    for name in names:
        importlib.import_module(name)  # what goes wrong is said where the module is used


def _kill_when_we_are_gone(pid: int) -> "subprocess.Popen[bytes]":
    """Start a shell that waits for the end of our pipe, which a killed process closes too."""
    return subprocess.Popen(
        ["/bin/sh", "-c", 'cat >/dev/null; kill "$0" 2>/dev/null', str(pid)],
        stdin=subprocess.PIPE,
        start_new_session=True,  # not killed together with us
    )
