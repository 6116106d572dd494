"""Mixed precision and XLA: the same training within what the precision allows."""

from typing import get_args

import numpy as np
import pytest

from texture_models.families import AnyModelConfig, build_model
from texture_models.families.cycle_gan.config import CycleGanConfig
from texture_models.families.psgan.config import PsganConfig
from texture_models.families.vae.config import VaeConfig
from texture_models.training.config import TrainingConfig
from texture_models.training.optimizer import FIRST_SCALE

MATERIALS = ("brick", "moss")


def losses_of(family=PsganConfig, **changes):
    """Losses of two steps, both with the gradient penalty."""
    training = TrainingConfig.tiny(**{"seed": 5, **changes})
    model = build_model(family.tiny(materials=MATERIALS), training)
    image = np.random.default_rng(0).random((2, 32, 32, 3), dtype=np.float32) * 2 - 1
    found = []
    for step in range(2):
        losses = model.train_step(image, np.array([0, 1]), step=step, rate_factor=1.0)
        found.append({name: float(value) for name, value in losses.items()})
    return found


@pytest.fixture(scope="module")
def exact():
    return losses_of()


@pytest.mark.parametrize(
    ("changes", "tolerance"),
    [
        ({"precision": "mixed_float16"}, 0.05),
        ({"precision": "mixed_bfloat16"}, 0.06),
        ({"xla": True}, 0.1),  # XLA draws other noise from the same seed
    ],
    ids=["float16", "bfloat16", "xla"],
)
def test_the_losses_are_those_of_float32(exact, changes, tolerance):
    for found, expected in zip(losses_of(**changes), exact, strict=True):
        assert found["skipped"] == 0
        for name in ("discriminator", "adversarial", "gram", "spread", "real_logit"):
            assert found[name] == pytest.approx(expected[name], rel=tolerance, abs=tolerance), name


@pytest.mark.parametrize("family", [VaeConfig, CycleGanConfig])
def test_networks_made_of_networks_lose_in_float16_as_in_float32(family):
    exact = losses_of(family)
    for found, expected in zip(losses_of(family, precision="mixed_float16"), exact, strict=True):
        assert found["skipped"] == 0
        assert found == pytest.approx(expected, rel=0.05, abs=0.05)


@pytest.mark.evidence
@pytest.mark.parametrize("family", get_args(AnyModelConfig))
def test_every_step_can_be_compiled_with_xla(family):
    # XLA draws other noise from the same seed: what is looked for is what other seeds do not do.
    others = [losses_of(family, seed=seed) for seed in range(5, 10)]
    for step, found in enumerate(losses_of(family, xla=True)):
        assert found.pop("skipped") == 0
        for name, value in found.items():
            usual = [losses[step][name] for losses in others]
            room = max(usual) - min(usual) + 0.1
            assert min(usual) - room <= value <= max(usual) + room, name


@pytest.mark.parametrize("family", get_args(AnyModelConfig))
def test_every_loss_is_scaled_in_float16(family):
    training = TrainingConfig.tiny(precision="mixed_float16")
    model = build_model(family.tiny(materials=MATERIALS), training)
    for name, mover in model.optimizers.items():
        assert float(mover.scale(1.0)) == FIRST_SCALE, name
