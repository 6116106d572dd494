"""Mixed precision and XLA: the same training within what the precision allows."""

import numpy as np
import pytest

from texture_models.families import build_model
from texture_models.families.psgan.config import PsganConfig
from texture_models.training.config import TrainingConfig


def losses_of(**changes):
    """Losses of two steps, both with the gradient penalty."""
    training = TrainingConfig.tiny(seed=5, r1_every=1, **changes)
    model = build_model(PsganConfig.tiny(materials=("brick", "moss")), training)
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
