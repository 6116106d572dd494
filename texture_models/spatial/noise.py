"""The noise that names a picture: every field of the generator, from a seed and a window."""

from __future__ import annotations

import numpy as np

from texture_models.rendering.noise_field import CellWindow, coordinates, uniform_field
from texture_models.spatial.config import SpatialConfig
from texture_models.spatial.slow_noise import slow_field
from texture_models.spatial.waves import snapped, wave_field

# Rows and columns beyond the picture on every side of every field: what the two valid convolutions
# of a level use up, so that nothing is ever padded.
MARGIN = 2
# Uniform noise in -1..1 times this has variance 1.
UNIT_VARIANCE = np.float32(np.sqrt(3.0))
_PHASES, _GLOBAL, _SLOW = 1000, 1001, 1002  # streams of the hash that no level uses


def picture_noise(
    config: SpatialConfig, waves: np.ndarray, seed: int, window: CellWindow
) -> dict[str, np.ndarray]:
    """Return every noise field of one window of one picture.

    Args:
        config: the model's.
        waves: (waves, 2) wave vectors of the material, cycles per pixel.
        seed: names the picture.
        window: which part of it.

    Returns:
        `noise_0` .. `noise_k`: (2**level rows + 4, 2**level columns + 4, channels) float32. The
        values at a coordinate do not depend on the window.
    """
    fields = {}
    for level in range(config.levels):
        if not config.noise_channels(level):
            continue
        parts = [_own_noise(config, seed, level, window)]
        if config.wave_channels(level):
            parts.append(picture_waves(config, waves, seed, level, window))
        fields[f"noise_{level}"] = np.concatenate(parts, axis=2)
    return fields


def picture_waves(
    config: SpatialConfig, waves: np.ndarray, seed: int, level: int, window: CellWindow
) -> np.ndarray:
    """Return the waves that enter at one level of one window, whole on the window's torus.

    Args:
        config: the model's.
        waves: (waves, 2) wave vectors of the material, cycles per pixel.
        seed: names the picture; decides the phases.
        level: of the generator.
        window: which part of the picture.

    Returns:
        (2**level rows + 4, 2**level columns + 4, 2 * waves) float32 in -1..1.
    """
    cell = config.pixels_per_cell
    sides_px = [None if side is None else side * cell for side in window.period]
    zero = np.zeros(1, dtype=np.int64)
    phases = uniform_field(
        seed=seed, stream=_PHASES, rows=zero, columns=zero, channels=max(1, len(waves))
    )[0, 0, : len(waves)]
    rows, columns = places_px(config, level, window)
    return wave_field(snapped(waves, *sides_px), phases.astype(np.float64), rows, columns)


def _axis(level: int, start: int, length: int, period: int | None) -> np.ndarray:
    scale = 2**level
    wrapped = None if period is None else period * scale
    return coordinates(start * scale - MARGIN, length * scale + 2 * MARGIN, wrapped)


def _own_noise(config: SpatialConfig, seed: int, level: int, window: CellWindow) -> np.ndarray:
    rows = _axis(level, window.top, window.rows, window.period[0])
    columns = _axis(level, window.left, window.columns, window.period[1])
    channels = config.local_channels if level == 0 else config.fine_channels
    noise = uniform_field(seed=seed, stream=level, rows=rows, columns=columns, channels=channels)
    if level > 0:
        return noise * UNIT_VARIANCE
    return np.concatenate([noise, *_wide_noise(config, seed, window, noise.shape[:2])], axis=2)


def _wide_noise(
    config: SpatialConfig, seed: int, window: CellWindow, shape: tuple[int, ...]
) -> list[np.ndarray]:
    """What is alike in neighbouring cells: the picture's code and the slow noise."""
    parts = []
    if channels := config.global_channels:
        zero = np.zeros(1, dtype=np.int64)
        code = uniform_field(seed=seed, stream=_GLOBAL, rows=zero, columns=zero, channels=channels)
        parts.append(np.broadcast_to(code, (*shape, channels)))
    if channels := config.slow_channels:
        parts.append(
            slow_field(
                seed=seed,
                stream=_SLOW,
                rows=_axis(0, window.top, window.rows, None),
                columns=_axis(0, window.left, window.columns, None),
                period=window.period,
                channels=channels,
            )
        )
    return parts


def places_px(
    config: SpatialConfig, level: int, window: CellWindow
) -> tuple[np.ndarray, np.ndarray]:
    """Return centres of a level's samples in pixels, rows and columns; not wrapped."""
    size = config.pixels_per_cell / 2**level
    rows = _axis(level, window.top, window.rows, None)
    columns = _axis(level, window.left, window.columns, None)
    return (rows + 0.5) * size, (columns + 0.5) * size
