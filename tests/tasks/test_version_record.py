"""What stands on a version: who wrote it, how long it may be, and whether its weights are whole."""

from pathlib import Path

import h5py
import pytest

from data.library.recipe import ModelChoice
from tasks.errors import MillError
from tasks.recipe_sources import looked_up
from tasks.settings import Settings
from tasks.version_record import version_record, version_tags
from tests.tasks.registered_versions import FACTS, NAME, TAGS, registered, saved_numbers
from texture_models.saved_model import WEIGHTS, weights_sha256


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path / "mill"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    return Settings()


def _champion(settings: Settings, source: Path, tags: dict[str, str]) -> None:
    from tasks.tracking import connect

    version = registered(settings, source, tags)
    connect(settings).set_registered_model_alias(NAME, "champion", version.version)


def test_what_was_written_is_read_back() -> None:
    found = version_record(NAME, 3, "run", TAGS)
    assert found.materials == ("brick", "gravel")
    assert found.model_dump(include=set(FACTS)) == FACTS
    assert found.uri == "models:/stones/3"


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("weights_sha256", "../../../etc"),
        ("weights_sha256", ""),
        ("weights_sha256", "B" * 64),
        ("training_key", "../.."),
        ("dataset_fingerprint", "c" * 63),
        ("materials", "brick,../gravel"),
        ("family", "../psgan"),
        ("request_key", "d" * 32),
        ("started_from", "stones"),
    ],
)
def test_tags_of_others_are_refused_by_name(fact: str, value: str) -> None:
    said = f"stones version 3 was not registered by texture-mill: its {fact} is .*train-texture"
    with pytest.raises(MillError, match=said):
        version_record(NAME, 3, "run", {**TAGS, f"texture_mill.{fact}": value})


@pytest.mark.parametrize("run_id", ["", "../../dataset"])
def test_a_run_that_is_none_is_refused(run_id: str) -> None:
    with pytest.raises(MillError, match="its mlflow_run_id is"):
        version_record(NAME, 3, run_id, TAGS)


def test_a_version_registered_by_other_means_is_refused_whoever_reads_it(
    settings: Settings, tmp_path: Path
) -> None:
    from tasks.model_registry import numbered_version, version_with_alias

    _champion(settings, saved_numbers(tmp_path / "saved"), {"who": "somebody"})
    said = "stones version 1 was not registered by texture-mill: its training_key is ''"
    with pytest.raises(MillError, match=said):
        version_with_alias(settings, NAME, "champion")
    with pytest.raises(MillError, match=said):
        numbered_version(settings, NAME, 1)
    with pytest.raises(MillError, match=said):
        looked_up(settings, ModelChoice(name=NAME))


@pytest.mark.parametrize("damage", ["numbers", "file", "missing"])
def test_weights_on_the_disk_are_compared_before_they_are_used(
    damage: str, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from tasks.model_registry import fetch_weights, version_with_alias

    saved = saved_numbers(tmp_path / "saved")
    digest = weights_sha256(saved)
    _champion(settings, saved, version_tags({**FACTS, "weights_sha256": digest}, ("brick",)))
    model = version_with_alias(settings, NAME, "champion")
    assert model is not None
    place = fetch_weights(settings, model, tmp_path / "models")
    assert weights_sha256(place) == digest
    caplog.clear()
    match damage:
        case "numbers":
            with h5py.File(place / WEIGHTS, "r+") as file:
                file["kernel"][3] = 0.5
        case "file":
            (place / WEIGHTS).write_bytes((place / WEIGHTS).read_bytes()[:1000])
        case "missing":
            (place / "measured.json").unlink()
    assert fetch_weights(settings, model, tmp_path / "models") == place
    assert weights_sha256(place) == digest
    assert f"the weights in {place} were damaged" in caplog.text
    assert [path.name for path in (tmp_path / "models").iterdir()] == [digest[:16]]


def test_a_version_without_its_weights_is_named(settings: Settings, tmp_path: Path) -> None:
    from tasks.model_registry import fetch_weights, version_with_alias

    saved = saved_numbers(tmp_path / "saved")
    _champion(settings, saved, TAGS)
    (saved / WEIGHTS).unlink()
    model = version_with_alias(settings, NAME, "champion")
    assert model is not None
    with pytest.raises(MillError, match="models:/stones/1 are not those that were registered"):
        fetch_weights(settings, model, tmp_path / "models")


def test_reasons_of_many_materials_stay_whole_and_the_description_says_that_it_is_shorter(
    settings: Settings, tmp_path: Path
) -> None:
    from tasks.model_registry import read_verdict, record_verdict, version_with_alias
    from tasks.tracking import connect

    _champion(settings, tmp_path, TAGS)
    model = version_with_alias(settings, NAME, "champion")
    assert model is not None
    line = "material {}: locked share of blobs 0.812 is above its limit 0.5, and so on ü"
    reasons = "\n".join(line.format(number) for number in range(600))
    record_verdict(settings, model, verdict={"gate.reasons": reasons}, description=reasons)
    assert read_verdict(settings, model)["gate.reasons"] == reasons
    description = connect(settings).get_model_version(NAME, "1").description
    assert description.startswith("material 0: locked")
    assert description.endswith("bytes shortened to 5000)")
    assert 4900 < len(description.encode()) <= 5000

    record_verdict(settings, model, verdict={"gate.reasons": reasons * 3}, description="refused")
    assert len(read_verdict(settings, model)["gate.reasons"].encode()) <= 65_535
    assert connect(settings).get_model_version(NAME, "1").description == "refused"
