"""What repeats in a photograph, how far, and in which direction: FFT measurements on luminance."""

import cv2
import numpy as np
from scipy import ndimage


def luminance(pixels: np.ndarray) -> np.ndarray:
    """(height, width, 3) uint8 RGB -> (height, width) float32, 0..255."""
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)


def lighting_trend(grey: np.ndarray) -> np.ndarray:
    """The quadratic surface that fits (height, width) best: lamp, sky and vignette."""
    height, width = grey.shape
    y, x = np.linspace(-1, 1, height), np.linspace(-1, 1, width)
    # On a thinned grid: six numbers need no million equations.
    step_y, step_x = max(height // 64, 1), max(width // 64, 1)
    terms = _quadratic(y[::step_y], x[::step_x])
    small = ndimage.uniform_filter(grey, (step_y, step_x))[::step_y, ::step_x]
    weights, *_ = np.linalg.lstsq(terms.reshape(-1, 6), small.reshape(-1), rcond=None)
    return (_quadratic(y, x) @ weights).astype(np.float32)


def _quadratic(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    yy, xx = np.meshgrid(y, x, indexing="ij")
    return np.stack([np.ones_like(xx), xx, yy, xx * yy, xx**2, yy**2], axis=-1)


def autocorrelation(grey: np.ndarray) -> np.ndarray:
    """Correlation of a detrended picture with itself, per lag.

    (height, width) float -> (height, width) float64 with lag (0, 0) at [0, 0], negative lags wrapped
    to the end as `np.fft` has them; 1 at the origin. Lags beyond half a side are not meaningful. The
    picture is windowed (Hann) and the window divided out again, so that neither the frame nor
    leakage looks like a period.
    """
    height, width = grey.shape
    window = np.outer(np.hanning(height), np.hanning(width))
    size = (2 * height, 2 * width)
    centred = (grey - np.average(grey, weights=window)) * window
    correlation = np.fft.irfft2(np.abs(np.fft.rfft2(centred, size)) ** 2, size)
    overlap = np.fft.irfft2(np.abs(np.fft.rfft2(window, size)) ** 2, size)
    rows = np.r_[0 : height // 2, 2 * height - height // 2 : 2 * height]
    columns = np.r_[0 : width // 2, 2 * width - width // 2 : 2 * width]
    lags = np.ix_(rows, columns)
    ratio = correlation[lags] / overlap[lags]
    return ratio / max(ratio[0, 0], 1e-12)


def radial_profile(correlation: np.ndarray) -> np.ndarray:
    """Mean autocorrelation per whole lag distance: index r holds the ring of radius r pixels."""
    distance = np.rint(_lag_distance(correlation.shape)).astype(np.intp)
    inside = distance <= min(correlation.shape) // 2
    total = np.bincount(distance[inside], correlation[inside])
    return total / np.bincount(distance[inside])


def structure_size(correlation: np.ndarray) -> float:
    """Typical size of what the eye sees as one thing (a pebble, a leaf), pixels, at least 2.

    Twice the mean correlated lag: the centre of mass of the radial autocorrelation up to its first
    crossing of 0.02. The width of the central lobe alone would measure the finest grain; the tail
    knows the size of the leaf that the grain lies on.
    """
    profile = radial_profile(correlation)
    below = np.flatnonzero(profile < 0.02)
    end = int(below[0]) if below.size else profile.size
    lags, weights = np.arange(end), profile[:end]
    return max(2.0 * float((lags * weights).sum() / weights.sum()), 2.0)


def dominant_period(correlation: np.ndarray) -> float | None:
    """Length in pixels of the shortest repeat that is about as strong as the strongest one.

    None where nothing repeats. A peak of the autocorrelation counts if it lies outside the central
    lobe, at least three of its lags fit into the picture, and it stands four standard errors above
    what a texture of the same grain without any period reaches by chance.
    """
    distance = _lag_distance(correlation.shape)
    smooth = ndimage.gaussian_filter(correlation, 1.0, mode="wrap")
    profile = radial_profile(correlation)
    lobe = int(np.argmax(profile < 0.2)) if (profile < 0.2).any() else profile.size
    highest = smooth == ndimage.maximum_filter(smooth, size=2 * max(lobe, 3) + 1, mode="wrap")
    # Lags reach half a side, so the array's sides are the picture's.
    near = (distance > 1.5 * max(lobe, 2)) & (distance < min(correlation.shape) / 3)
    lobe_area = float((correlation[distance <= max(2 * lobe, 2)] ** 2).sum())
    # Bartlett's formula with the number of independent patches as sample size; the Hann window
    # leaves about a third of the area effective.
    standard_error = np.sqrt(lobe_area / (correlation.size / 3))
    threshold = max(0.1, 4.0 * standard_error)
    peaks = highest & near & (smooth > threshold)
    if not peaks.any():
        return None
    strong = peaks & (smooth >= 0.7 * smooth[peaks].max())
    return float(distance[strong].min())


def _lag_distance(shape: tuple[int, ...]) -> np.ndarray:
    rows, columns = (np.fft.fftfreq(size, 1 / size) for size in shape)
    return np.hypot(rows[:, None], columns[None, :])
