"""Losses that two or more families use. All take float32 and return a scalar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def generator_loss(fake_logits: Any) -> Any:
    """Non-saturating generator loss; Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661."""
    return tf.reduce_mean(tf.nn.softplus(-fake_logits))


def discriminator_loss(real_logits: Any, fake_logits: Any) -> Any:
    """Logistic loss of the discriminator on logits of real and generated pictures."""
    return tf.reduce_mean(tf.nn.softplus(-real_logits)) + tf.reduce_mean(
        tf.nn.softplus(fake_logits)
    )


def spread(image: Any) -> Any:
    """How much the pictures of a batch differ from each other, pixel by pixel."""
    return tf.reduce_mean(tf.math.reduce_std(image, axis=0))


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
        code: (batch, materials) one-hot.

    Returns:
        (materials, channels, channels) float32; zeros for a material that is not in the batch.
    """
    features = tf.cast(features, tf.float32)
    shape = tf.shape(features)
    flat = tf.reshape(features, (shape[0], shape[1] * shape[2], features.shape[-1]))
    grams = tf.matmul(flat, flat, transpose_a=True) / tf.cast(shape[1] * shape[2], tf.float32)
    counts = tf.maximum(tf.reduce_sum(code, axis=0), 1.0)
    return tf.einsum("bm,bij->mij", code, grams) / counts[:, None, None]


def gram_distance(fake: Sequence[Any], real: Sequence[Any], code: Any) -> Any:
    """Relative L1 distance of Gram matrices, material by material, averaged over the stages.

    Source: GramGAN, Portenier et al. 2020, https://arxiv.org/abs/2006.16112, eq. 4.
    Departure: divided by the mean magnitude of the real matrix, so that stages weigh the same;
    batch means, not single pictures, are compared, so that pictures may differ from each other.
    """
    total = 0.0
    for fake_features, real_features in zip(fake, real, strict=True):
        target = tf.stop_gradient(gram_matrices(real_features, code))
        difference = tf.abs(gram_matrices(fake_features, code) - target)
        total += tf.reduce_mean(difference) / (tf.reduce_mean(tf.abs(target)) + 1e-6)
    return total / len(fake)
