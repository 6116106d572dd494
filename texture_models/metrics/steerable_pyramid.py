"""Steerable pyramid in the frequency domain: scales x orientations + two residuals.

Source: Portilla & Simoncelli 2000, "A parametric texture model based on joint statistics of
complex wavelet coefficients", section 2. Departures: nothing is subsampled (windows are small, and
any size works), and the picture is reflected at its edges first, because crops are not periodic.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from texture_models.metrics.windows import Plane

SCALES = 3
ORIENTATIONS = 4
#: The coarsest filter reaches about this far; the reflected border keeps the torus wrap out.
BORDER_PX = 24


@dataclass(frozen=True)
class Pyramid:
    """Subbands of one picture, all of its size.

    high, low: float32 (height, width), residuals above and below the oriented bands.
    bands: complex64 (scales, orientations, height, width), finest scale first; the real part is
        the even filter, the absolute value the local amplitude.
    """

    high: Plane
    low: Plane
    bands: NDArray[np.complex64]


def _low_pass(radius: NDArray[np.float64], octave: int) -> NDArray[np.float64]:
    """Raised cosine, 1 below 2**-(octave + 1) and 0 above 2**-octave (Nyquist is 1)."""
    position = np.clip(np.log2(np.maximum(radius, 1e-9)) + octave + 1, 0.0, 1.0)
    return np.cos(np.pi / 2 * position)


@lru_cache(maxsize=8)
def _masks(height: int, width: int) -> tuple[Plane, Plane, NDArray[np.float32]]:
    """Frequency responses (high, low, bands) for one size; their squares add up to one."""
    frequency_y = 2 * scipy.fft.fftfreq(height)[:, None]
    frequency_x = 2 * scipy.fft.fftfreq(width)[None, :]
    radius, angle = np.hypot(frequency_y, frequency_x), np.arctan2(frequency_y, frequency_x)
    low_passes = [_low_pass(radius, octave) for octave in range(SCALES + 1)]
    high = np.sqrt(1 - low_passes[0] ** 2)
    # cos^3 in a half plane: the order that four orientations interpolate exactly; sum cos^6 = 5/4.
    wedges = [
        2 * np.sqrt(0.8) * np.maximum(np.cos(angle - np.pi * k / ORIENTATIONS), 0) ** 3
        for k in range(ORIENTATIONS)
    ]
    bands = [
        [low_passes[s] * np.sqrt(1 - low_passes[s + 1] ** 2) * wedge for wedge in wedges]
        for s in range(SCALES)
    ]
    return (
        high.astype(np.float32),
        low_passes[-1].astype(np.float32),
        np.array(bands, dtype=np.float32),
    )


def steerable_pyramid(plane: Plane) -> Pyramid:
    """Subbands of one plane (height, width), any size from 32 px, any range.

    Raises:
        ValueError: a side is shorter than the reflected border needs (25 px).
    """
    if min(plane.shape) <= BORDER_PX:
        raise ValueError(f"plane of {plane.shape} px; the pyramid needs more than {BORDER_PX} px")
    padded = np.pad(plane.astype(np.float32), BORDER_PX, mode="reflect")
    high, low, bands = _masks(*padded.shape)
    spectrum = scipy.fft.fft2(padded)
    inside = (..., slice(BORDER_PX, -BORDER_PX), slice(BORDER_PX, -BORDER_PX))
    # One analytic transform carries two real residuals: they come back as real and imaginary part.
    residuals = scipy.fft.ifft2(spectrum * (high + 1j * low).astype(np.complex64))[inside]
    return Pyramid(
        high=residuals.real.astype(np.float32),
        low=residuals.imag.astype(np.float32),
        bands=scipy.fft.ifft2(spectrum * bands)[inside],
    )
