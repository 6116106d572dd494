"""What a trained periodic spatial GAN has learnt, as pictures; see `spatial.explaining`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from texture_models.families.psgan.config import PsganConfig
from texture_models.families.psgan.networks import build_discriminator
from texture_models.spatial.explaining import compiled_draw, explaining_sheets


def explaining_pictures(
    config: PsganConfig, network: Any, measured: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return `latent-traversal-<material>` of every material, and `interpolation` of several.

    Args:
        config: the model's.
        network: its generator.
        measured: `waves` (materials, waves, 2), cycles per pixel.

    Returns:
        Name -> (height, width, 3) uint8.
    """
    draw = compiled_draw(network)
    return explaining_sheets(config, lambda fields, code: draw({**fields, "code": code}), measured)


def build_judges(config: PsganConfig) -> dict[str, Any]:
    """Return the untrained discriminator, by the name under which it is kept."""
    return {"discriminator": build_discriminator(config)}


def score_map(
    saved: tuple[PsganConfig, Any, Any], judges: Mapping[str, Any], image: np.ndarray, index: int
) -> np.ndarray:
    """Return the discriminator's logits of each place of a picture, (rows, columns) float32.

    Args:
        saved: config, generator and measured numbers.
        judges: see `build_judges`.
        image: (1, height, width, 3) float32 in -1..1.
        index: of the material it is to show.
    """
    code = np.eye(saved[0].material_count, dtype=np.float32)[index : index + 1]
    logits = judges["discriminator"]([image, code], training=False)[0]
    return np.asarray(logits[0], dtype=np.float32)
