"""Every map of one picture at every size, each worked out once."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from texture_models.materials.delivered_maps import (
    as_8bit,
    as_16bit,
    normals_as_8bit,
    packed_orm,
    packed_unity_mask,
    smaller_color,
    smaller_normals,
    smaller_plane,
    with_green_flipped,
)
from texture_models.materials.torus_maps import (
    Pixels,
    Plane,
    height_from_luminance,
    normal_from_height,
    occlusion_from_height,
    roughness_from_height,
)


class PictureMaps:
    """The maps of one seamless rendering.

    Args:
        pixels: (height, width, 3) uint8, sRGB.
        dark_is_high: whether light is deep and dark is high, instead of the other way.
        relief: depth of the relief, share of the width.
        smoothing: radius of the blur before heights are read, share of the width.
        ao_strength: 0 for no occlusion.
        roughness: mean of the material, 0..1.
        roughness_spread: largest deviation from it.
        metallic: of the material, 0..1.
    """

    def __init__(
        self,
        pixels: Pixels,
        *,
        dark_is_high: bool,
        relief: float,
        smoothing: float,
        ao_strength: float,
        roughness: float,
        roughness_spread: float,
        metallic: float,
    ) -> None:
        self._pixels = pixels
        self._dark_is_high = dark_is_high
        self._relief_px = relief * pixels.shape[1]
        self._smoothing_px = round(smoothing * pixels.shape[1])
        self._ao_strength = ao_strength
        self._roughness = (roughness, roughness_spread)
        self._metallic = metallic

    def delivered(self, role: str, factor: int) -> NDArray[Any]:
        """Return the numbers of one file.

        Args:
            role: a map that can be derived from colour.
            factor: how many times smaller than the rendering; divides its sides.

        Returns:
            (height, width, 3) uint8 for colour, normals and `orm`; (height, width) uint16 for
            height; (height, width) uint8 for the other single maps; (height, width, 4) uint8 for
            `unity_mask`.

        Raises:
            ValueError: the role cannot be derived, or the factor does not fit.
        """
        match role:
            case "basecolor":
                return smaller_color(self._pixels, factor)
            case "height":
                return as_16bit(smaller_plane(self._height, factor))
            case "normal_gl":
                return normals_as_8bit(smaller_normals(self._normals, factor))
            case "normal_dx":
                return with_green_flipped(self.delivered("normal_gl", factor))
            case "ao":
                return as_8bit(smaller_plane(self._occlusion, factor))
            case "roughness":
                return as_8bit(smaller_plane(self._rough, factor))
            case "metallic":
                return as_8bit(smaller_plane(np.full(self._height.shape, self._metallic), factor))
            case "orm" | "unity_mask":
                pack = packed_orm if role == "orm" else packed_unity_mask
                parts = (self.delivered(part, factor) for part in ("ao", "roughness", "metallic"))
                return pack(*parts)
        raise ValueError(f"{role!r} cannot be derived from colour; take it out of the maps")

    @cached_property
    def _height(self) -> Plane:
        height = height_from_luminance(self._pixels, smoothing_px=self._smoothing_px)
        return 1.0 - height if self._dark_is_high else height

    @cached_property
    def _normals(self) -> Plane:
        return normal_from_height(self._height, relief_px=self._relief_px)

    @cached_property
    def _occlusion(self) -> Plane:
        return occlusion_from_height(self._height, strength=self._ao_strength)

    @cached_property
    def _rough(self) -> Plane:
        mean, spread = self._roughness
        return roughness_from_height(self._height, mean=mean, spread=spread)
