"""Where a seamless picture is cut into a tile.

A picture on a torus has no edges; every row and column may become the first. Cut through a joint,
a stone's outline or a blade, a tile is as seamless as elsewhere, but its edge is the one place that
a person looks at and that software resamples; it lies where the picture changes as it usually does.
"""

from __future__ import annotations

import numpy as np

LUMA = np.array([299, 587, 114])  # thousandths; ITU-R BT.601


def usual_cut(pixels: np.ndarray) -> tuple[int, int]:
    """Return the row and the column of a picture on a torus that its tile should start with.

    Sums of whole numbers throughout, so that every machine finds the same place.

    Args:
        pixels: (height, width, 3) uint8.
    """
    grey = pixels.astype(np.int64) @ LUMA
    return _usual_column(grey.T), _usual_column(grey)


def _usual_column(grey: np.ndarray) -> int:
    """Column before which steps and bends of the grey values are closest to their means."""
    before, after = np.roll(grey, 1, axis=1), np.roll(grey, -1, axis=1)
    steps = np.abs(grey - before).sum(axis=0)  # over the cut before each column
    around = np.abs(before + after - 2 * grey).sum(axis=0)
    bends = np.maximum(around, np.roll(around, 1))  # the worse of the columns on both sides
    unusual = np.maximum(_deviations(steps, steps), _deviations(bends, around))
    return int(np.argmin(unusual))


def _deviations(values: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Distances from the mean of `usual` in its deviations; zeros where nothing deviates."""
    count, total = len(usual), int(usual.sum())
    squares = sum((count * int(value) - total) ** 2 for value in usual)
    distances = np.abs(count * values - total).astype(np.float64)
    return distances / np.sqrt(float(squares) / count) if squares else np.zeros(count)
