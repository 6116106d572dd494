"""What is read off the photographs before a training: waves and colours, never learnt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from texture_models.layers import colour_basis
from texture_models.spatial.config import SpatialConfig
from texture_models.spatial.waves import wave_vectors


def no_waves(config: SpatialConfig) -> np.ndarray:
    """Return the waves of a model that has measured nothing: (materials, waves, 2) zeros."""
    return np.zeros((config.material_count, config.periodic_channels, 2))


def measured_waves(
    config: SpatialConfig, photographs: Mapping[str, Sequence[np.ndarray]]
) -> np.ndarray:
    """Return (materials, waves, 2) wave vectors in cycles per pixel; see `wave_vectors`.

    Args:
        config: the model's; its materials give the order.
        photographs: material -> uint8 (height, width, 3) pictures.
    """
    names = config.materials or tuple(photographs)
    return np.stack([wave_vectors(photographs[name], config.periodic_channels) for name in names])


def assign_colours(
    networks: Iterable[Any], names: Sequence[str], photographs: Mapping[str, Sequence[np.ndarray]]
) -> None:
    """Put the materials' principal components into the layer `colour` of every network."""
    colours = [colour_basis(photographs[name]) for name in names]
    for network in networks:
        layer = network.get_layer("colour")
        layer.basis.assign(np.stack([basis for basis, _ in colours]))
        layer.mean.assign(np.stack([mean for _, mean in colours]))
