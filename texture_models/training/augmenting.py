"""Change what a discriminator is shown, as often as it overfits: for few or small photographs.

Sources: the changes are those of DiffAugment, Zhao et al. 2020, https://arxiv.org/abs/2006.10738,
section 3.2 (colour, translation, cutout, with their ranges; the same for real and generated
pictures, and differentiable, so that the generator learns through them). How often they are made
follows ADA, Karras et al. 2020, https://arxiv.org/abs/2006.06676, section 3.1: towards a target of
r_t = E[sign(D(real))].

Departures: a shifted picture is filled up with its mirror image, not with black, because a patch of
a texture has no border that may be learnt; r_t is a running mean, because the discriminator of so
small a batch swings from one side to the other; the share stays as it is while learning rates fall;
a real picture and the generated one beside it share their draws, so that their features can be
compared; the share stays below 0.8, above which the paper found that changes leak into generated
pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from texture_models.training.config import TrainingConfig
from texture_models.training.replicas import my_share, remember_on_all, replica_count, replica_mean

MOST = 0.8
MEMORY_IMAGES = 1000  # half-life, roughly, of what is remembered of r_t
SHIFT, HOLE = 1 / 8, 1 / 2  # of a patch's side
_STREAM = 0xA06  # apart from every other draw of a step
_GATES, _AMOUNTS = 5, 7


class Augmentation:
    """What the discriminator of one training is shown, and how often that is not as it is.

    Attributes:
        variables: everything that an exact resume needs; none when it is off.
    """

    def __init__(self, training: TrainingConfig, *, shifts: bool = True) -> None:
        """Start with the strength that the training names.

        Args:
            training: says whether, how strong and towards which target.
            shifts: whether a picture may move; not where a discriminator reads a map beside it.
        """
        self._training, self._shifts = training, shifts
        self._on = training.augment != "off"
        self._adapts = training.augment == "adaptive"
        self._strength = _number(training.augment_strength)
        self._certainty = _number(0.0)
        self.variables = [self._strength, self._certainty] if self._adapts else []

    def shown(self, pictures: Sequence[Any], step: Any) -> list[Any]:
        """Return pictures as the discriminator sees them; at strength 0 as they are, bit by bit.

        Args:
            pictures: (batch, height, width, 3) float32 in -1..1 each, this device's rows. The nth
                of each are changed alike.
            step: scalar int32; with the training's seed it decides every draw.
        """
        if not self._on:
            return list(pictures)
        rows = pictures[0].shape[0]
        address = tf.stack([tf.constant(self._training.seed, tf.int32), tf.cast(step, tf.int32)])
        address = tf.random.experimental.stateless_fold_in(address, _STREAM)
        shape = (rows * replica_count(), _GATES + _AMOUNTS)
        draws = my_share(tf.random.stateless_uniform(shape, address))
        strength = tf.convert_to_tensor(self._strength)
        return [
            tf.cond(
                strength > 0,
                lambda picture=picture: changed(picture, draws, strength, shifts=self._shifts),
                lambda picture=picture: tf.identity(picture),
            )
            for picture in pictures
        ]

    def adapt(self, real_won: Any, batch: int, rate: Any) -> dict[str, Any]:
        """Move the strength by what the discriminator said of real pictures.

        It stays where it is once learning rates fall: the discriminator could not follow it to what
        it would be shown then, and the generator ended between the two.

        Args:
            real_won: share of their logits above zero, scalar, of this device; no number where
                one of them is none, and then nothing moves.
            batch: real pictures in it.
            rate: learning rate of the discriminator in this step, scalar.

        Returns:
            `augmentation`, the strength that this step had; nothing when it is off.
        """
        if not self._on:
            return {}
        strength = tf.convert_to_tensor(self._strength)
        if self._adapts:
            batch *= replica_count()
            sign = 2.0 * replica_mean(real_won) - 1.0
            certainty = self._certainty + (sign - self._certainty) * min(1.0, batch / MEMORY_IMAGES)
            by = tf.sign(certainty - self._training.augment_target)
            at_full_rate = tf.cast(rate > 0.999 * self._training.discriminator_rate, tf.float32)
            moved = strength + at_full_rate * by * (batch / self._training.augment_images)
            # Whether clipping keeps what is no number is the device's affair.
            steered = tf.where(tf.math.is_finite(moved), tf.clip_by_value(moved, 0.0, MOST), moved)
            remember_on_all([(self._certainty, certainty), (self._strength, steered)])
        return {"augmentation": strength}


def changed(image: Any, draws: Any, strength: Any, *, shifts: bool) -> Any:
    """Change each picture of a batch in up to five ways, each with probability `strength`.

    Args:
        image: (batch, height, width, 3) float32 in -1..1, of fixed height and width.
        draws: (batch, 12) uniform in 0..1.
        strength: scalar, 0..1.
        shifts: whether translation is one of the ways.

    Returns:
        The same shape; brighter or darker pictures leave -1..1, and are not clipped.
    """
    dtype, image = image.dtype, tf.cast(image, tf.float32)
    gates = tf.cast(draws[:, :_GATES] < strength, tf.float32)
    amounts = draws[:, _GATES:]
    image += _more(gates[:, 0], amounts[:, 0] - 0.5)
    grey = tf.reduce_mean(image, axis=3, keepdims=True)
    image += _more(gates[:, 1], 2.0 * amounts[:, 1] - 1.0) * (image - grey)
    mean = tf.reduce_mean(image, axis=(1, 2, 3), keepdims=True)
    image += _more(gates[:, 2], amounts[:, 2] - 0.5) * (image - mean)
    if shifts:
        image = _moved(image, gates[:, 3, None] * (2.0 * amounts[:, 3:5] - 1.0) * SHIFT)
    return tf.cast(image * _with_hole(image, gates[:, 4], amounts[:, 5:7]), dtype)


def _more(gate: Any, share: Any) -> Any:
    """(batch, 1, 1, 1): how much is added; exactly nothing where the gate is shut."""
    return (gate * share)[:, None, None, None]


def _moved(image: Any, shares: Any) -> Any:
    """Move pictures by shares (batch, 2) of their sides; the gap mirrors what is beside it."""
    height, width = image.shape[1:3]
    rows = _mirrored(height, shares[:, 0])
    columns = _mirrored(width, shares[:, 1])
    image = tf.gather(image, rows, axis=1, batch_dims=1)
    return tf.gather(image, columns, axis=2, batch_dims=1)


def _mirrored(side: int, share: Any) -> Any:
    """(batch, side) int32: where each line of a moved picture comes from."""
    offset = tf.cast(tf.round(share * side), tf.int32)
    line = tf.abs(tf.range(side)[None, :] - offset[:, None])
    return tf.minimum(line, 2 * (side - 1) - line)


def _with_hole(image: Any, gate: Any, centre: Any) -> Any:
    """(batch, height, width, 1): 0 in a square around `centre` (shares), else 1."""
    height, width = image.shape[1:3]
    down = _near(height, centre[:, 0])
    across = _near(width, centre[:, 1])
    return 1.0 - (gate[:, None, None] * down[:, :, None] * across[:, None, :])[..., None]


def _near(side: int, centre: Any) -> Any:
    places = (tf.range(side, dtype=tf.float32) + 0.5) / side
    return tf.cast(tf.abs(places[None, :] - centre[:, None]) < HOLE / 2, tf.float32)


def _number(value: float) -> tf.Variable:
    return tf.Variable(value, trainable=False, dtype=tf.float32)
