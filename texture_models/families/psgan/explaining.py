"""What a trained periodic spatial GAN has learnt, as pictures; see `spatial.explaining`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.families.psgan.config import PsganConfig
from texture_models.families.psgan.networks import build_discriminator
from texture_models.layers import to_pixels
from texture_models.spatial.explaining import Draw, Fields, explaining_sheets


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
    return explaining_sheets(config, _drawing(network), measured)


def build_judges(config: PsganConfig) -> dict[str, Any]:
    """Return the untrained discriminator, by the name under which it is kept."""
    return {"discriminator": build_discriminator(config)}


def score_map(
    saved: tuple[PsganConfig, Any, Any], judges: Mapping[str, Any], pixels: np.ndarray, index: int
) -> np.ndarray:
    """Return the discriminator's logits of each place of a picture, (rows, columns) float32.

    Args:
        saved: config, generator and measured numbers.
        judges: see `build_judges`.
        pixels: (height, width, 3) uint8.
        index: of the material it is to show.
    """
    image = pixels[None].astype(np.float32) / np.float32(127.5) - np.float32(1.0)
    code = np.eye(saved[0].material_count, dtype=np.float32)[index : index + 1]
    logits = judges["discriminator"]([image, code], training=False)[0]
    return np.asarray(logits[0], dtype=np.float32)


def _drawing(network: Any) -> Draw:
    """Compile the generator once for every material and every mixture of them."""

    @tf.function(reduce_retracing=True)
    def draw(inputs: Mapping[str, Any]) -> Any:
        return to_pixels(network(inputs, training=False))

    def drawn(fields: Fields, code: np.ndarray) -> np.ndarray:
        inputs = {name: tf.constant(field[None]) for name, field in fields.items()}
        return np.asarray(draw({**inputs, "code": tf.constant(code[None])}))[0]

    return drawn
