"""Draws from what the encoder says, and how far that is from a standard normal."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from texture_models.training.replicas import drawn_for_my_share, replica_mean

FREE_BITS = 0.05  # nats a channel that cost nothing


def drawn(mean: Any, log_variance: Any, seed: Any) -> Any:
    """Draw from a Gaussian so that slopes reach its parameters.

    Source: Kingma & Welling 2014, https://arxiv.org/abs/1312.6114, section 2.4.

    Args:
        mean: (batch, ...) float32, of this device's pictures.
        log_variance: the same shape.
        seed: (2,) int32, decides the draw.
    """
    rows, *shape = mean.shape
    normal = drawn_for_my_share(
        lambda count: tf.random.stateless_normal((count, *shape), seed), rows
    )
    return mean + tf.exp(0.5 * log_variance) * normal


def divergence(mean: Any, log_variance: Any) -> Any:
    """Kullback-Leibler divergence from the standard normal, nats, element by element.

    Source: https://arxiv.org/abs/1312.6114, appendix B.
    """
    return 0.5 * (mean**2 + tf.exp(log_variance) - 1.0 - log_variance)


def beyond_free_bits(nats: Any) -> Any:
    """Mean over the channels of what each costs, averaged over everything else, all devices too.

    Channels below `FREE_BITS` cost that much and are not pushed further down: the encoder would
    otherwise give them up before the decoder has learnt to read them.
    """
    channels = replica_mean(tf.reduce_mean(tf.reshape(nats, (-1, nats.shape[-1])), axis=0))
    return tf.reduce_mean(tf.maximum(channels, FREE_BITS))
