"""Derived planes -> the whole numbers that files hold: resized on the torus, quantised, packed.

Small sizes are means of whole blocks of the large one, never interpolated: a block does not reach
over the border, so what wraps goes on wrapping, and nothing is ever enlarged. Not random.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from texture_models.materials.exact_color import linear_levels, srgb_levels

Plane = NDArray[np.float64]
Bytes = NDArray[np.uint8]

_STEPS: Final = 1 << 24


def smaller_color(pixels: Bytes, factor: int) -> Bytes:
    """Return means over blocks of `factor` x `factor` pixels, in linear light.

    Args:
        pixels: (height, width, 3) uint8, sRGB.
        factor: divides both sides.

    Raises:
        ValueError: it does not.
    """
    if factor == 1:
        return pixels
    total = _block_sums(linear_levels(pixels), factor)
    return srgb_levels((total + factor * factor // 2) // (factor * factor))


def smaller_plane(plane: Plane, factor: int) -> Plane:
    """Return means over blocks of `factor` x `factor` values.

    Args:
        plane: (height, width) or (height, width, channels), values in -1..1.
        factor: divides both sides.

    Raises:
        ValueError: it does not.
    """
    if factor == 1:
        return plane
    counted = np.rint(plane * _STEPS).astype(np.int64)
    return _block_sums(counted, factor) / (_STEPS * factor * factor)


def smaller_normals(normals: Plane, factor: int) -> Plane:
    """Return the mean direction of every block, of length 1.

    Args:
        normals: (height, width, 3), each of length 1.
        factor: divides both sides.

    Raises:
        ValueError: it does not.
    """
    if factor == 1:
        return normals
    x, y, z = np.moveaxis(smaller_plane(normals, factor), -1, 0)
    return np.stack([x, y, z], axis=-1) / np.sqrt(x * x + y * y + z * z)[..., None]


def as_8bit(plane: Plane) -> Bytes:
    """Return values in 0..1 as uint8."""
    return np.rint(255.0 * np.clip(plane, 0.0, 1.0)).astype(np.uint8)


def as_16bit(plane: Plane) -> NDArray[np.uint16]:
    """Return values in 0..1 as uint16."""
    return np.rint(65_535.0 * np.clip(plane, 0.0, 1.0)).astype(np.uint16)


def normals_as_8bit(normals: Plane) -> Bytes:
    """Return unit vectors as (height, width, 3) uint8; a flat surface is (128, 128, 255)."""
    return as_8bit((normals + 1.0) / 2.0)


def with_green_flipped(normals: Bytes) -> Bytes:
    """Return OpenGL normals as DirectX ones, or the other way: green becomes 255 - green."""
    flipped = normals.copy()
    flipped[..., 1] = 255 - flipped[..., 1]
    return flipped


def packed_orm(occlusion: Bytes, roughness: Bytes, metallic: Bytes) -> Bytes:
    """Return occlusion, roughness, metallic as red, green, blue: one file for glTF, Godot, Unreal.

    Args:
        occlusion: (height, width) uint8; the others alike.
        roughness: 255 is rough.
        metallic: 255 is metal.
    """
    return np.stack([occlusion, roughness, metallic], axis=-1)


def packed_unity_mask(occlusion: Bytes, roughness: Bytes, metallic: Bytes) -> Bytes:
    """Return Unity's mask map: metallic, occlusion, no detail mask, smoothness as RGBA.

    Args:
        occlusion: (height, width) uint8; the others alike.
        roughness: 255 is rough; smoothness is 255 minus it.
        metallic: 255 is metal.
    """
    return np.stack([metallic, occlusion, np.zeros_like(metallic), 255 - roughness], axis=-1)


def _block_sums(values: NDArray[np.int64], factor: int) -> NDArray[np.int64]:
    height, width = values.shape[:2]
    if factor < 1 or height % factor or width % factor:
        raise ValueError(
            f"{width} x {height} px cannot be made {factor} times smaller in whole blocks; "
            "a size has to divide the size of the master"
        )
    shape = (height // factor, factor, width // factor, factor, *values.shape[2:])
    return values.reshape(shape).sum(axis=(1, 3))
