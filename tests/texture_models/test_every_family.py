"""The contract of a family, over every family there is; a new one is tested the moment it joins."""

from typing import get_args

import numpy as np
import pytest

from texture_models.families import AnyModelConfig, build_model
from texture_models.rendering.renderer import Renderer
from texture_models.saved_model import load_config, save_generator, weights_sha256
from texture_models.training.config import TrainingConfig

FAMILIES = get_args(AnyModelConfig) or (AnyModelConfig,)
MATERIALS = ("brick", "moss")


@pytest.fixture(scope="module", params=FAMILIES, ids=lambda f: f.model_fields["family"].default)
def family(request):
    return request.param


@pytest.fixture(scope="module")
def model(family):
    return build_model(family.tiny(materials=MATERIALS), TrainingConfig.tiny())


@pytest.fixture(scope="module")
def renderer(model):
    return Renderer(model.config, model.averaged, model.waves)


def batch(training, seed=0):
    side = training.patch_px
    image = np.random.default_rng(seed).random((training.batch_size, side, side, 3))
    return image.astype(np.float32) * 2 - 1, np.arange(training.batch_size) % len(MATERIALS)


def test_the_docstring_names_its_paper(family):
    import sys

    package = sys.modules[family.__module__.rpartition(".")[0]]
    assert "https://arxiv.org/abs/" in package.__doc__
    assert "Departure" in package.__doc__


def test_a_seed_names_a_picture(renderer):
    one, same, other = (
        renderer.render(seed=seed, height_px=64, width_px=64, material="moss") for seed in (1, 1, 2)
    )
    assert (one == same).all()
    assert (one != other).mean() > 0.5


def test_materials_look_different(model):
    training = model.training
    trained = build_model(model.config, training)
    image, label = batch(training)
    image[label == 1] = np.abs(image[label == 1])
    for step in range(3):
        trained.train_step(image, label, step=step, rate_factor=1.0)
    pictures = Renderer(trained.config, trained.generator, trained.waves)
    brick, moss = (
        pictures.render(seed=5, height_px=64, width_px=64, material=name) for name in MATERIALS
    )
    assert (brick != moss).mean() > 0.1


def test_size_follows_the_request(renderer):
    assert renderer.render(seed=3, height_px=64, width_px=160, material="brick").shape == (
        64,
        160,
        3,
    )


def test_sizes_that_cannot_wrap_are_refused_with_the_nearest_ones(renderer):
    with pytest.raises(ValueError, match=r"height_px=70.* 64 and 80"):
        renderer.render(seed=1, height_px=70, width_px=64, material="brick")


def test_unknown_materials_are_refused_by_name(renderer):
    with pytest.raises(ValueError, match="'sand' is not one of this model's: brick, moss"):
        renderer.render(seed=1, height_px=64, width_px=64, material="sand")


def test_a_saved_model_renders_the_same(model, renderer, tmp_path):
    save_generator(tmp_path, model.config, model.averaged, model.waves)
    again = Renderer.load(tmp_path)
    assert again.config == model.config == load_config(tmp_path)
    one, two = (
        r.render(seed=9, height_px=64, width_px=64, material="moss") for r in (renderer, again)
    )
    assert (one == two).all()
    assert not list(tmp_path.glob("*.pkl"))


def test_the_digest_of_the_weights_follows_the_values(model, tmp_path):
    first = weights_sha256(
        save_generator(tmp_path / "a", model.config, model.averaged, model.waves)
    )
    same = weights_sha256(save_generator(tmp_path / "b", model.config, model.averaged, model.waves))
    other = weights_sha256(
        save_generator(tmp_path / "c", model.config, model.averaged, model.waves + 0.1)
    )
    assert first == same != other


def test_one_step_moves_every_trainable_weight(family):
    training = TrainingConfig.tiny(seed=3)
    model = build_model(family.tiny(materials=MATERIALS), training)
    model.waves[:] = 0.05
    networks = (model.generator, model.discriminator)
    before = [[v.numpy() for v in network.trainable_variables] for network in networks]
    image, label = batch(training)
    for step in range(2):
        losses = model.train_step(image, label, step=step, rate_factor=1.0)
    assert all(np.isfinite(float(value)) for value in losses.values())
    for network, old in zip(networks, before, strict=True):
        for variable, value in zip(network.trainable_variables, old, strict=True):
            assert (variable.numpy() != value).any(), variable.path


def test_unknown_fields_are_refused(family):
    with pytest.raises(ValueError, match="local_chanels"):
        family(local_chanels=3)
