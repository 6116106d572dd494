"""What a photograph looks like, as a model with an encoder reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Look:
    """A code and the rhythm that goes with it; what grows from it is endless.

    Attributes:
        code: (latent_channels,) float64.
        waves: (waves, 2) wave vectors, cycles per pixel; (0, 0) where there is none.
    """

    code: np.ndarray
    waves: np.ndarray


def between(looks: Sequence[Look], shares: Sequence[float]) -> Look:
    """Return the look between looks: codes are mixed, waves are those of the largest share.

    Half a frequency of one and half of another would be the rhythm of neither.

    Args:
        looks: of one model.
        shares: of each, 0 or more; divided by their sum.

    Raises:
        ValueError: the numbers of looks and shares differ, or no share is positive.
    """
    weights = np.asarray(shares, dtype=np.float64)
    if len(weights) != len(looks) or len(looks) == 0:
        raise ValueError(f"{len(looks)} looks and {len(weights)} shares; give one for each")
    if not np.isfinite(weights).all() or weights.min() < 0 or weights.sum() == 0:
        raise ValueError(f"shares {tuple(shares)} must be 0 or more, and one of them above 0")
    weights = weights / weights.sum()
    codes = np.stack([look.code for look in looks])
    return Look(weights @ codes, looks[int(weights.argmax())].waves)
