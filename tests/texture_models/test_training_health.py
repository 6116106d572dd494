"""When a training is stopped, and with which advice."""

import pytest

from texture_models.training.health import ALIKE_REPORTS, Health, TrainingFailed


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
def test_a_number_that_means_nothing_is_named(value):
    with pytest.raises(TrainingFailed, match=r"gram is .* at step 7.*raise r1_gamma"):
        Health().check(7, {"gram": value, "spread": 1.0})
