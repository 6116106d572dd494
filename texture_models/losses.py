"""Losses that two or more families use. All take float32 and return a scalar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from texture_models.training.replicas import replica_count, replica_mean

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as in the metrics


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
    win rate, and `real_won` steers the adaptive augmentation. Where a logit is no number, neither
    is its share: it would count as lost.
    """

    def share(right: Any, logits: Any) -> Any:
        mean = tf.reduce_mean(tf.cast(right, tf.float32))
        return tf.where(tf.reduce_all(tf.math.is_finite(logits)), mean, float("nan"))

    return {
        "real_logit": tf.reduce_mean(real_logits),
        "fake_logit": tf.reduce_mean(fake_logits),
        "real_won": share(real_logits > 0, real_logits),
        "fake_won": share(fake_logits < 0, fake_logits),
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
    channels = features.shape[-1]
    sums = tf.matmul(code, tf.reshape(grams, (shape[0], channels**2)), transpose_a=True)
    sums = tf.reshape(sums, (-1, channels, channels))
    sums, counts = replica_mean([sums, tf.reduce_sum(code, 0)])
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
