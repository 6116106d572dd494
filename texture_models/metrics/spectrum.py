"""Power at the finest scales: lost sharpness, added noise, checkerboards.

Blind to phase: a picture with the right spectrum and random phases passes here.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from texture_models.metrics.windows import Pixels, luminance

Power = NDArray[np.float64]

#: Rounding to 8 bits adds noise of this variance to every picture; below it nothing is compared.
ROUNDING_VARIANCE = 1 / 12


def mean_power(windows: Sequence[Pixels]) -> Power:
    """Mean power spectral density of the grey values, (side, side), grey levels squared.

    Hann window and removed mean, so that the edges of a crop do not pose as fine detail.
    """
    side = len(windows[0])
    taper = np.hanning(side + 2)[1:-1]
    weight = np.outer(taper, taper)
    power = np.zeros((side, side))
    for window in windows:
        grey = luminance(window).astype(np.float64)
        centred = (grey - (grey * weight).sum() / weight.sum()) * weight
        power += np.abs(scipy.fft.fft2(centred)) ** 2
    return power / (weight**2).sum() / len(windows) + ROUNDING_VARIANCE


def top_octave_db(real: Power, generated: Power, bins: int = 8) -> float:
    """Mean difference (generated - real) of the log spectrum over the top octave, dB.

    Rings between a quarter and half a cycle per pixel weigh the same. Negative: blurred; positive:
    noisy or ringing.
    """
    frequency = scipy.fft.fftfreq(len(real))
    radius = np.hypot(frequency[:, None], frequency[None, :])
    edges = np.linspace(0.25, 0.5, bins + 1)
    rings = [(radius >= low) & (radius < high) for low, high in pairwise(edges)]
    ratios = [generated[ring].mean() / real[ring].mean() for ring in rings]
    return float(np.mean(10 * np.log10(ratios)))


def _checkerboard(power: Power) -> float:
    """Power in the Nyquist corner over the square ring around it, dB."""
    frequency = np.abs(scipy.fft.fftfreq(len(power)))
    least = np.minimum(frequency[:, None], frequency[None, :])
    corner, ring = least >= 0.44, (least >= 0.34) & (least < 0.44)
    return float(10 * np.log10(power[corner].mean() / power[ring].mean()))


def checkerboard_db(real: Power, generated: Power) -> float:
    """Excess (generated - real) of the Nyquist corner over the ring around it, dB.

    Positive: alternate pixels stand out in both directions, as after transposed convolutions. Only
    the x2 pattern in both axes; `phase_imprint` finds the coarser grids and single axes.
    """
    return _checkerboard(generated) - _checkerboard(real)
