"""Does a motif repeat inside a tile more than it does in the photograph?"""

from collections.abc import Sequence

import numpy as np
import scipy.fft
import scipy.ndimage

from texture_models.metrics.windows import Pixels, luminance

#: Nearer than this, neighbours resemble each other in any texture.
NEAREST_LAG_PX = 12


def strongest_repeat(picture: Pixels) -> float:
    """Highest autocorrelation at lags from 12 px to half the side, -1..1; uint8 (side, side, 3).

    Fine detail only (a broad blur is subtracted), corrected for the shrinking overlap.
    """
    grey = luminance(picture).astype(np.float64)
    grey -= scipy.ndimage.gaussian_filter(grey, 6.0, mode="reflect")
    height, width = grey.shape
    size = (2 * height, 2 * width)
    power = np.abs(scipy.fft.rfft2(grey - grey.mean(), size)) ** 2
    product = scipy.fft.irfft2(power, size)
    ones = scipy.fft.irfft2(np.abs(scipy.fft.rfft2(np.ones_like(grey), size)) ** 2, size)
    lag_y = np.abs(scipy.fft.fftfreq(2 * height, 1 / (2 * height)))[:, None]
    lag_x = np.abs(scipy.fft.fftfreq(2 * width, 1 / (2 * width)))[None, :]
    far = (np.hypot(lag_y, lag_x) >= NEAREST_LAG_PX) & (lag_y <= height / 2) & (lag_x <= width / 2)
    variance = product[0, 0] / (height * width) + 1.0
    return float((product[far] / ones[far]).max() / variance)


def repeat_excess(real: Sequence[Pixels], generated: Sequence[Pixels]) -> float:
    """Median strongest repeat of the generated windows minus the real ones' largest.

    At most 0: no motif repeats more strictly than some part of the photograph does. Windows of one
    size on both sides. Blind to repeats beyond half a window and to regular photographs, which
    repeat by themselves.
    """
    found = [strongest_repeat(window) for window in generated]
    own = [strongest_repeat(window) for window in real]
    return float(np.median(found) - np.max(own))
