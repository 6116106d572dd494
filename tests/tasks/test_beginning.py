"""A training that begins with a registered version: found, recorded, resumed, not repeated."""

import os

import numpy as np
import pytest
from PIL import Image

from data.config import AugmentationConfig, DatasetConfig
from tasks.config import PublishingConfig
from tasks.errors import MillError
from tasks.find_start import find_start
from tasks.prepare_dataset import prepare_dataset
from tasks.provenance import provenance_of
from tasks.recipe_sources import choice_of
from tasks.records import Evaluation
from tasks.register_model import register_model
from tasks.settings import Settings
from tasks.train_model import train_model
from texture_models.families.dcgan.config import DcganConfig
from texture_models.families.psgan.config import PsganConfig
from texture_models.training.config import TrainingConfig

PUBLISHING = PublishingConfig(registered_model="stones")
MODEL = PsganConfig.tiny()


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    """A home, and two materials in it: one of known licence, one of unknown."""
    home = tmp_path_factory.mktemp("begin")
    random = np.random.default_rng(1)
    for name, ledger in (
        ("chalk", ""),
        ("slate", "file,licence,origin\nslate/a.png,CC0-1.0,Ann\n"),
    ):
        (home / name / name).mkdir(parents=True)
        pixels = random.integers(0, 256, (160, 160, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(home / name / name / "a.png")
        if ledger:
            (home / name / "licences.csv").write_text(ledger)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("TEXTURE_MILL_")]:
            patch.delenv(name)
        patch.setenv("TEXTURE_MILL_HOME", str(home / "mill"))
        (home / "mill").mkdir()
        yield {
            name: prepare_dataset.fn(DatasetConfig(source=str(home / name), texel_scale=1))
            for name in ("chalk", "slate")
        }


def registered(dataset, training):
    start = find_start.fn(MODEL, training, PUBLISHING)
    run = train_model.fn(MODEL, dataset, AugmentationConfig(), training, start)
    judged = Evaluation(training_key=run.key, tile_seeds=(), tile_px=64, scores={})
    return run, register_model.fn(run, dataset, judged, PUBLISHING)


def test_a_name_becomes_a_version_and_the_same_request_the_same_training(datasets):
    from tasks.model_registry import move_champion

    settings = Settings()
    first_run, first = registered(datasets["chalk"], TrainingConfig.tiny())
    move_champion(settings, first)
    warm = TrainingConfig.tiny(from_model="champion", steps=3)
    run, second = registered(datasets["slate"], warm)
    assert run.started_from == second.started_from == "stones/1"
    assert (first_run.started_from, first.started_from) == ("", "")
    assert run.key != run.request_key

    from tasks.tracking import connect

    assert connect(settings).get_run(run.mlflow_run_id).data.tags["started_from"] == "stones/1"

    move_champion(settings, second)
    again, still = registered(datasets["slate"], warm)
    assert (again.key, still.version) == (run.key, 2)
    by_number, _ = registered(datasets["slate"], warm.model_copy(update={"from_model": "1"}))
    assert by_number.key == run.key

    made = provenance_of(settings, second, PUBLISHING)
    assert made.model.started_from == "stones/1"
    assert {photo.licence for photo in made.dataset.photographs} == {"CC0-1.0"}
    assert made.licence == "unknown"  # nobody knows that of the photographs it began with


def test_what_cannot_be_a_beginning_is_refused_at_the_door(datasets):
    with pytest.raises(MillError, match=r"no version answers to gravels@champion .*leave it out"):
        find_start.fn(MODEL, TrainingConfig(from_model="gravels@champion"), PUBLISHING)
    with pytest.raises(MillError, match=r"is a psgan, and a dcgan cannot"):
        find_start.fn(DcganConfig.tiny(), TrainingConfig(from_model="stones/1"), PUBLISHING)
    with pytest.raises(ValueError, match="from_model"):
        TrainingConfig(from_model="../elsewhere")


def test_references_are_read_as_people_write_them():
    said = ["champion", "3", "bricks@candidate", "bricks/12"]
    assert [str(choice_of(one, "textures")) for one in said] == [
        "textures@champion",
        "textures/3",
        "bricks@candidate",
        "bricks/12",
    ]
