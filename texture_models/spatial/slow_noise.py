"""Noise that changes slowly from cell to cell: what differs between regions of one material.

A cell's own noise averages out over a patch, so that all patches look alike; a photograph has
lighter and darker, coarser and finer regions. The values lie on a lattice wider than the cells and
are interpolated; on a torus the lattice closes. Bergmann et al. 2017,
https://arxiv.org/abs/1705.06566, section 3, have one global vector a picture for the purpose;
departure: a field, so that a large picture has many regions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from texture_models.rendering.noise_field import uniform_field

# Between two values of the lattice. A training patch is 4 cells, so that it sees one region, and a
# tile of 256 px has 16: with 8, every such tile had a mood of its own (docs/experiments.md).
SPACING_CELLS = 4


def slow_field(
    *,
    seed: int,
    stream: int,
    rows: np.ndarray,
    columns: np.ndarray,
    period: tuple[int | None, int | None],
    channels: int,
) -> np.ndarray:
    """Return slow noise at the given cells; a value depends on seed and cell alone.

    Args:
        seed: names the picture.
        stream: of the hash.
        rows: (height,) int64 cells, not wrapped.
        columns: (width,) int64 cells.
        period: of the torus in cells, None on an endless axis.
        channels: values in each cell.

    Returns:
        (height, width, channels) float32 of mean 0 and variance 1/3 everywhere, as uniform noise
        in -1..1 has.
    """
    tops, bottoms, down = _neighbours(rows, period[0])
    lefts, rights, across = _neighbours(columns, period[1])
    field = np.zeros((len(rows), len(columns), channels))
    for row_places, row_weights in ((tops, down[0]), (bottoms, down[1])):
        for column_places, column_weights in ((lefts, across[0]), (rights, across[1])):
            values = uniform_field(
                seed=seed, stream=stream, rows=row_places, columns=column_places, channels=channels
            )
            field += values * row_weights[:, None, None] * column_weights[None, :, None]
    return field.astype(np.float32)


def _neighbours(
    cells: np.ndarray, period: int | None
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Lattice points before and after each cell, and their weights; squares sum to 1."""
    if period is None:
        places = cells / SPACING_CELLS
        before = np.floor(places).astype(np.int64)
        after = before + 1
    else:
        points = max(1, round(period / SPACING_CELLS))
        places = (cells % period) * (points / period)
        before = np.floor(places).astype(np.int64)
        after = (before + 1) % points
    share = smooth_step(places - before)
    length = np.sqrt((1 - share) ** 2 + share**2)
    length[before == after] = 1.0  # a small torus has one value
    return before, after, ((1 - share) / length, share / length)


def smooth_step(share: Any) -> Any:
    """Hermite step of 0..1: its slope is zero at both ends, so that no lattice shows."""
    return share * share * (3 - 2 * share)
