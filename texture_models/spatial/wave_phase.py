"""Keep a generator's rhythm in step with the waves that it reads.

A wave says where rows and columns lie, and nothing obliges a generator to listen. One that takes
the place of its rows, or of the threads in them, from the noise cells has them at the same few
places of the upsampling grid in every picture. What is measured here is how firmly the picture's
parts at the wave's frequency and its multiples keep one distance from the wave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.layers import as_image
from texture_models.spatial.config import SpatialConfig
from texture_models.spatial.noise import MARGIN
from texture_models.spectrum_loss import windowed_grey
from texture_models.training.replicas import replica_count, replica_mean

OVERTONES = 8  # the wave itself among them
SHORTEST_PX = 2.2  # finer parts are what the two finest resolutions make of noise
WINDOWS_PER_AXIS = 16  # of a photograph, as large as a training patch
# Weaker parts, on a scale of -1..1, are chance: their direction counts less.
LEAST_PART = 2e-3
# What the photograph itself hardly keeps is not asked for: a batch would show it by chance alone.
LEAST_FIRMNESS = 0.25
_NONE = -1.0  # asks nothing: no firmness is below it


class WavePhase:
    """How much less firmly pictures keep step with their waves than the photographs do.

    Attributes:
        asks: whether any photograph keeps step at all; without one the loss is 0.
    """

    def __init__(self, config: SpatialConfig, patch_px: int) -> None:
        """Start with no demand.

        Args:
            config: the model's.
            patch_px: side of the training patches.
        """
        self._patch_px, self.asks = patch_px, False
        demands = tf.fill((config.material_count, OVERTONES * config.periodic_channels), _NONE)
        self._demands = tf.Variable(demands, trainable=False)

    def measure(
        self,
        names: Sequence[str],
        photographs: Mapping[str, Sequence[np.ndarray]],
        waves: np.ndarray,
    ) -> None:
        """Read off the photographs how firmly they keep step with the waves found in them.

        Args:
            names: of the materials, in the order of the labels.
            photographs: material -> uint8 (height, width, 3) pictures; the largest one is measured.
            waves: (materials, waves, 2) cycles per pixel; (0, 0) where there is none.
        """
        demands = [
            self._demanded(max(photographs[name], key=lambda one: one[..., 0].size), vectors)
            for name, vectors in zip(names, waves, strict=True)
        ]
        self._demands.assign(np.stack(demands))
        self.asks = bool((np.stack(demands) > _NONE).any())

    def __call__(self, image: Any, waves: Any, cells: Any, code: Any) -> Any:
        """Return by how much the pictures fall short, a mean over pictures of sums over parts.

        A material with one picture in the batch has nothing to compare and does not count.

        Args:
            image: (batch, side, side, 3) float32 in -1..1, this device's rows.
            waves: (batch, waves, 2) float32 wave vectors of each picture's material.
            cells: (batch, rows, columns, channels), the coarsest noise that the generator read;
                its last channels are the waves, see `training_noise`.
            code: (batch, materials) one-hot.
        """
        sine, cosine = tf.split(cells[:, MARGIN, MARGIN, -2 * waves.shape[1] :], 2, axis=-1)
        steps = steps_beside(image, waves, tf.atan2(sine, cosine))
        steps = tf.reshape(steps, (-1, 2 * self._demands.shape[1]))
        counts = tf.reduce_sum(code, axis=0)[:, None]
        sums, counts = replica_mean([tf.matmul(code, steps, transpose_a=True), counts])
        images = counts * float(replica_count())
        mean = tf.reshape(sums / tf.maximum(counts, 1e-6), (-1, 2, self._demands.shape[1]))
        short = tf.nn.relu(self._demands - _firmness(mean, images))
        shares = tf.where(images > 1, images / tf.reduce_sum(images), 0.0)
        return tf.reduce_sum(shares * short)

    def _demanded(self, picture: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """Firmness of one photograph, (OVERTONES * waves,) float32."""
        side = self._patch_px
        rows, columns = (
            np.unique(np.linspace(0, length - side, WINDOWS_PER_AXIS).astype(int))
            for length in picture.shape[:2]
        )
        corners = np.array([(top, left) for top in rows for left in columns])
        image = np.stack([picture[top : top + side, left : left + side] for top, left in corners])
        waves = np.tile(vectors[None], (len(corners), 1, 1)).astype(np.float32)
        angles = (2 * np.pi * (corners @ vectors.T)).astype(np.float32)
        mean = tf.reduce_mean(steps_beside(as_image(image), waves, angles), axis=0)
        firmness = _firmness(mean[None], tf.fill((1, 1), float(len(corners))))[0].numpy()
        length = np.arange(1, OVERTONES + 1)[:, None] * np.linalg.norm(vectors, axis=1)
        asked = (length > 0) & (length <= 1 / SHORTEST_PX)
        return np.where(asked.ravel() & (firmness >= LEAST_FIRMNESS), firmness, np.float32(_NONE))


def steps_beside(image: Any, waves: Any, angles: Any) -> Any:
    """Return where each picture's parts at every wave and its multiples lie, seen from the wave.

    Args:
        image: (batch, side, side, 3) float32 in -1..1.
        waves: (batch, waves, 2) float32, cycles per pixel along rows and columns.
        angles: (batch, waves) float32 radians, how far each wave is at one place, the same place of
            every picture; which one turns all directions of a wave alike.

    Returns:
        (batch, 2, OVERTONES * waves) float32: a direction in the plane, of length below 1, near 0
        where the picture has no such part. First the waves themselves, then the multiples by 2.
    """
    multiples = np.arange(1, OVERTONES + 1, dtype=np.float32)
    # A patch cuts waves anywhere; without a window its borders would tell, not its middle.
    grey, window = windowed_grey(image)
    grey /= window.sum()
    places = 2 * np.pi * (np.arange(image.shape[1], dtype=np.float32) + 0.5)
    parts = OVERTONES * waves.shape[1]
    vectors = tf.reshape(waves[:, None] * multiples[:, None, None], (-1, parts, 2))
    down, across = (vectors[..., axis, None] * places for axis in (0, 1))
    down += tf.reshape(angles[:, None] * multiples[:, None], (-1, parts, 1))
    # The product of two rotations, row by row and column by column, is the one of each pixel.
    even, odd = (tf.einsum("brc,bmr->bmc", grey, turn(down)) for turn in (tf.cos, tf.sin))
    real = tf.reduce_sum(even * tf.cos(across) - odd * tf.sin(across), axis=-1)
    imaginary = tf.reduce_sum(even * tf.sin(across) + odd * tf.cos(across), axis=-1)
    length = tf.sqrt(real**2 + imaginary**2 + LEAST_PART**2)
    return tf.stack([real / length, imaginary / length], axis=1)


def _firmness(mean: Any, images: Any) -> Any:
    """Squared length of a mean direction, without what chance adds to it.

    Args:
        mean: (materials, 2, parts), over the pictures of each material.
        images: (materials, 1) how many those were.

    Returns:
        (materials, parts): 1 if all lie alike, 0 on average if they lie anywhere.
    """
    squared = tf.reduce_sum(mean**2, axis=1)
    return (images * squared - 1.0) / tf.maximum(images - 1.0, 1.0)
