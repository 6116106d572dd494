"""Registering again what was registered: what a killed run left is done, new scores count."""

from pathlib import Path
from typing import Any

import pytest

from tasks.config import PublishingConfig
from tasks.errors import MillError
from tasks.promote_model import promote_model
from tasks.records import Evaluation, RegisteredModel, TrainingRun
from tasks.register_model import register_model
from tasks.settings import Settings
from tasks.version_record import version_tags
from tests.tasks.registered_versions import FACTS, NAME, SOUND, registered, saved_numbers
from texture_models.metrics.gate import GateConfig
from texture_models.saved_model import weights_sha256

MATERIALS = ("brick", "gravel")
STRICT = GateConfig(fidelity=0.5)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    return Settings()


def _make_version(settings: Settings, model_dir: Path, key: str) -> None:
    facts = {**FACTS, "training_key": key, "weights_sha256": weights_sha256(model_dir)}
    registered(settings, model_dir, version_tags(facts, MATERIALS))


def _registered_again(model_dir: Path, key: str, **changes: Any) -> RegisteredModel:
    unread: Any = None  # photographs of what is known are not asked for
    scores = dict.fromkeys(MATERIALS, SOUND.model_copy(update=changes))
    run = TrainingRun.model_construct(key=key, model_dir=str(model_dir))
    evaluation = Evaluation(training_key=key, tile_seeds=(), tile_px=128, scores=scores)
    return register_model.fn(run, unread, evaluation, PublishingConfig(registered_model=NAME))


def test_the_newest_version_becomes_candidate_if_its_run_was_killed_before(
    settings: Settings, tmp_path: Path
) -> None:
    from tasks.model_registry import version_with_alias

    folder = saved_numbers(tmp_path / "saved")
    a, b = "a" * 64, "b" * 64

    def candidate() -> int | None:
        found = version_with_alias(settings, NAME, "candidate")
        return found and found.version

    _make_version(settings, folder, a)
    assert candidate() is None
    assert _registered_again(folder, a).version == 1
    assert candidate() == 1

    _make_version(settings, folder, b)
    assert _registered_again(folder, a).version == 1
    assert candidate() == 1
    assert _registered_again(folder, b).version == 2
    assert candidate() == 2
    assert _registered_again(folder, a).version == 1
    assert candidate() == 2


def test_whoever_measures_what_a_refusal_asked_for_is_judged_by_it(
    settings: Settings, tmp_path: Path
) -> None:
    from tasks.model_registry import read_scores, read_verdict

    folder, key = saved_numbers(tmp_path / "saved"), "a" * 64
    _make_version(settings, folder, key)
    model = _registered_again(folder, key)
    with pytest.raises(MillError, match=r"fidelity was not measured.*evaluation\.classifier_steps"):
        promote_model.fn(model, STRICT)
    refused_by = read_verdict(settings, model)["gate.scores_key"]

    model = _registered_again(folder, key, fidelity=0.9, fidelity_held_out=1.0)
    assert promote_model.fn(model, STRICT).sentence == "stones version 1 is the champion"
    passed_by = read_verdict(settings, model)["gate.scores_key"]
    # Either opinion can still be looked into.
    assert read_scores(settings, model, refused_by)["brick"]["fidelity"] is None
    assert read_scores(settings, model, passed_by)["brick"]["fidelity"] == 0.9

    model = _registered_again(folder, key, fidelity=0.4, fidelity_held_out=1.0)
    assert "brick: fidelity 0.4 is below its limit 0.5" in promote_model.fn(model, STRICT).sentence


def test_an_opinion_is_kept_while_gate_and_scores_are_the_same(
    settings: Settings, tmp_path: Path
) -> None:
    from tasks.gate_opinion import gate_opinion

    folder, key = saved_numbers(tmp_path / "saved"), "a" * 64
    _make_version(settings, folder, key)
    promote_model.fn(_registered_again(folder, key), GateConfig())
    assert gate_opinion(_registered_again(folder, key), GateConfig()).known
    assert not gate_opinion(_registered_again(folder, key), GateConfig(pair_ratio=2.0)).known
    assert not gate_opinion(_registered_again(folder, key, diversity=0.9), GateConfig()).known
    assert gate_opinion(_registered_again(folder, key), GateConfig()).known


def test_a_library_names_the_scores_that_its_verdict_is_based_on(
    settings: Settings, tmp_path: Path
) -> None:
    from tasks.provenance import material_records

    folder, key = saved_numbers(tmp_path / "saved"), "a" * 64
    _make_version(settings, folder, key)
    model = _registered_again(folder, key, diversity=0.9)
    assert material_records(settings, model)[0].scores["diversity"] == 0.9
    assert material_records(settings, model)[0].passed is None
    promote_model.fn(model, GateConfig())
    _registered_again(folder, key, diversity=0.1)  # nobody asked the gate
    assert material_records(settings, model)[0].scores["diversity"] == 0.9
    assert material_records(settings, model)[0].passed


def test_scores_of_other_weights_are_not_taken_for_those_of_a_version(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from tasks.model_registry import scores_key

    folder, key = saved_numbers(tmp_path / "saved"), "a" * 64
    _make_version(settings, folder, key)
    model = _registered_again(folder, key)
    before = scores_key(settings, model)
    other = saved_numbers(tmp_path / "trained again", first=1.0)
    assert _registered_again(other, key, diversity=0.9) == model
    assert scores_key(settings, model) == before
    assert f"stones version 1 of this training has other weights than {other}" in caplog.text
