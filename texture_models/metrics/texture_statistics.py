"""A window's texture as one vector of z-scored statistics, and distances between sets of them.

Source: the statistics follow Portilla & Simoncelli 2000 and the subband comparison of Zujovic,
Pappas & Neuhoff 2013 (STSIM-2 and STSIM-M). Departures: energies enter as logarithms above one
grey level, correlations are damped where a band is almost empty, chroma has its own energies,
and the z-scores use fixed scales (`SCALES_BY_KIND`) instead of a dataset at hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from texture_models.metrics.steerable_pyramid import Pyramid, steerable_pyramid
from texture_models.metrics.windows import Pixels, Plane

Vector = NDArray[np.float64]

#: Spread of each kind of statistic between different materials: the root of the mean (over the
#: statistics of that kind) variance of per-photograph means. Measured on windows of 128 px of 29
#: photographs of 13 materials (Poly Haven and ambientCG, CC0), each reduced to 512 and to 340 px,
#: 10 windows each; the spread inside one photograph is a third to a tenth of these, half for
#: skewness and kurtosis. They only balance the kinds against each other, so they need not be exact.
#: One departure: the mean colour differs by 22 grey levels between materials, but a shift of 8 is
#: as wrong to the eye as another grain, and with 22 a shift of 12 went unnoticed.
SCALES_BY_KIND: dict[str, float] = {
    "energy": 0.55,
    "sparsity": 0.087,
    "acf": 0.15,
    "amplitude_acf": 0.16,
    "skewness": 0.20,
    "kurtosis": 0.33,
    "cross": 0.16,
    "colour_mean": 8.0,
    "colour_deviation": 0.58,
    "colour_skewness": 0.87,
    "colour_correlation": 0.42,
    "chroma_energy": 0.50,
}

#: Keeps ratios finite for a constant picture, against which any difference is enormous.
TINY = 1e-6
#: Adding one grey level of variance to every band: what lies below cannot be seen in 8 bits.
FLOOR = 1.0
#: Red, green, blue -> grey, red-green, yellow-blue; grey levels.
OPPONENT = np.array([[0.299, 0.587, 0.114], [0.5, -0.5, 0.0], [0.25, 0.25, -0.5]], dtype=np.float32)


def _moments(plane: Plane) -> tuple[float, float, float]:
    """Log deviation, skewness and log kurtosis, damped below one grey level."""
    centred = plane - plane.mean()
    squared = centred * centred
    variance = float(squared.mean()) + FLOOR
    skewness = float((squared * centred).mean()) / variance**1.5
    kurtosis = float((squared * squared).mean()) / variance**2
    return 0.5 * float(np.log(variance)), skewness, float(np.log1p(kurtosis))


def _autocorrelation(plane: Plane, lag: int) -> list[float]:
    """Damped autocorrelation at `lag` pixels down and across."""
    centred = plane - plane.mean()
    variance = float((centred * centred).mean()) + FLOOR
    down = float((centred[lag:] * centred[:-lag]).mean())
    across = float((centred[:, lag:] * centred[:, :-lag]).mean())
    return [down / variance, across / variance]


def _correlations(planes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Damped correlation matrix of planes (count, height, width)."""
    flat = planes.reshape(len(planes), -1).astype(np.float64)
    flat -= flat.mean(axis=1, keepdims=True)
    covariance = flat @ flat.T / flat.shape[1]
    deviation = np.sqrt(np.diag(covariance) + FLOOR)
    return covariance / np.outer(deviation, deviation)


def _band_statistics(pyramid: Pyramid) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {
        kind: []
        for kind in ("energy", "sparsity", "acf", "amplitude_acf", "skewness", "kurtosis", "cross")
    }
    amplitudes = np.abs(pyramid.bands)
    planes = [(pyramid.high, 1), (pyramid.low, 8)]
    planes += [(band.real, 2**scale) for scale, row in enumerate(pyramid.bands) for band in row]
    for plane, lag in planes:
        deviation, skewness, kurtosis = _moments(plane)
        found["energy"].append(deviation)
        found["skewness"].append(skewness)
        found["kurtosis"].append(kurtosis)
        found["acf"] += _autocorrelation(plane, lag)
    for scale, row in enumerate(amplitudes):
        for amplitude in row:
            power = float((amplitude * amplitude).mean()) + FLOOR
            found["sparsity"].append(float(amplitude.mean()) / power**0.5)
            found["amplitude_acf"] += _autocorrelation(amplitude, 4 * 2**scale)
        found["cross"] += list(_correlations(row)[np.triu_indices(len(row), 1)])
    for fine, coarse in pairwise(amplitudes):
        pairs = zip(fine, coarse, strict=True)
        found["cross"] += [float(_correlations(np.stack(pair))[0, 1]) for pair in pairs]
    return found


def _colour_statistics(opponent: NDArray[np.float32]) -> dict[str, list[float]]:
    """Statistics of (3, height, width) opponent planes."""
    found: dict[str, list[float]] = {"colour_mean": [float(p.mean()) for p in opponent]}
    moments = [_moments(plane) for plane in opponent]
    found["colour_deviation"] = [deviation for deviation, _, _ in moments]
    found["colour_skewness"] = [skewness for _, skewness, _ in moments]
    found["colour_correlation"] = list(_correlations(opponent)[np.triu_indices(3, 1)])
    found["chroma_energy"] = []
    for plane in opponent[1:]:
        for step in (1, 2, 4):
            down, across = plane[step:] - plane[:-step], plane[:, step:] - plane[:, :-step]
            power = float((down * down).mean() + (across * across).mean()) / 2
            found["chroma_energy"].append(0.5 * float(np.log(power + FLOOR)))
    return found


def raw_statistics(pixels: Pixels) -> dict[str, list[float]]:
    """Statistics of one window by kind, before z-scoring; uint8 (side, side, 3) RGB."""
    opponent = np.moveaxis(np.asarray(pixels, dtype=np.float32) @ OPPONENT.T, 2, 0)
    return _band_statistics(steerable_pyramid(opponent[0])) | _colour_statistics(opponent)


def describe_window(pixels: Pixels) -> Vector:
    """z-scored statistics of one window, float64 (150,); uint8 (side, side, 3) RGB in.

    Every kind weighs the same however many statistics it has, so that colour is not outvoted by
    the many subbands: each is divided by its scale and by the root of its kind's share.
    """
    kinds = raw_statistics(pixels)
    total = sum(len(values) for values in kinds.values())
    return np.concatenate(
        [
            np.asarray(values) / SCALES_BY_KIND[kind] * (total / len(kinds) / len(values)) ** 0.5
            for kind, values in kinds.items()
        ]
    )


def describe_windows(windows: Sequence[Pixels]) -> NDArray[np.float64]:
    """`describe_window` of each: float64 (windows, statistics)."""
    return np.stack([describe_window(window) for window in windows])


def distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Root mean square difference over the last axis, in standard deviations between materials."""
    return np.sqrt(np.mean((one - other) ** 2, axis=-1))


@dataclass(frozen=True)
class StatisticsRatios:
    """Generated against real windows at the texture statistics; 1 = as real against real.

    pair_ratio: mean distance of generated to real windows over real to other real windows.
    set_ratio: distance between mean descriptors over the same for splits of the real windows.
    set_ratio_halves: the largest set ratio of the photograph against itself, between its left and
        right, upper and lower half and first and second picture; far above 1 = not stationary.
    """

    pair_ratio: float
    set_ratio: float
    set_ratio_halves: float


#: Random halves that the floor of the set ratio is the median of.
SPLITS = 200


def _split_floor(real: NDArray[np.float64], rng: np.random.Generator) -> float:
    """Median distance between the mean descriptors of two random halves of the real windows."""
    half = len(real) // 2
    floors = np.empty(SPLITS)
    for split in range(SPLITS):
        order = rng.permutation(len(real))
        one, other = real[order[:half]], real[order[half : 2 * half]]
        floors[split] = distance(one.mean(axis=0), other.mean(axis=0))
    return float(np.median(floors)) + TINY


def _set_distance(
    real: NDArray[np.float64], generated: NDArray[np.float64], rng: np.random.Generator
) -> float:
    """The same between random halves of the real and of the generated windows."""
    half = len(real) // 2
    distances = np.empty(SPLITS)
    for split in range(SPLITS):
        one = real[rng.permutation(len(real))[:half]].mean(axis=0)
        other = generated[rng.permutation(len(generated))[:half]].mean(axis=0)
        distances[split] = distance(one, other)
    return float(np.median(distances)) + TINY


def _halves_distance(real: NDArray[np.float64], places: NDArray[np.float64]) -> float:
    """Largest distance between the mean descriptors of the photograph's own spatial halves."""
    half = len(real) // 2
    ordered = [real[np.argsort(places[:, axis], kind="stable")] for axis in range(places.shape[1])]
    return max(
        float(distance(rows[:half].mean(axis=0), rows[-half:].mean(axis=0))) for rows in ordered
    )


def compare_sets(
    real: NDArray[np.float64],
    generated: NDArray[np.float64],
    places: NDArray[np.float64],
    seed: int = 0,
) -> StatisticsRatios:
    """Ratios for descriptors (windows, statistics), as many real as generated ones.

    Floor and distance both compare means of half the windows, so a perfect model scores 1.

    Args:
        real: descriptors of the real windows.
        generated: descriptors of the generated windows.
        places: where the real windows lie, one column each for every order in which they are cut
            into two halves (down, across, picture).
        seed: of the random halves.

    Raises:
        ValueError: fewer than 4 windows or different numbers of them.
    """
    count = len(real)
    if count < 4 or len(generated) != count:
        raise ValueError(f"{count} real and {len(generated)} generated windows; give 4+, equal")
    rng = np.random.default_rng(seed)
    floor = _split_floor(real, rng)
    across = np.mean([distance(row, real).mean() for row in generated])
    within = np.mean([distance(row, real).sum() / (count - 1) for row in real])
    return StatisticsRatios(
        pair_ratio=float((across + TINY) / (within + TINY)),
        set_ratio=_set_distance(real, generated, rng) / floor,
        set_ratio_halves=_halves_distance(real, places) / floor,
    )
