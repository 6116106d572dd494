"""Slow noise: wraps, is alike in neighbouring cells only, and the same in training."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from texture_models.families.psgan.config import PsganConfig
from texture_models.spatial.slow_noise import SPACING_CELLS, slow_field
from texture_models.spatial.training_noise import slow_noise, training_noise


def field(seed, top=0, left=0, height=64, width=64, period=(None, None), channels=2):
    return slow_field(
        seed=seed,
        stream=7,
        rows=np.arange(top, top + height),
        columns=np.arange(left, left + width),
        period=period,
        channels=channels,
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(-90, 90))
def test_on_a_torus_of_any_size_it_repeats_after_the_period(rows, columns, left):
    period = (rows, columns)
    here = field(3, 0, left, 6, 6, period)
    there = field(3, -rows, left + 2 * columns, 6, 6, period)
    assert (here == there).all()


@pytest.mark.parametrize("period", [None, 40])
def test_a_cell_is_like_its_neighbour_and_unlike_a_far_one(period):
    values = np.stack([field(seed, period=(period, period))[:, :, 0] for seed in range(60)])
    one = values[:, 20, 20]
    assert np.corrcoef(one, values[:, 20, 21])[0, 1] > 0.8
    far = 20 + 2 * SPACING_CELLS
    assert abs(np.corrcoef(one, values[:, 20, far])[0, 1]) < 0.4


def test_the_wrap_of_a_torus_is_as_smooth_as_its_inside():
    values = np.concatenate([field(seed, 0, 0, 40, 40, (40, 40)) for seed in range(30)], axis=2)
    steps = np.abs(np.roll(values, -1, axis=1) - values).mean(axis=(0, 2))
    assert steps[-1] < 1.5 * steps[:-1].mean()


def test_its_variance_is_that_of_the_cells_noise_everywhere():
    values = np.stack([field(seed, 0, 0, 24, 24) for seed in range(600)])
    variance = values.var(axis=(0, 3))
    np.testing.assert_allclose(variance, 1 / 3, rtol=0.2)
    drawn = slow_noise((600, 8, 8, 2), tf.constant([1, 2])).numpy()
    np.testing.assert_allclose(drawn.var(axis=(0, 3)), 1 / 3, rtol=0.2)


def test_training_sees_what_rendering_gives():
    rendered = np.stack([field(seed, seed, 3 * seed, 8, 8) for seed in range(800)])
    drawn = slow_noise((800, 8, 8, 2), tf.constant([5, 9])).numpy()
    for lag in (1, 4, 7):
        ours = (rendered[:, :, 0] * rendered[:, :, lag]).mean()
        theirs = (drawn[:, :, 0] * drawn[:, :, lag]).mean()
        assert abs(ours - theirs) < 0.04


def test_every_patch_of_a_batch_has_its_own_and_other_channels_stay_as_they_were():
    waves = tf.zeros((3, 2, 2))
    arguments = {"seed": 1, "step": tf.constant(4), "cells": 2}
    with_slow = training_noise(PsganConfig.tiny(slow_channels=2), waves, **arguments)["noise_0"]
    assert with_slow.shape[-1] == 4 + 2 + 4
    slow = with_slow[..., 4:6].numpy()
    assert np.abs(slow[0] - slow[1]).max() > 0.1
    assert np.abs(np.diff(slow, axis=1)).mean() < 0.3  # of noise without neighbours, 0.67
