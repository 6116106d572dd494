"""The noise of a training batch, drawn on the device; what it looks like, `noise` says."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.spatial.config import SpatialConfig
from texture_models.spatial.noise import MARGIN, UNIT_VARIANCE
from texture_models.spatial.slow_noise import SPACING_CELLS, smooth_step
from texture_models.training.replicas import drawn_for_my_share

# Streams of the draws of a step, of 64; levels count from 0. Families have theirs at 60 and 61.
_SLOW, _PHASES = 62, 63


def training_noise(
    config: SpatialConfig, waves: Any, *, seed: int, step: Any, cells: int
) -> dict[str, Any]:
    """Return fresh noise for a batch of square patches.

    Args:
        config: the model's.
        waves: (batch, waves, 2) float32 wave vectors of each patch's material, cycles per pixel;
            over several devices, of this one's share of the batch.
        seed: the training's.
        step: scalar int32; with the seed it decides every value.
        cells: side of the patches in cells.

    Returns:
        `noise_0` .. `noise_k`: (batch, 2**level cells + 4, 2**level cells + 4, channels) float32.
    """
    fields = {}
    for level in range(config.levels):
        if not config.noise_channels(level):
            continue
        side = cells * 2**level + 2 * MARGIN
        address = tf.stack([tf.constant(seed, tf.int32), step * 64 + level])
        shape = (side, side, config.own_channels(level))
        noise = drawn_for_my_share(partial(_uniform, shape, address, -1.0), waves.shape[0])
        if level > 0:
            noise *= UNIT_VARIANCE
        else:
            noise = _with_wide_noise(config, noise, seed, step)
        if config.wave_channels(level):
            line = _places_px(config, level, side)
            noise = tf.concat([noise, _wave_noise(waves, seed, step, line)], axis=-1)
        fields[f"noise_{level}"] = noise
    return fields


def _places_px(config: SpatialConfig, level: int, side: int) -> Any:
    size = config.pixels_per_cell / 2**level
    return (tf.range(side, dtype=tf.float32) - MARGIN + 0.5) * size


def _wave_noise(waves: Any, seed: int, step: Any, line: Any) -> Any:
    """Waves with a random phase for every picture of the batch, as `waves.wave_field`."""
    address = tf.stack([tf.constant(seed, tf.int32), step * 64 + _PHASES])
    shape = (waves.shape[1],)
    phases = drawn_for_my_share(partial(_uniform, shape, address, 0.0), waves.shape[0])
    cycles = (
        line[None, :, None, None] * waves[:, None, None, :, 0]
        + line[None, None, :, None] * waves[:, None, None, :, 1]
        + phases[:, None, None, :]
    )
    present = tf.cast(tf.reduce_sum(tf.abs(waves), axis=-1) > 0, tf.float32)[:, None, None, :]
    angle = 2 * np.pi * cycles
    return tf.concat([tf.sin(angle) * present, tf.cos(angle) * present], axis=-1)


def _with_wide_noise(config: SpatialConfig, noise: Any, seed: int, step: Any) -> Any:
    """Replace the last channels of the cells' noise by what is alike in neighbouring cells."""
    slow = config.slow_channels
    if slow:
        address = tf.stack([tf.constant(seed, tf.int32), step * 64 + _SLOW])
        noise, shape = noise[..., :-slow], (*noise.shape[:3], slow)
    if config.global_channels:
        noise = _same_everywhere(noise, config.global_channels)
    return tf.concat([noise, slow_noise(shape, address)], axis=-1) if slow else noise


def _uniform(shape: tuple[int, ...], address: Any, lowest: float, rows: int) -> Any:
    return tf.random.stateless_uniform((rows, *shape), address, lowest, 1.0)


def _same_everywhere(noise: Any, channels: int) -> Any:
    """Make the last channels of a noise field constant over each picture."""
    code = tf.broadcast_to(noise[:, :1, :1, -channels:], (*noise.shape[:3], channels))
    return tf.concat([noise[..., :-channels], code], axis=-1)


def slow_noise(shape: tuple[int, int, int, int], address: Any) -> Any:
    """Draw slow noise for a batch of patches, each from a place of its own on an endless lattice.

    Args:
        shape: (batch, rows, columns, channels) in cells; square.
        address: (2,) int32 seed of the draw.

    Returns:
        Tensor of that shape, distributed as `slow_field`.
    """
    batch, side, _, channels = shape
    lattice = (side + SPACING_CELLS - 2) // SPACING_CELLS + 2
    cells = (lattice, lattice, channels + 1)
    drawn = drawn_for_my_share(partial(_uniform, cells, address, -1.0), batch)
    starts = (drawn[:, :2, 0, -1] + 1.0) / 2 * SPACING_CELLS
    down, across = (_patch_weights(starts[:, axis], side, lattice) for axis in (0, 1))
    return tf.einsum("brl,blmc,bsm->brsc", down, drawn[..., :-1], across)


def _patch_weights(start: Any, side: int, lattice: int) -> Any:
    """(batch, side, lattice) weights of the lattice points at the cells start, start + 1, ..."""
    places = (start[:, None] + tf.range(side, dtype=tf.float32)) / SPACING_CELLS
    before = tf.floor(places)
    share = smooth_step(places - before)[..., None]
    points = tf.range(lattice, dtype=tf.float32)
    weights = tf.where(points == before[..., None], 1 - share, 0.0)
    weights += tf.where(points == before[..., None] + 1, share, 0.0)
    return weights / tf.sqrt((1 - share) ** 2 + share**2)
