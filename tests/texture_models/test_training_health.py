"""When a training is stopped, and with which advice."""

import numpy as np
import pytest

from texture_models.training.health import (
    ALIKE_STEPS,
    SKIPPING_STEPS,
    Health,
    TrainingFailed,
)
from texture_models.training.preview import preview_diversity


def test_patches_that_look_alike_for_long_are_a_collapse():
    health = Health()
    for step in range(10, ALIKE_STEPS, 10):
        health.check(step, {"spread": 0.01})
    with pytest.raises(
        TrainingFailed, match=r"at step 300 .* 1\.0% .* \(limit 5%\).*more or larger"
    ):
        health.check(300, {"spread": 0.01})


def test_a_flat_start_is_no_collapse_but_worth_no_checkpoint():
    health = Health()
    for step in range(10, ALIKE_STEPS, 10):
        health.check(step, {"spread": 0.0})
    assert not health.sound
    health.check(ALIKE_STEPS, {"spread": 0.4})
    assert health.sound


def test_steps_count_once_however_often_they_are_reported():
    health = Health()
    for report in range(ALIKE_STEPS):
        for _ in range(3):  # the loop's own, a checkpoint's, the last one's
            health.check(1 + report // 2, {"spread": 0.0})


@pytest.mark.parametrize(
    ("losses", "said"),
    [
        ({"spread": 0.01}, r"step 20 while its patches look alike since step 10"),
        ({"spread": 1.0, "gram": float("nan")}, r"step 20 while its losses are no numbers"),
    ],
)
def test_a_training_does_not_end_well_with_what_is_worth_no_checkpoint(losses, said):
    health = Health()
    health.check(10, {"spread": 1.0})
    health.confirm(10)
    health.check(20, losses)
    with pytest.raises(TrainingFailed, match=said):
        health.confirm(20)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_means_nothing_is_worth_no_checkpoint_and_when_it_stays_is_named(value):
    health = Health()
    for report in range(10, SKIPPING_STEPS, 10):
        health.check(report, {"gram": value, "spread": 1.0})
        assert not health.sound
    with pytest.raises(TrainingFailed, match=r"gram is .* at step 100.*raise r1_gamma"):
        health.check(SKIPPING_STEPS, {"gram": value, "spread": 1.0})


def test_a_skipped_step_now_and_then_is_no_failure():
    health = Health()
    for report in range(1, 100):
        health.check(10 * report, {"spread": 1.0, "skipped": 2.0 * report})
        assert health.sound


def test_steps_that_are_mostly_skipped_end_the_training_and_name_the_precision():
    health = Health("mixed_float16")
    for report in range(1, 10):
        health.check(10 * report, {"spread": 1.0, "skipped": 10.0 * report})
    with pytest.raises(TrainingFailed, match=r"100 steps were skipped.*mixed_bfloat16"):
        health.check(100, {"spread": 1.0, "skipped": 100.0})


def test_a_collapse_under_a_winning_discriminator_gets_advice_against_it():
    health = Health()
    losses = {"spread": 0.0, "real_won": 1.0, "fake_won": 0.99}
    for step in range(10, ALIKE_STEPS, 10):
        health.check(step, losses)
    with pytest.raises(TrainingFailed, match=r"right about 99% .*lower discriminator_rate"):
        health.check(ALIKE_STEPS, losses)


def test_no_setting_is_advised_that_the_family_does_not_read():
    health = Health(unread={"discriminator_rate", "r1_gamma", "augment_target"})
    losses = {"spread": 0.0, "real_won": 1.0, "fake_won": 0.99}
    with pytest.raises(TrainingFailed, match=r"of the patches, so use more or larger photogr"):
        health.check(ALIKE_STEPS, losses)
    with pytest.raises(TrainingFailed, match=r"minutes, or lower generator_rate$"):
        health.confirm(ALIKE_STEPS)


def test_previews_that_look_alike_for_long_are_a_collapse_whatever_the_batches_do():
    health = Health()
    losses = {"spread": 1.0, "diversity": 0.02}
    health.check_diversity(50, losses)
    health.confirm_preview(60, losses)  # too early to tell
    with pytest.raises(TrainingFailed, match=r"differ 2\.0% .* \(limit 10%.* is least.*larger ph"):
        health.check_diversity(50 + ALIKE_STEPS, losses)


def test_a_preview_in_which_seeds_differ_ends_the_doubt():
    health = Health()
    health.check_diversity(10, {"diversity": 0.0})
    health.check_diversity(200, {"diversity": 0.3})
    health.check_diversity(10 + ALIKE_STEPS, {"diversity": 0.0})
    with pytest.raises(TrainingFailed, match=r"differ 0\.0% "):  # there is no later preview
        health.confirm_preview(10 + ALIKE_STEPS, {"diversity": 0.0})


def test_a_photograph_too_small_to_be_judged_leaves_the_others_judged():
    noise = np.random.default_rng(0).integers(0, 256, (2, 128, 128, 3), np.uint8)
    photographs = {"moss": [noise[0]], "crumb": [noise[0, :24, :24]]}
    pictures = {"crumb": [noise[1]] * 2, "moss": [noise[1]] * 2}
    assert preview_diversity(pictures, photographs) == pytest.approx(0, abs=0.01)
    assert preview_diversity({"crumb": pictures["crumb"]}, photographs) is None
