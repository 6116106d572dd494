"""When a training is stopped, and with which advice."""

import pytest

from texture_models.training.health import (
    ALIKE_REPORTS,
    SKIPPING_STEPS,
    Health,
    TrainingFailed,
)


def test_patches_that_look_alike_for_long_are_a_collapse():
    health = Health()
    for report in range(ALIKE_REPORTS - 1):
        health.check(10 * report, {"spread": 0.01})
    with pytest.raises(
        TrainingFailed, match=r"at step 300 .* 1\.0% .* \(limit 5%\).*more or larger"
    ):
        health.check(300, {"spread": 0.01})


def test_a_flat_start_is_no_collapse_but_worth_no_checkpoint():
    health = Health()
    for report in range(ALIKE_REPORTS - 1):
        health.check(report, {"spread": 0.0})
    assert not health.sound
    health.check(30, {"spread": 0.4})
    assert health.sound


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
    for report in range(1, ALIKE_REPORTS):
        health.check(report, losses)
    with pytest.raises(TrainingFailed, match=r"right about 99% .*lower discriminator_rate"):
        health.check(ALIKE_REPORTS, losses)
