"""What rendering needs of this family: the network, the noise of a picture, the compiled form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from texture_models.families.psgan.config import PsganConfig
from texture_models.families.psgan.explaining import build_judges, explaining_pictures, score_map
from texture_models.families.psgan.networks import build_generator
from texture_models.rendering.noise_field import CellWindow
from texture_models.spatial.folding import folded_generator
from texture_models.spatial.noise import picture_noise

__all__ = [
    "build_generator",
    "build_judges",
    "compiled_generator",
    "explaining_pictures",
    "picture_inputs",
    "score_map",
]


def picture_inputs(
    config: PsganConfig,
    measured: Mapping[str, np.ndarray],
    index: int,
    seed: int,
    window: CellWindow,
) -> dict[str, np.ndarray]:
    """Return every noise field of one window of one picture; see `picture_noise`.

    Args:
        config: the model's.
        measured: `waves` (materials, waves, 2), cycles per pixel.
        index: of the material.
        seed: names the picture.
        window: which part of it.
    """
    return picture_noise(config, measured["waves"][index], seed, window)


def compiled_generator(
    config: PsganConfig, network: Any, measured: Mapping[str, np.ndarray], index: int
) -> Callable[[Mapping[str, np.ndarray]], Any]:
    """Compile the generator for one material; see `folded_generator`."""
    return folded_generator(config, network, np.eye(config.material_count, dtype=np.float32)[index])
