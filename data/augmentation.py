"""AugmentationConfig -> albumentations transforms of one uint8 patch."""

import os
from collections.abc import Sequence

from data.config import AugmentationConfig
from data.records import Symmetry

# Albumentations asks a server for its newest version when it is imported; nothing here needs that.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

import albumentations as A
import numpy as np


def build_augmentation(config: AugmentationConfig, symmetries: Sequence[Symmetry]) -> A.Compose:
    """Transforms for the patches of one photograph.

    Args:
        config: what may be changed, and how much.
        symmetries: geometric changes that leave this photograph's statistics as they are; only
        these
            are used. Each keeps the patch's grid: no pixel is interpolated.

    Randomness: `augment` decides it by its seed, call by call.
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


def augment(compose: A.Compose, patch: np.ndarray, seed: int) -> np.ndarray:
    """Change one (height, width, 3) uint8 patch. Same seed, same change, whatever came before."""
    # Not compose.set_random_seed: it gives every transform the same seed, and then both flips
    # always fall together.
    seeds = np.random.SeedSequence(seed).generate_state(max(len(compose.transforms), 1))
    for transform, own_seed in zip(compose.transforms, seeds, strict=False):
        transform.set_random_seed(int(own_seed))
    return np.asarray(compose(image=patch)["image"])


_GEOMETRY = {
    "flip_x": lambda: A.HorizontalFlip(p=0.5),
    "flip_y": lambda: A.VerticalFlip(p=0.5),
    "rot90": lambda: A.RandomRotate90(p=1.0),  # no turn is one of its four outcomes
}
