"""Which flips and turns leave a texture's statistics as they are, so that they may augment it."""

import cv2
import numpy as np

from data.records import Symmetry
from data.texture_spectrum import chance_correlation

_BINS = 16
_BLUR_PX = (1.0, 2.0, 4.0)
_BLOCKS = 4
_ACF_REACH_PX = 24

# Calibrated on 32 photographs: brick walls, cobbles and roofs lit from above keep flip_x and lose
# flip_y; grass and soil keep all; planks, bark, twill and herringbone keep only what is right.
_LARGEST_LIGHT_CHANGE = 0.03
_LARGEST_SHAPE_CHANGE = 0.35

_BIN = np.arange(_BINS)
# Where each gradient direction comes from when the picture is changed; bin 0 points along +x.
_DIRECTION_UNDER: dict[Symmetry, np.ndarray] = {
    "flip_x": (_BINS // 2 - _BIN) % _BINS,
    "flip_y": -_BIN % _BINS,
    "rot90": (_BIN + _BINS // 4) % _BINS,
}


def symmetries(grey: np.ndarray, correlation: np.ndarray) -> tuple[Symmetry, ...]:
    """The changes out of flip_x, flip_y, rot90 that leave the statistics as they are.

    Two looks are needed. The autocorrelation sees shapes and lattices, but not from where the light
    comes (it is the same for a picture and its negative, or turned by half). The histogram of
    gradient directions over the full circle, weighted by squared strength, sees the light: an edge
    facing the lamp is steeper than the one behind it. In doubt, as in small pictures of large
    things, a change is not used: a missing one costs a little variety, a wrong one moves the lamp.

    Args:
        grey: (height, width) float, detrended.
        correlation: its `autocorrelation`.
    """
    histograms = np.stack([_direction_histograms(grey, blur) for blur in _BLUR_PX])
    total = histograms.sum(axis=1)
    chance = float(np.mean([_chance(blocks) for blocks in histograms]))
    allowed: list[Symmetry] = []
    for name, source in _DIRECTION_UNDER.items():
        light = float(np.mean([_distance(t, t[source]) for t in total]))
        if (
            light <= _LARGEST_LIGHT_CHANGE + chance / 2
            and _shape_change(correlation, name) <= _LARGEST_SHAPE_CHANGE
        ):
            allowed.append(name)
    return tuple(allowed)


def _direction_histograms(grey: np.ndarray, blur_px: float) -> np.ndarray:
    """(blocks, bins): squared gradient per direction, in each of 4 x 4 blocks."""
    smooth = cv2.GaussianBlur(grey, (0, 0), blur_px)
    dy, dx = np.gradient(smooth)
    strength = dx**2 + dy**2
    turn = np.arctan2(dy, dx) / (2 * np.pi) * _BINS
    bins = np.rint(turn).astype(np.intp) % _BINS
    blocks = []
    for rows in np.array_split(np.arange(grey.shape[0]), _BLOCKS):
        for columns in np.array_split(np.arange(grey.shape[1]), _BLOCKS):
            block = np.ix_(rows, columns)
            blocks.append(np.bincount(bins[block].ravel(), strength[block].ravel(), _BINS))
    return np.array(blocks)


def _chance(blocks: np.ndarray) -> float:
    """How far the mean of all blocks is off by chance: half the distance of random halves."""
    rng = np.random.default_rng(0)  # a fixed seed: the same photograph gets the same answer
    orders = [rng.permutation(len(blocks)) for _ in range(20)]
    half = len(blocks) // 2
    distances = [
        _distance(blocks[order[:half]].sum(0), blocks[order[half:]].sum(0)) for order in orders
    ]
    return float(np.median(distances)) / 2


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    """Share of the weight that would have to move, 0..1."""
    return 0.5 * float(np.abs(one / max(one.sum(), 1e-12) - other / max(other.sum(), 1e-12)).sum())


def _shape_change(correlation: np.ndarray, name: Symmetry) -> float:
    centred = np.fft.fftshift(correlation)
    middle_y, middle_x = centred.shape[0] // 2, centred.shape[1] // 2
    reach = min(_ACF_REACH_PX, middle_y - 1, middle_x - 1)
    near = centred[
        middle_y - reach : middle_y + reach + 1, middle_x - reach : middle_x + reach + 1
    ].copy()
    near[reach, reach] = 0.0  # the origin says nothing
    changed = {"flip_x": near[:, ::-1], "flip_y": near[::-1], "rot90": np.rot90(near)}[name]
    # Where nothing correlates, only chance is left to compare; four standard errors keep that
    # small.
    chance = float(chance_correlation(correlation)[0, 0])
    scale = float((near**2).mean()) + (4 * chance) ** 2
    return float(np.sqrt(((near - changed) ** 2).mean() / scale))
