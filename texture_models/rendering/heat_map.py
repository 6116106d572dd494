"""What a discriminator holds of each place of a picture, laid over the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image

from texture_models.labelled_sheet import LabelledRow, labelled_sheet

GENERATED, REAL = np.array([40, 110, 255.0]), np.array([255, 70, 30.0])
COVER = 0.75  # most that a colour covers of the picture
BORDER_PX = 64  # more than a score sees beyond its place
NOTE = (
    "Blue: taken for generated. Red: taken for real. No colour: undecided.\n"
    "Both pictures of a material have one scale; the strongest colour is the logit that is named."
)


def heat_map_sheet(
    rows: Sequence[tuple[str, np.ndarray, np.ndarray | None]],
    score: Callable[[np.ndarray, int], np.ndarray],
) -> np.ndarray:
    """Draw a tile and a photograph of every material with what the discriminator says of them.

    Args:
        rows: (material, seamless tile (side, side, 3) uint8, photograph or None).
        score: (pixels (height, width, 3) uint8, index of the material) -> logits (rows, columns),
            a whole number of pixels each; positive is real.

    Returns:
        (height, width, 3) uint8.
    """
    drawn = []
    for index, (material, tile, photograph) in enumerate(rows):
        found = [("rendering", tile, _of_tile(tile, index, score))]
        if photograph is not None and (side := _fitting(photograph, tile.shape[0])):
            found.append(("photograph", *_of_photograph(photograph, side, index, score)))
        strongest = max(float(np.percentile(np.abs(logits), 98)) for _, _, logits in found)
        pictures = []
        for name, pixels, logits in found:
            said = f"mean logit {logits.mean():+.2f}, above 0: {(logits > 0).mean():.0%}"
            pictures += [(name, pixels), (said, _laid_over(pixels, logits, strongest))]
        label = f"{material.replace('_', ' ')}: strongest colour at a logit of {strongest:.2f}"
        drawn.append(LabelledRow(label, pictures))
    return labelled_sheet("What the discriminator says of each place", drawn, note=NOTE)


def _of_tile(tile: np.ndarray, index: int, score: Any) -> np.ndarray:
    """Scores of a tile as if it went on for ever."""
    side = ((BORDER_PX, BORDER_PX), (BORDER_PX, BORDER_PX), (0, 0))
    return _middle(score(np.pad(tile, side, mode="wrap"), index), tile.shape[0])


def _fitting(photograph: np.ndarray, wished: int) -> int:
    """Side of the part of a photograph that has a whole border around it; 0 if there is none."""
    room = (min(photograph.shape[:2]) - 2 * BORDER_PX) // BORDER_PX * BORDER_PX
    return min(wished, max(0, room))


def _of_photograph(
    photograph: np.ndarray, side: int, index: int, score: Any
) -> tuple[np.ndarray, np.ndarray]:
    """The middle of a photograph, and its scores."""
    top, left = ((length - side) // 2 - BORDER_PX for length in photograph.shape[:2])
    around = side + 2 * BORDER_PX
    pixels = photograph[top : top + around, left : left + around]
    inner = slice(BORDER_PX, BORDER_PX + side)
    return pixels[inner, inner], _middle(score(pixels, index), side)


def _middle(logits: np.ndarray, side: int) -> np.ndarray:
    """Without the scores of the border."""
    step = (side + 2 * BORDER_PX) // logits.shape[0]
    cut = slice(BORDER_PX // step, BORDER_PX // step + side // step)
    return logits[cut, cut]


def _laid_over(pixels: np.ndarray, logits: np.ndarray, strongest: float) -> np.ndarray:
    share = np.clip(logits / max(strongest, 1e-6), -1.0, 1.0).astype(np.float32)
    size = (pixels.shape[1], pixels.shape[0])
    smooth = np.asarray(Image.fromarray(share).resize(size, Image.Resampling.BICUBIC))[..., None]
    grey = pixels.mean(axis=2, keepdims=True) * 0.75 + 32
    colour = np.where(smooth > 0, REAL, GENERATED)
    cover = np.minimum(np.abs(smooth), 1.0) * COVER
    return (grey * (1 - cover) + colour * cover).astype(np.uint8)
