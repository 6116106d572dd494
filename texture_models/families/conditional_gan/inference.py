"""What rendering needs of this family: networks, noise, the compiled forms for labels and maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.families.conditional_gan.config import ConditionalGanConfig
from texture_models.families.conditional_gan.explaining import (
    build_judges,
    explaining_pictures,
    score_map,
)
from texture_models.families.conditional_gan.networks import build_generator
from texture_models.layers import to_pixels
from texture_models.rendering.noise_field import CellWindow
from texture_models.spatial.folding import folded_levels, folded_picture
from texture_models.spatial.noise import picture_noise, picture_waves, places_px

__all__ = [
    "build_generator",
    "build_judges",
    "compiled_generator",
    "compiled_map_generator",
    "explaining_pictures",
    "map_inputs",
    "picture_inputs",
    "score_map",
]

# (row positions in pixels, column positions) -> (height, width, materials) weights.
WeightsAt = Callable[[np.ndarray, np.ndarray], np.ndarray]


def picture_inputs(
    config: ConditionalGanConfig,
    measured: Mapping[str, np.ndarray],
    index: int,
    seed: int,
    window: CellWindow,
) -> dict[str, np.ndarray]:
    """Return every noise field of one window of one picture of one material.

    Args:
        config: the model's.
        measured: `waves` (materials, waves, 2), cycles per pixel.
        index: of the material.
        seed: names the picture.
        window: which part of it.
    """
    return picture_noise(config, measured["waves"][index], seed, window)


def compiled_generator(
    config: ConditionalGanConfig, network: Any, measured: Mapping[str, np.ndarray], index: int
) -> Callable[[Mapping[str, np.ndarray]], Any]:
    """Compile the generator for one material everywhere; see `folded_picture`."""
    del measured
    code = np.eye(config.material_count, dtype=np.float32)[index]
    last, colour = network.get_layer("to_components"), network.get_layer("colour")
    basis = colour.basis.numpy()[index]
    own = slice(3 * index, 3 * index + 3)
    kernel = last.kernel.numpy()[..., own] @ basis
    bias = last.bias.numpy()[own] @ basis + colour.mean.numpy()[index]
    return folded_picture(folded_levels(config, network, code), kernel, bias)


def map_inputs(
    config: ConditionalGanConfig,
    measured: Mapping[str, np.ndarray],
    weights_at: WeightsAt,
    seed: int,
    window: CellWindow,
) -> dict[str, np.ndarray]:
    """Return noise and weights of one window of a picture in which several materials grow.

    Args:
        config: the model's.
        measured: `waves` (materials, waves, 2), cycles per pixel.
        weights_at: positions -> weights there, adding up to 1; as periodic as the window's torus.
        seed: names the picture.
        window: which part of it.

    Returns:
        `noise_0` .. `noise_k` as `picture_noise` gives them, each material's waves faded with its
        weight, and `weights_0` .. `weights_k` (2**level rows + 4, 2**level columns + 4, materials)
        float32. The values at a place do not depend on the window.
    """
    vectors = measured["waves"]
    fields = picture_noise(config, vectors[0], seed, window)
    for level in range(config.levels):
        weights = weights_at(*places_px(config, level, window)).astype(np.float32)
        fields[f"weights_{level}"] = weights
        if config.wave_channels(level):
            waves = sum(
                weights[..., index, None] * picture_waves(config, own, seed, level, window)
                for index, own in enumerate(vectors)
            )
            noise = fields[f"noise_{level}"][..., : config.own_channels(level)]
            fields[f"noise_{level}"] = np.concatenate([noise, waves], axis=2)
    return fields


def compiled_map_generator(
    config: ConditionalGanConfig, network: Any
) -> Callable[[Mapping[str, np.ndarray]], Any]:
    """Compile the generator for maps of materials.

    Args:
        config: the model's.
        network: its generator.

    Returns:
        A function: fields of `map_inputs`, with a batch axis -> (batch, height, width, 3) uint8.
    """
    del config

    @tf.function(autograph=False, reduce_retracing=True)
    def render(fields: Mapping[str, Any]) -> Any:
        tensors = {name: tf.convert_to_tensor(value) for name, value in fields.items()}
        return to_pixels(network(tensors, training=False))

    return render
