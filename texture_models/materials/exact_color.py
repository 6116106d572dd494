"""sRGB levels <-> linear light as whole numbers, the same on every machine.

Source of the curve: IEC 61966-2-1. A power may round differently on another processor; 256 values
rounded to 16 bits do not.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

LINEAR_MAX: Final = 65_535


def _linear(level: float) -> float:
    return level / 12.92 if level <= 0.04045 else float(((level + 0.055) / 1.055) ** 2.4)


_LINEAR_OF: Final = np.array([round(LINEAR_MAX * _linear(i / 255)) for i in range(256)], np.int64)
# A mean of linear light belongs to the level whose own light is nearest.
_BORDERS: Final = (_LINEAR_OF[1:] + _LINEAR_OF[:-1] + 1) // 2


def linear_levels(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return linear light in 0..`LINEAR_MAX`, the shape of `pixels`, which are sRGB."""
    return _LINEAR_OF[pixels]


def srgb_levels(light: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return sRGB of linear light in 0..`LINEAR_MAX`; undoes `linear_levels` exactly."""
    return np.searchsorted(_BORDERS, light, side="right").astype(np.uint8)
