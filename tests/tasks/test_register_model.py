"""Registering again what was registered: nothing is made, and what a killed run left is done."""

from pathlib import Path
from typing import Any

import pytest

from tasks.config import PublishingConfig
from tasks.records import TrainingRun
from tasks.register_model import register_model
from tasks.settings import Settings
from tasks.version_record import version_tags

NAME = "stones"


def _registered_again(key: str) -> Any:
    unread: Any = None  # photographs and scores of what is known are not asked for
    run = TrainingRun.model_construct(key=key)
    return register_model.fn(run, unread, unread, PublishingConfig(registered_model=NAME))


def test_the_newest_version_becomes_candidate_if_its_run_was_killed_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.model_registry import version_with_alias
    from tasks.tracking import connect, experiment_id

    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    settings = Settings()
    client = connect(settings)
    client.create_registered_model(NAME)

    run = client.create_run(experiment_id(client, settings))

    def make_version(key: str) -> None:
        facts = dict.fromkeys(("weights_sha256", "dataset_fingerprint"), "f" * 64)
        began = {"request_key": "", "started_from": ""}
        tags = version_tags({**facts, **began, "training_key": key, "family": "psgan"}, ())
        client.create_model_version(
            NAME, source=tmp_path.as_uri(), run_id=run.info.run_id, tags=tags
        )

    def candidate() -> int | None:
        found = version_with_alias(settings, NAME, "candidate")
        return found and found.version

    make_version("a" * 64)
    assert candidate() is None
    assert _registered_again("a" * 64).version == 1
    assert candidate() == 1

    make_version("b" * 64)
    assert _registered_again("a" * 64).version == 1
    assert candidate() == 1
    assert _registered_again("b" * 64).version == 2
    assert candidate() == 2
    assert _registered_again("a" * 64).version == 1
    assert candidate() == 2
