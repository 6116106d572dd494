"""What a training records in MLflow while it runs, and what a server that is gone costs it."""

import time
from typing import Any

import pytest
from mlflow.exceptions import MlflowException

from tasks import tracking


class ServerThatIsGone:
    """Answers after half a minute that it does not answer."""

    def __init__(self) -> None:
        self.now = 100.0
        self.asked = 0

    def monotonic(self) -> float:
        return self.now

    def log_batch(self, *_: Any, **__: Any) -> None:
        self.asked += 1
        self.now += 28.0
        raise MlflowException("Max retries exceeded")


def test_a_tracking_server_that_went_away_costs_a_training_a_twentieth_of_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = ServerThatIsGone()
    monkeypatch.setattr(time, "monotonic", server.monotonic)
    run = tracking.TrackedRun(server, "run")
    trained_s = 0.0
    while trained_s < 3600.0:
        if run.losses_are_due():
            run.log_losses({"loss": 1.0}, step=1)
        server.now += 1.0
        trained_s += 1.0
    assert 2 <= server.asked <= 7
    assert server.asked * 28.0 < 0.06 * server.now
