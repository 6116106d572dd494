"""How far a photograph is scaled down, so that a small patch shows a texture and not a detail."""

from typing import Literal

import cv2
import numpy as np

from data.texture_spectrum import (
    autocorrelation,
    lighting_trend,
    luminance,
    repeats,
    structure_size,
)

PATCH_PX = 64
"""Side of the patches the automatic scale is made for: those of the default presets."""

PERIOD_PX = 18.0
"""Where the longest repeat is brought to: the middle of 12 to 24 px, three and a half a patch."""

SHORTEST_PERIOD_PX = 10.0
"""No repeat is made smaller than this, or its joints would be less than a pixel wide."""

STRUCTURE_PX = 40.0
"""Where the structure size of textures without repeat is brought to: what the smallest
discriminator sees at once."""

PATCHES_KEPT = 3
"""Patches that fit side by side into the training region after scaling, on its shorter side."""

_MEASURED_PX = 1024  # side of what is measured; more takes long and says nothing new
_NEARLY_WHOLE = 0.85  # scaling by less costs sharpness and gains nothing


def choose_texel_scale(
    pixels: np.ndarray, asked: float | Literal["auto"], held_out_share: float
) -> float:
    """Prepared pixels per source pixel.

    Automatic: the largest scale, never above 1, that brings repeats to `PERIOD_PX`, or large
    structures to `STRUCTURE_PX` where nothing repeats; but never so small that the training region
    holds less than three by three patches.

    Args:
        pixels: (height, width, 3) uint8 RGB, source pixels.
        asked: a number is taken as it is.
        held_out_share: share of the width that is no part of the training region.
    """
    if asked != "auto":
        return float(asked)
    height, width = pixels.shape[:2]
    smallest = PATCHES_KEPT * PATCH_PX / min(height, width * (1.0 - held_out_share))
    # Structures that matter are far larger than the pixels lost here.
    coarse = min(1.0, _MEASURED_PX / min(height, width))
    grey = flatten(luminance(middle(rescale(pixels, coarse))))
    lengths = repeats(grey, autocorrelation(grey))
    if lengths:
        wanted = max(PERIOD_PX / lengths[-1], SHORTEST_PERIOD_PX / lengths[0])
    else:
        wanted = STRUCTURE_PX / structure_size(grey)
    scale = float(round(min(max(coarse * wanted, smallest), 1.0), 4))
    return scale if scale < _NEARLY_WHOLE else 1.0


def middle(pixels: np.ndarray) -> np.ndarray:
    """The central part that repeats and symmetries are measured on, at most 1024 px a side."""
    top, left = (max(side - _MEASURED_PX, 0) // 2 for side in pixels.shape[:2])
    return pixels[top : top + _MEASURED_PX, left : left + _MEASURED_PX]


def flatten(grey: np.ndarray) -> np.ndarray:
    """Luminance without lighting and without stains wider than a quarter of the picture."""
    flat = grey - lighting_trend(grey)
    # The blur is so wide that it may be made small: a 64 px thumbnail holds all of it.
    thumbnail = min(1.0, 64 / min(grey.shape))
    size = tuple(max(round(side * thumbnail), 1) for side in reversed(grey.shape))
    small = cv2.resize(flat, size, interpolation=cv2.INTER_AREA)
    stains = cv2.GaussianBlur(small, (0, 0), min(small.shape) / 8)
    return flat - cv2.resize(stains, grey.shape[::-1], interpolation=cv2.INTER_CUBIC)


def rescale(pixels: np.ndarray, scale: float) -> np.ndarray:
    """Resize (height, width, 3) uint8; down by averaging the area, which never aliases."""
    if scale == 1.0:
        return pixels
    height, width = (max(round(side * scale), 1) for side in pixels.shape[:2])
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(pixels, (width, height), interpolation=method)
