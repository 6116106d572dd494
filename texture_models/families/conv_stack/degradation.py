"""What is hidden of a photograph before it is to be reproduced: holes, noise, its surroundings."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from texture_models.families.conv_stack.random_picture import STRENGTH, random_pictures
from texture_models.training.replicas import drawn_for_my_share

HOLES = 2  # rectangles hidden in every picture
LEAST_HOLE_PX = 6
LARGEST_HOLE = 1.2  # of the side: bands across the whole picture, as along a seam
LEAST_TRUST = 0.5  # of what is not hidden: as much noise as picture
WHOLE_SHARE = 0.4  # of the pictures are not covered with noise, only hidden in parts


def degraded_batch(image: Any, hidden: Any, margin_px: int, seed: Any) -> tuple[Any, Any]:
    """Hide parts of photographs, all of some of them, and everything around them.

    Where the trust is t > 0 the picture is t * photograph + (1 - t) * white noise; where it is 0,
    the random picture. The network learns that what lies around is unknown, never that it is a
    mirror or black.

    Args:
        image: (batch, side, side, 3) float32 in -1..1, this device's pictures.
        hidden: (batch,) bool: of these, nothing is shown.
        margin_px: how far the input reaches beyond the picture.
        seed: (2,) int32 tensor; decides every draw.

    Returns:
        picture (batch, side + 2 margin, side + 2 margin, 4) for the generator, and the trust
        (batch, side, side, 1) in 0..1.
    """
    batch, side = image.shape[:2]
    seeds = tf.random.split(seed, 5)
    trust = drawn_for_my_share(
        lambda rows: _holes(rows, side, seeds[0]) * _evenly(rows, seeds[1]), batch
    )
    trust *= tf.cast(~hidden, tf.float32)[:, None, None, None]
    white = STRENGTH * drawn_for_my_share(
        lambda rows: tf.random.stateless_normal((rows, side, side, 3), seeds[2]), batch
    )
    border = [[0, 0], [margin_px, margin_px], [margin_px, margin_px], [0, 0]]
    shown = tf.pad(trust * image + (1 - trust) * white, border)
    padded = tf.pad(trust, border)
    random = random_pictures(batch, side + 2 * margin_px, seeds[3])
    picture = tf.where(padded > 0, shown, random)
    return tf.concat([picture, padded], axis=-1), trust


def _holes(batch: int, side: int, seed: Any) -> Any:
    """1 where something may be shown, 0 inside random rectangles."""
    seeds = tf.random.split(seed, 2)
    largest = side * LARGEST_HOLE
    extent = tf.random.stateless_uniform((2, HOLES, batch), seeds[0], LEAST_HOLE_PX, largest)
    place = tf.random.stateless_uniform((2, HOLES, batch), seeds[1])
    start = place * (side + extent) - extent  # from wholly above to wholly below
    line = tf.range(side, dtype=tf.float32)
    inside = (line >= start[..., None]) & (line < (start + extent)[..., None])
    covered = inside[0][..., :, None] & inside[1][..., None, :]
    return tf.cast(~tf.reduce_any(covered, axis=0), tf.float32)[..., None]


def _evenly(batch: int, seed: Any) -> Any:
    """The trust of a whole picture: 1 for some, less for those that are covered with noise."""
    seeds = tf.random.split(seed, 2)
    trust = tf.random.stateless_uniform((batch, 1, 1, 1), seeds[0], LEAST_TRUST, 1.0)
    whole = tf.random.stateless_uniform((batch, 1, 1, 1), seeds[1]) < WHOLE_SHARE
    return tf.where(whole, tf.ones_like(trust), trust)
