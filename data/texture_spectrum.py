"""What repeats in a photograph, how far, and in which direction: FFT measurements on luminance."""

import cv2
import numpy as np
from scipy import fft, ndimage


def luminance(pixels: np.ndarray) -> np.ndarray:
    """(height, width, 3) uint8 RGB -> (height, width) float32, 0..255."""
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)


def lighting_trend(grey: np.ndarray) -> np.ndarray:
    """The quadratic surface that fits (height, width) best: lamp, sky and vignette."""
    # Fitted on a thumbnail: six numbers need no million equations.
    side = min(64, *grey.shape)
    small = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)
    y, x = _coordinates((side, side))
    terms = np.stack([np.broadcast_to(t, small.shape) for t in (1, x, y, x * y, x**2, y**2)], -1)
    a, b, c, d, e, f = np.linalg.lstsq(terms.reshape(-1, 6), small.reshape(-1), rcond=None)[0]
    y, x = _coordinates(grey.shape)
    return ((a + b * x + e * x**2) + (c * y + f * y**2) + (d * y) * x).astype(np.float32)


def _coordinates(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Pixel centres from -1 to 1: a column and a row, to be broadcast."""
    height, width = shape
    y = (2 * np.arange(height) + 1) / height - 1
    x = (2 * np.arange(width) + 1) / width - 1
    return y[:, None], x[None, :]


def autocorrelation(grey: np.ndarray) -> np.ndarray:
    """Correlation of a detrended picture with itself, per lag.

    (height, width) float -> (height, width) float32 with lag (0, 0) at [0, 0], negative lags
    wrapped to the end as `np.fft` has them; 1 at the origin. Lags beyond half a side are not
    meaningful. The picture is windowed (Hann) and the window divided out again, so that neither
    the frame nor leakage looks like a period.
    """
    height, width = grey.shape
    window = np.outer(np.hanning(height), np.hanning(width)).astype(np.float32)
    # Half a side of zeros is enough for lags of half a side.
    size = [fft.next_fast_len(side + side // 2, real=True) for side in grey.shape]
    centred = (grey - np.average(grey, weights=window)).astype(np.float32) * window
    correlation = fft.irfft2(np.abs(fft.rfft2(centred, size)) ** 2, size)
    overlap = fft.irfft2(np.abs(fft.rfft2(window, size)) ** 2, size)
    rows = np.r_[0 : height // 2, size[0] - height // 2 : size[0]]
    columns = np.r_[0 : width // 2, size[1] - width // 2 : size[1]]
    lags = np.ix_(rows, columns)
    ratio = correlation[lags] / overlap[lags]
    return ratio / max(float(ratio[0, 0]), 1e-6)


def radial_profile(correlation: np.ndarray) -> np.ndarray:
    """Mean autocorrelation per whole lag distance: index r holds the ring of radius r pixels."""
    distance = np.rint(_lag_distance(correlation.shape)).astype(np.intp)
    inside = distance <= min(correlation.shape) // 2
    total = np.bincount(distance[inside], correlation[inside])
    return total / np.bincount(distance[inside])


def isotropy(correlation: np.ndarray) -> float:
    """Share of the autocorrelation that its mean over directions explains, 0..1.

    1: the same in every direction; near 0: stripes or a lattice. Measured up to three radii of the
    central lobe, at least 16 px.
    """
    distance = np.rint(_lag_distance(correlation.shape)).astype(np.intp)
    profile = radial_profile(correlation)
    reach = min(max(3 * _lobe_radius(profile), 16), profile.size - 1)
    near = distance <= reach
    return float((profile[distance[near]] ** 2).sum() / (correlation[near] ** 2).sum())


def _lobe_radius(profile: np.ndarray) -> int:
    below = np.flatnonzero(profile < 0.2)
    return int(below[0]) if below.size else profile.size


def structure_size(grey: np.ndarray) -> float:
    """Wavelength in pixels above which a tenth of the contrast lies: the size of the large things.

    (height, width) float, detrended. The width of the autocorrelation's central lobe would measure
    the finest grain instead: on a wall of rough stones it sees the roughness and not the stones.
    Waves longer than a quarter of the shorter side are left out; they are stains, not texture.
    """
    height, width = grey.shape
    window = np.outer(np.hanning(height), np.hanning(width))
    power = np.abs(np.fft.rfft2((grey - np.average(grey, weights=window)) * window)) ** 2
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    counted = (frequency > 4 / min(height, width)) & (frequency <= 0.5)
    order = np.argsort(frequency[counted])
    share = np.cumsum(power[counted][order])
    return float(1.0 / frequency[counted][order][np.searchsorted(share, 0.1 * share[-1])])


def repeats(grey: np.ndarray, correlation: np.ndarray) -> list[float]:
    """Lengths in pixels of what repeats, shortest first; empty where nothing does.

    Two looks: peaks of the two-dimensional autocorrelation (tiles, weaves, studs), and of the
    picture averaged along its rows and columns (courses of brick, planks), whose joints are not
    aligned in the other direction. A pattern within a pattern shorter than a quarter of the
    longest repeat, such as the threads of a checked cloth, is left out.

    Args:
        grey: (height, width) float, detrended.
        correlation: its `autocorrelation`.
    """
    found = [_lattice_repeat(correlation), _course_repeat(grey, 0), _course_repeat(grey, 1)]
    lengths = sorted(length for length in found if length is not None)
    return [length for length in lengths if length >= lengths[-1] / 4]


def _lattice_repeat(correlation: np.ndarray) -> float | None:
    """Shortest off-centre peak that is about as high as the highest one.

    A peak counts if it lies outside the central lobe, three of its lags fit into the picture, and
    it stands 4.5 standard errors above zero: some thousand lags are looked at.
    """
    distance = _lag_distance(correlation.shape)
    smooth = ndimage.gaussian_filter(correlation, 1.0, mode="wrap")
    lobe = _lobe_radius(radial_profile(correlation))
    highest = smooth == ndimage.maximum_filter(smooth, size=2 * max(lobe, 3) + 1, mode="wrap")
    # The array's sides are the picture's, as lags reach half a side both ways.
    near = (distance > 1.5 * max(lobe, 2)) & (distance < min(correlation.shape) / 3)
    peaks = highest & near & (smooth > np.maximum(0.1, 4.5 * chance_correlation(correlation)))
    if not peaks.any():
        return None
    strong = peaks & (smooth >= 0.7 * smooth[peaks].max())
    return float(distance[strong].min())


def _course_repeat(grey: np.ndarray, axis: int) -> float | None:
    """First strong repeat of the picture averaged along `axis`, if that average says enough."""
    line = grey.mean(axis=axis)
    # Averages of a texture without courses keep a few per cent of its variance, by chance.
    if line.var() < 0.04 * grey.var():
        return None
    window = np.hanning(line.size)
    line = (line - np.average(line, weights=window)) * window
    size = 2 * line.size
    lags = np.fft.irfft(np.abs(np.fft.rfft(line, size)) ** 2, size)[: line.size // 3]
    lags /= np.fft.irfft(np.abs(np.fft.rfft(window, size)) ** 2, size)[: line.size // 3]
    lags /= lags[0]
    # By chance an average with lobes this wide correlates with itself by one standard error.
    chance = np.sqrt(2 * _lobe_radius(lags) / line.size)
    threshold = max(0.4, 2.5 * chance)
    rise = lags - np.minimum.accumulate(lags)
    for lag in range(2, lags.size - 1):
        is_peak = lags[lag] >= lags[lag - 1] and lags[lag] > lags[lag + 1]
        if is_peak and lags[lag] > threshold and rise[lag] > threshold:
            return float(lag)
    return None


def chance_correlation(correlation: np.ndarray) -> np.ndarray:
    """Standard error per lag of the autocorrelation of a texture with this grain and no period.

    Bartlett 1946: one over the root of the number of independent patches, which is the area under
    the squared central lobe; the window leaves less and less picture at longer lags.
    """
    lobe = max(2 * _lobe_radius(radial_profile(correlation)), 2)
    lobe_area = float((correlation[_lag_distance(correlation.shape) <= lobe] ** 2).sum())
    rows, columns = (_hann_overlap(side) for side in correlation.shape)
    # Samples that count under Hann weights: (sum w^2)^2 / sum w^4 = (3/8)^2 / (35/128) an axis.
    effective = 0.5143**2 * correlation.size * rows[:, None] * columns[None, :]
    return np.sqrt(lobe_area / effective)


def _hann_overlap(side: int) -> np.ndarray:
    """A Hann window's overlap with itself per lag, 1 at none; lags in the order of `np.fft`."""
    lag = np.abs(np.fft.fftfreq(side, 1 / side)) / side
    cosine, sine = np.cos(2 * np.pi * lag), np.sin(2 * np.pi * lag)
    return (1 - lag) * (2 + cosine) / 3 + sine / (2 * np.pi)


def _lag_distance(shape: tuple[int, ...]) -> np.ndarray:
    rows, columns = (np.fft.fftfreq(size, 1 / size) for size in shape)
    return np.hypot(rows[:, None], columns[None, :])
