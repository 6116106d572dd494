"""What the discriminator of a plain stack holds of each place of a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from texture_models.families.conv_stack.config import ConvStackConfig
from texture_models.families.conv_stack.networks import build_discriminator
from texture_models.rendering.class_activation import parts_of_logit


def build_judges(config: ConvStackConfig) -> dict[str, Any]:
    """Return the untrained discriminator, by the name under which it is kept."""
    return {"discriminator": build_discriminator(config)}


def score_map(
    saved: tuple[ConvStackConfig, Any, Any],
    judges: Mapping[str, Any],
    image: np.ndarray,
    index: int,
) -> np.ndarray:
    """Return what each place of a picture adds to its one logit; see `parts_of_logit`.

    Args:
        saved: config, generator and measured numbers.
        judges: see `build_judges`.
        image: (1, height, width, 3) float32 in -1..1.
        index: of the material it is to show.

    Returns:
        (rows, columns) float32; their mean is the logit.
    """
    code = np.eye(saved[0].material_count, dtype=np.float32)[index : index + 1]
    return parts_of_logit(judges["discriminator"], image, code)
