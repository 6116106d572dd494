"""What a discriminator is shown: as it is, unless it is too sure of what is real."""

from typing import get_args

import numpy as np
import pytest
import tensorflow as tf

from texture_models.families import AnyModelConfig, build_model
from texture_models.families.psgan.config import PsganConfig
from texture_models.losses import logit_report
from texture_models.training.augmenting import MOST, Augmentation, changed
from texture_models.training.checkpoint import read_checkpoint, write_checkpoint
from texture_models.training.config import TrainingConfig


def pictures(count=4, seed=0):
    values = np.random.default_rng(seed).random((count, 32, 32, 3), dtype=np.float32)
    return tf.constant(values * 2 - 1)


def draws(**columns):
    """Draws that let exactly the named changes happen; `brightness=0.9` is its amount."""
    names = ("brightness", "saturation", "contrast", "move", "hole")
    row = np.full(12, 0.5, np.float32)
    row[:5] = 1.0
    places = {
        "brightness": [5],
        "saturation": [6],
        "contrast": [7],
        "move": [8, 9],
        "hole": [10, 11],
    }
    for name, amount in columns.items():
        row[names.index(name)] = 0.0
        row[places[name]] = amount
    return tf.constant(np.tile(row, (4, 1)))


def steps(model, first, count, side, rate_factor=1.0):
    for step in range(first, first + count):
        image = pictures(2, step)[:, :side, :side].numpy()
        losses = model.train_step(image, np.array([0, 1]), step=step, rate_factor=rate_factor)
    return losses


def weights(model):
    return [w.numpy() for network in model.networks().values() for w in network.weights]


def test_at_strength_zero_every_weight_is_what_it_is_without():
    trained = []
    # A target that is never exceeded: the branch for changes is there, and never taken.
    for changes in ({"augment": "off"}, {"augment": "adaptive", "augment_target": 1.0}):
        training = TrainingConfig.tiny(**changes)
        model = build_model(PsganConfig.tiny(materials=("a", "b")), training)
        losses = steps(model, 0, 2, training.patch_px)
        trained.append(weights(model))
    assert losses["augmentation"] == 0
    for one, other in zip(*trained, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("family", get_args(AnyModelConfig), ids=lambda one: one.__name__)
def test_the_discriminators_of_every_family_see_the_changes(family):
    config = family.tiny(materials=("a", "b"))
    training = TrainingConfig.tiny(augment_target=1.0, r1_gamma=0, patch_px=config.picture_px or 32)
    model = build_model(config, training)
    variables = [variable for part in model.state().values() for variable in part]
    begun = [np.asarray(variable) for variable in variables]
    said = []
    for strength in (0.0, 0.8):
        for variable, value in zip(variables, begun, strict=True):
            variable.assign(value)
        model.augmentation.variables[0].assign(strength)
        # The discriminator stands still: what it tells the generator differs by what it is shown.
        said.append(steps(model, 1, 1, training.patch_px, rate_factor=0.0))
    assert [float(one["augmentation"]) for one in said] == [0, pytest.approx(0.8)]
    for loss in ("discriminator", "adversarial", "gram"):
        assert float(said[0][loss]) != float(said[1][loss])


def test_each_change_does_what_it_says_and_nothing_where_its_gate_is_shut():
    image = pictures()
    assert np.array_equal(changed(image, draws(), 0.5, shifts=True), image)
    brighter = changed(image, draws(brightness=0.9), 0.5, shifts=True)
    assert np.allclose(brighter, image + 0.4, atol=1e-6)
    grey = changed(image, draws(saturation=0.0), 0.5, shifts=True).numpy()
    assert np.ptp(grey, axis=3).max() < 1e-6
    flat = changed(image, draws(contrast=0.0), 0.5, shifts=True)
    assert np.std(flat) == pytest.approx(np.std(image) / 2, rel=0.02)
    hole = changed(image, draws(hole=0.5), 0.5, shifts=True).numpy()
    assert (hole == 0).all(axis=(0, 3)).sum() == 16 * 16


def test_a_moved_picture_is_filled_with_its_mirror_and_not_with_a_border():
    image = pictures()
    moved = changed(image, draws(move=1.0), 0.5, shifts=True).numpy()
    assert np.array_equal(moved[:, 4:, 4:], image[:, :-4, :-4])
    assert np.array_equal(moved[:, :4, 4:], image[:, 4:0:-1, :-4])
    back = changed(image, draws(move=0.0), 0.5, shifts=True).numpy()
    assert np.array_equal(back[:, :-4, :-4], image[:, 4:, 4:])
    assert np.array_equal(changed(image, draws(move=1.0), 0.5, shifts=False), image)


@pytest.mark.parametrize(
    ("changes", "reached"),
    [
        ({"brightness": 0.9, "saturation": 0.7, "contrast": 0.8}, (1.0, 1.0)),
        ({"move": 0.9, "hole": 0.2}, (0.6, 0.99)),  # the hole hides some, the mirror doubles some
    ],
)
def test_slopes_reach_the_picture_through_every_change(changes, reached):
    image = pictures()
    with tf.GradientTape() as tape:
        tape.watch(image)
        total = tf.reduce_sum(changed(image, draws(**changes), 0.5, shifts=True) ** 2)
    share = (tape.gradient(total, image).numpy() != 0).mean()
    assert reached[0] <= share <= reached[1]


def test_real_and_generated_pictures_are_changed_alike_and_each_step_anew():
    augmentation = Augmentation(TrainingConfig(augment="fixed", augment_strength=0.8))
    one, same = augmentation.shown((pictures(), pictures()), tf.constant(3))
    (other,) = augmentation.shown((pictures(),), tf.constant(4))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, pictures())
    assert not np.array_equal(one, other)


RATE = tf.constant(TrainingConfig().discriminator_rate)


def test_strength_rises_while_the_discriminator_is_sure_and_falls_when_it_is_not():
    training = TrainingConfig(augment_images=2000)
    augmentation = Augmentation(training)

    rate = RATE

    def after(real_won, steps):
        for _ in range(steps):
            strength = augmentation.adapt(tf.constant(real_won), 8, rate)["augmentation"]
        return float(strength)

    assert after(0.7, 400) == 0  # r_t = 0.4, below the target of 0.6
    assert 0.2 < after(0.98, 150) < 0.6
    assert after(0.98, 400) == pytest.approx(MOST)
    rate = 0.9 * RATE  # a training that comes to its end
    assert after(0.6, 700) == pytest.approx(MOST)
    rate = RATE
    assert after(0.6, 700) == 0
    assert Augmentation(TrainingConfig(augment="off")).adapt(tf.constant(1.0), 8, rate) == {}


def test_a_batch_that_is_no_number_is_not_heard():
    augmentation = Augmentation(TrainingConfig(augment_images=100, augment_target=0.1))
    for _ in range(50):
        augmentation.adapt(logit_report(tf.ones(8), -tf.ones(8))["real_won"], 8, RATE)
    before = [variable.numpy() for variable in augmentation.variables]
    assert min(before) > 0
    broken = tf.constant([1.0] * 7 + [float("nan")])
    augmentation.adapt(logit_report(broken, broken)["real_won"], 8, RATE)
    assert [variable.numpy() for variable in augmentation.variables] == before


def test_a_resumed_training_has_the_strength_it_had(tmp_path):
    training = TrainingConfig.tiny(
        augment_target=-1.0, augment_images=20, r1_gamma=0, spectrum_weight=0, gram_weight=0
    )
    config = PsganConfig.tiny(materials=("a", "b"))
    whole = build_model(config, training)
    steps(whole, 0, 3, 32)
    write_checkpoint(tmp_path, whole.state(), {"step": 3})
    last = steps(whole, 3, 2, 32)
    assert float(last["augmentation"]) > 0
    resumed = build_model(config, training)
    read_checkpoint(tmp_path, resumed.state())
    again = steps(resumed, 3, 2, 32)
    assert float(again["augmentation"]) == float(last["augmentation"])
    for one, other in zip(weights(whole), weights(resumed), strict=True):
        assert np.array_equal(one, other)


def test_a_fixed_strength_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"augment=fixed needs an augment_strength above 0"):
        TrainingConfig(augment="fixed")
