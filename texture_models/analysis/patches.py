"""Patches of pictures, at random or in a grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from texture_models.random_patch import random_patch


def mirrored_patch(
    photographs: Sequence[np.ndarray], side: int, rng: np.random.Generator
) -> np.ndarray:
    """Return a patch of one of some pictures, mirrored by an even chance.

    Args:
        photographs: uint8 (height, width, 3), none smaller than a patch.
        side: of the patch, pixels.
        rng: what decides.
    """
    photograph = photographs[int(rng.integers(len(photographs)))]
    patch = random_patch(photograph, side, rng)
    return patch[:, :: 1 if rng.random() < 0.5 else -1]


def grid_of_patches(picture: np.ndarray, side: int) -> np.ndarray:
    """Return all patches of a picture, half a patch apart: (patches, side, side, 3) uint8.

    Raises:
        ValueError: the picture is smaller than a patch.
    """
    height, width = picture.shape[:2]
    if min(height, width) < side:
        raise ValueError(f"a picture of {width} x {height} px is smaller than patches of {side} px")
    step = max(1, side // 2)
    return np.stack(
        [
            picture[top : top + side, left : left + side]
            for top in range(0, height - side + 1, step)
            for left in range(0, width - side + 1, step)
        ]
    )
