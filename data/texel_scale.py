"""How far a photograph is scaled down, so that a small patch shows a texture and not a detail."""

from typing import Literal

import cv2
import numpy as np

from data.texture_spectrum import (
    autocorrelation,
    dominant_period,
    lighting_trend,
    luminance,
    structure_size,
)

PATCH_PX = 64
"""Side of the patches the automatic scale is made for: those of the default presets."""

LARGEST_STRUCTURE_PX = 24.0
"""What a 64 px patch should still hold several of; a discriminator that sees 40 px covers 1.5."""

PATCHES_KEPT = 3
"""Patches that fit side by side into the training region after scaling, on its shorter side."""


def choose_texel_scale(
    pixels: np.ndarray, asked: float | Literal["auto"], held_out_share: float
) -> float:
    """Prepared pixels per source pixel.

    Automatic: the largest scale, never above 1, at which the dominant period, or the structure size
    where nothing repeats, comes to at most `LARGEST_STRUCTURE_PX`; but never so small that the
    training region holds less than three by three patches.

    Args:
        pixels: (height, width, 3) uint8 RGB, source pixels.
        asked: a number is taken as it is.
        held_out_share: share of the width that is no part of the training region.
    """
    if asked != "auto":
        return float(asked)
    height, width = pixels.shape[:2]
    smallest = PATCHES_KEPT * PATCH_PX / min(height, width * (1.0 - held_out_share))
    # Measured at 1024 px at most: structures that matter are far larger than the pixels lost.
    coarse = min(1.0, 1024 / min(height, width))
    grey = luminance(rescale(pixels, coarse))
    correlation = autocorrelation(flatten(grey))
    size = dominant_period(correlation) or structure_size(correlation)
    wanted = coarse * LARGEST_STRUCTURE_PX / size
    return float(round(min(max(wanted, smallest), 1.0), 4))


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
