"""The optimiser: Keras' Adam where all is well, nothing moved where a slope is no number."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from texture_models.training.config import TrainingConfig
from texture_models.training.movement import begin_step
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


@pytest.mark.parametrize("longest", [None, 2.0])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_step_from_no_number_changes_nothing_and_is_counted(value, longest):
    moved = weights()
    mover = Adam(0.01, moved, beta_1=0.5, beta_2=0.99, scaled=False, longest=longest)
    mover.apply(slopes(1), moved)
    before = [v.numpy() for v in (*moved, *mover.variables) if v is not mover.skipped]
    broken = slopes(2)
    broken[1] = tf.constant([0.0, value, 0.0, 1.0])
    mover.apply(broken, moved)
    after = [v.numpy() for v in (*moved, *mover.variables) if v is not mover.skipped]
    assert all((one == two).all() for one, two in zip(before, after, strict=True))
    assert float(mover.skipped) == 1


def test_a_sudden_slope_moves_no_more_than_its_share_and_the_next_ones_as_ever():
    moved = {longest: weights() for longest in (None, 2.0)}
    movers = {
        longest: Adam(0.01, some, beta_1=0.0, beta_2=0.99, scaled=False, longest=longest)
        for longest, some in moved.items()
    }

    def step(longest, times):
        before = [one.numpy() for one in moved[longest]]
        movers[longest].apply([times * slope for slope in slopes(3)], moved[longest])
        return max(
            np.abs(one.numpy() - old).max() for one, old in zip(moved[longest], before, strict=True)
        )

    for _ in range(50):
        steps = [step(longest, 1.0) for longest in movers]
    assert steps[0] == pytest.approx(steps[1], rel=1e-4)  # nothing unusual, nothing shortened
    assert step(None, 1000.0) > 6 * steps[0]
    assert step(2.0, 1000.0) < 2.1 * steps[0]
    # What the one remembers of it makes it slow for long; the other goes on.
    assert step(None, 1.0) < 0.1 * steps[0]
    assert step(2.0, 1.0) > 0.9 * steps[0]


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


def test_a_step_begins_with_the_rates_of_its_networks_and_a_penalty_now_and_then():
    names = ("generator", "discriminator_0", "discriminator_1")
    movers = {name: Adam(1.0, weights(), beta_1=0, beta_2=0.9, scaled=False) for name in names}
    training = TrainingConfig(generator_rate=0.2, discriminator_rate=0.4, r1_every=3)
    penalised = [begin_step(movers, training, step=step, rate_factor=0.5) for step in range(4)]
    assert penalised == [True, False, False, True]
    rates = [float(mover.learning_rate.numpy()) for mover in movers.values()]
    assert rates == pytest.approx([0.1, 0.2, 0.2])
    without = TrainingConfig(r1_gamma=0)
    assert not begin_step(movers, without, step=0, rate_factor=0.5)
