"""The loss that keeps a rhythm in step with its wave, as firmly as the photographs do."""

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

SIDE, PERIOD_PX = 64, 21.3
CONFIG = PsganConfig.tiny(materials=("cloth", "wall"))
DOWN, NONE = (1 / PERIOD_PX, 0.0), (0.0, 0.0)


def striped(
    side: int, wander_px: float = 0.0, period_px: float = PERIOD_PX, threads: float = 0.0
) -> np.ndarray:
    """A photograph of stripes, uint8.

    Args:
        side: in pixels.
        wander_px: how far stripes lie off at the most.
        period_px: of the stripes.
        threads: how strong threads are, of which each stripe has three.
    """
    rows, columns = np.mgrid[:side, :side] + 0.5
    off = wander_px * np.sin(2 * np.pi * columns / 150) * np.sin(2 * np.pi * rows / 130)
    angle = 2 * np.pi * (rows + off) / period_px
    stripes = 60 * (np.sin(angle) + threads * np.sin(3 * angle))
    grain = np.random.default_rng(0).normal(0, 8, (side, side))
    return np.clip(128 + stripes + grain, 0, 255).astype(np.uint8)[..., None].repeat(3, axis=2)


def asking(**photographs):
    """The loss after it has seen photographs of both materials, with one wave each."""
    measured = WavePhase(CONFIG, SIDE)
    known = {name: [picture] for name, picture in photographs.items()}
    measured.measure(("cloth", "wall"), known, np.array([[DOWN, NONE], [DOWN, NONE]]))
    return measured


class Batch:
    """Pictures of stripes and what a generator would have read for them."""

    def __init__(self, labels, waves=((DOWN, NONE), (DOWN, NONE))):
        self.code = np.eye(2, dtype=np.float32)[labels]
        self.waves = tf.constant(np.array(waves, np.float32)[labels])
        self.noise = training_noise(CONFIG, self.waves, seed=1, step=tf.constant(0), cells=4)

    def striped(self, apart: float = 0.0, multiple: int = 1) -> tf.Tensor:
        """Stripes one third of a wave beside the wave that the noise carries.

        Args:
            apart: how far their distances differ from each other, 1: anywhere.
            multiple: how many stripes each wave has.
        """
        carried = self.noise["noise_2"][:, MARGIN:-MARGIN, MARGIN:-MARGIN, -4:]
        large = tf.image.resize(carried, (SIDE, SIDE), "bicubic").numpy()
        angle = multiple * np.arctan2(large[..., 0], large[..., 2])
        anywhere = np.random.default_rng(3).uniform(-np.pi, np.pi, (len(angle), 1, 1))
        grey = 0.5 * np.sin(angle + 2 * np.pi / 3 + apart * anywhere)
        return tf.constant(grey[..., None].repeat(3, axis=3).astype(np.float32))

    def judged(self, phase, image) -> tf.Tensor:
        return phase(image, self.waves, self.noise["noise_0"], self.code)


@pytest.fixture(scope="module")
def phase():
    return asking(cloth=striped(192), wall=striped(192, wander_px=9.0))


def test_any_one_distance_from_the_wave_is_in_step(phase):
    batch = Batch([0] * 8)
    assert float(batch.judged(phase, batch.striped())) < 0.01


def test_stripes_anywhere_are_moved_into_step(phase):
    batch = Batch([0] * 8)
    image = batch.striped(apart=1.0)
    with tf.GradientTape() as tape:
        tape.watch(image)
        before = batch.judged(phase, image)
    slope = tape.gradient(before, image)
    after = batch.judged(phase, image - 0.3 * slope / tf.reduce_max(tf.abs(slope)))
    assert float(before) > 0.7
    assert float(after) < float(before) - 0.05


def test_threads_are_to_keep_step_where_the_photographs_do():
    batch = Batch([0] * 8)
    firm, loose = (
        batch.striped() + 0.4 * batch.striped(apart=apart, multiple=3) for apart in (0.0, 1.0)
    )
    checked = asking(cloth=striped(192, threads=0.4), wall=striped(192))
    assert float(batch.judged(checked, firm)) < 0.01
    assert float(batch.judged(checked, loose)) > 0.7
    plain = asking(cloth=striped(192), wall=striped(192))
    assert float(batch.judged(plain, loose)) < 0.01


def test_nothing_is_asked_that_the_photograph_does_not_do(phase):
    strict, lenient = (
        float(batch.judged(phase, batch.striped(apart=0.3)))
        for batch in (Batch([0] * 8), Batch([1] * 8))
    )
    assert strict > 0.1
    assert lenient < strict / 2


def test_pictures_of_different_materials_need_no_common_distance(phase):
    batch = Batch([0, 1] * 4)
    sign = np.array([1.0, -1.0] * 4, np.float32)[:, None, None, None]
    assert float(batch.judged(phase, sign * batch.striped())) < 0.01


def test_what_has_no_wave_or_no_second_picture_does_not_count():
    asked = WavePhase(CONFIG, SIDE)
    waves = ((DOWN, NONE), (NONE, NONE))
    photographs = {"cloth": [striped(192)], "wall": [striped(192)]}
    asked.measure(("cloth", "wall"), photographs, np.array(waves))
    batch = Batch([0] + [1] * 7, waves)
    assert float(batch.judged(asked, Batch([0] * 8).striped(apart=1.0))) == 0


def test_before_anything_is_measured_nothing_is_asked():
    batch = Batch([0] * 8)
    assert float(batch.judged(WavePhase(CONFIG, SIDE), batch.striped(apart=1.0))) == 0


def test_a_photograph_of_one_window_asks_nothing():
    batch, asked = Batch([0] * 8), asking(cloth=striped(SIDE), wall=striped(SIDE))
    assert float(batch.judged(asked, batch.striped(apart=1.0))) == 0


def test_a_direction_is_short_where_the_picture_has_no_such_part():
    batch = Batch([0] * 8)
    flat = tf.fill((8, SIDE, SIDE, 3), 0.3)
    clear, nothing = (
        tf.norm(steps_beside(image, batch.waves, tf.zeros((8, 2))), axis=1)
        for image in (batch.striped(), flat)
    )
    assert float(tf.reduce_min(clear[:, 0])) > 0.99
    assert float(tf.reduce_max(nothing)) < 0.01


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
