"""What a discriminator holds of each place of a picture, laid over the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image

from texture_models.labelled_sheet import LabelledRow, labelled_sheet

GENERATED, REAL = np.array([40, 110, 255.0]), np.array([255, 70, 30.0])
COVER = 0.75  # most that a colour covers of the picture
BORDER_PX = 64  # more than a score sees beyond its place
NOTE = (
    "Blue: taken for generated. Red: taken for real. No colour: undecided.\n"
    "Both pictures of a material have one scale; the strongest colour is the score that is named."
)


def heat_map_sheet(
    rows: Sequence[tuple[str, np.ndarray, np.ndarray | None]],
    score: Callable[[np.ndarray, int], np.ndarray],
    *,
    whole: bool = False,
) -> np.ndarray:
    """Draw a tile and a photograph of every material with what the discriminator says of them.

    Args:
        rows: (material, seamless tile (side, side, 3) uint8, photograph or None).
        score: (pixels (height, width, 3) uint8, index of the material) -> scores (rows, columns),
            a whole number of pixels each; positive is real.
        whole: whether it takes pictures of the tile's size only, and sees nothing around them.

    Returns:
        (height, width, 3) uint8.
    """
    drawn = []
    border = 0 if whole else BORDER_PX
    for index, (material, tile, photograph) in enumerate(rows):
        found = [
            (
                "rendering",
                tile,
                _middle(score(_wrapped(tile, border), index), tile.shape[0], border),
            )
        ]
        side = 0 if photograph is None else _fitting(photograph, tile.shape[0], border)
        if photograph is not None and side and (side == tile.shape[0] or not whole):
            part = _part(photograph, side, border)
            inner = part[border : border + side, border : border + side]
            found.append(("photograph", inner, _middle(score(part, index), side, border)))
        strongest = max(float(np.percentile(np.abs(scores), 98)) for _, _, scores in found)
        pictures = []
        for name, pixels, scores in found:
            said = f"mean score {scores.mean():+.2f}, above 0: {(scores > 0).mean():.0%}"
            pictures += [(name, pixels), (said, _laid_over(pixels, scores, strongest))]
        label = f"{material.replace('_', ' ')}: strongest colour at a score of {strongest:.2f}"
        drawn.append(LabelledRow(label, pictures))
    return labelled_sheet("What the discriminator says of each place", drawn, note=NOTE)


def _wrapped(tile: np.ndarray, border: int) -> np.ndarray:
    """A tile as if it went on for ever."""
    return np.pad(tile, ((border, border), (border, border), (0, 0)), mode="wrap")


def _fitting(photograph: np.ndarray, wished: int, border: int) -> int:
    """Side of the part of a photograph that has a whole border around it; 0 if there is none."""
    room = min(photograph.shape[:2]) - 2 * border
    return wished if room >= wished else max(0, room // BORDER_PX * BORDER_PX)


def _part(photograph: np.ndarray, side: int, border: int) -> np.ndarray:
    """The middle of a photograph, and what is around it."""
    around = side + 2 * border
    top, left = ((length - around) // 2 for length in photograph.shape[:2])
    return photograph[top : top + around, left : left + around]


def _middle(scores: np.ndarray, side: int, border: int) -> np.ndarray:
    """Without the scores of the border."""
    step = (side + 2 * border) // scores.shape[0]
    cut = slice(border // step, border // step + side // step)
    return scores[cut, cut]


def _laid_over(pixels: np.ndarray, scores: np.ndarray, strongest: float) -> np.ndarray:
    share = np.clip(scores / max(strongest, 1e-6), -1.0, 1.0).astype(np.float32)
    size = (pixels.shape[1], pixels.shape[0])
    smooth = np.asarray(Image.fromarray(share).resize(size, Image.Resampling.BICUBIC))[..., None]
    grey = pixels.mean(axis=2, keepdims=True) * 0.75 + 32
    colour = np.where(smooth > 0, REAL, GENERATED)
    cover = np.minimum(np.abs(smooth), 1.0) * COVER
    return (grey * (1 - cover) + colour * cover).astype(np.uint8)
