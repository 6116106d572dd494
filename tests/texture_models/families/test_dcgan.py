"""Deep convolutional GAN: pictures that wrap, latent vectors with names, a way between them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from texture_models.families import build_model
from texture_models.families.dcgan.config import DcganConfig
from texture_models.families.dcgan.explaining import between_sheet
from texture_models.families.dcgan.inference import (
    build_judges,
    compiled_generator,
    interpolation_strip,
    latent_of_seed,
    score_map,
)
from texture_models.families.dcgan.model import rolled
from texture_models.families.dcgan.networks import build_generator
from texture_models.layers import Dropout, as_image
from texture_models.training.config import TrainingConfig
from texture_models.training.preview import write_explanations

CONFIG = DcganConfig.tiny(materials=("brick", "moss"))


@pytest.fixture(scope="module")
def generator():
    keras.utils.set_random_seed(5)
    return build_generator(CONFIG)


def test_everything_after_the_stem_lives_on_a_torus(generator):
    stem = generator.get_layer("norm_0").input
    after = keras.Model([stem, generator.get_layer("code").output], generator.output)
    code = np.eye(2, dtype=np.float32)[:1]
    places = np.random.default_rng(1).standard_normal((1, *stem.shape[1:])).astype(np.float32)
    picture = after([places, code], training=False).numpy()
    moved = after([np.roll(places, (1, 2), axis=(1, 2)), code], training=False).numpy()
    cell = CONFIG.picture_px // CONFIG.stem_side
    np.testing.assert_allclose(
        moved, np.roll(picture, (cell, 2 * cell), axis=(1, 2)), atol=1e-5, rtol=0
    )
    assert np.abs(moved - picture).max() > 0.01


def test_every_picture_is_rolled_by_its_own_offsets():
    image = np.random.default_rng(2).random((3, 8, 8, 2)).astype(np.float32)
    down, across = [0, 3, 7], [5, 0, 2]
    result = rolled(tf.constant(image), tf.constant(down), tf.constant(across)).numpy()
    for one, picture, row, column in zip(result, image, down, across, strict=True):
        assert (one == np.roll(picture, (row, column), axis=(0, 1))).all()


def test_the_vectors_that_seeds_name_are_normal_and_different():
    config = DcganConfig(latent_channels=1000)
    one, other = latent_of_seed(config, 1), latent_of_seed(config, 2)
    for vector in (one, other):
        assert abs(vector.mean()) < 0.15
        assert abs(vector.std() - 1) < 0.1
        assert np.abs(vector).max() < 6
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.15


def test_a_strip_begins_and_ends_with_the_pictures_of_its_seeds(generator):
    strip = interpolation_strip(CONFIG, generator, seeds=(3, 4), steps=5, index=1)
    side = CONFIG.picture_px
    assert strip.shape == (side, 5 * side, 3)
    ends = compiled_generator(CONFIG, generator, {}, 1)(
        {"latent": np.stack([latent_of_seed(CONFIG, seed) for seed in (3, 4)])}
    ).numpy()
    for place, end in ((slice(None, side), ends[0]), (slice(-side, None), ends[1])):
        assert np.abs(strip[:, place].astype(int) - end).max() <= 1


def test_a_way_of_one_picture_is_refused(generator):
    with pytest.raises(ValueError, match="steps=1"):
        interpolation_strip(CONFIG, generator, seeds=(3, 4), steps=1)


def test_sizes_that_the_stages_cannot_halve_are_refused_with_those_they_can():
    with pytest.raises(ValueError, match=r"picture_px=72 .* 64 and 80"):
        DcganConfig(picture_px=72)


def test_a_training_of_another_size_is_refused_with_both_ways_out():
    with pytest.raises(ValueError, match=r"model.picture_px=64 or training.patch_px=32"):
        build_model(CONFIG, TrainingConfig.tiny(patch_px=64))


def test_labels_beyond_the_materials_are_refused():
    model = build_model(CONFIG, TrainingConfig.tiny())
    image = np.zeros((2, 32, 32, 3), np.float32)
    with pytest.raises(ValueError, match="label 2 is not one of this model's 2"):
        model.train_step(image, np.array([0, 2]), step=0, rate_factor=1.0)


def test_a_finished_training_leaves_the_way_between_two_pictures(tmp_path):
    model = build_model(CONFIG, TrainingConfig.tiny())
    paths = {path.stem: path for path in write_explanations(tmp_path / "explanations", model)}
    assert set(paths) == {
        "latent-interpolation",
        "latent-traversal-brick",
        "latent-traversal-moss",
        "interpolation",
        "discriminator",
    }
    with Image.open(paths["latent-interpolation"]) as picture:
        assert picture.width > 8 * CONFIG.picture_px


def test_the_way_between_materials_goes_from_one_colour_to_the_other(generator):
    colour = generator.get_layer("colour")
    before = [weight.numpy() for weight in colour.weights]
    colour.basis.assign(np.zeros((2, 3, 3)))
    colour.mean.assign([[-1.0, -1.0, 1.0], [1.0, -1.0, -1.0]])
    sheet = between_sheet(CONFIG, generator, latent_of_seed(CONFIG, 1))
    colour.set_weights(before)
    colours = {tuple(pixel) for pixel in sheet.reshape(-1, 3)}
    blue_to_red = [(round(255 * step / 7), 0, round(255 * (1 - step / 7))) for step in range(8)]
    assert colours >= set(blue_to_red)


def test_the_trainings_seed_decides_what_dropout_leaves_out():
    def seen(seed):
        judge = build_model(CONFIG, TrainingConfig.tiny(seed=seed)).discriminator
        dropouts = [layer for layer in judge.layers if isinstance(layer, Dropout)]
        assert len(dropouts) == len(CONFIG.discriminator_widths)
        return [layer(tf.ones((1, 4, 4, 8)), training=True).numpy() == 0 for layer in dropouts]

    one, same, other = seen(3), seen(3), seen(4)
    for left_out, again, not_these in zip(one, same, other, strict=True):
        assert (left_out == again).all()
        assert (left_out != not_these).any()
    assert (one[0] != one[1]).any()


def test_the_parts_of_a_score_are_as_much_as_the_score():
    judges = build_judges(CONFIG)
    judge = judges["discriminator"]
    judge.get_layer("projection").kernel.assign(np.full((2, 8), 0.3))
    pixels = np.random.default_rng(2).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    image = as_image(pixels[None])
    logit = float(judge([image, np.array([[0.0, 1.0]])], training=False)[0][0])
    scores = score_map((CONFIG, None, None), judges, image, 1)
    assert scores.shape == (4, 4)
    assert scores.mean() == pytest.approx(logit, abs=1e-4)
