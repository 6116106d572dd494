"""Keep a generator's detail off its own upsampling grid.

Threads, blades and grains of a photograph lie anywhere. A generator that has them at the same
places of every noise cell is as close to the photograph by any loss that pools over places, and
discriminators of patches that start on the grid find it late. What is measured here is what
`metrics.phase_imprint` judges: sharpness of columns and rows, folded modulo the grid.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.layers import LEAST_COLOUR
from texture_models.losses import LUMA
from texture_models.training.replicas import remember_on_all, replica_count, replica_mean

PROFILES = 4  # |Laplacian| and |step across| of columns, |Laplacian| and |step down| of rows
# Half-life, roughly, of what is remembered: one batch tells an imprint from chance only above a
# fifth of the mean sharpness, a hundred of them from a fiftieth.
MEMORY_IMAGES = 800


class GridImprint:
    """Remembers where on the grid the pictures of each material were sharper than elsewhere.

    Attributes:
        variables: everything that an exact resume needs.
    """

    def __init__(self, material_count: int, grid_px: int) -> None:
        """Start with no imprint.

        Args:
            material_count: of the model.
            grid_px: side of a noise cell, pixels.
        """
        self._grid_px = grid_px
        shape = (material_count, grid_px * PROFILES)
        self._remembered = tf.Variable(tf.zeros(shape), trainable=False, name="imprint")
        self.variables = [self._remembered]

    def __call__(self, image: Any, code: Any) -> Any:
        """Return how much the pictures share the imprint that those before them had.

        The product of two profiles from different draws has the squared imprint as its mean, and
        none if there is no imprint: a rhythm that the material itself has lies elsewhere in
        every picture. Slopes reach the pictures at hand only.

        Args:
            image: (batch, side, side, 3) float32 in -1..1, cut at a multiple of the grid, this
                device's rows.
            code: (batch, materials) one-hot.

        Returns:
            Mean over materials, profiles and phases, in squares of the mean sharpness; may be
            slightly negative by chance.
        """
        flat = tf.reshape(grid_profiles(image, self._grid_px), (tf.shape(image)[0], -1))
        sums, counts = replica_mean(
            [tf.matmul(code, flat, transpose_a=True), tf.reduce_sum(code, axis=0)]
        )
        images = counts * float(replica_count())
        mean = sums / tf.maximum(counts, 1.0 / replica_count())[:, None]
        remembered = tf.convert_to_tensor(self._remembered)
        shared = tf.reduce_mean(remembered * mean)
        kept = tf.exp(-images / MEMORY_IMAGES)[:, None]
        remember_on_all(
            [(self._remembered, kept * remembered + (1.0 - kept) * tf.stop_gradient(mean))]
        )
        return shared


def grid_profiles(image: Any, grid_px: int) -> Any:
    """Return each picture's sharpness at each phase of the grid, without its mean.

    Args:
        image: (batch, side, side, 3) float32 in -1..1, a multiple of the grid in size.
        grid_px: period.

    Returns:
        (batch, grid_px, PROFILES) float32, in shares of the sharpness around; 0 on average.

    Raises:
        ValueError: a picture of one cell, of which the outermost phases are not seen.
    """
    if image.shape[1] < 2 * grid_px:
        raise ValueError(
            f"pictures of {image.shape[1]} px do not show every phase of the grid; give them at"
            f" least two cells of {grid_px} px"
        )
    sharp = tf.abs(tf.nn.conv2d(tf.cast(image, tf.float32), _STENCILS, 1, "VALID"))
    # Joints and stones are sharper than any imprint and would decide. A square mean in two passes.
    around = tf.nn.avg_pool2d(sharp, (grid_px, 1), 1, "SAME")
    around = tf.nn.avg_pool2d(around, (1, grid_px), 1, "SAME")
    # Flat regions hold only rounding. A factor, not a divisor: its way back is a product as well.
    relative = sharp * tf.stop_gradient(1.0 / (around + LEAST_COLOUR))
    columns, rows = tf.reduce_mean(relative, axis=1), tf.reduce_mean(relative, axis=2)
    lines = tf.concat([columns[..., :2], rows[..., ::2]], axis=-1)
    # The outermost lines have no neighbour, so their phases were seen once less.
    lines = tf.pad(lines, ((0, 0), (1, 1), (0, 0)))
    folded = tf.reshape(lines, (-1, image.shape[1] // grid_px, grid_px, PROFILES))
    phases = tf.reduce_sum(folded, axis=1) / tf.constant(_seen(image.shape[1], grid_px))
    return phases - tf.reduce_mean(phases, axis=1, keepdims=True)


def _stencils() -> np.ndarray:
    """Laplacian, step across and step down of the grey values, (3, 3, 3 colours, 3) float32."""
    stencils = np.zeros((3, 3, 3), np.float32)
    stencils[1, 1] = (-4, -1, -1)
    stencils[1, 2] = (1, 1, 0)
    stencils[2, 1] = (1, 0, 1)
    stencils[0, 1, 0] = stencils[1, 0, 0] = 1
    return np.asarray(LUMA, np.float32)[None, None, :, None] * stencils[:, :, None, :]


_STENCILS = _stencils()


def _seen(side: int, grid_px: int) -> np.ndarray:
    """How many lines have each phase, (grid_px, 1) float32; the outermost two are left out."""
    return np.pad(np.ones(side - 2, np.float32), 1).reshape(-1, grid_px).sum(axis=0)[:, None]
