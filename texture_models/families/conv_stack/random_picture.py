"""The random picture that stands where nothing is known, for training and for rendering.

It is the sum of noise of three grains. Noise of single pixels alone would leave a network of short
reach without any news of large forms; the coarser grains are the same hashed noise, blurred.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from texture_models.rendering.noise_field import uniform_field

GRAINS = (1, 5, 17)  # sides of the boxes that blur it, each applied twice; odd keeps it in place
STRENGTH = 0.5  # deviation of the random picture, in units of -1..1
REACH_PX = max(GRAINS) - 1  # pixels of noise around a picture that its blur looks at
_STREAM = 3000  # of the hash; one for every grain


def _gain(grain: int) -> float:
    """What brings noise in -1..1, blurred by `grain`, to its share of the strength."""
    box = np.full(grain, 1.0 / grain)
    kernel = np.convolve(box, box)
    return float(STRENGTH * np.sqrt(3.0 / len(GRAINS)) / (kernel**2).sum())


def random_picture(seed: int, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the random picture that `seed` names, at the given places.

    Args:
        seed: names the picture.
        rows: (height + 2 REACH_PX,) int64 coordinates, wrapped where the picture wraps.
        columns: (width + 2 REACH_PX,) int64.

    Returns:
        (height, width, 3) float32 of mean 0 and deviation STRENGTH.
    """
    inner = slice(REACH_PX, -REACH_PX)
    total = np.zeros((len(rows) - 2 * REACH_PX, len(columns) - 2 * REACH_PX, 3), dtype=np.float32)
    for stream, grain in enumerate(GRAINS, start=_STREAM):
        noise = uniform_field(seed=seed, stream=stream, rows=rows, columns=columns, channels=3)
        for _ in range(2 if grain > 1 else 0):
            noise = ndimage.uniform_filter(noise, size=(grain, grain, 1), mode="constant")
        total += np.float32(_gain(grain)) * noise[inner, inner]
    return total


def random_pictures(batch: int, side: int, seed: Any) -> Any:
    """Return a batch of random pictures of the same kind, as a tensor.

    Args:
        batch: how many, on this device.
        side: their height and width in pixels.
        seed: (2,) int32 tensor.

    Returns:
        (batch, side, side, 3) float32 of mean 0 and deviation STRENGTH.
    """
    import tensorflow as tf

    from texture_models.training.replicas import drawn_for_my_share

    whole = side + 2 * REACH_PX
    shape = (whole, whole, 3 * len(GRAINS))
    noise = drawn_for_my_share(
        lambda rows: tf.random.stateless_uniform((rows, *shape), seed, -1.0, 1.0), batch
    )
    total = 0.0
    for grain, part in zip(GRAINS, tf.split(noise, len(GRAINS), axis=-1), strict=True):
        crop = REACH_PX - (grain - 1)
        part = part[:, crop : whole - crop, crop : whole - crop]
        for _ in range(2 if grain > 1 else 0):
            # One axis after the other: a box is a product.
            part = tf.nn.avg_pool2d(part, (grain, 1), 1, "VALID")
            part = tf.nn.avg_pool2d(part, (1, grain), 1, "VALID")
        total += _gain(grain) * part
    return total
