"""Matching the power spectrum: what the loss notices, and what it is blind to."""

import numpy as np
import pytest
import tensorflow as tf

from texture_models.spectrum_loss import SpectrumLoss, band_power, spectrum_bands

SIDE = 64


def texture(seed=1, side=SIDE, material=0):
    """Noise whose grain is two pixels for one material, one for another; float32 -1..1."""
    white = np.random.default_rng(seed).standard_normal((side, side)).astype(np.float32)
    rough = white if material else (white + np.roll(white, 1, 0) + np.roll(white, 1, 1)) / 2
    return np.repeat(np.clip(rough * 0.2, -1, 1)[..., None], 3, axis=-1)


def distance(images, labels=None, pictures=None):
    labels = [0] * len(images) if labels is None else labels
    pictures = [[texture(9, 256)]] if pictures is None else pictures
    as_pixels = [[np.uint8(np.round((one + 1) * 127.5)) for one in some] for some in pictures]
    code = np.eye(len(pictures), dtype=np.float32)[labels]
    return float(measured(as_pixels)(tf.constant(np.stack(images)), code))


def measured(pictures):
    loss = SpectrumLoss(len(pictures), SIDE)
    loss.measure(range(len(pictures)), dict(enumerate(pictures)))
    return loss


def checkerboard(image):
    board = 0.05 * (-1.0) ** np.add.outer(np.arange(SIDE), np.arange(SIDE))
    return image + board[..., None].astype(np.float32)


def blurred(image):
    return sum(np.roll(image, shift, (0, 1)) for shift in ((0, 0), (0, 1), (1, 0), (1, 1))) / 4


@pytest.mark.parametrize(
    ("change", "least"), [(blurred, 1.0), (checkerboard, 0.2), (lambda image: image * 2, 1.0)]
)
def test_it_notices_blur_checkerboards_and_contrast(change, least):
    images = [texture(seed) for seed in range(1, 9)]
    same = distance(images)
    assert same < 0.1
    assert distance([change(image) for image in images]) > same + least


def test_it_is_blind_to_phase_and_to_a_colour_shift():
    images = [texture(seed) for seed in range(1, 9)]
    mirrored = [image[::-1] + 0.1 for image in images]
    assert distance(mirrored) == pytest.approx(distance(images), abs=0.05)


def test_every_material_is_compared_with_its_own_and_an_absent_one_with_nothing():
    pictures = [[texture(9, 256)], [texture(10, 256, material=1)]]
    images = [texture(seed) for seed in range(1, 9)]
    assert distance(images, [0] * 8, pictures) == pytest.approx(distance(images), abs=1e-6)
    assert distance(images, [1] * 8, pictures) > 0.5


def test_the_weights_of_a_band_sum_to_one_and_white_noise_is_flat():
    bands = spectrum_bands(SIDE)
    np.testing.assert_allclose(bands.sum(axis=1), 1, rtol=1e-5)
    noise = np.stack([texture(seed, material=1) for seed in range(40)])
    power = band_power(tf.constant(noise), bands).numpy().mean(axis=0)
    np.testing.assert_allclose(power, 0.04, rtol=0.15)


def test_its_slope_is_finite_where_a_picture_is_flat():
    image = tf.Variable(tf.zeros((2, SIDE, SIDE, 3)))
    spectrum = measured([[np.uint8((texture(9, 128) + 1) * 127.5)]])
    with tf.GradientTape() as tape:
        loss = spectrum(image, tf.ones((2, 1)))
    assert np.isfinite(tape.gradient(loss, image)).all()
