"""A prepared photograph as a texture: is it one texture, does it repeat, may it be turned?"""

import numpy as np

from data.records import PhotoAnalysis
from data.stationarity import STATIONARY_BELOW, stationarity
from data.texel_scale import PATCH_PX, PATCHES_KEPT, flatten, middle
from data.texture_spectrum import (
    autocorrelation,
    isotropy,
    lighting_trend,
    luminance,
    repeats,
    structure_size,
)
from data.texture_symmetry import symmetries

_FEWEST_PERIODS = 4
_WIDEST_PERIOD_PX = 40.0
_FEWEST_STRUCTURES = 3
_TREND_LEVELS = 30.0
_TREND_RATIO = 1.5


def analyse(pixels: np.ndarray, held_out_share: float) -> PhotoAnalysis:
    """Measure a photograph as a texture and say in words what makes it unfit.

    Args:
        pixels: (height, width, 3) uint8 RGB, at the prepared scale.
        held_out_share: share of the width that is not trained on; warnings are about the rest.
    """
    flat = flatten(luminance(middle(pixels)))
    correlation = autocorrelation(flat)
    lengths = repeats(flat, correlation)
    unevenness = stationarity(pixels)
    warnings = [
        _small(pixels.shape, held_out_share),
        _uneven(unevenness),
        _lit(luminance(pixels)),
        _few(pixels.shape, held_out_share, lengths, structure_size(flat)),
    ]
    return PhotoAnalysis(
        stationarity=round(unevenness, 4),
        is_stationary=unevenness < STATIONARY_BELOW,
        period_px=round(lengths[-1], 2) if lengths else None,
        isotropy=round(isotropy(correlation), 4),
        symmetries=symmetries(flat, correlation),
        warnings=tuple(filter(None, warnings)),
    )


def _training_side(shape: tuple[int, ...], held_out_share: float) -> float:
    return min(shape[0], shape[1] * (1.0 - held_out_share))


def _small(shape: tuple[int, ...], held_out_share: float) -> str:
    side = _training_side(shape, held_out_share)
    # A pixel less is rounding.
    if side >= PATCHES_KEPT * PATCH_PX - 2:
        return ""
    return (
        f"small: the part to train on is {side:.0f} px on its shorter side, "
        f"{side / PATCH_PX:.1f} patches; take a larger photograph"
    )


def _uneven(unevenness: float) -> str:
    if unevenness < STATIONARY_BELOW:
        return ""
    return (
        f"not stationary: {unevenness:.0%} of the variation lies between parts of the picture "
        f"(limit {STATIONARY_BELOW:.0%}); crop to a part that looks the same all over"
    )


def _lit(grey: np.ndarray) -> str:
    trend = lighting_trend(grey)
    span = float(np.ptp(trend))
    if span < _TREND_LEVELS or span < _TREND_RATIO * float((grey - trend).std()):
        return ""
    return (
        f"uneven light: brightness drifts by {span:.0f} of 255 levels across the picture; "
        "photograph in flat light or correct it first"
    )


def _few(
    shape: tuple[int, ...], held_out_share: float, lengths: list[float], structure: float
) -> str:
    side = _training_side(shape, held_out_share)
    if lengths and side / lengths[-1] < _FEWEST_PERIODS:
        return (
            f"few repeats: {side / lengths[-1]:.1f} periods of {lengths[-1]:.0f} px in the part to "
            f"train on, {_FEWEST_PERIODS} are needed; photograph from further away"
        )
    if lengths and lengths[-1] > _WIDEST_PERIOD_PX:
        return (
            f"wide repeat: {lengths[-1]:.0f} px in patches of {PATCH_PX}; "
            "train with larger patches or take a photograph with more pixels"
        )
    if not lengths and side / structure < _FEWEST_STRUCTURES:
        return (
            f"large structures: about {structure:.0f} px in a part of {side:.0f} px to train on; "
            "photograph from further away"
        )
    return ""
