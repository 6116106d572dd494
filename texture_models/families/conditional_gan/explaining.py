"""What a trained conditional GAN has learnt, as pictures; see `spatial.explaining`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from texture_models.families.conditional_gan.config import ConditionalGanConfig
from texture_models.families.conditional_gan.networks import build_discriminator
from texture_models.spatial.explaining import CELLS, Draw, Fields, compiled_draw, explaining_sheets
from texture_models.spatial.noise import MARGIN


def explaining_pictures(
    config: ConditionalGanConfig, network: Any, measured: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return `latent-traversal-<material>` of every material, and `interpolation` of several.

    Between two materials every place has the same weights of both, so that their heights decide
    which is seen where: nothing fades.

    Args:
        config: the model's.
        network: its generator.
        measured: `waves` (materials, waves, 2), cycles per pixel.

    Returns:
        Name -> (height, width, 3) uint8.
    """
    return explaining_sheets(config, _drawing(config, network), measured)


def build_judges(config: ConditionalGanConfig) -> dict[str, Any]:
    """Return the untrained discriminator, by the name under which it is kept."""
    return {"discriminator": build_discriminator(config)}


def score_map(
    saved: tuple[ConditionalGanConfig, Any, Any],
    judges: Mapping[str, Any],
    image: np.ndarray,
    index: int,
) -> np.ndarray:
    """Return the discriminator's logits of each place of a picture, (rows, columns) float32.

    Args:
        saved: config, generator and measured numbers.
        judges: see `build_judges`.
        image: (1, height, width, 3) float32 in -1..1.
        index: of the material it is to show everywhere.
    """
    weights = np.zeros((*image.shape[:3], saved[0].material_count), np.float32)
    weights[..., index] = 1.0
    logits = judges["discriminator"]([image, weights], training=False)[0]
    return np.asarray(logits[0], dtype=np.float32)


def _drawing(config: ConditionalGanConfig, network: Any) -> Draw:
    """Draw with the same weights of the materials everywhere."""
    draw = compiled_draw(network)

    def drawn(fields: Fields, code: np.ndarray) -> np.ndarray:
        inputs = dict(fields)
        for level in range(config.levels):
            side = CELLS * 2**level + 2 * MARGIN
            inputs[f"weights_{level}"] = np.broadcast_to(code, (side, side, len(code)))
        return draw(inputs)

    return drawn
