"""Open a saved model as a translator of pictures, and bring pictures to sizes it can take."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image

from texture_models.families.cycle_gan.config import FOLD, CycleGanConfig
from texture_models.families.cycle_gan.translation import LEAST_SIDE_PX, Translator
from texture_models.saved_model import load_config, load_generator


def load_translator(model_dir: Path) -> Translator:
    """Open a saved model.

    Raises:
        FileNotFoundError: `model_dir` holds none.
        ValueError: it is of another family.
    """
    config = load_config(model_dir)
    if not isinstance(config, CycleGanConfig):
        raise ValueError(
            f"{model_dir} holds a {config.family}; only a cycle_gan translates pictures, train one"
            " with model.family=cycle_gan"
        )
    return Translator(config, load_generator(model_dir)[1])


def fitted(pixels: np.ndarray, *, scale: float, wrap: tuple[bool, bool]) -> np.ndarray:
    """Resize a picture to the scale of the model's photographs, and to a size that can wrap.

    Args:
        pixels: (height, width, 3) uint8.
        scale: pixels of the result per pixel of the picture.
        wrap: whether (height, width) continue into themselves; these become a multiple of FOLD, and
            the filter looks over the wrap, so that what was seamless stays so.

    Returns:
        (height, width, 3) uint8; the picture itself where nothing has to be done.
    """
    sides = [_fitted_side(side, scale, on) for side, on in zip(pixels.shape[:2], wrap, strict=True)]
    if tuple(sides) == pixels.shape[:2]:
        return pixels
    # Lanczos looks three pixels of the coarser of both grids to every side.
    reach = math.ceil(3 * max(1.0, 1.0 / scale)) + 1
    margins = [reach if on else 0 for on in wrap]
    wide = np.pad(pixels, [(margins[0],) * 2, (margins[1],) * 2, (0, 0)], mode="wrap")
    box = (
        margins[1],
        margins[0],
        margins[1] + pixels.shape[1],
        margins[0] + pixels.shape[0],
    )
    size = (sides[1], sides[0])
    return np.asarray(Image.fromarray(wide).resize(size, Image.Resampling.LANCZOS, box=box))


def _fitted_side(side: int, scale: float, wraps: bool) -> int:
    step = FOLD if wraps else 1
    return max(LEAST_SIDE_PX, round(side * scale / step) * step)
