"""Detail that a network took off together with the noise, found again in what it took off.

A network that has learnt what a material looks like smooths grain that it cannot foretell. White
noise has the same power at all frequencies, and known power at that: what was taken off beyond it
is detail.
"""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage

# Gaussian, in frequency bins: a mean over some hundred of them is known within a tenth.
SMOOTHED_BINS = 3.0
BORDER_PX = 16  # mirrored around a picture that does not tile
# Grey, red against blue, green against both: where photographs are nearly grey the first holds
# their detail and a third of the noise. Rows are orthonormal, so that white noise stays white.
OPPONENT = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]], np.float32)
OPPONENT /= np.linalg.norm(OPPONENT, axis=1, keepdims=True)


def detail_in(removed: np.ndarray, *, noise: float, wrap: tuple[bool, bool]) -> np.ndarray:
    """Return the part of what was removed from a picture that is no white noise.

    Source: Wiener 1949, the linear filter of least squared error: at every frequency the share of
    the power that is not noise's.

    Args:
        removed: (height, width, 3) float, noisy picture minus cleaned one.
        noise: deviation of the noise in the same units.
        wrap: whether the picture tiles along (height, width).

    Returns:
        (height, width, 3) float32; nearly nothing where only noise was removed.
    """
    border = [(0, 0) if on else (BORDER_PX, BORDER_PX) for on in wrap]
    removed = removed.astype(np.float32)  # half the memory, which grows with the picture here
    channels = np.pad(removed @ OPPONENT.T, [*border, (0, 0)], mode="symmetric")
    mean = channels.mean(axis=(0, 1))  # noise has none; its power would pose as its neighbours'
    spectrum = fft.fft2(channels - mean, axes=(0, 1))
    power = np.abs(spectrum) ** 2 / (channels.shape[0] * channels.shape[1])
    smooth = ndimage.gaussian_filter(power, (SMOOTHED_BINS, SMOOTHED_BINS, 0), mode="wrap")
    share = np.maximum(1.0 - noise**2 / np.maximum(smooth, 1e-9), 0.0)
    detail = (fft.ifft2(share * spectrum, axes=(0, 1)).real + mean) @ OPPONENT
    inside = tuple(
        slice(before, size - after)
        for (before, after), size in zip(border, detail.shape[:2], strict=True)
    )
    return detail[inside]
