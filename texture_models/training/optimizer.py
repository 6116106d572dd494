"""Adam as every family uses it: a step from numbers that mean nothing is skipped and counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from texture_models.layers import all_layers
from texture_models.training.replicas import assign_on_all, change_on_all, replica_mean

# Adam without momentum in the first moment: the target moves with the other network
# (StyleGAN2, https://arxiv.org/abs/1912.04958, appendix B).
BETA_1, BETA_2, EPSILON = 0.0, 0.99, 1e-8
LENGTH_DECAY = 0.99  # of the mean square of slopes' lengths, where they are shortened
# Loss scaling of Micikevicius et al. 2018, https://arxiv.org/abs/1710.03740, section 3.2, with the
# scale found as there: halved by a step that overflowed, doubled after many that did not.
FIRST_SCALE, LARGEST_SCALE, STEPS_TO_DOUBLE = 2.0**12, 2.0**16, 500


class Adam:
    """Adam over the weights of one network; Kingma & Ba 2015, https://arxiv.org/abs/1412.6980.

    Keras' own optimiser has no step that leaves everything as it was, and under a distribution
    strategy it adds up the replicas' slopes; this one skips, counts and takes their mean.

    Attributes:
        learning_rate: scalar variable, to be assigned.
        skipped: scalar variable, steps that were skipped so far.
        variables: everything that an exact resume needs.
    """

    def __init__(
        self,
        rate: float,
        weights: Sequence[Any],
        *,
        beta_1: float,
        beta_2: float,
        scaled: bool,
        shares: Sequence[float] | None = None,
        longest: float | None = None,
    ) -> None:
        """Make all slots, so that a checkpoint can fill them.

        Args:
            rate: learning rate.
            weights: trainable Keras variables, in the order in which slopes will come.
            beta_1: decay of the mean of slopes; 0 takes the last one.
            beta_2: decay of the mean of squares.
            scaled: whether losses are scaled up, as float16 needs.
            shares: of the rate, one for each weight; all of it if there are none.
            longest: slopes of a step that are this many times as long as usual are shortened to it;
                None leaves them as they are.
        """
        self._weights, self._beta_1, self._beta_2 = list(weights), beta_1, beta_2
        self._scaled = scaled
        self._shares = [1.0] * len(self._weights) if shares is None else list(shares)
        self.learning_rate = _slot(rate)
        self.skipped = _slot(0.0)
        self._done = _slot(0.0)
        self._loss_scale = _slot(FIRST_SCALE if scaled else 1.0)
        self._since_change = _slot(0.0)
        self._means = [_slot(tf.zeros(weight.shape)) for weight in self._weights]
        self._squares = [_slot(tf.zeros(weight.shape)) for weight in self._weights]
        numbers = [self.learning_rate, self.skipped, self._done]
        numbers += [self._loss_scale, self._since_change] if scaled else []
        self._longest, self._length = longest, _slot(0.0)  # mean square of the slopes' lengths
        numbers += [self._length] if longest is not None else []
        self.variables = [*numbers, *self._means, *self._squares]

    @property
    def steps(self) -> int:
        """Steps so far, the skipped ones included; a part of the state, so never one behind it."""
        return int(self._done.numpy() + self.skipped.numpy())

    def scale(self, loss: Any) -> Any:
        """Return what to differentiate instead of `loss`: in float16, a multiple of it."""
        return loss * self._loss_scale if self._scaled else loss

    def apply(self, slopes: Sequence[Any], weights: Sequence[Any]) -> None:
        """Move the weights by one step, or skip it where a slope is not finite.

        Args:
            slopes: of the scaled loss; under a strategy, of this replica's share of the batch.
            weights: those given when the optimiser was made; named here to be seen at the call.
        """
        if len(weights) != len(self._weights):
            raise ValueError(f"{len(weights)} weights, but made for {len(self._weights)}")
        slopes = replica_mean([tf.cast(slope, tf.float32) for slope in slopes])
        if self._scaled:
            slopes = [slope / self._loss_scale for slope in slopes]
        sound = tf.math.is_finite(tf.add_n([tf.reduce_sum(slope) for slope in slopes]))
        changes = []
        if self._longest is not None:
            slopes, length = self._shortened(slopes, self._longest)
            sound &= tf.math.is_finite(length)
            changes = [(self._length, tf.where(sound, length, self._length))]
        self._move(slopes, sound)
        assign_on_all([*self._counted(sound), *changes])

    def _shortened(self, slopes: Sequence[Any], longest: float) -> tuple[list[Any], Any]:
        """Return slopes of at most `longest` times the usual length, and what is usual now.

        A step of Adam after a sudden slope moves every weight by 1 / sqrt(1 - beta_2) times the
        rate at once. Source: clipping by the lengths there were, Seetharaman et al. 2020,
        https://arxiv.org/abs/2007.14469; departure: a multiple of their running root mean square
        instead of a percentile, and what was cut off does not count as usual.
        """
        square = tf.add_n([tf.reduce_sum(slope**2) for slope in slopes])
        known = self._length / tf.maximum(1.0 - LENGTH_DECAY**self._done, 1e-6)
        limit = tf.where(known > 0.0, longest**2 * known, square)
        kept = tf.minimum(square, limit)
        factor = tf.sqrt(kept / tf.maximum(square, 1e-20))
        length = LENGTH_DECAY * self._length + (1.0 - LENGTH_DECAY) * kept
        return [slope * factor for slope in slopes], length

    def _move(self, slopes: Sequence[Any], sound: Any) -> None:
        """Do one step in TensorFlow's fused kernel; a rate of 0 and no decay if it is skipped."""
        count = self._done + 1.0
        rate = self.learning_rate * tf.sqrt(1.0 - self._beta_2**count)
        rate = tf.where(sound, rate / (1.0 - self._beta_1**count), 0.0)
        decays = [tf.where(sound, decay, 1.0) for decay in (self._beta_1, self._beta_2)]

        def move(weight: Any, mean: Any, square: Any, share: float, slope: Any) -> Any:
            return tf.raw_ops.ResourceApplyAdam(
                var=weight.handle,
                m=mean.handle,
                v=square.handle,
                beta1_power=0.0,  # what the rate has already been corrected for
                beta2_power=0.0,
                lr=rate if share == 1.0 else rate * share,
                beta1=decays[0],
                beta2=decays[1],
                epsilon=EPSILON,
                # 0 times a slope that is not finite would not be 0.
                grad=tf.where(sound, slope, tf.zeros_like(slope)),
            )

        change_on_all(
            move,
            [
                (weight.value, (mean, square, share, slope))
                for weight, mean, square, share, slope in zip(
                    self._weights, self._means, self._squares, self._shares, slopes, strict=True
                )
            ],
        )

    def _counted(self, sound: Any) -> list[tuple[Any, Any]]:
        good = tf.cast(sound, tf.float32)
        changes = [(self._done, self._done + good), (self.skipped, self.skipped + 1.0 - good)]
        if not self._scaled:
            return changes
        calm = (self._since_change + 1.0) * good
        double = calm >= STEPS_TO_DOUBLE
        grown = tf.minimum(tf.where(double, 2.0, 1.0) * self._loss_scale, LARGEST_SCALE)
        scale = tf.where(sound, grown, tf.maximum(self._loss_scale / 2.0, 1.0))
        return [
            *changes,
            (self._loss_scale, scale),
            (self._since_change, tf.where(double, 0.0, calm)),
        ]


def adam(
    rate: float,
    network: keras.Model,
    *,
    beta_1: float = BETA_1,
    beta_2: float = BETA_2,
    slower: tuple[keras.Model, float] | None = None,
    longest: float | None = None,
) -> Adam:
    """Return an optimiser of one network; it scales losses if the network computes in float16.

    Args:
        rate: learning rate.
        network: whose weights it moves.
        beta_1: decay of the mean of slopes.
        beta_2: decay of the mean of squares.
        slower: a part of the network, and the share of the rate that its weights have.
        longest: see `Adam`.
    """
    scaled = any(layer.compute_dtype == "float16" for layer in all_layers(network))
    weights, shares = network.trainable_variables, None
    if slower is not None:
        part = {weight.path for weight in slower[0].trainable_variables}
        shares = [slower[1] if weight.path in part else 1.0 for weight in weights]
    return Adam(
        rate, weights, beta_1=beta_1, beta_2=beta_2, scaled=scaled, shares=shares, longest=longest
    )


def skipped_steps(optimizers: Sequence[Adam]) -> Any:
    """Return how many steps were skipped since the training began, all optimisers together."""
    return tf.add_n([tf.convert_to_tensor(optimizer.skipped) for optimizer in optimizers])


def _slot(value: Any) -> tf.Variable:
    return tf.Variable(value, trainable=False, dtype=tf.float32)
