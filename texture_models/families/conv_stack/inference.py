"""What rendering asks of this family: the random picture that a seed names, and the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.families.conv_stack.config import ConvStackConfig
from texture_models.families.conv_stack.explaining import build_judges, score_map, way_sheets
from texture_models.families.conv_stack.networks import build_generator
from texture_models.families.conv_stack.random_picture import REACH_PX, random_picture
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

WAY_SEEDS, WAY_CELLS = (1, 2), 8  # of the random pictures at the ends of a way; side of a picture


def picture_inputs(
    config: ConvStackConfig,
    measured: Mapping[str, np.ndarray],
    index: int,
    seed: int,
    window: CellWindow,
) -> dict[str, np.ndarray]:
    """Return the random picture of one window of one picture.

    Args:
        config: the model's.
        measured: nothing for this family.
        index: of the material; the random picture does not depend on it.
        seed: names the picture.
        window: which part of it.

    Returns:
        `picture`: (rows + 2 margin_px, columns + 2 margin_px, 4) float32, rows and columns in
        pixels; its trust is 0. The values at a place do not depend on the window.
    """
    del measured, index
    cell, reach = config.pixels_per_cell, config.margin_px + REACH_PX
    lines = [
        coordinates(
            start * cell - reach, length * cell + 2 * reach, None if side is None else side * cell
        )
        for start, length, side in (
            (window.top, window.rows, window.period[0]),
            (window.left, window.columns, window.period[1]),
        )
    ]
    picture = random_picture(seed, lines[0], lines[1])
    return {"picture": np.concatenate([picture, np.zeros_like(picture[..., :1])], axis=2)}


def compiled_generator(
    config: ConvStackConfig, network: Any, measured: Mapping[str, np.ndarray], index: int
) -> Callable[[Mapping[str, np.ndarray]], Any]:
    """Compile the generator for one material.

    Args:
        config: the model's.
        network: its generator.
        measured: nothing for this family.
        index: of the material.

    Returns:
        A function {picture: (batch, height + 2 margin_px, width + 2 margin_px, 4)} ->
        (batch, height, width, 3) uint8.
    """
    del measured
    code = np.eye(config.material_count, dtype=np.float32)[index]

    @tf.function(autograph=False, reduce_retracing=True)
    def render(fields: Mapping[str, Any]) -> Any:
        picture = tf.convert_to_tensor(fields["picture"])
        codes = tf.tile(tf.constant(code)[None], (tf.shape(picture)[0], 1))
        return to_pixels(network({"picture": picture, "code": codes}, training=False))

    return render


def explaining_pictures(
    config: ConvStackConfig, network: Any, measured: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return `latent-interpolation`, and `interpolation` of several materials; see `way_sheets`."""
    tile = CellWindow(0, 0, WAY_CELLS, WAY_CELLS, (WAY_CELLS, WAY_CELLS))
    first, last = (picture_inputs(config, measured, 0, seed, tile)["picture"] for seed in WAY_SEEDS)
    return way_sheets(config, network, (first, last))
