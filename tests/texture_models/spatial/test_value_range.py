"""The loss against spots: silent within the photograph's own extremes, loud where one glows."""

import numpy as np
import pytest
import tensorflow as tf

from texture_models.layers import as_image
from texture_models.metrics.blobs import excess_blobs
from texture_models.spatial.value_range import ValueRange

RANDOM = np.random.default_rng(1)
GREY, GREEN = (
    np.clip(RANDOM.normal(mean, 20, (96, 96, 3)), 0, 255).astype(np.uint8)
    for mean in (128, (60, 140, 60))
)
CODES = np.eye(2, dtype=np.float32)


@pytest.fixture(scope="module")
def value_range():
    measured = ValueRange(2)
    measured.measure(("grey", "green"), {"grey": [GREY], "green": [GREEN]})
    return measured


def with_spot(photograph, colour):
    picture = photograph[:64, :64].copy()
    rows, columns = np.ogrid[:64, :64]
    picture[(rows - 30) ** 2 + (columns - 21) ** 2 < 25] = colour
    return picture


def test_nothing_of_the_photographs_is_beyond_them(value_range):
    parts = np.stack([GREY[:64, :64], GREY[32:, 32:], GREEN[32:, :64]])
    assert float(value_range(as_image(parts), CODES[[0, 0, 1]])) == 0


def test_each_material_has_limits_of_its_own(value_range):
    parts = as_image(np.stack([GREY[:64, :64]]))
    assert float(value_range(parts, CODES[[1]])) > 0.1


def test_before_anything_is_measured_nothing_is_beyond():
    assert float(ValueRange(2)(as_image(GREY[None, :64, :64]), CODES[[0]])) == 0


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (160, 110, 110)])
def test_a_spot_that_the_metric_counts_is_pushed_back_and_nothing_else(value_range, colour):
    picture = with_spot(GREY, colour)
    assert excess_blobs([GREY], [picture]).count
    image = tf.constant(as_image(picture[None]))
    with tf.GradientTape() as tape:
        tape.watch(image)
        beyond = value_range(image, CODES[[0]])
    slopes = tape.gradient(beyond, image).numpy()[0]
    assert float(beyond) > 0
    rows, columns = np.nonzero(np.abs(slopes).max(axis=2))
    assert abs(rows.mean() - 30) < 3
    assert abs(columns.mean() - 21) < 3
    assert max(np.ptp(rows), np.ptp(columns)) < 32
    # Less of what is too much: against the slope, towards the photograph's mean.
    step = slopes[30, 21] * (np.array(colour) - 128.0)
    assert step.sum() > 0
