"""What rendering asks of this family: a canvas of one material, translated into the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.families.cycle_gan.config import CycleGanConfig
from texture_models.families.cycle_gan.explaining import build_judges, score_map
from texture_models.families.cycle_gan.networks import build_generator
from texture_models.families.cycle_gan.source_canvas import source_canvas
from texture_models.families.cycle_gan.translation import Translator
from texture_models.layers import to_pixels
from texture_models.rendering.noise_field import CellWindow, coordinates

__all__ = [
    "build_generator",
    "build_judges",
    "compiled_generator",
    "explaining_pictures",
    "picture_inputs",
    "score_map",
]


def picture_inputs(
    config: CycleGanConfig,
    measured: Mapping[str, np.ndarray],
    index: int,
    seed: int,
    window: CellWindow,
) -> dict[str, np.ndarray]:
    """Return one window of the canvas that is translated, in the material that `index` is not.

    Args:
        config: the model's.
        measured: `exemplars` (2, side, side, 3) in 0..255, see `source_canvas`.
        index: of the material that is asked for.
        seed: names the canvas.
        window: which part of it.

    Returns:
        `picture`: (rows + 2 margin_px, columns + 2 margin_px, 3) float32 in -1..1, rows and columns
        in pixels. The values at a place do not depend on the window.
    """
    cell, margin = config.pixels_per_cell, config.margin_px
    height, width = (None if side is None else side * cell for side in window.period)
    rows = coordinates(window.top * cell - margin, window.rows * cell + 2 * margin, height)
    columns = coordinates(window.left * cell - margin, window.columns * cell + 2 * margin, width)
    exemplar = measured["exemplars"][1 - index]
    return {"picture": source_canvas(exemplar, seed, rows, columns, (height, width))}


def compiled_generator(
    config: CycleGanConfig, network: Any, measured: Mapping[str, np.ndarray], index: int
) -> Callable[[Mapping[str, np.ndarray]], Any]:
    """Compile the translator into one material.

    Args:
        config: the model's.
        network: both translators, see `build_generator`.
        measured: read by `picture_inputs`.
        index: of the material.

    Returns:
        A function {picture: (batch, height + 2 margin_px, width + 2 margin_px, 3)} ->
        (batch, height, width, 3) uint8.
    """
    del config, measured
    translator = network.get_layer(f"to_{index}")

    @tf.function(autograph=False, reduce_retracing=True)
    def render(fields: Mapping[str, Any]) -> Any:
        return to_pixels(translator(tf.convert_to_tensor(fields["picture"]), training=False))

    return render


def explaining_pictures(
    config: CycleGanConfig, network: Any, measured: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return `there-and-back`: per direction a row of photograph, translation, and back again."""
    translator = Translator(config, network)
    rows = []
    for source in (0, 1):
        photograph = measured["exemplars"][source].astype(np.uint8)
        there = translator.translate(photograph, to=1 - source, wrap=(False, False))
        back = translator.translate(there, to=source, wrap=(False, False))
        rows.append(np.hstack([photograph, there, back]))
    return {"there-and-back": np.vstack(rows)}
