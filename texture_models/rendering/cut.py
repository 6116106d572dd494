"""Where a seamless picture is cut into a tile.

A picture on a torus has no edges; every row and column may become the first. Cut through a joint,
a stone's outline or a blade, a tile is as seamless as elsewhere, but its edge is the one place that
a person looks at and that software resamples; it lies where the picture changes as it usually does.
"""

from __future__ import annotations

import numpy as np

LUMA = (299, 587, 114)  # thousandths; ITU-R BT.601


def usual_cut(pixels: np.ndarray) -> tuple[int, int]:
    """Return the row and the column of a picture on a torus that its tile should start with.

    Sums of whole numbers throughout, so that every machine finds the same place.

    Args:
        pixels: (height, width, 3) uint8.
    """
    # Band by band: numpy has no fast product of matrices of whole numbers.
    red, green, blue = np.moveaxis(pixels.astype(np.int32), -1, 0)
    grey = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
    return _usual_line(grey, axis=0), _usual_line(grey, axis=1)


def _usual_line(grey: np.ndarray, axis: int) -> int:
    """Line across `axis` before which steps and bends are closest to their means."""
    step = grey - np.roll(grey, 1, axis)  # over the cut before each line
    bend = np.roll(step, -1, axis) - step
    steps, around = (np.abs(change).sum(axis=1 - axis, dtype=np.int64) for change in (step, bend))
    bends = np.maximum(around, np.roll(around, 1))  # the worse of the lines on both sides
    unusual = np.maximum(_deviations(steps, steps), _deviations(bends, around))
    return int(np.argmin(unusual))


def _deviations(values: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Distances from the mean of `usual` in its deviations; zeros where nothing deviates."""
    count, total = len(usual), int(usual.sum())
    squares = sum((count * value - total) ** 2 for value in usual.tolist())
    distances = np.abs(count * values - total).astype(np.float64)
    return distances / np.sqrt(float(squares) / count) if squares else np.zeros(count)
