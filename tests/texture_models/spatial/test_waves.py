"""Wave vectors: measured where there is rhythm, absent where there is none, whole on a torus."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from texture_models.spatial.waves import snapped, wave_field, wave_vectors


def grating(frequency, side=256, noise=20.0, seed=0):
    rows, columns = np.mgrid[:side, :side]
    wave = np.sin(2 * np.pi * (frequency[0] * rows + frequency[1] * columns))
    grey = 128 + 50 * wave + noise * np.random.default_rng(seed).standard_normal((side, side))
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize(
    "frequency", [(1 / 20, 0.0), (0.0, 1 / 31.4), (0.037, -0.021), (0.05, 0.05)]
)
def test_the_wave_of_a_noisy_grating_is_found_to_half_a_per_cent(frequency):
    found = wave_vectors([grating(frequency)], 2)
    error = min(np.hypot(*(found[0] - frequency)), np.hypot(*(found[0] + frequency)))
    assert error < 0.005 * np.hypot(*frequency)


def test_white_noise_has_no_waves():
    noise = np.random.default_rng(3).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    assert not wave_vectors([noise], 4).any()


def test_a_flat_picture_has_no_waves():
    assert not wave_vectors([np.full((128, 128, 3), 90, np.uint8)], 4).any()


@given(st.floats(-0.4, 0.4), st.floats(-0.4, 0.4), st.integers(4, 80), st.integers(4, 80))
def test_snapped_waves_continue_across_the_edge(row, column, height, width):
    vectors = snapped(np.array([[row, column]]), height, width)
    places = np.arange(4.0)
    here = wave_field(vectors, np.array([0.3]), places, places)
    there = wave_field(vectors, np.array([0.3]), places + height, places + 2 * width)
    np.testing.assert_allclose(here, there, atol=1e-5)
    assert abs(vectors[0, 0] - row) <= 0.5 / height + 1e-12


def test_an_axis_that_does_not_wrap_keeps_its_frequency():
    vectors = snapped(np.array([[0.123, 0.123]]), None, 64)
    assert vectors[0, 0] == 0.123
    assert vectors[0, 1] == 8 / 64
