"""One main job and one Prefect server for all tests that look at what such a thing leaves."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import absl.logging
import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from tests.mill_runs import (
    ROOT,
    Finished,
    checkpointed_reports,
    clean_environment,
    newest_checkpoint,
    processes_naming,
    run_mill,
    running_mill,
    tiny,
    wait_for_checkpoint,
)

# Who asks for `produced_library` or `prefect_server`, which take long to make.
SHARING_MODULES = {
    "tests/flows/test_approval.py",
    "tests/flows/test_bad_input.py",
    "tests/flows/test_prefect_server.py",
    "tests/flows/test_produce_library.py",
    "tests/flows/test_recipe_commands.py",
    "tests/flows/test_signing_commands.py",
    "tests/tasks/test_model_registry.py",
}

# Read while Prefect, MLflow and TensorFlow are imported, which some test modules do at once.
os.environ.update(
    {
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_UV_AUTO_DETECT": "false",
        "NO_ALBUMENTATIONS_UPDATE": "1",
        "KERAS_BACKEND": "tensorflow",
        # As the models do it, for modules that import Keras or TensorFlow before them.
        "KERAS_HOME": os.devnull,
        "TF_ENABLE_ONEDNN_OPTS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
)

# Prefect's set-up of logging closes every handler there is. That of absl, which TensorFlow brings,
# would close the file too that pytest happened to capture into when TensorFlow was imported.
absl.logging.get_absl_handler().python_handler.stream = sys.__stderr__

# How long an example takes says more about the machine than about the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


class OneProcessAModule(LoadScopeScheduling):
    """Several processes take modules in turn; those that share a long fixture are one."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        if "/metrics/" in module:
            return "metrics"
        return "shared" if module in SHARING_MODULES else module


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneProcessAModule:
    """Replace the order in which pytest-xdist hands out tests."""
    return OneProcessAModule(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: _turn(item.nodeid.partition("::")[0]))


def _turn(module: str) -> int:
    if module in SHARING_MODULES:
        return 0
    return 1 if module.startswith("tests/texture_models/") else 2


@pytest.fixture(autouse=True)
def _environment_as_it_was() -> Iterator[None]:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session", autouse=True)
def _prefect_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["PREFECT_HOME"] = str(tmp_path_factory.mktemp("prefect"))


@dataclass(frozen=True)
class ProducedLibrary:
    """A main job that was interrupted, then killed, then brought to its end."""

    home: Path
    interrupted: Finished
    kept_at_interrupt: list[dict[str, float]]  # reports up to the newest checkpoint
    kept_at_kill: list[dict[str, float]]
    left_after_kill: list[int]
    finished: Finished


@pytest.fixture(scope="session")
def produced_library(tmp_path_factory: pytest.TempPathFactory) -> ProducedLibrary:
    """The whole main job on the built-in photographs, with the smallest configs."""
    home = tmp_path_factory.mktemp("production") / "mill"
    command = ["run", "produce-library", *tiny()]
    # MLflow looks at the machine every ten seconds, which is longer than such a training takes.
    changes = {"MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL": "1"}

    with running_mill(*command, home=home, changes=changes) as process:
        wait_for_checkpoint(process, home, 10)
        os.killpg(process.pid, signal.SIGINT)  # Ctrl-C reaches every process of the job
        output, errors = process.communicate(timeout=100)
        interrupted = Finished(process.returncode, output, errors)
    kept_at_interrupt = checkpointed_reports(home)

    with running_mill(*command, home=home, changes=changes) as process:
        wait_for_checkpoint(process, home, newest_checkpoint(home) + 10)
        process.kill()
        process.communicate(timeout=100)
    kept_at_kill = checkpointed_reports(home)
    deadline = time.monotonic() + 10
    while (left := processes_naming(str(home))) and time.monotonic() < deadline:
        time.sleep(0.1)

    finished = run_mill(*command, home=home, changes=changes)
    return ProducedLibrary(home, interrupted, kept_at_interrupt, kept_at_kill, left, finished)


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running Prefect server's API."""
    home = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    places = {"PREFECT_HOME": str(home / "prefect"), "PREFECT_SERVER_API_PORT": str(port)}
    with (home / "server.log").open("w") as log:
        server = subprocess.Popen(
            [Path(sys.executable).with_name("prefect"), "server", "start", "--host", "127.0.0.1"],
            cwd=ROOT,
            env=clean_environment(home, {**places, "PREFECT_SERVER_UI_ENABLED": "false"}),
            stdout=log,
            stderr=log,
        )
        try:
            _wait_until_healthy(f"{url}/health", server, home / "server.log")
            yield url
        finally:
            server.terminate()
            server.wait(timeout=30)


def _wait_until_healthy(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise AssertionError(f"no server at {url}: {log.read_text()}")
