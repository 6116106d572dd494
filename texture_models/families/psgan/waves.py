"""Plane waves that carry a photograph's rhythm into the noise, measured instead of learnt.

Bergmann et al. 2017 (https://arxiv.org/abs/1705.06566, section 3.2) let a small network learn the
wave vectors. Here they are read off the photograph's spectrum: a run of ten minutes is too short to
find a frequency to the per cent by gradient descent, and a row of bricks that is off by three per
cent is out of step after sixteen rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

# A bin of white noise exceeds its mean k times with probability exp(-k): among 10**5 bins the
# largest stands at 12 times, so 25 times is rhythm and not luck.
PROMINENCE = 25.0
LONGEST_SHARE = 0.34  # of the picture's side: a longer "period" was seen fewer than three times
SHORTEST_PX = 6.0  # shorter rhythms fit inside the receptive field and need no wave


def wave_vectors(pictures: Sequence[np.ndarray], count: int) -> np.ndarray:
    """Return the strongest plane waves of one material's photographs.

    Args:
        pictures: uint8 (height, width, 3) each; the largest one is measured.
        count: how many waves to return.

    Returns:
        (count, 2) float64, cycles per pixel along rows and columns; (0, 0) where the photograph
        has no further rhythm. The first component is never negative.
    """
    found = np.zeros((count, 2))
    if count == 0 or not pictures:
        return found
    grey = max(pictures, key=lambda picture: picture.shape[0] * picture.shape[1]).mean(axis=2)
    power, row_axis, column_axis = _periodogram(grey)
    prominence = power / _background(power)
    allowed = _allowed(row_axis, column_axis, min(grey.shape))
    prominence = np.where(allowed, prominence, 0.0)
    peaks = prominence == ndimage.maximum_filter(prominence, size=5, mode="wrap")
    order = np.argsort(np.where(peaks, prominence * np.sqrt(power), 0.0), axis=None)[::-1]
    for slot, flat in enumerate(order[:count]):
        row, column = np.unravel_index(flat, power.shape)
        if not peaks[row, column] or prominence[row, column] < PROMINENCE:
            break
        found[slot] = _refined(power, int(row), int(column), row_axis, column_axis)
    return found


def snapped(vectors: np.ndarray, height_px: int | None, width_px: int | None) -> np.ndarray:
    """Round wave vectors so that a whole number of waves fits into the tile.

    Args:
        vectors: (..., 2) cycles per pixel along rows and columns.
        height_px: side of the torus along the rows; None leaves that axis as it is.
        width_px: the same along the columns.

    Returns:
        The same shape; the error is at most half a wave over the whole tile.
    """
    result = np.array(vectors, dtype=np.float64)
    for axis, side in enumerate((height_px, width_px)):
        if side is not None:
            result[..., axis] = np.round(result[..., axis] * side) / side
    return result


def wave_field(
    vectors: np.ndarray, phases: np.ndarray, rows_px: np.ndarray, columns_px: np.ndarray
) -> np.ndarray:
    """Return sine and cosine of every wave at the given places.

    Args:
        vectors: (waves, 2) cycles per pixel.
        phases: (waves,) cycles, any real.
        rows_px: (height,) positions of the samples.
        columns_px: (width,) the same along the columns.

    Returns:
        (height, width, 2 * waves) float32 in -1..1; 0 for a wave whose vector is (0, 0).
    """
    cycles = (
        rows_px[:, None, None] * vectors[None, None, :, 0]
        + columns_px[None, :, None] * vectors[None, None, :, 1]
        + phases[None, None, :]
    )
    # The argument is reduced in float64 first: a canvas may be millions of pixels wide.
    angle = 2 * np.pi * (cycles - np.floor(cycles))
    present = (np.abs(vectors).sum(axis=1) > 0).astype(np.float32)
    waves = np.concatenate([np.sin(angle) * present, np.cos(angle) * present], axis=2)
    return np.ascontiguousarray(waves, dtype=np.float32)


def _periodogram(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hann-windowed power of one half plane, with its two frequency axes in cycles per pixel."""
    height, width = grey.shape
    flat = grey - ndimage.uniform_filter(grey, size=max(3, min(height, width) // 3), mode="reflect")
    window = np.hanning(height)[:, None] * np.hanning(width)[None, :]
    power = np.abs(np.fft.fft2(flat * window)) ** 2
    rows = np.fft.fftfreq(height)
    half = rows >= 0
    return power[half], rows[half], np.fft.fftfreq(width)


def _background(power: np.ndarray) -> np.ndarray:
    """Median of the neighbourhood; ln 2 turns the median of an exponential into its mean."""
    return ndimage.median_filter(power, size=21, mode="wrap") / np.log(2.0) + 1e-9


def _allowed(row_axis: np.ndarray, column_axis: np.ndarray, side: int) -> np.ndarray:
    frequency = np.hypot(row_axis[:, None], column_axis[None, :])
    allowed = (frequency > 1 / (LONGEST_SHARE * side)) & (frequency < 1 / SHORTEST_PX)
    # On the row-frequency axis 0 a real picture holds every wave twice.
    return np.asarray(allowed & ~((row_axis[:, None] == 0) & (column_axis[None, :] < 0)))


def _refined(
    power: np.ndarray, row: int, column: int, row_axis: np.ndarray, column_axis: np.ndarray
) -> tuple[float, float]:
    """Parabola through the logarithm of a peak and its neighbours, along each axis."""

    def shift(line: np.ndarray) -> float:
        before, here, after = np.log(line + 1e-12)
        curve = before - 2 * here + after
        return 0.0 if curve >= 0 else float(np.clip(0.5 * (before - after) / curve, -0.5, 0.5))

    columns = len(column_axis)
    across = power[row, [(column - 1) % columns, column, (column + 1) % columns]]
    row_step = row_axis[1] - row_axis[0]
    along = 0.0
    if 0 < row < len(row_axis) - 1:
        along = shift(power[[row - 1, row, row + 1], column])
    return (
        float(row_axis[row] + along * row_step),
        float(column_axis[column] + shift(across) / columns),
    )
