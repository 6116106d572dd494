"""Square windows of pictures: how large, how many, from where.

Every figure compares windows of equal size and number on both sides, placed by the same rule.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]

#: Sides that are tried in turn when the wished one leaves too few windows in a small photograph.
FALLBACK_CROPS_PX = (128, 96, 64, 48, 32)
#: Photographs should hold this many windows without overlap, or their spread cannot be known.
ENOUGH_SEPARATE_WINDOWS = 6.0
#: Rec. 601 weights of red, green and blue in the grey value.
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
#: The two-dimensional golden ratio: fills a rectangle evenly at every count (Roberts 2018, R2).
GOLDEN_PLANE = np.array([0.7548776662466927, 0.5698402909980532])


def luminance(pixels: Pixels) -> Plane:
    """Grey values (height, width), float32 0..255, of uint8 (height, width, 3) RGB pixels."""
    return np.asarray(pixels, dtype=np.float32) @ LUMA


def check_pictures(name: str, pictures: Sequence[Pixels], least: int = 1) -> None:
    """Refuse what is not a list of RGB pictures.

    Raises:
        ValueError: fewer than `least` pictures, or one that is not uint8 (height, width, 3).
    """
    if len(pictures) < least:
        raise ValueError(f"{name} holds {len(pictures)} pictures; at least {least} are needed")
    for index, picture in enumerate(pictures):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise ValueError(
                f"{name}[{index}] is {picture.dtype} {picture.shape}; "
                "give uint8 arrays of shape (height, width, 3)"
            )


def fitting_crop_px(real: Sequence[Pixels], generated: Sequence[Pixels], wished_px: int) -> int:
    """Side of the comparison windows, at most `wished_px`.

    The first of `wished_px`, 128, 96, 64, 48 and 32 that fits into every generated picture and
    leaves six windows without overlap in the real ones; failing that the smallest that fits.

    Raises:
        ValueError: not even 32 px fit.
    """
    generated_side = min(min(picture.shape[:2]) for picture in generated)
    fitting = []
    for side in (wished_px, *(px for px in FALLBACK_CROPS_PX if px < wished_px)):
        room = sum(p.shape[0] * p.shape[1] for p in real if min(p.shape[:2]) >= side)
        if side <= generated_side and room > 0:
            fitting.append(side)
            if room / side**2 >= ENOUGH_SEPARATE_WINDOWS:
                return side
    if not fitting:
        raise ValueError(
            f"no window of 32 px or more fits into both the real and the generated pictures "
            f"(smallest generated side {generated_side} px); give larger pictures"
        )
    return fitting[-1]


def _share_out(areas: list[float], count: int) -> list[int]:
    """`count` divided in proportion to `areas`, largest remainders first."""
    exact = [count * area / sum(areas) for area in areas]
    shares = [int(part) for part in exact]
    by_remainder = sorted(range(len(areas)), key=lambda i: shares[i] - exact[i])
    for index in by_remainder[: count - sum(shares)]:
        shares[index] += 1
    return shares


def spread_windows(
    pictures: Sequence[Pixels], *, side_px: int, count: int, seed: int = 0
) -> list[Pixels]:
    """`count` windows of `side_px`, spread evenly over the pictures that are large enough.

    Windows may overlap where there is little room, and never reach over an edge. The seed moves
    the whole pattern; same seed, same windows.

    Raises:
        ValueError: no picture holds one window.
    """
    places = spread_places(pictures, side_px=side_px, count=count, seed=seed)
    return [pictures[i][top : top + side_px, left : left + side_px] for i, top, left in places]


def spread_places(
    pictures: Sequence[Pixels], *, side_px: int, count: int, seed: int = 0
) -> list[tuple[int, int, int]]:
    """(picture, top, left) of each window of `spread_windows`; same arguments, same errors."""
    large = [i for i, picture in enumerate(pictures) if min(picture.shape[:2]) >= side_px]
    if not large:
        raise ValueError(f"no picture holds a window of {side_px} px; choose a smaller side_px")
    start = np.random.default_rng(seed).random(2)
    places: list[tuple[int, int, int]] = []
    areas = [float(pictures[i].shape[0] * pictures[i].shape[1]) for i in large]
    for picture, share in zip(large, _share_out(areas, count), strict=True):
        free = np.array(pictures[picture].shape[:2]) - side_px + 1
        for index in range(share):
            top, left = ((start + (index + 1) * GOLDEN_PLANE) % 1.0 * free).astype(int)
            places.append((picture, int(top), int(left)))
    return places
