"""What a training records in MLflow while it runs, and what a server that is gone costs it."""

import json
import socket
import time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from boto3.exceptions import S3UploadFailedError
from mlflow.exceptions import MlflowException
from mlflow.utils.credentials import get_default_host_creds

from tasks import tracking
from tasks.settings import Settings


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

    log_artifact = log_batch


class ServerThatKnowsRuns:
    """Answers for every id that this run goes on."""

    def get_run(self, run_id: str) -> Any:
        info = SimpleNamespace(run_id=run_id, lifecycle_stage="active", status="RUNNING")
        return SimpleNamespace(info=info)


@pytest.mark.parametrize("password", ["s3cret", "changed", ""])
def test_a_run_is_remembered_by_its_server_and_not_by_the_password(
    password: str, tmp_path: Path
) -> None:
    address = f"http://me:{password}@host:5000" if password else "http://host:5000"
    settings = Settings(home=tmp_path, tracking_uri=address)
    remembered = {"tracking_uri": "http://me:s3cret@host:5000", "run_id": "r1"}
    (tmp_path / tracking.RUN_FILE).write_text(json.dumps(remembered))
    client = ServerThatKnowsRuns()
    assert tracking._remembered_run(client, settings, tmp_path) == "r1"
    elsewhere = Settings(home=tmp_path, tracking_uri="http://other:5000")
    assert tracking._remembered_run(client, elsewhere, tmp_path) is None


def test_the_password_of_a_server_is_in_no_error_of_its_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:  # bound and not listening: refused at once
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        settings = Settings(home=tmp_path, tracking_uri=f"http://me:s3%2Fcret@127.0.0.1:{port}")
        client = tracking.connect(settings)
        with pytest.raises(MlflowException) as failed:
            client.get_experiment_by_name("any")
    assert str(port) in str(failed.value)
    assert "cret" not in str(failed.value)
    assert get_default_host_creds(client.tracking_uri).username == "me"
    assert get_default_host_creds(client.tracking_uri).password == "s3/cret"


def test_the_password_of_a_server_is_kept_in_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path, tracking_uri="http://me:s3cret@host:5000")
    run = SimpleNamespace(info=SimpleNamespace(run_id="r1"))
    client = SimpleNamespace(
        create_run=lambda *_, **__: run,
        log_inputs=lambda *_: None,
        log_batch=lambda *_, **__: None,
        get_experiment_by_name=lambda _: SimpleNamespace(
            experiment_id="1", lifecycle_stage="active"
        ),
    )
    monkeypatch.setattr(tracking, "connect", lambda _: client)
    monkeypatch.setattr(tracking, "_dataset_input", lambda _: None)
    monkeypatch.setattr(tracking.mlflow, "start_run", lambda **_: nullcontext())
    dataset: Any = None
    with tracking.tracked_run(settings, tmp_path, name="n", params={}, tags={}, dataset=dataset):
        pass
    kept = (tmp_path / tracking.RUN_FILE).read_text()
    assert json.loads(kept) == {"tracking_uri": "http://host:5000", "run_id": "r1"}


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


def test_a_tracking_server_that_went_away_is_offered_one_picture_and_the_rest_is_named_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = ServerThatIsGone()
    run = tracking.TrackedRun(server, "run")
    previews = [Path(f"/mill/previews/step_{step}.png") for step in range(120)]
    run.log_pictures({"previews": previews, "explanations": [Path("/mill/waves.png")]})
    assert server.asked == 1
    assert [record.message for record in caplog.records] == [
        "121 of 121 pictures, from /mill/previews/step_0.png on, could not be recorded in MLflow: "
        "Max retries exceeded"
    ]


def test_every_picture_is_kept_where_the_server_takes_them() -> None:
    kept: list[Any] = []
    client = SimpleNamespace(log_artifact=lambda *arguments: kept.append(arguments))
    pictures = {"previews": [Path("a.png"), Path("b.png")], "explanations": [Path("c.png")]}
    tracking.TrackedRun(client, "run").log_pictures(pictures)
    assert kept == [
        ("run", "a.png", "previews"),
        ("run", "b.png", "previews"),
        ("run", "c.png", "explanations"),
    ]


def test_a_bucket_that_refuses_a_picture_ends_no_training(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(*_: Any) -> None:
        raise S3UploadFailedError("Failed to upload a.png\nAccessDenied")

    client = SimpleNamespace(log_artifact=refuse)
    tracking.TrackedRun(client, "run").log_pictures({"previews": [Path("a.png")]})
    assert "recorded in MLflow: Failed to upload a.png" in caplog.text
