"""AugmentationConfig -> albumentations transforms of one uint8 patch."""

import os
from collections.abc import Sequence

from data.config import AugmentationConfig
from data.records import Symmetry

# Albumentations asks a server for its newest version when it is imported; nothing here needs that.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

import albumentations as A


def build_augmentation(config: AugmentationConfig, symmetries: Sequence[Symmetry]) -> A.Compose:
    """Transforms for the patches of one photograph.

    Args:
        config: what may be changed, and how much.
        symmetries: geometric changes that leave this photograph's statistics as they are; only
        these
            are used. Each keeps the patch's grid: no pixel is interpolated.

    Randomness: `compose.set_random_seed(seed)` before a call decides everything about that call.
    """
    steps: list[A.BasicTransform] = []
    if config.symmetries == "auto":
        steps += [_GEOMETRY[symmetry]() for symmetry in symmetries]
    if config.brightness or config.contrast:
        steps.append(
            A.RandomBrightnessContrast(
                brightness_limit=config.brightness, contrast_limit=config.contrast, p=1.0
            )
        )
    if config.saturation or config.hue:
        steps.append(
            A.ColorJitter(
                brightness=(1.0, 1.0),
                contrast=(1.0, 1.0),
                saturation=(1.0 - config.saturation, 1.0 + config.saturation),
                hue=(-config.hue, config.hue),
                p=1.0,
            )
        )
    return A.Compose(steps)


_GEOMETRY = {
    "flip_x": lambda: A.HorizontalFlip(p=0.5),
    "flip_y": lambda: A.VerticalFlip(p=0.5),
    "rot90": lambda: A.RandomRotate90(p=1.0),  # no turn is one of its four outcomes
}
