"""Height, normals, occlusion and roughness of one seamless rendering.

Planes are float64 (height, width) in 0..1; nothing here is random.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from texture_models.materials.exact_color import LINEAR_MAX, linear_levels

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float64]

#: Grey levels of linear light that a picture has to span before it counts as having any relief.
LEAST_RANGE: Final = LINEAR_MAX / 255
#: Share of the pixels that may lie outside of the stretched range, at either end.
CLIPPED_SHARE: Final = 0.005
#: Reach of the occlusion's three scales, shares of the shorter side: cracks, joints, hollows.
OCCLUSION_REACH: Final = (1 / 256, 1 / 96, 1 / 32)
#: Fractions of height are counted in this many steps where they are summed.
_STEPS: Final = 1 << 20


def height_from_luminance(pixels: Pixels, *, smoothing_px: int) -> Plane:
    """Return how high the surface probably is: bright is high, dark is deep.

    A guess. Paint, stains and shadows move it as much as relief does.

    Args:
        pixels: (height, width, 3) uint8, sRGB, seamless.
        smoothing_px: radius of the blur that keeps grain out of the relief; 0 for none.

    Returns:
        (height, width) in 0..1, stretched so that all but `CLIPPED_SHARE` at either end is used;
        0.5 everywhere where the picture is of one brightness.

    Raises:
        ValueError: other shape or type.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise ValueError(
            f"pixels are {pixels.dtype} {pixels.shape}; maps are derived from uint8 "
            "(height, width, 3)"
        )
    light = linear_levels(pixels)
    # ITU-R BT.709, table 3.2, in 1/65536: the weights add up to 65536 exactly.
    luminance = 13_933 * light[..., 0] + 46_871 * light[..., 1] + 4_732 * light[..., 2]
    smooth = torus_blur(luminance, smoothing_px) / 65_536
    low, high = _order_statistic(smooth, CLIPPED_SHARE), _order_statistic(smooth, 1 - CLIPPED_SHARE)
    if high - low < LEAST_RANGE:
        return np.full(smooth.shape, 0.5)
    return np.clip((smooth - low) / (high - low), 0.0, 1.0)


def normal_from_height(height: Plane, *, relief_px: float) -> NDArray[np.float64]:
    """Return unit normals with x to the right, y up and z towards the viewer (OpenGL).

    Slopes are Scharr's 3 x 3 filter, which errs least in direction among filters of that size
    (H. Scharr, Optimale Operatoren in der Digitalen Bildverarbeitung, 2000, section 9.3).

    Args:
        height: (height, width) in 0..1, seamless.
        relief_px: how many pixels lie between height 0 and height 1.

    Returns:
        (height, width, 3), each of length 1, z above 0.

    Raises:
        ValueError: `relief_px` is below 0.
    """
    if relief_px < 0:
        raise ValueError(
            f"relief_px={relief_px} is below 0; give the depth of the relief in pixels"
        )
    right = _scharr_slope(height, axis=1) * relief_px
    down = _scharr_slope(height, axis=0) * relief_px
    length = np.sqrt(right * right + down * down + 1.0)
    return np.stack([-right / length, down / length, 1.0 / length], axis=-1)


def occlusion_from_height(height: Plane, *, strength: float) -> Plane:
    """Return how much of the sky a point sees: 1 in the open, less in hollows.

    A point that lies below the mean of its surroundings is shaded by how much it lies below, at
    three scales. No ray is traced.

    Args:
        height: (height, width) in 0..1, seamless.
        strength: 0 for none; 1 turns a point that lies 1 below its surroundings black.

    Returns:
        (height, width) in 0..1.
    """
    counted = np.rint(height * _STEPS).astype(np.int64)
    depth = np.zeros(height.shape)
    for reach in OCCLUSION_REACH:
        radius = max(1, round(reach * min(height.shape)))
        depth += np.maximum(torus_blur(counted, radius) - counted, 0.0) / _STEPS
    return np.clip(1.0 - strength * depth, 0.0, 1.0)


def roughness_from_height(height: Plane, *, mean: float, spread: float) -> Plane:
    """Return a roughness around `mean`: hollows rougher, ridges smoother by `spread`.

    What a rendering says about roughness is next to nothing, so a material's own mean decides.

    Args:
        height: (height, width) in 0..1.
        mean: of the material, 0..1.
        spread: largest deviation from the mean, 0..1.

    Returns:
        (height, width) in 0..1.
    """
    return np.clip(mean + spread * (1.0 - 2.0 * height), 0.0, 1.0)


def torus_blur(values: NDArray[np.int64], radius_px: int) -> Plane:
    """Return the mean of three passes of a box of `2 * radius_px + 1`, over the wrap.

    Three boxes are a Gaussian to within a few per cent (W. M. Wells, Efficient Synthesis of
    Gaussian Filters by Cascaded Uniform Filters, IEEE PAMI 8(2), 1986), and sums of whole numbers
    are exact, in any order and on any machine.

    Args:
        values: (height, width) whole numbers, at most 2**32 in size.
        radius_px: 0 or more; cut to a third of the shorter side.
    """
    radius = max(0, min(radius_px, (min(values.shape) - 1) // 3, 512))
    side = 2 * radius + 1
    blurred = values.astype(np.int64)
    for _ in range(3):
        for axis in (0, 1):
            blurred = _box_sum(blurred, radius, axis)
        # One pass multiplies by side**2: taken out again before three of them leave 63 bits.
        blurred = (blurred + side * side // 2) // (side * side) if radius else blurred
    return blurred.astype(np.float64)


def _box_sum(values: NDArray[np.int64], radius: int, axis: int) -> NDArray[np.int64]:
    """Sums over windows of `2 * radius + 1` along a wrapped axis."""
    if radius == 0:
        return values
    side = values.shape[axis]
    indices = np.arange(-radius - 1, side + radius) % side
    running = np.cumsum(np.take(values, indices, axis=axis), axis=axis)
    ends = np.take(running, range(2 * radius + 1, 2 * radius + 1 + side), axis=axis)
    return ends - np.take(running, range(side), axis=axis)


def _scharr_slope(height: Plane, axis: int) -> Plane:
    """Slope along `axis`, per pixel: 3-10-3 across, central difference along."""
    across = 1 - axis
    step = np.roll(height, -1, axis) - np.roll(height, 1, axis)
    neighbours = np.roll(step, 1, across) + np.roll(step, -1, across)
    return (3.0 * neighbours + 10.0 * step) / 32.0


def _order_statistic(plane: Plane, share: float) -> float:
    """The value that `share` of the plane lies below: one of its own values, nothing between."""
    rank = min(plane.size - 1, int(share * plane.size))
    return float(np.partition(plane, rank, axis=None)[rank])
