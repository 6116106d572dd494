"""Photographs that go away while a model is trained from them."""

import shutil

import numpy as np
import pytest
from PIL import Image

from data.config import AugmentationConfig, DatasetConfig
from data.ingest import prepare
from data.records import DatasetError
from tasks.training_input import crop_streams, training_regions
from texture_models.families.psgan.config import PsganConfig
from texture_models.training.config import TrainingConfig
from texture_models.training.loop import fit


def test_a_training_ends_without_its_photographs_and_begins_none_without_them(tmp_path):
    source = tmp_path / "photographs/chalk"
    source.mkdir(parents=True)
    pixels = np.random.default_rng(1).integers(0, 256, (160, 160, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(source / "a.png")
    config = DatasetConfig(source=str(source.parent), texel_scale=1)
    dataset = prepare(config, tmp_path / "datasets")
    training = TrainingConfig.tiny(steps=2)
    streams = crop_streams(dataset, AugmentationConfig(), training)

    def opened_and_lost(position):
        stream = streams(position)
        shutil.rmtree(source)
        shutil.rmtree(dataset.folder)
        return stream

    result = fit(
        PsganConfig.tiny(materials=dataset.materials),
        training,
        open_batches=opened_and_lost,
        photographs=training_regions(dataset, 32),
        run_dir=tmp_path / "run",
    )
    assert result.steps == 2

    with pytest.raises(DatasetError, match=r"cannot be read .*; prepare it again"):
        training_regions(dataset, 32)
    with pytest.raises(DatasetError, match=r"cannot be read .*; prepare it again"):
        streams(0)
    with pytest.raises(DatasetError):
        prepare(config, tmp_path / "datasets")
    source.mkdir()
    Image.fromarray(pixels).save(source / "a.png")
    assert prepare(config, tmp_path / "datasets") == dataset
    with pytest.raises(DatasetError, match=r"less than a patch of 256; choose patch_px <="):
        training_regions(dataset, 256)
    assert training_regions(dataset, 32)["chalk"][0].shape[0] == 160
