"""Noise that neighbouring cells have in common: regions of a tile, and tiles, that differ.

A generator learns from patches of a few cells, and its cells are drawn independently. What one of
them adds averages out over a tile, so that all regions look alike; a photograph has lighter and
darker, denser and sparser ones. In renderings a share of every cell's noise is therefore a field
that changes over several cells. Each cell has the distribution that the generator knows; only what
lies side by side is more alike than in training.
"""

from __future__ import annotations

import numpy as np

from texture_models.rendering.noise_field import coordinates, uniform_field

DEVIATION_CELLS = 2.5  # of the Gaussian that blurs; a patch of the presets is 4 cells
REACH_CELLS = 7


def shared_field(
    *,
    seed: int,
    stream: int,
    start: tuple[int, int],
    shape: tuple[int, int],
    period: tuple[int | None, int | None],
    channels: int,
) -> np.ndarray:
    """Return hashed noise, blurred; a value depends on seed and cell alone.

    Args:
        seed: names the picture.
        stream: of the hash.
        start: first row and column, in cells, not wrapped.
        shape: rows and columns.
        period: of the torus in cells, None on an endless axis.
        channels: values in each cell.

    Returns:
        (rows, columns, channels) float32 of mean 0 and variance 1/3 everywhere, as uniform noise
        in -1..1 has, on a torus of any size.
    """
    rows, columns = (
        coordinates(first - REACH_CELLS, length + 2 * REACH_CELLS, side)
        for first, length, side in zip(start, shape, period, strict=True)
    )
    field = uniform_field(seed=seed, stream=stream, rows=rows, columns=columns, channels=channels)
    # Summed tap by tap: the order, and so the bytes, do not depend on the window.
    down, across = (_taps(side) for side in period)
    field = sum(weight * field[tap : tap + shape[0]] for tap, weight in enumerate(down))
    field = sum(weight * field[:, tap : tap + shape[1]] for tap, weight in enumerate(across))
    return np.asarray(field, dtype=np.float32)


def mixed(own: np.ndarray, shared: np.ndarray, share: float) -> np.ndarray:
    """Return noise of the same variance, `share` of whose deviation is shared.

    Args:
        own: float32, drawn for each cell.
        shared: the same shape and variance.
        share: 0..1.
    """
    return np.float32(np.sqrt(1 - share**2)) * own + np.float32(share) * shared


def _taps(period: int | None) -> np.ndarray:
    """Weights of the blur along one axis, such that the variance stays what it is."""
    places = np.arange(-REACH_CELLS, REACH_CELLS + 1)
    weights = np.exp(-0.5 * (places / DEVIATION_CELLS) ** 2)
    # On a small torus the blur meets the same cells again, whose weights add up before they count.
    met = places if period is None else places % period
    squares = np.square(np.bincount(met - met.min(), weights)).sum()
    return (weights / np.sqrt(squares)).astype(np.float32)
