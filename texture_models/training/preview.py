"""Preview pictures of a model in training: always the same seeds, so that progress can be seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from texture_models.rendering.renderer import Renderer

SEEDS = (1, 2, 3)
TILE_PX = 192


def write_preview(folder: Path, model: Any, step: int) -> Path:
    """Render one row a material, one seamless tile a seed, and write `step_<step>.png`.

    Args:
        folder: created if missing.
        model: a trainable model with `config`, `averaged` and `waves`.
        step: named in the file.

    Returns:
        The picture's path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    renderer = Renderer(model.config, model.averaged, model.waves)
    rows = [
        np.hstack(
            [
                renderer.render(seed=seed, height_px=TILE_PX, width_px=TILE_PX, material=material)
                for seed in SEEDS
            ]
        )
        for material in model.config.materials or (None,)
    ]
    path = folder / f"step_{step:06d}.png"
    Image.fromarray(np.vstack(rows)).save(path)
    return path
