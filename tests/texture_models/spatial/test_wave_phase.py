"""The loss that keeps a rhythm in step with its wave: no more than the photographs do themselves."""

import numpy as np
import pytest
import tensorflow as tf

from texture_models.families.psgan.config import PsganConfig
from texture_models.families.psgan.model import Psgan
from texture_models.layers import as_image
from texture_models.spatial.noise import MARGIN
from texture_models.spatial.training_noise import training_noise
from texture_models.spatial.wave_phase import WavePhase, steps_beside
from texture_models.training.config import TrainingConfig

SIDE, BATCH, PERIOD_PX = 64, 8, 21.3
CONFIG = PsganConfig.tiny(materials=("cloth", "wall"))
DOWN, NONE = (1 / PERIOD_PX, 0.0), (0.0, 0.0)
CODE = np.eye(2, dtype=np.float32)


def striped(side: int, wander_px: float = 0.0, period_px: float = PERIOD_PX) -> np.ndarray:
    """A photograph of stripes, uint8; `wander_px` is how far they lie off at the most."""
    rows, columns = np.mgrid[:side, :side] + 0.5
    off = wander_px * np.sin(2 * np.pi * columns / 150) * np.sin(2 * np.pi * rows / 130)
    stripes = 60 * np.sin(2 * np.pi * (rows + off) / period_px)
    grain = np.random.default_rng(0).normal(0, 8, (side, side))
    return np.clip(128 + stripes + grain, 0, 255).astype(np.uint8)[..., None].repeat(3, axis=2)


def noise_of(labels, step: int = 0):
    waves = tf.constant(np.array([[DOWN, NONE], [DOWN, NONE]], np.float32)[labels])
    return training_noise(CONFIG, waves, seed=1, step=tf.constant(step), cells=SIDE // 16)


def pictures(noise, apart: float) -> tf.Tensor:
    """Stripes one third of a wave beside the wave that the noise carries.

    Args:
        noise: of `training_noise`.
        apart: how far their distances differ from each other, 1: anywhere.
    """
    carried = noise["noise_2"][:, MARGIN:-MARGIN, MARGIN:-MARGIN, -4:]
    sine, cosine = carried[..., 0], carried[..., 2]
    anywhere = np.random.default_rng(3).uniform(-np.pi, np.pi, len(sine))
    turned = (2 * np.pi / 3 + apart * anywhere).astype(np.float32)[:, None, None]
    grey = 0.5 * (sine * np.cos(turned) + cosine * np.sin(turned))
    large = tf.image.resize(grey[..., None], (SIDE, SIDE), "bicubic")
    return tf.repeat(large, 3, axis=-1)


@pytest.fixture
def phase():
    measured = WavePhase(CONFIG, SIDE)
    waves = np.array([[DOWN, NONE], [DOWN, NONE]])
    photographs = {"cloth": [striped(192)], "wall": [striped(192, wander_px=9.0)]}
    measured.measure(("cloth", "wall"), photographs, waves)
    return measured


def test_any_one_distance_from_the_wave_is_in_step(phase):
    noise = noise_of([0] * BATCH)
    assert float(phase(pictures(noise, apart=0.0), noise, CODE[[0] * BATCH])) < 0.01


def test_stripes_anywhere_are_moved_into_step(phase):
    noise, code = noise_of([0] * BATCH), CODE[[0] * BATCH]
    image = pictures(noise, apart=1.0)
    with tf.GradientTape() as tape:
        tape.watch(image)
        before = phase(image, noise, code)
    slope = tape.gradient(before, image)
    after = phase(image - 0.3 * slope / tf.reduce_max(tf.abs(slope)), noise, code)
    assert float(before) > 0.7
    assert float(after) < float(before) - 0.05


def test_nothing_is_asked_that_the_photograph_does_not_do(phase):
    noise = noise_of([0] * BATCH)
    image = pictures(noise, apart=0.3)
    strict, lenient = (float(phase(image, noise, CODE[[label] * BATCH])) for label in (0, 1))
    assert strict > 0.1
    assert lenient < strict / 2


def test_pictures_of_different_materials_need_no_common_distance(phase):
    noise, labels = noise_of([0, 1] * 4), [0, 1] * 4
    image = pictures(noise, apart=0.0)
    opposite = image * np.array([1.0, -1.0] * 4, np.float32)[:, None, None, None]
    assert float(phase(opposite, noise, CODE[labels])) < 0.01


def test_what_has_no_wave_or_no_second_picture_does_not_count():
    asked = WavePhase(CONFIG, SIDE)
    waves = np.array([[DOWN, NONE], [NONE, NONE]])
    photographs = {"cloth": [striped(192)], "wall": [striped(192)]}
    asked.measure(("cloth", "wall"), photographs, waves)
    labels = [0] + [1] * 7
    noise = noise_of(labels)
    assert float(asked(pictures(noise, apart=1.0), noise, CODE[labels])) == 0
    assert float(WavePhase(CONFIG, SIDE)(pictures(noise, 1.0), noise, CODE[[0] * BATCH])) == 0


def test_a_photograph_of_one_window_asks_nothing():
    asked = WavePhase(CONFIG, SIDE)
    photographs = {"cloth": [striped(SIDE)], "wall": [striped(SIDE)]}
    asked.measure(("cloth", "wall"), photographs, np.array([[DOWN, NONE]] * 2))
    noise = noise_of([0] * BATCH)
    assert float(asked(pictures(noise, apart=1.0), noise, CODE[[0] * BATCH])) == 0


def test_a_direction_is_short_where_the_picture_has_no_such_part():
    noise = noise_of([0] * BATCH)
    carried = noise["noise_2"][:, MARGIN:-MARGIN, MARGIN:-MARGIN, -4:]
    clear = steps_beside(pictures(noise, apart=0.0), carried)
    flat = steps_beside(tf.fill((BATCH, SIDE, SIDE, 3), 0.3), carried)
    lengths = tf.norm(clear, axis=1)
    assert float(tf.reduce_min(lengths[:, 0])) > 0.99
    assert float(tf.reduce_max(lengths[:, 1])) == 0  # no second wave
    assert float(tf.reduce_max(tf.norm(flat, axis=1))) < 0.01


def test_a_training_follows_it_only_where_there_is_a_rhythm():
    photograph = striped(160, period_px=20.0)
    batch = as_image(np.stack([photograph[:32, :32], photograph[32:64, :32]] * 2))

    def moved(picture, weight):
        training = TrainingConfig.tiny(batch_size=4, phase_weight=weight)
        model = Psgan(PsganConfig.tiny(materials=("cloth",)), training)
        model.measure({"cloth": [picture]})
        model.train_step(batch, np.zeros(4, np.int64), step=0, rate_factor=1.0)
        return np.concatenate([weights.numpy().ravel() for weights in model.generator.weights])

    plain = np.random.default_rng(1).integers(0, 255, (160, 160, 3)).astype(np.uint8)
    assert not np.array_equal(moved(photograph, 0.0), moved(photograph, 0.5))
    np.testing.assert_array_equal(moved(plain, 0.0), moved(plain, 0.5))
