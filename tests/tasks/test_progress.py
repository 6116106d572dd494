"""Progress for people: plain lines where there is no terminal, and not too many."""

import logging
from types import SimpleNamespace

import pytest

from tasks import progress
from tasks.progress import step_progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time in seconds, moved by the test."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_long_step_says_every_ten_seconds_how_long_it_will_take(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tasks.progress")
    with step_progress("training-progress", "training") as step:
        for second in range(60):
            clock[0] = float(second)
            step.report(second / 120, detail=f"step {second}")
    assert caplog.messages == [
        "training ...",
        "training:   8%, step 10",
        "training:  17%, 1 min 40 s left, step 20",
        "training:  25%, 1 min 30 s left, step 30",
        "training:  33%, 1 min 20 s left, step 40",
        "training:  42%, 1 min 10 s left, step 50",
        "training: done in 59 s",
    ]


def test_a_step_that_knows_better_is_believed(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tasks.progress")
    with step_progress("training-progress", "training") as step:
        clock[0] = 11.0
        step.report(0.5, seconds_left=300.0)
    assert "5 min 00 s left" in caplog.text


def test_a_server_that_went_away_costs_a_step_a_twentieth_of_its_time(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    def gone_after_a_minute(*_: object, **__: object) -> None:
        asked.append(clock[0])
        clock[0] += 60.0
        raise OSError("no answer")

    monkeypatch.setattr(progress, "create_progress_artifact", gone_after_a_minute)
    monkeypatch.setattr(progress, "TaskRunContext", SimpleNamespace(get=lambda: True))
    step = progress.StepProgress("training-progress", "training")
    for second in range(3600):
        clock[0] += 1.0
        step.report(second / 3600)
    assert 2 <= len(asked) <= 4


def test_a_step_that_fails_does_not_say_it_is_done(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tasks.progress")
    with pytest.raises(ZeroDivisionError), step_progress("training-progress", "training"):
        raise ZeroDivisionError
    assert caplog.messages == ["training ..."]
