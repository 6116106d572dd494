"""Preview pictures of a model in training: always the same seeds, so that progress can be seen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from texture_models.families import AnyModelConfig, Trainable, inference_of
from texture_models.layers import as_image
from texture_models.rendering.heat_map import heat_map_sheet
from texture_models.rendering.renderer import Renderer
from texture_models.training.curves import training_curves

SEEDS = (1, 2, 3)
TILE_PX, JUDGED_PX = 192, 256


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


def write_explanations(
    folder: Path,
    model: Trainable,
    photographs: Mapping[str, np.ndarray] | None = None,
    history: Path | None = None,
) -> list[Path]:
    """Write the pictures that show what was learnt, and how.

    Args:
        folder: created if there is something to write.
        model: at the end of its training.
        photographs: material -> uint8 (height, width, 3), to be judged beside the renderings.
        history: `history.jsonl` of the training.

    Returns:
        Paths of the pictures, `<name>.png`; see `explanations`.
    """
    pictures = explanations(
        (model.config, model.averaged, model.measured),
        judges={name: one for name, one in model.networks().items() if name != "generator"},
        photographs=photographs or {},
    )
    if history is not None and (curves := training_curves(history)) is not None:
        pictures["training-curves"] = curves
    if pictures:
        folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, pixels in pictures.items():
        paths.append(folder / f"{name}.png")
        Image.fromarray(pixels).save(paths[-1])
    return paths


def explanations(
    saved: tuple[AnyModelConfig, Any, Mapping[str, np.ndarray]],
    *,
    judges: Mapping[str, Any],
    photographs: Mapping[str, np.ndarray],
) -> dict[str, np.ndarray]:
    """Draw what a family shows of what a model has learnt, as much of it as the family can.

    A family's `inference` may have `explaining_pictures(config, network, measured) -> {name: uint8
    pixels}`, ways through a latent space, say; `score_map(saved, judges, image, index) -> (rows,
    columns) scores, above 0 for real`; and `build_judges(config) -> {name: discriminator}`, which
    makes the judges anew, to be filled from a saved model.

    Args:
        saved: config, generator and measured numbers.
        judges: its discriminators by name; empty if there are none or they were not kept.
        photographs: material -> uint8 (height, width, 3); may lack some.

    Returns:
        Name -> (height, width, 3) uint8.
    """
    config = saved[0]
    family = inference_of(config)
    explain = getattr(family, "explaining_pictures", None)
    pictures = dict(explain(*saved)) if explain else {}
    score = getattr(family, "score_map", None)
    if score and judges:
        renderer = Renderer(*saved)
        side = config.picture_px or JUDGED_PX
        rows = [
            (
                material or "texture",
                renderer.render(seed=SEEDS[0], height_px=side, width_px=side, material=material),
                photographs.get(material or ""),
            )
            for material in config.materials or (None,)
        ]
        pictures["discriminator"] = heat_map_sheet(
            rows,
            lambda pixels, index: score(saved, judges, as_image(pixels[None]), index),
            whole=config.picture_px is not None,
        )
    return pictures


def _row(renderer: Renderer, material: str | None) -> np.ndarray:
    """Pictures of one material side by side."""
    side = renderer.config.picture_px or TILE_PX
    return np.hstack(
        [
            renderer.render(seed=seed, height_px=side, width_px=side, material=material)
            for seed in SEEDS
        ]
    )
