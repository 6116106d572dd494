"""Losses that two or more families use. All take float32 and return a scalar."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.layers import as_image
from texture_models.training.replicas import replica_count, replica_mean

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in the metrics
RINGS = np.linspace(0.125, 0.5, 13)  # cycles per pixel; the two finest octaves
CORNER = 0.44  # cycles per pixel in both directions: where checkerboards are
ROUNDING_POWER = (1 / 127.5) ** 2 / 12  # of 8-bit pixels in -1..1; below it nothing is compared


def generator_loss(fake_logits: Any) -> Any:
    """Non-saturating generator loss; Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661."""
    return tf.reduce_mean(tf.nn.softplus(-fake_logits))


def discriminator_loss(real_logits: Any, fake_logits: Any) -> Any:
    """Logistic loss of the discriminator on logits of real and generated pictures."""
    return tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(
        tf.nn.softplus(fake_logits)
    )


def least_squares_generator_loss(fake_scores: Any) -> Any:
    """How far scores of generated pictures are from 1; Mao et al. 2017, eq. 9.

    Source: https://arxiv.org/abs/1611.04076, with the labels 0, 1 and 1. Departure: no half.
    """
    return tf.reduce_mean((fake_scores - 1.0) ** 2)


def least_squares_discriminator_loss(real_scores: Any, fake_scores: Any) -> Any:
    """Half of how far real scores are from 1 and generated ones from 0; as above."""
    return 0.5 * (tf.reduce_mean((real_scores - 1.0) ** 2) + tf.reduce_mean(fake_scores**2))


def spread(image: Any) -> Any:
    """How much the pictures of a batch differ from each other, pixel by pixel.

    Every fourth row and column is looked at: their neighbours would say nearly the same.

    Args:
        image: (batch, height, width, 3) float32, this device's rows.
    """
    image = image[:, ::4, ::4]
    if replica_count() == 1:
        return tf.reduce_mean(tf.math.reduce_std(image, axis=0))
    mean = replica_mean(tf.reduce_mean(image, axis=0))
    variance = replica_mean(tf.reduce_mean((image - mean) ** 2, axis=0))
    return tf.reduce_mean(tf.sqrt(variance))


def logit_report(real_logits: Any, fake_logits: Any) -> dict[str, Any]:
    """Return what a discriminator said, for the log.

    `real_won` and `fake_won` are the shares of logits on the right side of zero, 0..1: both near 1
    and the generator learns little, both near 0.5 and it is a draw. They are the discriminator's
    win rate, and `real_won` steers the adaptive augmentation.
    """
    return {
        "real_logit": tf.reduce_mean(real_logits),
        "fake_logit": tf.reduce_mean(fake_logits),
        "real_won": tf.reduce_mean(tf.cast(real_logits > 0, tf.float32)),
        "fake_won": tf.reduce_mean(tf.cast(fake_logits < 0, tf.float32)),
    }


def gram_matrices(features: Any, code: Any) -> Any:
    """Mean Gram matrix of the features of each material.

    Args:
        features: (batch, rows, columns, channels).
        code: (batch, materials) one-hot; None for a matrix of each picture.

    Returns:
        (materials, channels, channels) float32; zeros for a material that is not in the batch.
        Over several devices: of the whole batch, on each of them. Without a code: (batch, channels,
        channels), of this device's pictures.
    """
    features = tf.cast(features, tf.float32)
    shape = tf.shape(features)
    flat = tf.reshape(features, (shape[0], shape[1] * shape[2], features.shape[-1]))
    grams = _products(flat) / tf.cast(shape[1] * shape[2], tf.float32)
    if code is None:
        return grams
    sums, counts = replica_mean([tf.einsum("bm,bij->mij", code, grams), tf.reduce_sum(code, 0)])
    least = 1.0 / replica_count()  # a mean over the devices of what is 1 on one of them
    return sums / tf.maximum(counts, least)[:, None, None]


@tf.custom_gradient
def _products(rows: Any) -> Any:
    """Product of each matrix with itself; the two equal halves of its gradient are one product."""

    def slopes(upstream: Any) -> Any:
        return tf.matmul(rows, upstream + tf.linalg.matrix_transpose(upstream))

    return tf.matmul(rows, rows, transpose_a=True), slopes


def gram_distance(fake: Sequence[Any], real: Sequence[Any], code: Any) -> Any:
    """Relative L1 distance of Gram matrices, material by material, averaged over the stages.

    Source: GramGAN, Portenier et al. 2020, https://arxiv.org/abs/2006.16112, eq. 4.
    Departure: divided by the mean magnitude of the real matrix, so that stages weigh the same;
    batch means, not single pictures, are compared, so that pictures may differ from each other;
    each picture with its own only where `code` is None.
    """
    total = 0.0
    for fake_features, real_features in zip(fake, real, strict=True):
        target = tf.stop_gradient(gram_matrices(real_features, code))
        difference = tf.abs(gram_matrices(fake_features, code) - target)
        magnitude = tf.reduce_mean(tf.abs(target))
        if code is None:
            magnitude = replica_mean(magnitude)
        total += tf.reduce_mean(difference) / (magnitude + 1e-6)
    return total / len(fake)


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
    side = image.shape[1]
    taper = np.hanning(side + 2)[1:-1]
    window = np.outer(taper, taper).astype(np.float32)
    grey = tf.tensordot(tf.cast(image, tf.float32), tf.constant(LUMA, tf.float32), 1)
    mean = tf.reduce_sum(grey * window, (1, 2), keepdims=True) / window.sum()
    spectrum = tf.signal.rfft2d((grey - mean) * window)
    power = tf.math.real(spectrum) ** 2 + tf.math.imag(spectrum) ** 2
    flat = tf.reshape(power, (-1, bands.shape[1])) / float((window**2).sum())
    return tf.matmul(flat, bands, transpose_b=True) + ROUNDING_POWER


def mean_bands(photographs: Sequence[np.ndarray], bands: np.ndarray, side: int) -> np.ndarray:
    """Return (bands,) float32: `band_power` over all patches of photographs, half a patch apart.

    Args:
        photographs: uint8 (height, width, 3) pictures, none smaller than a patch.
        bands: see `spectrum_bands`.
        side: of a patch, pixels.
    """
    total, count = np.zeros(len(bands)), 0
    for picture in photographs:
        lefts = range(0, picture.shape[1] - side + 1, side // 2)
        for top in range(0, picture.shape[0] - side + 1, side // 2):
            row = np.stack([picture[top : top + side, left : left + side] for left in lefts])
            power = band_power(tf.constant(as_image(row)), bands)
            total += power.numpy().sum(axis=0)
            count += len(row)
    return (total / count).astype(np.float32)


def spectrum_distance(image: Any, code: Any, bands: Any, target: Any) -> Any:
    """Mean absolute log ratio of the pictures' band power to that of their materials.

    Source: spectral regularisation, Durall et al. 2020, https://arxiv.org/abs/2003.01826, eq. 7.
    Departures: rings of patches under a window, and the corner where checkerboards are; the batch's
    mean power a material is compared, so that pictures may differ from each other.

    Args:
        image: (batch, side, side, 3) float32 in -1..1.
        code: (batch, materials) one-hot.
        bands: see `spectrum_bands`.
        target: (materials, bands), see `mean_bands`.
    """
    sums = tf.matmul(code, band_power(image, bands), transpose_a=True)
    sums, counts = replica_mean([sums, tf.reduce_sum(code, axis=0)])
    power = tf.maximum(sums / tf.maximum(counts, 1e-6)[:, None], ROUNDING_POWER)
    gap = tf.abs(tf.math.log(power / target))
    present = tf.cast(counts > 0, tf.float32)
    return tf.reduce_sum(tf.reduce_mean(gap, axis=1) * present) / tf.reduce_sum(present)
