"""The optimiser: Keras' Adam where all is well, nothing moved where a slope is no number."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from texture_models.training.optimizer import FIRST_SCALE, Adam


def weights():
    rng = np.random.default_rng(0)
    return [keras.Variable(rng.normal(size=shape).astype(np.float32)) for shape in ((3, 2), (4,))]


def slopes(seed):
    rng = np.random.default_rng(seed)
    return [tf.constant(rng.normal(size=shape), tf.float32) for shape in ((3, 2), (4,))]


@pytest.mark.parametrize("beta_1", [0.0, 0.5])
def test_sound_steps_are_those_of_keras(beta_1):
    ours, theirs = weights(), weights()
    one = Adam(0.01, ours, beta_1=beta_1, beta_2=0.99, scaled=False)
    two = keras.optimizers.Adam(0.01, beta_1=beta_1, beta_2=0.99, epsilon=1e-8)
    for step in range(5):
        one.apply(slopes(step), ours)
        two.apply(slopes(step), theirs)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_step_from_no_number_changes_nothing_and_is_counted(value):
    moved = weights()
    mover = Adam(0.01, moved, beta_1=0.5, beta_2=0.99, scaled=False)
    mover.apply(slopes(1), moved)
    before = [v.numpy() for v in (*moved, *mover.variables) if v is not mover.skipped]
    broken = slopes(2)
    broken[1] = tf.constant([0.0, value, 0.0, 1.0])
    mover.apply(broken, moved)
    after = [v.numpy() for v in (*moved, *mover.variables) if v is not mover.skipped]
    assert all((one == two).all() for one, two in zip(before, after, strict=True))
    assert float(mover.skipped) == 1


def test_scaled_losses_move_weights_as_unscaled_ones():
    plain, scaled = weights(), weights()
    one = Adam(0.01, plain, beta_1=0.0, beta_2=0.99, scaled=False)
    two = Adam(0.01, scaled, beta_1=0.0, beta_2=0.99, scaled=True)
    assert float(two.scale(tf.constant(2.0))) == 2 * FIRST_SCALE
    one.apply(slopes(3), plain)
    two.apply([slope * FIRST_SCALE for slope in slopes(3)], scaled)
    for a, b in zip(plain, scaled, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5)


def test_an_overflow_halves_the_scale():
    moved = weights()
    mover = Adam(0.01, moved, beta_1=0.0, beta_2=0.99, scaled=True)
    mover.apply([slope * np.inf for slope in slopes(1)], moved)
    assert float(mover.scale(tf.constant(1.0))) == FIRST_SCALE / 2
