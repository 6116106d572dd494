"""Spots that the photograph does not have, and whether they sit on the noise cells.

Blind to spots no brighter, darker, more contrasted or more coloured than the photograph's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from texture_models.metrics.texture_statistics import OPPONENT
from texture_models.metrics.windows import Pixels, Plane

#: How far beyond the photograph's extremes counts: share of its own range, and grey levels.
MARGIN_SHARE = 0.1
MARGIN_LEVELS = 4.0
#: Below this many spots their common position is chance.
FEWEST_TO_LOCK = 4


@dataclass(frozen=True)
class Blobs:
    """Spots beyond the photograph's own extremes.

    count: over all generated pictures.
    locked_share: share of them within one pixel of the most frequent position modulo the noise
        cell; chance gives about 9 / pixels_per_cell**2. 0 with fewer than 4 spots.
    """

    count: int
    locked_share: float


def _fields(picture: Pixels, mode: Literal["nearest", "wrap"]) -> list[Plane]:
    """Planes whose extremes are spots: blurred grey and opponent colours, and their contrast."""
    opponent = np.asarray(picture, dtype=np.float32) @ OPPONENT.T
    planes = [np.ascontiguousarray(opponent[..., channel]) for channel in range(3)]
    fine = [scipy.ndimage.gaussian_filter(plane, 2.0, mode=mode) for plane in planes]
    broad = scipy.ndimage.gaussian_filter(planes[0], 6.0, mode=mode)
    return [*fine, fine[0] - broad]


def _limits(real: Sequence[Pixels]) -> list[tuple[float, float]]:
    """Lowest and highest value that counts as the photograph's own, one pair per field."""
    fields = [_fields(picture, "nearest") for picture in real]
    limits = []
    for planes in zip(*fields, strict=True):
        low, high = min(float(p.min()) for p in planes), max(float(p.max()) for p in planes)
        margin = MARGIN_SHARE * (high - low) + MARGIN_LEVELS
        limits.append((low - margin, high + margin))
    return limits


def _spots(tile: Pixels, limits: list[tuple[float, float]]) -> NDArray[np.int64]:
    """(row, column) of the local extremes beyond the limits, close ones counted once."""
    beyond = np.zeros(tile.shape[:2], dtype=bool)
    for plane, (low, high) in zip(_fields(tile, "wrap"), limits, strict=True):
        peak = plane == scipy.ndimage.maximum_filter(plane, 7, mode="wrap")
        pit = plane == scipy.ndimage.minimum_filter(plane, 7, mode="wrap")
        beyond |= (peak & (plane > high)) | (pit & (plane < low))
    labels, count = scipy.ndimage.label(scipy.ndimage.binary_dilation(beyond, iterations=2))
    centres = scipy.ndimage.center_of_mass(beyond, labels, range(1, count + 1))
    return np.array(centres, dtype=np.float64).reshape(-1, 2).round().astype(np.int64)


def _locked_share(spots: NDArray[np.int64], cell: int) -> float:
    """Share of spots in the fullest 3 x 3 neighbourhood of positions modulo the cell."""
    if len(spots) < FEWEST_TO_LOCK:
        return 0.0
    counts = np.zeros((cell, cell))
    np.add.at(counts, tuple((spots % cell).T), 1)
    around = scipy.ndimage.convolve(counts, np.ones((3, 3)), mode="wrap")
    return float(around.max() / len(spots))


def excess_blobs(
    real: Sequence[Pixels], generated: Sequence[Pixels], *, pixels_per_cell: int = 16
) -> Blobs:
    """Local extremes of the generated tiles beyond those of the photograph.

    After a blur of sigma 2 px, in grey, two opponent colours and local contrast (sigma 2 - 6). A
    margin of a tenth of the photograph's range and 4 grey levels is allowed, because more area
    reaches further out. Tiles wrap; the real pictures do not.

    Args:
        real: uint8 (height, width, 3), every real pixel there is, held out or not.
        generated: uint8 (side, side, 3) tiles that start at a corner of a noise cell.
        pixels_per_cell: side of the square that one noise cell grows into.
    """
    limits = _limits(real)
    spots = np.concatenate([_spots(tile, limits) for tile in generated])
    return Blobs(count=len(spots), locked_share=_locked_share(spots, pixels_per_cell))
