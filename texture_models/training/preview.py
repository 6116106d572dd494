"""Preview pictures of a model in training: always the same seeds, so that progress can be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from texture_models.families import AnyModelConfig, Trainable, inference_of
from texture_models.layers import as_image
from texture_models.metrics.diversity import diversity_ratio
from texture_models.metrics.windows import fitting_crop_px
from texture_models.rendering.heat_map import heat_map_sheet
from texture_models.rendering.renderer import Renderer
from texture_models.training.curves import training_curves

SEEDS = (1, 2, 3)
TILE_PX, JUDGED_PX = 192, 256
WINDOW_PX = 64  # that diversity is measured in: a tenth of a second a material


def render_preview(model: Trainable) -> dict[str, list[np.ndarray]]:
    """Render a model in training.

    Returns:
        Material (empty where the model names none) -> one uint8 (height, width, 3) a seed.
    """
    renderer = Renderer(model.config, model.averaged, model.measured)
    side = renderer.config.picture_px or TILE_PX
    return {
        material or "": [
            renderer.render(seed=seed, height_px=side, width_px=side, material=material)
            for seed in SEEDS
        ]
        for material in model.config.materials or (None,)
    }


def write_preview(folder: Path, pictures: Mapping[str, Sequence[np.ndarray]], step: int) -> Path:
    """Write one row a material, one picture a seed, as `step_<step>.png`.

    Args:
        folder: created if missing.
        pictures: see `render_preview`.
        step: named in the file.

    Returns:
        The picture's path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step_{step:06d}.png"
    Image.fromarray(np.vstack([np.hstack(row) for row in pictures.values()])).save(path)
    return path


def preview_diversity(
    pictures: Mapping[str, Sequence[np.ndarray]], photographs: Mapping[str, Sequence[np.ndarray]]
) -> float | None:
    """Return how much pictures of different seeds differ, of the material where it is least.

    It is the figure of the gate, `metrics.diversity`, of fewer and smaller windows: 1 is as much as
    the photographs' regions do, 0 one picture whatever the seed. A material in whose photographs no
    window fits is left out; None where it is all of them.

    Args:
        pictures: see `render_preview`.
        photographs: material -> uint8 (height, width, 3) training regions; of all together where
            the model names no material.
    """
    everything = [one for some in photographs.values() for one in some]
    found = []
    for name, generated in pictures.items():
        real = photographs[name] if name else everything
        try:
            side_px = fitting_crop_px(real, generated, WINDOW_PX)
        except ValueError:  # too small to be judged, but not to be learnt from
            continue
        found.append(diversity_ratio(real, generated, side_px=side_px))
    return min(found, default=None)


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
