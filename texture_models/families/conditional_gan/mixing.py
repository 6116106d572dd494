"""Where two materials meet in training: random maps, and photographs laid over each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.losses import LUMA
from texture_models.spatial.config import SpatialConfig
from texture_models.spatial.noise import MARGIN
from texture_models.training.replicas import my_share, replica_count

NARROWEST_PX = 4.0  # from one material alone to the other alone
WIDEST_PATCHES = 4.0  # as wide as this, a patch is nearly the same mixture everywhere
HIGHEST = 2.0  # deviations of brightness beyond which nothing gets higher
SHADOW_PX, SHADOW = 5, 0.6  # reach, and strength for a deviation of height
LEVEL_PX = 15  # neighbourhood whose mean brightness is that of a fade


def border_shares(
    config: SpatialConfig, *, batch: int, cells: int, seed: Any
) -> tuple[dict[str, Any], Any]:
    """Draw for every picture how much of its second material is where.

    A line through the patch, bent by a sine, with a ramp of random width across it.

    Args:
        config: the model's.
        batch: pictures, of this device.
        cells: side of the patches in cells.
        seed: (2,) int32, decides everything.

    Returns:
        ({weights_0 .. weights_k: (batch, 2**level cells + 4, 2**level cells + 4, 1)}, the same
        without a margin at one sample a pixel (batch, patch, patch, 1)), float32 in 0..1.
    """
    side = float(cells * config.pixels_per_cell)
    drawn = tf.random.stateless_uniform((6, batch * replica_count(), 1, 1), seed)
    draws = [my_share(of_all) for of_all in tf.unstack(drawn)]
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


def laid_over(image: Any, other: Any, share: Any, contrast: float) -> tuple[Any, Any]:
    """Lay photographs over each other along a map, the brighter parts of both on top.

    Blending by height as terrain renderers do it, with brightness for the height: where light comes
    from above, what is deep is dark. The brighter of two is brighter than their mean and hides the
    gaps that give a material its depth; so what lies below its neighbourhood is shaded where both
    materials are near, and the neighbourhood's mean is brought back to that of a plain fade.

    Args:
        image: (batch, height, width, 3) float32 in -1..1.
        other: the same, of the second material.
        share: (batch, height, width, 1) of the second material, 0..1; 0 gives `image` exactly.
        contrast: weight of the height; 0 fades one picture into the other.

    Returns:
        (picture of the same shape and range, (batch, height, width, 1) how much of what is seen is
        of the second material, 0..1).
    """
    faded = image + share * (other - image)
    if not contrast:
        return faded, share
    height, other_height = _height(image), _height(other)
    first = (1.0 - share) * tf.exp(contrast * height)
    second = share * tf.exp(contrast * other_height)
    on_top = second / (first + second)
    near = _blurred(on_top, SHADOW_PX)
    both_near = 4.0 * near * (1.0 - near)
    surface = height + on_top * (other_height - height)
    below = tf.nn.relu(_blurred(surface, SHADOW_PX) - surface)
    laid = image + on_top * (other - image)
    laid = (laid + 1.0) * tf.exp(-SHADOW * both_near * below) - 1.0
    laid += _blurred(faded, LEVEL_PX) - _blurred(laid, LEVEL_PX)
    return tf.clip_by_value(laid, -1.0, 1.0), on_top


def cover_distance(shares: Sequence[Any], on_top: Any, codes: tuple[Any, Any]) -> Any:
    """How far generated pictures show more or less of a material than the laid ones.

    Without it one material's heights outgrow the others' and it wins wherever there is a trace of
    it: neither discriminator nor Gram matrices object to a wider path.

    Args:
        shares: of every level, (batch, rows, columns, materials) as the generator sharpened them.
        on_top: (batch, height, width, 1), see `laid_over`.
        codes: (batch, materials) one-hot of the first and of the second material.

    Returns:
        Mean squared difference of the pictures' mean shares, a scalar.
    """
    first, second = codes
    seen = tf.reduce_mean(on_top, axis=(1, 2))
    target = first + seen * (second - first)
    gaps = [tf.reduce_mean(share, axis=(1, 2)) - target for share in shares]
    return tf.reduce_mean(tf.square(tf.stack(gaps)))


def _height(image: Any) -> Any:
    """Brightness of a picture's neighbourhoods in deviations of that picture."""
    grey = tf.nn.avg_pool2d(
        tf.reduce_sum(image * tf.constant(LUMA, tf.float32), axis=-1, keepdims=True), 3, 1, "SAME"
    )
    mean, variance = tf.nn.moments(grey, axes=(1, 2), keepdims=True)
    return tf.clip_by_value((grey - mean) / tf.sqrt(variance + 1e-4), -HIGHEST, HIGHEST)


def _blurred(values: Any, side: int) -> Any:
    """Mean over a square, twice; at a border over what there is of it. Columns, then rows."""
    for window in ((side, 1), (1, side)) * 2:
        values = tf.nn.avg_pool2d(values, window, 1, "SAME")
    return values
