"""What the two discriminators of a pair of translators hold of each place of a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from texture_models.families.cycle_gan.config import CycleGanConfig
from texture_models.families.cycle_gan.networks import build_discriminator


def build_judges(config: CycleGanConfig) -> dict[str, Any]:
    """Return the untrained discriminators, one a material, by the names they are kept under."""
    names = [f"discriminator_{material}" for material in (0, 1)]
    return {name: build_discriminator(config, name) for name in names}


def score_map(
    saved: tuple[CycleGanConfig, Any, Any],
    judges: Mapping[str, Any],
    image: np.ndarray,
    index: int,
) -> np.ndarray:
    """Return how far the scores of each place are above the half, (rows, columns) float32.

    Args:
        saved: config, translators and measured numbers.
        judges: see `build_judges`.
        image: (1, height, width, 3) float32 in -1..1.
        index: of the material it is to show.
    """
    del saved
    scores = judges[f"discriminator_{index}"](image, training=False)[0]
    return np.asarray(scores[0], dtype=np.float32) - np.float32(0.5)
