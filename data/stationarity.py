"""Whether all parts of a photograph look like one texture."""

import cv2
import numpy as np

STATIONARY_BELOW = 0.5
"""Calibrated: 32 photographs of materials reach 0.00 to 0.40, median 0.17; 80 random pairs of them
side by side reach 0.59 and more (first percentile), median 0.90."""

_PARTS = 4
_CELLS = 4
# Differences smaller than these are invisible: CIELAB in OpenCV's 0..255 scaling, natural log of
# power. Without them the slightest gradient on a very regular tile would count as everything.
_VISIBLE_LIGHTNESS = 4.0
_VISIBLE_COLOUR = 2.0
_VISIBLE_LOG_POWER = 0.15
_BLURS_PX = (1.0, 2.0, 4.0)


def stationarity(pixels: np.ndarray) -> float:
    """Largest share of variance that lies between the parts of a photograph, 0..1.

    The picture is cut into 4 x 4 parts of 4 x 4 cells. For lightness, two colour axes and the
    power of three frequency bands, the variance of cells splits into that inside parts and that
    between parts (intraclass correlation, one-way analysis of variance). 0: where one looks makes
    no difference.

    Args:
        pixels: (height, width, 3) uint8 RGB, both sides at least 16.
    """
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB).astype(np.float32)
    shares = [
        _between_share(_cells(lab[..., 0]), _VISIBLE_LIGHTNESS),
        _between_share(_cells(lab[..., 1]), _VISIBLE_COLOUR),
        _between_share(_cells(lab[..., 2]), _VISIBLE_COLOUR),
    ]
    finer = lab[..., 0]
    for blur in _BLURS_PX:
        coarser = cv2.GaussianBlur(finer, (0, 0), blur)
        power = _cells((finer - coarser) ** 2)
        shares.append(_between_share(np.log(power + 0.1), _VISIBLE_LOG_POWER))
        finer = coarser
    return max(shares)


def _cells(feature: np.ndarray) -> np.ndarray:
    """(height, width) -> (parts, cells in a part) of means; a rest at the far edges is left out."""
    side = _PARTS * _CELLS
    rows, columns = (length // side for length in feature.shape)
    cut = feature[: rows * side, : columns * side]
    means = cut.reshape(side, rows, side, columns).mean(axis=(1, 3))
    parts = means.reshape(_PARTS, _CELLS, _PARTS, _CELLS).transpose(0, 2, 1, 3)
    return parts.reshape(_PARTS**2, _CELLS**2)


def _between_share(cells: np.ndarray, visible: float) -> float:
    count = cells.shape[1]
    inside = float(cells.var(axis=1, ddof=1).mean())
    # The means of parts vary by inside / count even where the parts are alike.
    between = max(float(cells.mean(axis=1).var(ddof=1)) - inside / count, 0.0)
    return between / (between + inside + visible**2)
