"""What is given back of what a cleaning took off: detail, and next to nothing of the noise."""

import numpy as np
import pytest

from texture_models.families.conv_stack.lost_detail import detail_in

NOISE = 10.0


def white(height, width, seed=1):
    return np.random.default_rng(seed).normal(0.0, NOISE, (height, width, 3))


def grain(height, width):
    """A grey grating of eight pixels, as strong as the noise."""
    rows = NOISE * np.sqrt(2) * np.sin(2 * np.pi * np.arange(height) / 8)
    return np.broadcast_to(rows[:, None, None], (height, width, 3))


@pytest.mark.parametrize("wrap", [(True, True), (False, False), (True, False)])
def test_noise_stays_off_and_detail_comes_back(wrap):
    noise, detail = white(96, 120), grain(96, 120)
    assert detail_in(noise, noise=NOISE, wrap=wrap).std() < 0.15 * NOISE
    found = detail_in(noise + detail, noise=NOISE, wrap=wrap)
    assert found.shape == noise.shape
    assert np.std(found - detail) < 0.35 * NOISE


def test_a_picture_that_tiles_is_treated_alike_wherever_it_begins():
    removed = white(64, 80) + grain(64, 80)
    first = detail_in(removed, noise=NOISE, wrap=(True, True))
    shifted = detail_in(np.roll(removed, (11, 7), (0, 1)), noise=NOISE, wrap=(True, True))
    np.testing.assert_allclose(np.roll(first, (11, 7), (0, 1)), shifted, atol=1e-3)


def test_a_louder_noise_leaves_less_to_give_back():
    removed = white(64, 64) + grain(64, 64)
    found = [detail_in(removed, noise=noise, wrap=(True, True)).std() for noise in (5, 10, 20)]
    assert found == sorted(found, reverse=True)
    assert found[0] > 0.7 * removed.std()
