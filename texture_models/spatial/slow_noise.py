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
import tensorflow as tf

from texture_models.rendering.noise_field import uniform_field

SPACING_CELLS = 8  # between two values of the lattice; a patch of the presets is 4 cells


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


def slow_training_noise(shape: tuple[int, int, int, int], address: Any) -> Any:
    """Draw slow noise for a batch of patches, each from a place of its own on an endless lattice.

    Args:
        shape: (batch, rows, columns, channels) in cells; square.
        address: (2,) int32 seed of the draw.

    Returns:
        Tensor of that shape, distributed as `slow_field`.
    """
    batch, side, _, channels = shape
    lattice = (side + SPACING_CELLS - 2) // SPACING_CELLS + 2
    drawn = tf.random.stateless_uniform((batch, lattice, lattice, channels + 1), address, -1.0, 1.0)
    starts = (drawn[:, :2, 0, -1] + 1.0) / 2 * SPACING_CELLS
    down, across = (_patch_weights(starts[:, axis], side, lattice) for axis in (0, 1))
    return tf.einsum("brl,blmc,bsm->brsc", down, drawn[..., :-1], across)


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
    share = _smooth(places - before)
    length = np.sqrt((1 - share) ** 2 + share**2)
    length[before == after] = 1.0  # a small torus has one value
    return before, after, ((1 - share) / length, share / length)


def _patch_weights(start: Any, side: int, lattice: int) -> Any:
    """(batch, side, lattice) weights of the lattice points at the cells start, start + 1, ..."""
    places = (start[:, None] + tf.range(side, dtype=tf.float32)) / SPACING_CELLS
    before = tf.floor(places)
    share = _smooth(places - before)[..., None]
    points = tf.range(lattice, dtype=tf.float32)
    weights = tf.where(points == before[..., None], 1 - share, 0.0)
    weights += tf.where(points == before[..., None] + 1, share, 0.0)
    return weights / tf.sqrt((1 - share) ** 2 + share**2)


def _smooth(share: Any) -> Any:
    """Hermite step: its slope is zero at both ends, so that no lattice shows."""
    return share * share * (3 - 2 * share)
