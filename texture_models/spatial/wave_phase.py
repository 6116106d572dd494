"""Keep a generator's rhythm in step with the waves that it reads.

A wave says where rows and columns lie, and nothing obliges a generator to listen. One that takes
the place of its rows from the noise cells has them at the same few places of the upsampling grid in
every picture, and out of step with the wave where a tile closes. What is measured here is how
firmly the picture's own part at the wave's frequency keeps one distance from the wave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.layers import as_image
from texture_models.losses import LUMA
from texture_models.spatial.config import WAVE_LEVELS, SpatialConfig
from texture_models.spatial.noise import MARGIN
from texture_models.spatial.waves import wave_field
from texture_models.training.replicas import replica_count, replica_mean

WINDOWS_PER_AXIS = 16  # of a photograph, as large as a training patch
# Weaker parts, in shares of 1 on a scale of -1..1, are chance: their direction counts less.
LEAST_PART = 2e-3
# No demand: no firmness, which is -1 at the least, falls short of it.
_NONE = -1.0


class WavePhase:
    """How much less firmly pictures keep step with their waves than the photographs do."""

    def __init__(self, config: SpatialConfig, patch_px: int) -> None:
        """Start with no demand.

        Args:
            config: the model's.
            patch_px: side of the training patches.
        """
        # The finest level that waves enter: their places are known best there.
        self._level = min(WAVE_LEVELS, config.levels) - 1
        self._sample_px = config.pixels_per_cell // 2**self._level
        self._patch_px = patch_px
        demands = tf.fill((config.material_count, config.periodic_channels), _NONE)
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

    def __call__(self, image: Any, noise: Mapping[str, Any], code: Any) -> Any:
        """Return by how much the pictures fall short, a mean over pictures of sums over waves.

        A material with one picture in the batch has nothing to compare and does not count.

        Args:
            image: (batch, side, side, 3) float32 in -1..1, this device's rows.
            noise: what the generator read for them, see `training_noise`.
            code: (batch, materials) one-hot.
        """
        carried = noise[f"noise_{self._level}"][:, MARGIN:-MARGIN, MARGIN:-MARGIN]
        waves = carried[..., -2 * self._demands.shape[1] :]
        steps = tf.reshape(steps_beside(image, waves), (-1, 2 * self._demands.shape[1]))
        counts = tf.reduce_sum(code, axis=0)[:, None]
        sums, counts = replica_mean([tf.matmul(code, steps, transpose_a=True), counts])
        images = counts * float(replica_count())
        mean = tf.reshape(sums / tf.maximum(counts, 1e-6), (-1, 2, self._demands.shape[1]))
        short = tf.nn.relu(self._demands - _firmness(mean, images))
        shares = tf.where(images > 1, images / tf.reduce_sum(images), 0.0)
        return tf.reduce_sum(shares * short)

    def _demanded(self, picture: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """Firmness of one photograph, (waves,) float32."""
        side, count = self._patch_px, WINDOWS_PER_AXIS
        rows, columns = (
            np.unique(np.linspace(0, length - side, count).astype(int))
            for length in picture.shape[:2]
        )
        corners = [(int(top), int(left)) for top in rows for left in columns]
        if len(corners) < 2:
            return np.full(len(vectors), _NONE, np.float32)
        image = [as_image(picture[top : top + side, left : left + side]) for top, left in corners]
        places = (np.arange(side // self._sample_px) + 0.5) * self._sample_px
        still = np.zeros(len(vectors))
        waves = [wave_field(vectors, still, top + places, left + places) for top, left in corners]
        steps = steps_beside(np.stack(image), np.stack(waves))
        mean = tf.reduce_mean(steps, axis=0)[None]
        firmness = _firmness(mean, tf.constant([[float(len(corners))]]))[0].numpy()
        return np.where(np.abs(vectors).sum(axis=1) > 0, firmness, _NONE).astype(np.float32)


def steps_beside(image: Any, waves: Any) -> Any:
    """Return where each picture's part at every wave lies, seen from the wave.

    Args:
        image: (batch, side, side, 3) float32 in -1..1.
        waves: (batch, samples, samples, 2 waves) sines, then cosines, at the middles of equal
            squares of the picture.

    Returns:
        (batch, 2, waves) float32: a direction in the plane, of length below 1, near 0 where the
        picture has no such part or there is no wave.
    """
    count = waves.shape[-1] // 2
    square = image.shape[1] // waves.shape[1]
    grey = tf.tensordot(tf.cast(image, tf.float32), tf.constant(LUMA, tf.float32), 1)[..., None]
    grey = tf.nn.avg_pool2d(grey, square, square, "VALID")[..., 0]
    # A patch cuts waves anywhere; without a window its borders would tell, not its middle.
    line = np.hanning(waves.shape[1] + 2)[1:-1]
    window = tf.constant(np.outer(line, line) / line.sum() ** 2, tf.float32)
    grey -= tf.einsum("brc,rc->b", grey, window)[:, None, None]
    part = tf.einsum("brc,rc,brcw->bw", grey, window, waves)
    across, along = part[:, :count], part[:, count:]
    length = tf.sqrt(across**2 + along**2 + LEAST_PART**2)
    return tf.stack([across / length, along / length], axis=1)


def _firmness(mean: Any, images: Any) -> Any:
    """Squared length of a mean direction, without what chance adds to it.

    Args:
        mean: (materials, 2, waves), over the pictures of each material.
        images: (materials, 1) how many those were.

    Returns:
        (materials, waves): 1 if all lie alike, 0 on average if they lie anywhere.
    """
    squared = tf.reduce_sum(mean**2, axis=1)
    return (images * squared - 1.0) / tf.maximum(images - 1.0, 1.0)
