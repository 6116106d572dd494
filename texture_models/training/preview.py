"""Preview pictures of a model in training: always the same seeds, so that progress can be seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from texture_models.families import Trainable, inference_of
from texture_models.rendering.renderer import Renderer

SEEDS = (1, 2, 3)
TILE_PX = 192


def write_preview(folder: Path, model: Trainable, step: int) -> Path:
    """Render one row a material, one picture a seed, and write `step_<step>.png`.

    Args:
        folder: created if missing.
        model: in training.
        step: named in the file.

    Returns:
        The picture's path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    renderer = Renderer(model.config, model.averaged, model.measured)
    rows = [_row(renderer, material) for material in model.config.materials or (None,)]
    path = folder / f"step_{step:06d}.png"
    Image.fromarray(np.vstack(rows)).save(path)
    return path


def write_explanations(folder: Path, model: Trainable) -> list[Path]:
    """Write the pictures by which a family shows what it has learnt, if it has any to show.

    A family has some when its `inference` has a function `explaining_pictures(config, network,
    measured) -> {name: uint8 pixels}`: a way through a latent space, say.

    Args:
        folder: created if there is something to write.
        model: at the end of its training.

    Returns:
        Paths of the pictures, `<name>.png`.
    """
    explain = getattr(inference_of(model.config), "explaining_pictures", None)
    if explain is None:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, pixels in explain(model.config, model.averaged, model.measured).items():
        paths.append(folder / f"{name}.png")
        Image.fromarray(pixels).save(paths[-1])
    return paths


def _row(renderer: Renderer, material: str | None) -> np.ndarray:
    """Pictures of one material side by side."""
    side = renderer.config.picture_px or TILE_PX
    return np.hstack(
        [
            renderer.render(seed=seed, height_px=side, width_px=side, material=material)
            for seed in SEEDS
        ]
    )
