"""What the discriminator of a plain stack holds of each place of a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from texture_models.families.conv_stack.config import ConvStackConfig
from texture_models.families.conv_stack.networks import build_discriminator


def build_judges(config: ConvStackConfig) -> dict[str, Any]:
    """Return the untrained discriminator, by the name under which it is kept."""
    return {"discriminator": build_discriminator(config)}


def score_map(
    saved: tuple[ConvStackConfig, Any, Any],
    judges: Mapping[str, Any],
    pixels: np.ndarray,
    index: int,
) -> np.ndarray:
    """Return what each place of a picture adds to its one logit.

    Source: class activation maps, Zhou et al. 2016, https://arxiv.org/abs/1512.04150, section 2.

    Args:
        saved: config, generator and measured numbers.
        judges: see `build_judges`.
        pixels: (height, width, 3) uint8.
        index: of the material it is to show.

    Returns:
        (rows, columns) float32; their mean is the logit.
    """
    judge = judges["discriminator"]
    image = pixels[None].astype(np.float32) / np.float32(127.5) - np.float32(1.0)
    code = np.eye(saved[0].material_count, dtype=np.float32)[index : index + 1]
    features = np.asarray(judge([image, code], training=False)[-1], dtype=np.float32)[0]
    last, projection = judge.get_layer("logits"), judge.get_layer("projection")
    weights = np.asarray(last.kernel)[:, 0] + np.asarray(projection.kernel)[index]
    return np.asarray(features @ weights + np.asarray(last.bias)[0])
