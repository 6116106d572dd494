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
LOOKED_AT = 12  # peaks considered
LEAST_ANGLE = 0.35  # radians; nearer ones are overtones or the same wave
SHORTEST_PX = 6.0  # shorter rhythms fit inside the receptive field and need no wave


def wave_vectors(pictures: Sequence[np.ndarray], count: int) -> np.ndarray:
    """Return the strongest plane waves of one material's photographs, of different directions.

    Two waves of different directions fix a lattice: every other peak of its spectrum is a sum of
    them, and the network can form it.

    Args:
        pictures: uint8 (height, width, 3) each; the largest one is measured.
        count: how many waves to return, 0 to 2.

    Returns:
        (count, 2) float64, cycles per pixel along rows and columns; (0, 0) where the photograph
        has no further rhythm. The first component is never negative.
    """
    found = np.zeros((count, 2))
    if count == 0 or not pictures:
        return found
    grey = max(pictures, key=lambda picture: picture.shape[0] * picture.shape[1]).mean(axis=2)
    power, row_axis, column_axis = _periodogram(grey)
    prominence = np.where(
        _allowed(row_axis, column_axis, min(grey.shape)), power / _background(power), 0.0
    )
    peaks = np.where(
        prominence == ndimage.maximum_filter(prominence, size=5, mode="wrap"), prominence, 0.0
    )
    slot = 0
    for flat in np.argsort(peaks * np.sqrt(power), axis=None)[::-1][:LOOKED_AT]:
        row, column = (int(index) for index in np.unravel_index(flat, power.shape))
        if peaks[row, column] < PROMINENCE or slot == count:
            continue
        vector = _refined(power, row, column, row_axis, column_axis)
        if slot == 0 or _angle_between(found[0], vector) > LEAST_ANGLE:
            found[slot] = vector
            slot += 1
    return found


def _angle_between(one: np.ndarray, other: np.ndarray) -> float:
    """Angle between two lines, 0..pi/2."""
    cosine = abs(float(one @ other)) / (float(np.linalg.norm(one) * np.linalg.norm(other)) + 1e-12)
    return float(np.arccos(min(1.0, cosine)))


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
    """Hann-windowed power with its two frequency axes in cycles per pixel, zero first."""
    height, width = grey.shape
    flat = grey - ndimage.uniform_filter(grey, size=max(3, min(height, width) // 3), mode="reflect")
    window = np.hanning(height)[:, None] * np.hanning(width)[None, :]
    power = np.abs(np.fft.fft2(flat * window)) ** 2
    return power, np.fft.fftfreq(height), np.fft.fftfreq(width)


def _background(power: np.ndarray) -> np.ndarray:
    """Median of the neighbourhood; ln 2 turns the median of an exponential into its mean."""
    return ndimage.median_filter(power, size=21, mode="wrap") / np.log(2.0) + 1e-9


def _allowed(row_axis: np.ndarray, column_axis: np.ndarray, side: int) -> np.ndarray:
    frequency = np.hypot(row_axis[:, None], column_axis[None, :])
    allowed = (frequency > 1 / (LONGEST_SHARE * side)) & (frequency < 1 / SHORTEST_PX)
    # A real picture's spectrum holds every wave twice: one half plane is enough.
    half = (row_axis[:, None] > 0) | ((row_axis[:, None] == 0) & (column_axis[None, :] > 0))
    return np.asarray(allowed & half)


def _refined(
    power: np.ndarray, row: int, column: int, row_axis: np.ndarray, column_axis: np.ndarray
) -> np.ndarray:
    """Place of a peak between the bins: a parabola through the logarithms, along each axis."""

    def between(line: np.ndarray) -> float:
        before, here, after = np.log(line + 1e-12)
        curve = before - 2 * here + after
        return 0.0 if curve >= 0 else float(np.clip(0.5 * (before - after) / curve, -0.5, 0.5))

    height, width = power.shape
    down = between(power[[(row - 1) % height, row, (row + 1) % height], column])
    across = between(power[row, [(column - 1) % width, column, (column + 1) % width]])
    return np.array([row_axis[row] + down / height, column_axis[column] + across / width])
