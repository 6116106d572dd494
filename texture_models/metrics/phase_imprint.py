"""The grid of the upsampling steps, imprinted at fixed positions modulo 2, 4, 8 and 16 px.

Blind to artefacts that are not aligned with the grid, and to a grid that moves with the seed.
"""

from collections.abc import Sequence

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


def _profiles(window: Plane) -> list[Vector]:
    """Sharpness of columns and rows folded modulo each of MODULI; phases count from the corner."""
    columns, rows = window.mean(axis=1, dtype=np.float64), window.mean(axis=2, dtype=np.float64)
    return [
        profile.reshape(-1, modulus).mean(axis=0)
        for profile in (columns[0], rows[0], columns[1], rows[2])
        for modulus in MODULI
    ]


def _variations(windows: Sequence[Plane]) -> Vector:
    """Coefficient of variation over the phases of the summed profiles, one per profile."""
    sums = [np.mean(stack, axis=0) for stack in zip(*map(_profiles, windows), strict=True)]
    return np.array([profile.std() / (profile.mean() + 0.1) for profile in sums])


def _aligned_windows(
    sharpness: Plane, side_px: int, corner: tuple[int, int], rng: np.random.Generator
) -> list[Plane]:
    """Windows whose corners are equal modulo 16 px."""
    found = []
    for _ in range(WINDOWS_PER_TILE):
        top, left = (
            start + 16 * int(rng.integers(0, (length - side_px - start) // 16 + 1))
            for start, length in zip(corner, sharpness.shape[1:], strict=True)
        )
        found.append(sharpness[:, top : top + side_px, left : left + side_px])
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
    large = [_sharpness(p) for p in real if min(p.shape[:2]) >= side + 15]
    if not large or min(min(tile.shape[:2]) for tile in generated) < side:
        raise ValueError(
            f"phases need tiles of {side} px and a real picture of {side + 15} px; give larger ones"
        )
    tiles: list[Plane] = []
    for tile in generated:
        tiles += _aligned_windows(_sharpness(tile), side, (0, 0), rng)
    chance = np.empty((DRAWS, 4 * len(MODULI)))
    for draw in range(DRAWS):
        windows: list[Plane] = []
        for _ in generated:
            sharpness = large[int(rng.integers(len(large)))]
            corner = (int(rng.integers(16)), int(rng.integers(16)))
            windows += _aligned_windows(sharpness, side, corner, rng)
        chance[draw] = _variations(windows)
    return float((_variations(tiles) - np.quantile(chance, 0.95, axis=0)).max())
