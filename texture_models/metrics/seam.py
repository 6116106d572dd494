"""Does a tile continue into itself? Steps over the wrap compared with steps inside the tile.

Blind to a jump that is weaker than the texture's own edges, to what happens inside the tile, and
to a repetition that is seamless.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from texture_models.metrics.windows import Pixels, Plane, luminance

#: Least spread of the interior steps, grey levels: a flat tile has none, and rounding makes this.
LEAST_SPREAD = 0.25
#: Width of the strips that are compared with their mirror image.
STRIP_PX = 12
#: Largest `ratio` of a picture that is taken for a tile. Of 27 photographs made to tile, at 512 px,
#: 22 are recognised; of 27 crops of 256 px cut out of them, 25 are not taken for tiles.
LARGEST_RATIO_OF_A_TILE = 1.0


@dataclass(frozen=True)
class Seam:
    """How one tile's wrap differs from its interior, the worse of both axes.

    z: (mean wrap step - mean interior step) / deviation over interior columns; in [-inf, inf],
        the value of largest magnitude. Above 2: a seam. Below -2: a suspiciously smooth wrap.
    ratio: mean wrap step over the 98th percentile of interior columns; above 1.6: a seam.
    slope_z: as z, for the change of the step (second difference) over the wrap: finds a kink
        where the values meet but their slopes do not.
    """

    z: float
    ratio: float
    slope_z: float


def _steps(plane: Plane) -> NDArray[np.float64]:
    """Mean absolute step between column i and i + 1 (wrapped), one value a column."""
    return np.abs(np.roll(plane, -1, axis=1) - plane).mean(axis=0, dtype=np.float64)


def _bends(plane: Plane) -> NDArray[np.float64]:
    """Mean absolute second difference around column i (wrapped), one value a column."""
    return np.abs(np.roll(plane, -1, 1) + np.roll(plane, 1, 1) - 2 * plane).mean(0, np.float64)


def _z(wrap: float, interior: NDArray[np.float64]) -> float:
    return float((wrap - interior.mean()) / max(float(interior.std()), LEAST_SPREAD))


def _axis_seam(plane: Plane) -> Seam:
    """The seam between the last and the first column."""
    steps, bends = _steps(plane), _bends(plane)
    wrap, interior = float(steps[-1]), steps[:-1]
    usual = max(float(np.quantile(interior, 0.98)), LEAST_SPREAD)
    bend = float(max(bends[0], bends[-1]))
    return Seam(z=_z(wrap, interior), ratio=wrap / usual, slope_z=_z(bend, bends[1:-1]))


def wrap_seam(tile: Pixels) -> Seam:
    """Seam figures of one tile, uint8 (height, width, 3), the worse of both axes.

    Source: z as in the measurements of the tileability literature (mean wrap gradient against the
    interior columns); the percentile because a joint of the pattern may rightly lie on the wrap.

    Raises:
        ValueError: a side below 16 px, too short to know its interior.
    """
    if min(tile.shape[:2]) < 16:
        raise ValueError(f"tile of {tile.shape[:2]} px; a seam needs an interior of 16 px or more")
    grey = luminance(tile)
    axes = [_axis_seam(grey), _axis_seam(grey.T)]
    return Seam(
        z=max((axis.z for axis in axes), key=abs),
        ratio=max(axis.ratio for axis in axes),
        slope_z=max((axis.slope_z for axis in axes), key=abs),
    )


def appears_to_tile(picture: Pixels) -> bool:
    """Return whether no step over either wrap is larger than the large steps inside.

    Wrong for some pictures, see `LARGEST_RATIO_OF_A_TILE`: who knows better should be asked first.

    Args:
        picture: uint8 (height, width, 3).

    Raises:
        ValueError: as `wrap_seam`.
    """
    return wrap_seam(picture).ratio <= LARGEST_RATIO_OF_A_TILE


def _mirror_misfits(plane: Plane, wrap: bool) -> NDArray[np.float64]:
    """1 - correlation of the strips left and mirrored right of every line between columns.

    Lines between two columns and through one column are tried; the smaller misfit counts.
    """
    width = plane.shape[1]
    if wrap:
        plane = np.concatenate([plane, plane[:, : 2 * STRIP_PX + 1]], axis=1)
    lines = width if wrap else width - 2 * STRIP_PX
    misfits = np.full(lines, 1.0)
    for line in range(lines):
        left = plane[:, line : line + STRIP_PX]
        for gap in (0, 1):
            right = plane[:, line + STRIP_PX + gap : line + 2 * STRIP_PX + gap][:, ::-1]
            if right.shape == left.shape:
                misfits[line] = min(misfits[line], _misfit(left, right))
    return misfits


def _misfit(one: Plane, other: Plane) -> float:
    """1 - correlation, damped by one grey level of noise so that flat strips match nothing."""
    one, other = one - one.mean(), other - other.mean()
    power = float((one * one).mean() * (other * other).mean()) ** 0.5 + 1.0
    return 1.0 - float((one * other).mean()) / power


def mirror_misfit(picture: Pixels, *, wrap: bool) -> float:
    """Misfit, 0..2, of the line in the picture about which it is most nearly its own mirror image.

    0: an exact mirror. Compare with the same of real windows: a regular material may have mirror
    lines of its own.

    Args:
        picture: uint8 (height, width, 3).
        wrap: the picture is a tile, lines on its wrap count too.
    """
    grey = luminance(picture)
    return float(min(_mirror_misfits(plane, wrap).min() for plane in (grey, grey.T)))
