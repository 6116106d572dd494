"""A patch from anywhere in a picture, for whatever learns from patches."""

from __future__ import annotations

import numpy as np


def random_patch(picture: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """Return a square of a picture, (side, side, ...) of its type; each place is as likely.

    Args:
        picture: (height, width, ...), not smaller than the patch.
        side: of the patch, pixels.
        rng: what decides; two draws.
    """
    top, left = (int(rng.integers(length - side + 1)) for length in picture.shape[:2])
    return picture[top : top + side, left : left + side]
