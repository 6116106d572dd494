"""The finer bands of the power spectrum as a loss: fine detail lost, or added as a checkerboard.

Source: spectral regularisation, Durall et al. 2020, https://arxiv.org/abs/2003.01826, eq. 7.
Departures: rings of patches under a window, and the corner where checkerboards are; the batch's
mean power a material is compared, so that pictures may differ from each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.layers import as_image
from texture_models.losses import LUMA
from texture_models.training.replicas import replica_mean

RINGS = np.linspace(0.125, 0.5, 13)  # cycles per pixel; the two finest octaves
CORNER = 0.44  # cycles per pixel in both directions: where checkerboards are
ROUNDING_POWER = (1 / 127.5) ** 2 / 12  # of 8-bit pixels in -1..1; below it nothing is compared


class SpectrumLoss:
    """Mean absolute log ratio of pictures' band power to that of their materials' photographs."""

    def __init__(self, material_count: int, side: int) -> None:
        """Start with nothing measured.

        Args:
            material_count: of the model.
            side: of the pictures, pixels.
        """
        self._side = side
        self._bands = spectrum_bands(side)
        self._target = tf.Variable(tf.ones((material_count, len(self._bands))), trainable=False)

    def measure(
        self, names: Sequence[str], photographs: Mapping[str, Sequence[np.ndarray]]
    ) -> None:
        """Measure the band power of all patches of the photographs, half a patch apart.

        Args:
            names: of the materials, in the order of the labels.
            photographs: material -> uint8 (height, width, 3) pictures, none smaller than a patch.
        """
        self._target.assign([self._mean_power(photographs[name]) for name in names])

    def __call__(self, image: Any, code: Any) -> Any:
        """Return the distance, a scalar.

        Args:
            image: (batch, side, side, 3) float32 in -1..1, this device's rows.
            code: (batch, materials) one-hot; a row of zeros is left out.
        """
        sums = tf.matmul(code, band_power(image, self._bands), transpose_a=True)
        sums, counts = replica_mean([sums, tf.reduce_sum(code, axis=0)])
        power = tf.maximum(sums / tf.maximum(counts, 1e-6)[:, None], ROUNDING_POWER)
        gap = tf.abs(tf.math.log(power / self._target))
        present = tf.cast(counts > 0, tf.float32)
        return tf.reduce_sum(tf.reduce_mean(gap, axis=1) * present) / tf.reduce_sum(present)

    def _mean_power(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        side, (total, count) = self._side, (np.zeros(len(self._bands)), 0)
        for picture in pictures:
            lefts = range(0, picture.shape[1] - side + 1, side // 2)
            for top in range(0, picture.shape[0] - side + 1, side // 2):
                row = np.stack([picture[top : top + side, left : left + side] for left in lefts])
                total += band_power(tf.constant(as_image(row)), self._bands).numpy().sum(axis=0)
                count += len(row)
        return (total / count).astype(np.float32)


def spectrum_bands(side: int) -> np.ndarray:
    """Return the bands of the power spectrum that `band_power` looks at.

    Returns:
        (bands, side * (side // 2 + 1)) float32: weights of a half spectrum's bins, a sum of 1 a
        band. The rings between `RINGS`, and the corner of the highest frequencies.
    """
    rows, columns = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :]
    radius = np.hypot(rows, columns)
    rings = [(radius >= low) & (radius < high) for low, high in pairwise(RINGS)]
    corner = np.minimum(np.abs(rows), columns) >= CORNER
    bands = np.stack([band.reshape(-1) for band in (*rings, corner) if band.any()])
    return (bands / bands.sum(axis=1, keepdims=True)).astype(np.float32)


def band_power(image: Any, bands: Any) -> Any:
    """Mean power of the grey values in bands of frequency.

    Args:
        image: (batch, side, side, 3) float32 in -1..1.
        bands: see `spectrum_bands`.

    Returns:
        (batch, bands) float32. Hann window and removed mean, so that the edges of a patch do not
        pose as fine detail.
    """
    grey, window = windowed_grey(image)
    spectrum = tf.signal.rfft2d(grey)
    power = tf.math.real(spectrum) ** 2 + tf.math.imag(spectrum) ** 2
    flat = tf.reshape(power, (-1, bands.shape[1])) / float((window**2).sum())
    return tf.matmul(flat, bands, transpose_b=True) + ROUNDING_POWER


def windowed_grey(image: Any) -> tuple[Any, np.ndarray]:
    """Return grey values without their mean under a Hann window, and the window.

    Args:
        image: (batch, side, side, 3) in -1..1.

    Returns:
        (batch, side, side) float32 and (side, side) float32.
    """
    taper = np.hanning(image.shape[1] + 2)[1:-1]
    window = np.outer(taper, taper).astype(np.float32)
    grey = tf.tensordot(tf.cast(image, tf.float32), tf.constant(LUMA, tf.float32), 1)
    mean = tf.reduce_sum(grey * window, (1, 2), keepdims=True) / window.sum()
    return (grey - mean) * window, window
