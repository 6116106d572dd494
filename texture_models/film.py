"""Modulation of features by a code: scale and shift of every channel, what stands around them."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

# Normalised features are clipped at this many standard deviations. Rare coincidences of noise drove
# single places far beyond that, seen as black or white spots, two or three a tile; too rare for the
# discriminator to mend in a few thousand steps (docs/experiments.md).
BOUND = 6.0


class FilmLayer(keras.layers.Layer):
    """Scale and shift every channel by what a code says (feature-wise linear modulation).

    Call: [(batch, rows, columns, channels), (batch, code)] float -> same shape as the first; the
    code may be one of every place, (batch, rows, columns, code).

    Source: Perez et al. 2018, https://arxiv.org/abs/1709.07871, eq. 1; here it also takes the
    place of the batch normalisation's own scale and offset (conditional batch normalisation).
    """

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:  # noqa: D102
        channels, code = input_shape[0][-1], input_shape[1][-1]
        self.scale = self.add_weight(name="scale", shape=(code, channels), initializer="ones")
        self.shift = self.add_weight(name="shift", shape=(code, channels), initializer="zeros")

    def call(self, inputs: list[Any]) -> Any:  # noqa: D102
        features, _ = inputs
        scale, shift = self.modulation(inputs)
        return features * scale + shift

    def modulation(self, inputs: list[Any]) -> tuple[Any, Any]:
        """Scale and shift of every channel, (batch, 1 or rows, 1 or columns, channels) each."""
        features, code = inputs
        weights = (self.scale, self.shift)
        both = [ops.cast(ops.matmul(code, weight), features.dtype) for weight in weights]
        scale, shift = (one[:, None, None, :] for one in both) if len(code.shape) == 2 else both
        return scale, shift


class BoundedFilm(FilmLayer):
    """Clip, then `FilmLayer`, then leaky ReLU.

    Call: as `FilmLayer`. Written with its own gradient: the three as layers read and write the
    features ten times in a step, which takes as long as a convolution.

    Args:
        bound: features are clipped at plus and minus this.
        leak: slope below 0.
    """

    def __init__(self, bound: float, leak: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bound = bound
        self.leak = leak

    def call(self, inputs: list[Any]) -> Any:  # noqa: D102
        features, _ = inputs
        return _bounded(self.bound, self.leak)(features, *self.modulation(inputs))


def _bounded(bound: float, leak: float) -> Any:
    """Return clip, scale and shift, leaky ReLU as one function with its own gradient.

    Args:
        bound: features are clipped at plus and minus this.
        leak: slope below 0.

    Returns:
        (features (batch, rows, columns, channels), scale, shift) -> same shape as the features.
        Scale and shift are (batch, 1, 1, channels), or as large as the features.
    """
    import tensorflow as tf

    @tf.custom_gradient
    def forward(features: Any, scale: Any, shift: Any) -> Any:
        inside = tf.clip_by_value(features, -bound, bound)
        outputs = tf.nn.leaky_relu(inside * scale + shift, leak)

        def backward(upstream: Any) -> tuple[Any, Any, Any]:
            # A leak keeps the sign, so that its result says as well which slope was taken.
            slopes = tf.raw_ops.LeakyReluGrad(gradients=upstream, features=outputs, alpha=leak)
            to_features = tf.where(tf.equal(inside, features), slopes * scale, 0)
            to_scale, to_shift = slopes * inside, slopes
            if tuple(scale.shape[1:3]) == (1, 1):
                to_scale = tf.reduce_sum(to_scale, (1, 2), keepdims=True)
                to_shift = tf.reduce_sum(to_shift, (1, 2), keepdims=True)
            return to_features, to_scale, to_shift

        return outputs, backward

    return forward
