"""Do different seeds give different pictures, and is nothing nailed to one place?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from texture_models.metrics.texture_statistics import describe_windows, distance
from texture_models.metrics.windows import Pixels, luminance, spread_places, spread_windows

#: Thresholds of TIPP as shares of the pictures' own deviation, so that contrast plays no part.
THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
#: Draws of real windows that say how often pixels agree by chance.
DRAWS = 12
TINY = 1e-6


def _tipp(pictures: NDArray[np.float32]) -> NDArray[np.float64]:
    """Share of pixels whose deviation over the pictures is below each threshold."""
    deviation = pictures.std(axis=0) / (pictures.std() + TINY)
    return np.array([(deviation <= threshold).mean() for threshold in THRESHOLDS])


def spatial_anchoring(real: Sequence[Pixels], generated: Sequence[Pixels], seed: int = 0) -> float:
    """Excess share of pixels that hardly change from seed to seed; 0 = none, 1 = one picture.

    TIPP (Lin, Sharma & Pappas): the share of pixels whose deviation over the samples stays under
    a threshold; minus the same for equally many real windows of equal size, largest over the
    thresholds. Departures: thresholds are shares of the pictures' deviation, and the real control,
    because with 4 samples some pixels agree by chance. Blind to a picture that is only shifted.

    Args:
        real: uint8 (height, width, 3) pictures.
        generated: uint8 (side, side, 3), all of one size, one seed each.
        seed: of the real windows.

    Raises:
        ValueError: fewer than 2 generated pictures.
    """
    if len(generated) < 2:
        raise ValueError(f"{len(generated)} generated picture; anchoring compares 2 seeds or more")
    room = max(min(picture.shape[:2]) for picture in real)
    # Windows as large as the photograph would all be the same window.
    side = min(min(min(picture.shape[:2]) for picture in generated), max(room // 2, 32))
    stack = np.stack([luminance(picture[:side, :side]) for picture in generated])
    chance = []
    for draw in range(DRAWS):
        windows = spread_windows(real, side_px=side, count=len(generated), seed=seed + draw)
        chance.append(_tipp(np.stack([luminance(window) for window in windows])))
    return float((_tipp(stack) - np.mean(chance, axis=0)).max())


def diversity_ratio(
    real: Sequence[Pixels], generated: Sequence[Pixels], *, side_px: int, seed: int = 0
) -> float:
    """Median distance between seeds over the median distance between real windows; target 0.7-1.3.

    Distances of texture statistics between windows at the SAME place of different tiles, so that
    a collapsed model scores 0; against pairs of real windows that overlap by less than half.
    Blind to variety that the statistics do not see.

    Raises:
        ValueError: fewer than 2 generated pictures, or windows do not fit.
    """
    if len(generated) < 2:
        raise ValueError(f"{len(generated)} generated picture; diversity compares 2 or more")
    places = spread_places(generated[:1], side_px=side_px, count=4, seed=seed)
    among = []
    for _, top, left in places:
        at = [picture[top : top + side_px, left : left + side_px] for picture in generated]
        among += list(_pair_distances(describe_windows(at)))
    return float(
        (np.median(among) + TINY) / (np.median(_real_distances(real, side_px, seed)) + TINY)
    )


def _pair_distances(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    one, other = np.triu_indices(len(rows), 1)
    return distance(rows[one], rows[other])


def _real_distances(real: Sequence[Pixels], side_px: int, seed: int) -> NDArray[np.float64]:
    """Distances of real windows that share less than half their area (all, if none does)."""
    where = spread_places(real, side_px=side_px, count=16, seed=seed)
    rows = describe_windows([real[i][t : t + side_px, u : u + side_px] for i, t, u in where])
    corner = np.array([[t, u] for _, t, u in where])
    picture = np.array([i for i, _, _ in where])
    one, other = np.triu_indices(len(where), 1)
    shared = np.prod(np.maximum(side_px - np.abs(corner[one] - corner[other]), 0), axis=1)
    apart = (picture[one] != picture[other]) | (shared < side_px**2 / 2)
    found = distance(rows[one], rows[other])
    return found[apart] if apart.any() else found
