"""Keep a generator's spots within what its photographs show.

Discriminators judge patches, and a spot that glows in one of hundreds costs the generator next to
nothing: it is still there after thousands of steps, once in a few tiles, where it is seen at once.
What is measured here is the most of what `metrics.blobs` counts: grey and colours, not contrast.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.layers import LEAST_COLOUR, as_image
from texture_models.losses import LUMA

SIGMA_PX, RADIUS_PX = 2.0, 6  # of the blur: a spot, not a grain
STRIDE_PX = 4  # between two looks, so that every spot is seen near its middle
# Grey and two opponents, as the metric has them; what renders must not depend on the metrics.
PLANES = np.array([LUMA, (0.5, -0.5, 0.0), (0.25, 0.25, -0.5)], np.float32)


class ValueRange:
    """How far blurred grey and colours of pictures go beyond their material's photographs."""

    def __init__(self, material_count: int) -> None:
        """Start with limits that nothing reaches.

        Args:
            material_count: of the model.
        """
        wide = np.tile(np.array([-4.0, 4.0], np.float32)[:, None], (material_count, 1, 3))
        self._limits = tf.Variable(wide, trainable=False)  # (materials, lowest and highest, 3)

    def measure(
        self, names: Sequence[str], photographs: Mapping[str, Sequence[np.ndarray]]
    ) -> None:
        """Read the extremes off the photographs.

        Args:
            names: of the materials, in the order of the labels.
            photographs: material -> uint8 (height, width, 3) pictures.
        """
        self._limits.assign(np.stack([_extremes(photographs[name]) for name in names]))

    def __call__(self, image: Any, code: Any) -> Any:
        """Return the mean excess over all places, in shares of the photographs' range; a scalar.

        Args:
            image: (batch, side, side, 3) float32 in -1..1, this device's rows.
            code: (batch, materials) one-hot.
        """
        flat = tf.reshape(self._limits, (self._limits.shape[0], 6))
        limits = tf.reshape(tf.matmul(code, flat), (-1, 2, 1, 1, 3))
        low, high = limits[:, 0], limits[:, 1]
        seen = blurred_planes(image, STRIDE_PX)
        beyond = tf.nn.relu(seen - high) + tf.nn.relu(low - seen)
        return tf.reduce_mean(beyond / (high - low))


def blurred_planes(image: Any, stride: int) -> Any:
    """Return blurred grey and opponent colours where the whole blur lies inside.

    Args:
        image: (batch, height, width, 3) float32 in -1..1, no side below 2 `RADIUS_PX` + 1.
        stride: pixels between two places.
    """
    return tf.nn.conv2d(tf.cast(image, tf.float32), _KERNEL, stride, "VALID")


def _extremes(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """(2, 3): lowest and highest of every plane, never so near that rounding decides."""
    planes = [blurred_planes(as_image(picture)[None], 1).numpy() for picture in pictures]
    low = np.min([plane.min(axis=(0, 1, 2)) for plane in planes], axis=0)
    high = np.max([plane.max(axis=(0, 1, 2)) for plane in planes], axis=0)
    return np.stack([low - LEAST_COLOUR, high + LEAST_COLOUR])


def _kernel() -> np.ndarray:
    """(rows, columns, 3 colours, 3 planes) float32."""
    line = np.exp(-0.5 * (np.arange(-RADIUS_PX, RADIUS_PX + 1) / SIGMA_PX) ** 2)
    line /= line.sum()
    return np.einsum("r,c,pk->rckp", line, line, PLANES).astype(np.float32)


_KERNEL = _kernel()
