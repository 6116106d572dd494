"""The compiled form of a spatial generator: normalisation and FiLM are part of the kernels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from texture_models.layers import upsampling_kernel
from texture_models.spatial.config import SpatialConfig
from texture_models.spatial.generator import BOUND, LEAK_GENERATOR

# Kernel of the upsampled part or None, of the noise or None, shift, bounds.
FoldedLevel: TypeAlias = tuple[Any, Any, Any, Any]


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
    kernel, bias = tf.constant(last_kernel), tf.constant(last_bias)

    @tf.function(reduce_retracing=True)
    def render(fields: Mapping[str, Any]) -> Any:
        x = None
        for level, (coarse_kernel, noise_kernel, shift, bounds) in enumerate(levels):
            parts = []
            if coarse_kernel is not None:
                phases = tf.nn.conv2d(x, coarse_kernel, 1, "VALID")
                parts.append(tf.nn.depth_to_space(phases, 2))
            if noise_kernel is not None:
                parts.append(tf.nn.conv2d(fields[f"noise_{level}"], noise_kernel, 1, "VALID"))
            x = tf.clip_by_value(sum(parts[1:], parts[0]) + shift, *bounds)
            x = tf.nn.leaky_relu(x, LEAK_GENERATOR)
        image = tf.nn.conv2d(x, kernel, 1, "VALID") + bias
        return tf.cast(tf.round((tf.clip_by_value(image, -1.0, 1.0) + 1.0) * 127.5), tf.uint8)

    return render


def _folded_level(network: Any, level: int, code: np.ndarray) -> FoldedLevel:
    """Return (kernel of the upsampled part or None, of the noise or None, shift, bounds)."""
    names = {layer.name for layer in network.layers}
    norm, film = network.get_layer(f"norm_{level}"), network.get_layer(f"film_{level}")
    offset, gain = code @ film.shift.numpy(), code @ film.scale.numpy()
    scale = gain / np.sqrt(norm.moving_variance.numpy() + norm.epsilon)
    shift = offset - norm.moving_mean.numpy() * scale
    reach = BOUND * np.abs(gain)
    bounds = tuple(
        tf.constant(side.astype(np.float32)) for side in (offset - reach, offset + reach)
    )
    coarse = noise = None
    if f"conv_{level}" in names:
        kernel = network.get_layer(f"conv_{level}").kernel.numpy() * scale
        coarse = tf.constant(np.asarray(upsampling_kernel(kernel), dtype=np.float32))
    if f"noise_conv_{level}" in names:
        noise = tf.constant(network.get_layer(f"noise_conv_{level}").kernel.numpy() * scale)
    return coarse, noise, tf.constant(shift.astype(np.float32)), bounds
