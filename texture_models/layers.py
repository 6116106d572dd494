"""Layers that two or more families use. Nothing here pads: a border must never be learnt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from texture_models.training.replicas import (
    assign_on_all,
    drawn_for_my_share,
    remember_on_all,
    replica_count,
    replica_mean,
)

LEAST_COLOUR = 0.5 / 127.5  # half a grey level


def _taps_of_phases() -> np.ndarray:
    """Which tap of a 3x3 kernel joins which pixel of the source to which pixel of the result.

    Source and result are seen as pixels of twice the size, four phases each.

    Returns:
        (row 2, column 2, phase in 2 x 2, phase out 2 x 2, tap 3, tap 3) float32 of 0 and 1.
    """
    taps = np.zeros((2, 2, 2, 2, 2, 2, 3, 3), np.float32)
    for below, right, down, across in np.ndindex(2, 2, 3, 3):
        row, phase_row = divmod(below + down, 2)
        column, phase_column = divmod(right + across, 2)
        taps[row, column, phase_row, phase_column, below, right, down, across] = 1.0
    return taps


_TAPS = _taps_of_phases()


def phased_kernel(kernel: Any) -> Any:
    """Rewrite a 3x3 kernel as a 2x2 kernel from `space_to_depth` to `space_to_depth`.

    16/9 of the multiplications, at a quarter of the places with four times the channels: worth it
    where channels are few, or to join it with a convolution that has this form already.

    Args:
        kernel: (3, 3, channels in, channels out), any float dtype.

    Returns:
        (2, 2, 4 * channels in, 4 * channels out); phases ordered (row, column).
    """
    channels, filters = kernel.shape[2:]
    taps = _joined(_TAPS.reshape(64, 9), kernel)
    taps = ops.reshape(taps, (2, 2, 4, 4, channels, filters))
    return ops.reshape(ops.transpose(taps, (0, 1, 2, 4, 3, 5)), (2, 2, 4 * channels, 4 * filters))


def upsampling_kernel(kernel: Any) -> Any:
    """Rewrite "nearest x2, then this 3x3 kernel" as one 2x2 kernel with four phases.

    The four phases of the source are one pixel, so that two taps a phase of the result suffice and
    4/9 of the multiplications remain.

    Args:
        kernel: (3, 3, channels in, channels out), any float dtype.

    Returns:
        (2, 2, channels in, 4 * channels out); phases ordered (row, column) for `depth_to_space`.
    """
    channels, filters = kernel.shape[2:]
    taps = _joined(_TAPS.sum((2, 3)).reshape(16, 9), kernel)
    taps = ops.reshape(taps, (2, 2, 4, channels, filters))
    return ops.reshape(ops.transpose(taps, (0, 1, 3, 2, 4)), (2, 2, channels, 4 * filters))


def _joined(taps: np.ndarray, kernel: Any) -> Any:
    """One product: slices of the kernel would each have a gradient of the whole kernel's size."""
    flat = ops.reshape(kernel, (9, -1))
    return ops.matmul(ops.cast(taps, flat.dtype), flat)


class UpsampledConv2D(keras.layers.Layer):
    """Nearest upsampling by two and a valid 3x3 convolution, in one cheaper step.

    Call: (batch, rows, columns, channels), float -> (batch, 2 rows - 2, 2 columns - 2, filters).
    Weights are those of the 3x3 convolution: `kernel` (3, 3, channels, filters), no bias.

    Args:
        filters: channels out.
    """

    def __init__(self, filters: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_initializer = keras.initializers.HeNormal()

    def build(self, input_shape: tuple[int | None, ...]) -> None:  # noqa: D102 (Keras' hook)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(3, 3, input_shape[-1], self.filters),
            initializer=self.kernel_initializer,
        )

    def call(self, inputs: Any) -> Any:  # noqa: D102 (said by the class)
        import tensorflow as tf

        kernel = ops.cast(upsampling_kernel(self.kernel), self.compute_dtype)
        phases = tf.nn.conv2d(inputs, kernel, strides=1, padding="VALID")
        return tf.nn.depth_to_space(phases, 2)


class NarrowConv2D(keras.layers.Conv2D):
    """Valid 3x3 convolution to a few channels, computed on the four phases of its input.

    Call: (batch, rows, columns, channels), float, both sides even -> (batch, rows - 2, columns - 2,
    filters). Weights are those of the plain convolution; see `phased_kernel`.

    Args:
        filters: channels out.
    """

    def __init__(self, filters: int, **kwargs: Any) -> None:
        super().__init__(filters, **{"kernel_size": 3, **kwargs})

    def call(self, inputs: Any) -> Any:  # noqa: D102 (said by the class)
        import tensorflow as tf

        kernel = ops.cast(phased_kernel(self.kernel), self.compute_dtype)
        bias = ops.cast(ops.tile(self.bias, 4), self.compute_dtype)
        phases = tf.nn.conv2d(tf.nn.space_to_depth(inputs, 2), kernel, strides=1, padding="VALID")
        return tf.nn.depth_to_space(tf.nn.bias_add(phases, bias), 2)


# The next two keep the names of Keras' layers: files of weights are addressed by them.
class BatchNormalization(keras.layers.BatchNormalization):
    """Batch normalisation without scale and offset.

    Call: (batch, rows, columns, channels) float -> same shape. Where devices share a batch, mean
    and variance are those of the whole batch; on one device it is Keras' own. A batch whose mean is
    no number leaves the running averages as they were.

    Source: Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167, algorithm 1.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"center": False, "scale": False, **kwargs})

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:  # noqa: D102
        if not training:
            return super().call(inputs, training=training, mask=mask)
        if replica_count() > 1:
            return self._remembered(*self._shared(inputs))
        import tensorflow as tf

        moving = (self.moving_mean.value, self.moving_variance.value)
        before = [tf.identity(one) for one in moving]
        outputs = super().call(inputs, training=training, mask=mask)
        for one, old in zip(moving, before, strict=True):
            one.assign(tf.where(tf.math.is_finite(one), one, old))
        return outputs

    def _remembered(self, outputs: Any, mean: Any, variance: Any) -> Any:
        """Move the running averages towards a batch's mean and variance; return `outputs`."""
        moving = ((self.moving_mean, mean), (self.moving_variance, variance))
        remember_on_all(
            [
                (old.value, old.value * self.momentum + new * (1.0 - self.momentum))
                for old, new in moving
            ]
        )
        return outputs

    def _shared(self, inputs: Any) -> tuple[Any, Any, Any]:
        import tensorflow as tf

        features = tf.cast(inputs, tf.float32)
        mean = replica_mean(tf.reduce_mean(features, (0, 1, 2)))
        # Not as a difference of two large means: the sum would depend on the number of devices.
        variance = replica_mean(tf.reduce_mean((features - mean) ** 2, (0, 1, 2)))
        outputs = (features - mean) * tf.math.rsqrt(variance + self.epsilon)
        return tf.cast(outputs, inputs.dtype), mean, variance


class Dropout(keras.layers.Dropout):
    """Dropout that leaves out the same features of a batch on any number of devices.

    Call: (batch, ...) float, of known size while training -> same shape. The rows may be several
    batches, one behind another, see `batches_in_a_row`.

    Args:
        rate: share of the features that are left out, 0..1.
        seed: decides every draw, with the number of draws before, which is a weight.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:  # noqa: D102 (said by the class)
        if not training or not self.rate or replica_count() == 1:
            return super().call(inputs, training=training)
        import tensorflow as tf

        state = self.seed_generator.state.value
        # As Keras does: its own draw assigns in a way that devices which share a batch forbid.
        seed = tf.cast(tf.math.floormod(state * 1, tf.int32.max - 1), tf.int32)
        assign_on_all([(state, state + tf.constant([0, 1], state.dtype))])

        def kept(rows: int) -> Any:
            ones = tf.ones((rows, *inputs.shape[1:]), inputs.dtype)
            return tf.nn.experimental.stateless_dropout(ones, self.rate, seed=seed)

        return inputs * drawn_for_my_share(kept, inputs.shape[0])


class FusedNormalization(BatchNormalization):
    """`BatchNormalization` in TensorFlow's fused kernel.

    Call: as `BatchNormalization`. Keras' own layer makes several passes over the features on a CPU;
    the fused kernel makes one each way. It cannot give mean and variance of a batch that devices
    share.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:  # noqa: D102
        if not training or replica_count() > 1:
            return super().call(inputs, training=training, mask=mask)
        return self._remembered(*self._fused(inputs))

    def _fused(self, inputs: Any) -> tuple[Any, Any, Any]:
        import tensorflow as tf

        channels = inputs.shape[-1]
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, tf.ones(channels), tf.zeros(channels), epsilon=self.epsilon, is_training=True
        )
        # The kernel returns the variance with Bessel's correction; Keras keeps it without.
        count = tf.cast(tf.size(inputs) // channels, tf.float32)
        return outputs, mean, variance * (count - 1.0) / count


class LeakyReLU(keras.layers.LeakyReLU):
    """Leaky ReLU whose gradient is taken from its own result.

    Call: any shape, float -> same shape. Keras' keeps what it read for the way back, so that
    TensorFlow cannot make it one kernel with the convolution before it.
    """

    def call(self, inputs: Any) -> Any:  # noqa: D102 (said by the class)
        return _leaky(float(self.negative_slope))(inputs)


def _leaky(leak: float) -> Any:
    import tensorflow as tf

    @tf.custom_gradient
    def forward(features: Any) -> Any:
        outputs = tf.nn.leaky_relu(features, leak)

        def backward(upstream: Any) -> Any:
            # A leak keeps the sign, so that its result says as well which slope was taken.
            return tf.raw_ops.LeakyReluGrad(gradients=upstream, features=outputs, alpha=leak)

        return outputs, backward

    return forward


class ColourLayer(keras.layers.Layer):
    """Principal components -> colours of a material.

    Call: [(batch, rows, columns, 3), (batch, materials)] float32 -> (batch, rows, columns, 3):
    black is -1 and white 1; not clipped. Unit variance in gives the material's own mean and
    covariance out, and a grey photograph can only give grey.
    The weights are measured, not trained: `basis` (materials, 3, 3), `mean` (materials, 3).
    """

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:  # noqa: D102
        materials = input_shape[1][-1]
        self.basis = self.add_weight(
            name="basis", shape=(materials, 3, 3), initializer=_unmeasured, trainable=False
        )
        self.mean = self.add_weight(
            name="mean", shape=(materials, 3), initializer="zeros", trainable=False
        )

    def call(self, inputs: list[Any]) -> Any:  # noqa: D102
        components, code = inputs
        basis = ops.einsum("bm,mij->bij", code, self.basis)
        mean = ops.matmul(code, self.mean)
        return ops.einsum("bhwi,bij->bhwj", components, basis) + mean[:, None, None, :]


def _unmeasured(shape: tuple[int, ...], dtype: Any = None) -> Any:
    """Red, green and blue with a deviation of half the range from the middle to an end."""
    return ops.broadcast_to(0.5 * ops.eye(3, dtype=dtype), shape)


def colour_basis(pictures: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Measure what `ColourLayer` needs of one material.

    Args:
        pictures: uint8 (height, width, 3) photographs.

    Returns:
        (basis (3, 3), rows are principal axes scaled by their deviations; mean (3,)), float32, in
        units of -1..1. Axes with less than half a grey level are zero: rounding is no colour.
    """
    colours = np.concatenate([picture.reshape(-1, 3) for picture in pictures]) / 127.5 - 1.0
    variances, axes = np.linalg.eigh(np.cov(colours, rowvar=False))
    deviations = np.sqrt(np.maximum(variances, 0.0))
    deviations[deviations < LEAST_COLOUR] = 0.0
    basis = (axes * deviations).T[::-1]
    # Rounded, so that the three shares of a grey axis are the same number.
    return basis.round(6).astype(np.float32), colours.mean(axis=0).round(6).astype(np.float32)


def all_layers(network: keras.Model) -> Iterator[keras.layers.Layer]:
    """Every layer, those of networks that are layers themselves included."""
    for layer in network.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from all_layers(layer)


def to_pixels(image: Any) -> Any:
    """Return uint8 pixels of a float32 image in -1..1; what lies outside is clipped."""
    rounded = ops.round((ops.clip(image, -1.0, 1.0) + 1.0) * 127.5)
    return ops.cast(rounded, "uint8")


def as_image(pixels: np.ndarray) -> np.ndarray:
    """Return uint8 pixels of any shape as a float32 image in -1..1, which `to_pixels` undoes."""
    return pixels.astype(np.float32) / np.float32(127.5) - np.float32(1.0)
