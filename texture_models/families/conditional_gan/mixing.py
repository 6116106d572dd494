"""Where two materials meet in training: random maps, and photographs laid over each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.spatial.config import SpatialConfig
from texture_models.spatial.noise import MARGIN

NARROWEST_PX = 4.0  # from one material alone to the other alone
WIDEST_PATCHES = 4.0  # as wide as this, a patch is nearly the same mixture everywhere
HIGHEST = 2.0  # deviations of brightness beyond which nothing gets higher
_ROW = tf.constant([0.299, 0.587, 0.114])


def border_shares(
    config: SpatialConfig, *, batch: int, cells: int, seed: Any
) -> tuple[dict[str, Any], Any]:
    """Draw for every picture how much of its second material is where.

    A line through the patch, bent by a sine, with a ramp of random width across it.

    Args:
        config: the model's.
        batch: pictures.
        cells: side of the patches in cells.
        seed: (2,) int32, decides everything.

    Returns:
        ({weights_0 .. weights_k: (batch, 2**level cells + 4, 2**level cells + 4, 1)}, the same
        without a margin at one sample a pixel (batch, patch, patch, 1)), float32 in 0..1.
    """
    side = float(cells * config.pixels_per_cell)
    draws = tf.unstack(tf.random.stateless_uniform((6, batch, 1, 1), seed))
    angle, phase = 2 * np.pi * draws[0], 2 * np.pi * draws[1]
    offset, bend = (draws[2] - 0.5) * 0.6 * side, 0.15 * side * draws[3]
    length = side * (0.5 + draws[4])
    widest = np.log(WIDEST_PATCHES * side / NARROWEST_PX)
    width = NARROWEST_PX * tf.exp(widest * draws[5])

    def share(line: Any) -> Any:
        rows, columns = line[None, :, None] - side / 2, line[None, None, :] - side / 2
        across = columns * tf.cos(angle) + rows * tf.sin(angle)
        along = rows * tf.cos(angle) - columns * tf.sin(angle)
        distance = across - offset + bend * tf.sin(2 * np.pi * along / length + phase)
        return tf.clip_by_value(0.5 + distance / width, 0.0, 1.0)[..., None]

    shares = {}
    for level in range(config.levels):
        size = config.pixels_per_cell / 2**level
        line = (tf.range(cells * 2**level + 2 * MARGIN, dtype=tf.float32) - MARGIN + 0.5) * size
        shares[f"weights_{level}"] = share(line)
    return shares, shares[f"weights_{config.levels - 1}"][:, MARGIN:-MARGIN, MARGIN:-MARGIN]


def laid_over(image: Any, other: Any, share: Any, contrast: float) -> Any:
    """Lay photographs over each other along a map, the brighter parts of both on top.

    Blending by height as terrain renderers do it, with brightness for the height: where light comes
    from above, what is deep is dark.

    Args:
        image: (batch, height, width, 3) float32 in -1..1.
        other: the same, of the second material.
        share: (batch, height, width, 1) of the second material, 0..1; 0 gives `image` exactly.
        contrast: weight of the height; 0 fades one picture into the other.

    Returns:
        The same shape and range.
    """
    first = (1.0 - share) * tf.exp(contrast * _height(image))
    second = share * tf.exp(contrast * _height(other))
    on_top = second / (first + second)
    return image + on_top * (other - image)


def _height(image: Any) -> Any:
    """Brightness of a picture's neighbourhoods in deviations of that picture."""
    grey = tf.reduce_sum(image * _ROW, axis=-1, keepdims=True)
    grey = tf.nn.avg_pool2d(grey, 3, 1, "SAME")
    mean, variance = tf.nn.moments(grey, axes=(1, 2), keepdims=True)
    return tf.clip_by_value((grey - mean) / tf.sqrt(variance + 1e-4), -HIGHEST, HIGHEST)
