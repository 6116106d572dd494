"""The grid of the upsampling steps, imprinted at fixed positions modulo 2, 4, 8 and 16 px.

Blind to artefacts that are not aligned with the grid, and to a grid that moves with the seed.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from texture_models.metrics.windows import Pixels, Plane, luminance

Vector = NDArray[np.float64]

MODULI = (2, 4, 8, 16)
#: Windows per tile, and draws of real windows that say what chance alone gives.
WINDOWS_PER_TILE = 4
DRAWS = 48


def _relative(strength: Plane) -> Plane:
    """A strength over its mean in 16 px squares.

    Joints and stones are stronger than any imprint and would decide; a pattern of period 16 or
    less passes unchanged.
    """
    around = scipy.ndimage.uniform_filter(strength, 16, mode="reflect")
    return strength / (around + 0.5)  # half a grey level: flat regions hold only rounding


def _sharpness(pixels: Pixels) -> Plane:
    """Relative |Laplacian|, |step across| and |step down|, float32 (3, height, width)."""
    grey = np.pad(luminance(pixels), 1, mode="reflect")
    middle = grey[1:-1, 1:-1]
    right, below = grey[1:-1, 2:], grey[2:, 1:-1]
    laplacian = grey[:-2, 1:-1] + below + grey[1:-1, :-2] + right - 4 * middle
    return np.stack([_relative(np.abs(p)) for p in (laplacian, right - middle, below - middle)])


class _Sums(NamedTuple):
    """Running sums of a picture's sharpness, so that a window's profile costs its side."""

    down: NDArray[np.float64]  # (2, height + 1, width): |Laplacian| and |step across|
    across: NDArray[np.float64]  # (2, height, width + 1): |Laplacian| and |step down|


def _sums(pixels: Pixels) -> _Sums:
    sharpness = _sharpness(pixels)
    down = np.cumsum(sharpness[:2], axis=1, dtype=np.float64)
    across = np.cumsum(sharpness[::2], axis=2, dtype=np.float64)
    return _Sums(np.pad(down, ((0, 0), (1, 0), (0, 0))), np.pad(across, ((0, 0), (0, 0), (1, 0))))


def _profiles(picture: _Sums, top: int, left: int, side_px: int) -> Vector:
    """Mean sharpness at each phase of 16, (4, 16): of columns twice, then of rows twice.

    Phases count from the window's corner.
    """
    bottom, right = top + side_px, left + side_px
    columns = (picture.down[:, bottom] - picture.down[:, top])[:, left:right]
    rows = (picture.across[:, :, right] - picture.across[:, :, left])[:, top:bottom]
    lines = np.concatenate([columns, rows]) / side_px
    folded: Vector = lines.reshape(4, -1, max(MODULI)).mean(axis=1)
    return folded


def _variations(profiles: Sequence[Vector]) -> Vector:
    """Coefficient of variation over the phases of the mean profile, for each modulus and line."""
    mean = np.mean(profiles, axis=0)
    found = []
    for modulus in MODULI:
        phases = mean.reshape(4, -1, modulus).mean(axis=1)
        found.append(phases.std(axis=1) / (phases.mean(axis=1) + 0.1))
    return np.concatenate(found)


def _aligned_profiles(
    picture: _Sums, side_px: int, corner: tuple[int, int], rng: np.random.Generator
) -> list[Vector]:
    """Profiles of windows whose corners are equal modulo 16 px."""
    height, width = picture.across.shape[1], picture.down.shape[2]
    found = []
    for _ in range(WINDOWS_PER_TILE):
        top, left = (
            start + 16 * int(rng.integers(0, (length - side_px - start) // 16 + 1))
            for start, length in zip(corner, (height, width), strict=True)
        )
        found.append(_profiles(picture, top, left, side_px))
    return found


def imprint_side_px(real: Sequence[Pixels], generated: Sequence[Pixels]) -> int:
    """Side of the windows: a multiple of 16 that leaves the real ones a choice of every phase."""
    largest_real = max(min(picture.shape[:2]) for picture in real)
    smallest_generated = min(min(picture.shape[:2]) for picture in generated)
    return max(min(largest_real - 15, smallest_generated) // 16 * 16, 48)


def phase_imprint(real: Sequence[Pixels], generated: Sequence[Pixels], seed: int = 0) -> float:
    """Excess variation of sharpness with the position on the grid; above 0.02 suspicious.

    Mean |Laplacian| and |step| (relative to their surroundings) of columns and rows, folded modulo
    2, 4, 8 and 16 px and added up over the generated tiles, which all start on the grid;
    coefficient of variation over the phases minus its 95th percentile for equally many real windows
    of equal size at random phases; the largest over moduli and axes. At most 0: nothing beyond
    chance. Other quadrants of 29 photographs: median 0.003, at most 0.022.

    The step is there because in doubled pixels both columns of a pair bend alike. A texture with a
    period of 8 or 16 px is no imprint: the real windows keep one phase per tile, as it does.

    Args:
        real: uint8 (height, width, 3) pictures of the training region.
        generated: uint8 (height, width, 3) tiles that start at a corner of a noise cell.
        seed: of the windows.

    Raises:
        ValueError: the real pictures are below 63 px or the generated ones below 48 px.
    """
    side = imprint_side_px(real, generated)
    rng = np.random.default_rng(seed)
    large = [_sums(picture) for picture in real if min(picture.shape[:2]) >= side + 15]
    if not large or min(min(tile.shape[:2]) for tile in generated) < side:
        raise ValueError(
            f"phases need tiles of {side} px and a real picture of {side + 15} px; give larger ones"
        )
    seen: list[Vector] = []
    for tile in generated:
        seen += _aligned_profiles(_sums(tile), side, (0, 0), rng)
    chance = np.empty((DRAWS, 4 * len(MODULI)))
    for draw in range(DRAWS):
        profiles: list[Vector] = []
        for _ in generated:
            picture = large[int(rng.integers(len(large)))]
            corner = (int(rng.integers(16)), int(rng.integers(16)))
            profiles += _aligned_profiles(picture, side, corner, rng)
        chance[draw] = _variations(profiles)
    return float((_variations(seen) - np.quantile(chance, 0.95, axis=0)).max())
