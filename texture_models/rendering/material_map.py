"""Which material grows where in a picture: weights on a torus, read off painted pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

# A share smaller than this is none: what a blur leaves far from every border, so that places of one
# material are exactly of one.
LEAST_SHARE = 1 / 512
# What is painted fainter than this is what a file format or a brush left behind: heights can make
# much of a little.
LEAST_SHADE = 1 / 32
_GREY = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


@dataclass(frozen=True)
class MaterialMap:
    """How much of which material is where; stretched over the whole picture, whatever its size.

    Attributes:
        materials: names, in the order of the weights.
        weights: (rows, columns, materials) float32, 0 or more, adding up to 1 in every pixel. The
            last row continues into the first, the last column into the first.
        transition_px: how many pixels of the picture a border is softened over.
    """

    materials: tuple[str, ...]
    weights: np.ndarray
    transition_px: float = 24.0

    def __post_init__(self) -> None:
        shape = self.weights.shape
        if len(shape) != 3 or min(shape) < 1 or shape[2] != len(self.materials):
            raise ValueError(
                f"weights of shape {shape} are not (rows, columns, {len(self.materials)}), one"
                f" layer for each of {', '.join(self.materials)}"
            )
        if len(set(self.materials)) != len(self.materials):
            raise ValueError(f"materials {self.materials} contain one twice; name each once")
        if not np.isfinite(self.weights).all() or self.weights.min() < 0:
            raise ValueError("weights must be finite and not negative")
        if np.abs(self.weights.sum(axis=2) - 1).max() > 1e-3:
            raise ValueError("weights do not add up to 1 everywhere; divide them by their sum")
        if not 0 <= self.transition_px <= 4096:
            raise ValueError(f"transition_px={self.transition_px} is not between 0 and 4096")


class PlacedMap:
    """A map stretched over a torus of a certain size, for the materials of a certain model.

    Args:
        material_map: what grows where.
        known: the model's materials, in its order.
        torus_px: height and width of the picture.

    Raises:
        ValueError: the map names a material that the model does not know.
    """

    def __init__(
        self, material_map: MaterialMap, known: Sequence[str], torus_px: tuple[int, int]
    ) -> None:
        unknown = sorted(set(material_map.materials) - set(known))
        if unknown:
            raise ValueError(
                f"material={unknown[0]!r} of the map is not one of this model's: {', '.join(known)}"
            )
        self._torus_px = torus_px
        rows, columns = material_map.weights.shape[:2]
        # Two and a half deviations of a normal curve are what the eye takes for the border's width.
        sigma = [
            material_map.transition_px / 2.5 * side / side_px
            for side, side_px in zip((rows, columns), torus_px, strict=True)
        ]
        soft = ndimage.gaussian_filter(
            material_map.weights.astype(np.float64), [*sigma, 0], mode="wrap", truncate=3.0
        )
        soft[soft < LEAST_SHARE] = 0.0
        self._weights = np.zeros((rows, columns, len(known)))
        order = [known.index(name) for name in material_map.materials]
        self._weights[..., order] = soft / soft.sum(axis=2, keepdims=True)

    def weights_at(self, rows_px: np.ndarray, columns_px: np.ndarray) -> np.ndarray:
        """Return the weights at positions of the picture, bilinear between the map's pixels.

        Args:
            rows_px: (height,) positions in pixels, anywhere; taken modulo the torus.
            columns_px: (width,) the same along the columns.

        Returns:
            (height, width, materials of the model) float32, adding up to 1.
        """
        # One axis after the other: bilinear weights are products.
        up, down, row_share = self._neighbours(rows_px, 0)
        rows = self._weights[up] + row_share[:, None, None] * (
            self._weights[down] - self._weights[up]
        )
        left, right, column_share = self._neighbours(columns_px, 1)
        between = rows[:, left] + column_share[None, :, None] * (rows[:, right] - rows[:, left])
        return np.asarray(between, dtype=np.float32)

    def _neighbours(
        self, places_px: np.ndarray, axis: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Map pixels before and after each place, and how far it is from the one before."""
        count = self._weights.shape[axis]
        # Reduced first: equal places of the torus must give equal numbers.
        place = np.mod(places_px, self._torus_px[axis]) * count / self._torus_px[axis] - 0.5
        before = np.floor(place).astype(np.int64)
        return before % count, (before + 1) % count, place - before


def map_from_shades(pixels: np.ndarray, materials: Sequence[str]) -> np.ndarray:
    """Read weights off a picture whose brightness or channels are the weights.

    Args:
        pixels: (height, width, 1 or 3) uint8.
        materials: two: black is the first, white the second. Three: red, green and blue.

    Returns:
        (height, width, materials) float32, adding up to 1; none of what is fainter than
        `LEAST_SHADE`.

    Raises:
        ValueError: there are fewer than two or more than three materials, or black pixels among
            three channels.
    """
    shades = np.asarray(pixels, dtype=np.float64) / 255.0
    if len(materials) == 2:
        grey = shades[..., 0] if shades.shape[2] == 1 else shades @ _GREY
        return _without_traces(np.stack([1.0 - grey, grey], axis=2))
    if len(materials) != 3:
        raise ValueError(
            f"{len(materials)} materials; shades can tell 2 (black and white) or 3 (red, green and"
            " blue); for more, name a colour for each"
        )
    if shades.shape[2] != 3:
        raise ValueError(
            "three materials need red, green and blue, but the map is grey; give two materials, or"
            " a picture in colour"
        )
    total = shades.sum(axis=2, keepdims=True)
    empty = float((total < LEAST_SHARE).mean())
    if empty:
        raise ValueError(
            f"{empty:.1%} of the map is black, which is none of {', '.join(materials)}; paint it"
            " red, green or blue"
        )
    return _without_traces(shades / total)


def _without_traces(shares: np.ndarray) -> np.ndarray:
    shares = np.where(shares < LEAST_SHADE, 0.0, shares)
    return np.asarray(shares / shares.sum(axis=2, keepdims=True), dtype=np.float32)


def map_from_colours(pixels: np.ndarray, colours: Mapping[str, str]) -> np.ndarray:
    """Read weights off a painted picture: every pixel is of the material whose colour is nearest.

    Args:
        pixels: (height, width, 1 or 3) uint8.
        colours: material -> "#rrggbb".

    Returns:
        (height, width, materials) float32 of zeros and ones, in the order of `colours`.

    Raises:
        ValueError: a colour is no "#rrggbb".
    """
    palette = np.array([_colour(name, text) for name, text in colours.items()], dtype=np.int32)
    painted = np.broadcast_to(pixels, (*pixels.shape[:2], 3)).astype(np.int32)
    distances = np.stack([((painted - colour) ** 2).sum(axis=2) for colour in palette], axis=2)
    nearest = distances.argmin(axis=2)
    return (nearest[..., None] == np.arange(len(palette))).astype(np.float32)


def _colour(name: str, text: str) -> list[int]:
    digits = text.removeprefix("#")
    try:
        if len(digits) != 6:
            raise ValueError
        return list(bytes.fromhex(digits))
    except ValueError:
        raise ValueError(f"{name}={text!r} is not a colour; write it as #rrggbb") from None
