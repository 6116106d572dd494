"""What a trained conditional GAN has learnt, as pictures; see `spatial.explaining`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.families.conditional_gan.config import ConditionalGanConfig
from texture_models.families.conditional_gan.networks import build_discriminator
from texture_models.layers import to_pixels
from texture_models.spatial.explaining import CELLS, Draw, Fields, explaining_sheets
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
    pixels: np.ndarray,
    index: int,
) -> np.ndarray:
    """Return the discriminator's logits of each place of a picture, (rows, columns) float32.

    Args:
        saved: config, generator and measured numbers.
        judges: see `build_judges`.
        pixels: (height, width, 3) uint8.
        index: of the material it is to show everywhere.
    """
    image = pixels[None].astype(np.float32) / np.float32(127.5) - np.float32(1.0)
    weights = np.zeros((*image.shape[:3], saved[0].material_count), np.float32)
    weights[..., index] = 1.0
    logits = judges["discriminator"]([image, weights], training=False)[0]
    return np.asarray(logits[0], dtype=np.float32)


def _drawing(config: ConditionalGanConfig, network: Any) -> Draw:
    """Compile the generator once for every material and every mixture of them."""

    @tf.function(reduce_retracing=True)
    def draw(inputs: Mapping[str, Any]) -> Any:
        return to_pixels(network(inputs, training=False))

    def drawn(fields: Fields, code: np.ndarray) -> np.ndarray:
        inputs = {name: tf.constant(field[None]) for name, field in fields.items()}
        for level in range(config.levels):
            side = CELLS * 2**level + 2 * MARGIN
            weights = np.broadcast_to(code, (1, side, side, len(code)))
            inputs[f"weights_{level}"] = tf.constant(weights)
        return np.asarray(draw(inputs))[0]

    return drawn
