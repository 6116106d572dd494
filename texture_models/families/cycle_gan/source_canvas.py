"""An endless picture of a material, named by a seed: what rendering by seed translates.

Patches of a kept photograph lie on a grid, each cut out at a place that a hash of seed and grid
position names, and are blended where they meet with weights that keep the variance. Source: Heitz &
Neyret 2018, "High-Performance By-Example Noise using a Histogram-Preserving Blending Operator",
https://doi.org/10.1145/3233304, section 3. Departures: a grid of squares instead of triangles,
steep weights, so that most places show one patch as it is, and no transform of the histogram.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from texture_models.rendering.noise_field import uniform_field

EXEMPLAR_PX = 192  # side of the square that is kept of each material
STEEPNESS = 3.0  # of the transition between two patches; 1 would blend everywhere
_STREAM = 4000  # of the hash: unmeasured exemplars; cuts have the next


def unmeasured_exemplars() -> np.ndarray:
    """Return (2, side, side, 3) float64 noise in 0..255, for a model without photographs."""
    line = np.arange(48, dtype=np.int64)
    noise = [
        uniform_field(seed=material, stream=_STREAM, rows=line, columns=line, channels=3)
        for material in (0, 1)
    ]
    return np.rint(np.stack(noise).astype(np.float64) * 64 + 128)


def kept_exemplars(
    names: Sequence[str], photographs: Mapping[str, Sequence[np.ndarray]]
) -> np.ndarray:
    """Return (2, side, side, 3) float64 in 0..255: the middle of each material's first photograph.

    Args:
        names: the two materials.
        photographs: material -> uint8 (height, width, 3) pictures.
    """
    pictures = [photographs[name][0] for name in names]
    side = min(EXEMPLAR_PX, *(length for picture in pictures for length in picture.shape[:2]))
    middles = []
    for picture in pictures:
        top, left = ((length - side) // 2 for length in picture.shape[:2])
        middles.append(picture[top : top + side, left : left + side])
    return np.stack(middles).astype(np.float64)


def source_canvas(
    exemplar: np.ndarray,
    seed: int,
    rows: np.ndarray,
    columns: np.ndarray,
    period_px: tuple[int | None, int | None],
) -> np.ndarray:
    """Return one window of the canvas that `seed` names.

    Args:
        exemplar: (side, side, 3) in 0..255.
        seed: names the canvas.
        rows: (height,) int64 coordinates, anywhere.
        columns: (width,) int64.
        period_px: of the canvas along each axis; None where it never repeats.

    Returns:
        (height, width, 3) float32 in -1..1; a value depends on its coordinates alone.
    """
    side = exemplar.shape[0]
    down, reach_down = _patches(rows, side, period_px[0])
    across, reach_across = _patches(columns, side, period_px[1])
    image = exemplar / 127.5 - 1.0
    mean = image.mean(axis=(0, 1))
    total = np.zeros((len(rows), len(columns), 3))
    squares = np.zeros((len(rows), len(columns), 1))
    for row_patch, row_place, row_weight in down:
        for column_patch, column_place, column_weight in across:
            hashed = uniform_field(
                seed=seed, stream=_STREAM + 1, rows=row_patch, columns=column_patch, channels=2
            )
            free = np.array([side - 1 - 2 * reach_down, side - 1 - 2 * reach_across])
            cut = np.floor((hashed.astype(np.float64) + 1) / 2 * (free + 1)).astype(np.int64)
            weight = (row_weight[:, None] * column_weight[None])[..., None]
            patch = image[cut[..., 0] + row_place[:, None], cut[..., 1] + column_place[None]]
            total += weight * (patch - mean)
            squares += weight**2
    return np.clip(mean + total / np.sqrt(squares), -1.0, 1.0).astype(np.float32)


def _patches(
    line: np.ndarray, side: int, period: int | None
) -> tuple[list[tuple[np.ndarray, np.ndarray, np.ndarray]], int]:
    """Return, for the two patches over every coordinate, (number, place inside, weight); the reach.

    A patch reaches as far to both sides of its middle as the middles lie apart, rounded up.
    """
    count = None if period is None else max(1, -(-3 * period // side))
    spacing = side / 3 if period is None or count is None else period / count
    reach = int(np.ceil(spacing))
    first = np.floor(line / spacing).astype(np.int64)
    into = line / spacing - first
    late = np.clip((into - 0.5) * STEEPNESS + 0.5, 0.0, 1.0)
    found = []
    for number, weight in ((first, 1.0 - late), (first + 1, late)):
        place = line - np.rint(number * spacing).astype(np.int64) + reach
        named = number if count is None else number % count
        found.append((named, np.clip(place, 0, 2 * reach), weight))
    return found, reach
