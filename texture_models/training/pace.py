"""How far a training is, and how fast it learns there."""

from __future__ import annotations

import math

from texture_models.training.config import TrainingConfig


def share_done(training: TrainingConfig, step: int, seconds: float) -> float:
    """Return how much of the training is over, 0..1: by steps or by minutes."""
    by_steps = step / training.steps
    by_time = seconds / (60 * training.minutes) if training.minutes else 0.0
    return min(1.0, max(by_steps, by_time))


def rate_factor(training: TrainingConfig, done: float) -> float:
    """Return what the learning rates are multiplied with: 1, then a cosine down to `decay_to`."""
    if training.decay_share == 0 or done <= 1 - training.decay_share:
        return 1.0
    into = (done - (1 - training.decay_share)) / training.decay_share
    return training.decay_to + (1 - training.decay_to) * 0.5 * (1 + math.cos(math.pi * into))
