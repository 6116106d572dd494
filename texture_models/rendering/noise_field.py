"""Noise that has an address: a value depends on the seed and the coordinate alone.

Any window of the endless field can be computed by itself, in any order and on any machine, and a
window taken modulo the period of a tile wraps exactly. NumPy only; no random state anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

# Odd multipliers of the SplitMix64 finaliser (Steele, Lea & Flood 2014,
# https://doi.org/10.1145/2660193.2660195, figure 19) and its golden-ratio increment.
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)
_LANES = 4  # one 64-bit hash gives four 16-bit values: a quarter of the work


@dataclass(frozen=True)
class CellWindow:
    """A rectangle of the noise field, in cells, and the torus it lies on.

    Attributes:
        top: first row; may be negative.
        left: first column.
        rows: height in cells.
        columns: width in cells.
        period: (rows, columns) of the torus; None on an axis that never repeats.
    """

    top: int
    left: int
    rows: int
    columns: int
    period: tuple[int | None, int | None] = (None, None)


def _mix(values: Any) -> Any:
    """SplitMix64's finaliser: every bit of the input changes every bit of the output."""
    values = (values ^ (values >> np.uint64(30))) * _MIX_A
    values = (values ^ (values >> np.uint64(27))) * _MIX_B
    return values ^ (values >> np.uint64(31))


def _address(seed: int, stream: int, index: np.ndarray) -> np.ndarray:
    """Fold seed, stream and integer index into 64 well-mixed bits."""
    with np.errstate(over="ignore"):
        start = _mix(np.uint64(seed & (2**64 - 1)) + _GOLDEN)
        start = _mix(start ^ (np.uint64(stream) * _GOLDEN))
        return _mix(start + index.astype(np.int64).view(np.uint64) * _GOLDEN)


def coordinates(start: int, length: int, period: int | None) -> np.ndarray:
    """Return the integer coordinates start .. start+length-1, wrapped to `period` if there is one.

    Args:
        start: first coordinate; may be negative.
        length: how many.
        period: size of the torus along this axis; None for an endless axis.

    Returns:
        (length,) int64.
    """
    line = np.arange(start, start + length, dtype=np.int64)
    return line if period is None else line % period


def uniform_field(
    *, seed: int, stream: int, rows: np.ndarray, columns: np.ndarray, channels: int
) -> np.ndarray:
    """Return independent uniform noise at the given coordinates.

    Args:
        seed: names the picture, any int; only its low 64 bits count.
        stream: which of the picture's fields (level of the generator, phases, ...), 0 or more.
        rows: (height,) int64 coordinates.
        columns: (width,) int64 coordinates.
        channels: values at each coordinate.

    Returns:
        (height, width, channels) float32, uniform in [-1, 1) on a grid of 2**-15.
    """
    groups = -(-channels // _LANES)
    with np.errstate(over="ignore"):
        row_bits = _address(seed, stream, rows)[:, None, None]
        column_bits = _address(seed, stream + 2**32, columns)[None, :, None]
        lane = np.arange(groups, dtype=np.uint64)[None, None, :] * _GOLDEN
        bits = _mix(_mix(row_bits + column_bits * _MIX_B) + lane)
    sixteen = bits.view(np.uint16).reshape(len(rows), len(columns), groups * _LANES)
    return sixteen[:, :, :channels].astype(np.float32) * np.float32(2.0**-15) - np.float32(1.0)


def normal_vector(*, seed: int, stream: int, count: int) -> np.ndarray:
    """Return independent standard normal values that a seed names.

    Box and Muller's transform of hashed uniform values: no random state of any library.

    Args:
        seed: names the picture.
        stream: as in `uniform_field`.
        count: how many.

    Returns:
        (count,) float64.
    """
    zero = np.zeros(1, dtype=np.int64)
    hashed = uniform_field(seed=seed, stream=stream, rows=zero, columns=zero, channels=2 * count)
    first, second = np.split(hashed[0, 0].astype(np.float64), 2)
    radius = np.sqrt(-2.0 * np.log((first + 1.0) / 2.0 + 2.0**-17))
    return np.asarray(radius * np.cos(np.pi * second))
