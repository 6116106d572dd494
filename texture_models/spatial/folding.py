"""The compiled form of a spatial generator: normalisation and FiLM are part of the kernels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.film import BOUND
from texture_models.layers import phased_kernel, upsampling_kernel
from texture_models.spatial.config import SpatialConfig
from texture_models.spatial.generator import LEAK_GENERATOR


@dataclass(frozen=True)
class FoldedLevel:
    """One resolution of a generator for fixed statistics and a fixed material.

    Attributes:
        kernel: (3, 3, noise channels, filters) of the coarsest level, or (2, 2, coarse channels and
            4 * noise channels, 4 * filters): it gives the four phases of a picture twice as large.
        shift: (filters or 4 * filters,), added to its result.
        least: the same shape; bounds of the features after the leak.
        greatest: the same.
    """

    kernel: Any
    shift: Any
    least: Any
    greatest: Any


def folded_generator(
    config: SpatialConfig, network: Any, code: np.ndarray
) -> Callable[[Mapping[str, np.ndarray]], Any]:
    """Compile the generator for one material: noise fields -> pixels.

    Batch normalisation and FiLM are affine per channel once statistics and material are fixed; they
    become part of the kernels. Same pixels as the network itself within rounding.

    Args:
        config: the model's.
        network: its generator.
        code: (materials,) float32 weights of the materials.

    Returns:
        A function {noise_0: (batch, rows + 4, columns + 4, channels), ...} ->
        (batch, height, width, 3) uint8.
    """
    last, colour = network.get_layer("to_components"), network.get_layer("colour")
    basis = np.einsum("m,mij->ij", code, colour.basis.numpy())
    kernel = last.kernel.numpy() @ basis
    bias = last.bias.numpy() @ basis + code @ colour.mean.numpy()
    return folded_picture(folded_levels(config, network, code), kernel, bias)


def folded_levels(config: SpatialConfig, network: Any, code: np.ndarray) -> list[FoldedLevel]:
    """Return the kernels of every level with normalisation and FiLM folded into them.

    Args:
        config: the model's.
        network: its generator.
        code: (materials,) float32 weights of the materials.
    """
    return [_folded_level(network, level, code) for level in range(config.levels)]


def folded_picture(
    levels: Sequence[FoldedLevel], last_kernel: np.ndarray, last_bias: np.ndarray
) -> Callable[[Mapping[str, np.ndarray]], Any]:
    """Compile folded levels and the last convolution: noise fields -> pixels.

    Args:
        levels: see `folded_levels`.
        last_kernel: (3, 3, channels, 3) float32, features of the last level to colours.
        last_bias: (3,) float32.

    Returns:
        As `folded_generator`.
    """
    # The finest features stay four phases of half the size: few channels at many places are slow.
    kernel, bias = (
        tf.constant(np.asarray(phased_kernel(last_kernel))),
        tf.constant(np.tile(last_bias, 4)),
    )

    @tf.function(autograph=False, reduce_retracing=True)
    def render(fields: Mapping[str, Any]) -> Any:
        x = _level(levels[0], [fields["noise_0"]])
        for level, folded in enumerate(levels[1:], start=1):
            coarse = x if level == 1 else tf.nn.depth_to_space(x, 2)
            noise = fields.get(f"noise_{level}")
            fine = [] if noise is None else [tf.nn.space_to_depth(noise, 2)]
            x = _level(folded, [coarse, *fine])
        image = tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, "VALID"), bias)
        grey_levels = tf.round((tf.clip_by_value(image, -1.0, 1.0) + 1.0) * 127.5)
        return tf.nn.depth_to_space(tf.cast(grey_levels, tf.uint8), 2)

    return render


def _level(folded: FoldedLevel, parts: Sequence[Any]) -> Any:
    x = parts[0] if len(parts) == 1 else tf.concat(parts, -1)
    x = tf.nn.bias_add(tf.nn.conv2d(x, folded.kernel, 1, "VALID"), folded.shift)
    # In this order convolution, shift and leak are one pass over the features. The leak is
    # monotonic, so that the bounds may come after it.
    return tf.clip_by_value(tf.nn.leaky_relu(x, LEAK_GENERATOR), folded.least, folded.greatest)


def _folded_level(network: Any, level: int, code: np.ndarray) -> FoldedLevel:
    norm, film = network.get_layer(f"norm_{level}"), network.get_layer(f"film_{level}")
    offset, gain = code @ film.shift.numpy(), code @ film.scale.numpy()
    scale = gain / np.sqrt(norm.moving_variance.numpy() + norm.epsilon)
    shift = offset - norm.moving_mean.numpy() * scale
    reach = BOUND * np.abs(gain)
    rows = [shift, _leaked(offset - reach), _leaked(offset + reach)]
    kernel = _level_kernel(network, level, scale)
    values = [np.tile(row, kernel.shape[-1] // len(row)) for row in rows]
    return FoldedLevel(*(tf.constant(value.astype(np.float32)) for value in (kernel, *values)))


def _level_kernel(network: Any, level: int, scale: np.ndarray) -> np.ndarray:
    """Join the convolutions of a level: of upsampled features, and of its own noise."""
    names = {layer.name for layer in network.layers}
    kernels = []
    if f"conv_{level}" in names:
        kernel = network.get_layer(f"conv_{level}").kernel.numpy() * scale
        kernels.append(np.asarray(upsampling_kernel(kernel)))
    if f"noise_conv_{level}" in names:
        kernel = network.get_layer(f"noise_conv_{level}").kernel.numpy() * scale
        kernels.append(np.asarray(phased_kernel(kernel)) if kernels else kernel)
    return np.concatenate(kernels, axis=2)


def _leaked(values: np.ndarray) -> np.ndarray:
    return np.where(values < 0, LEAK_GENERATOR * values, values)
