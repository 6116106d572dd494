"""What the metrics notice: damaged halves of photographs against undamaged ones.

Every photograph is cut into a left half A and a right half B. A damage is noticed by a metric if
B damaged is further from A than B is. Prints two markdown tables: share of photographs where that
holds and the median factor; and both ratios of references (held-out halves, image quilting,
phase-randomised noise) against the photograph.

    python benchmarks/metrics_validity.py [--photos FOLDER] [--side-px 512]
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from benchmarks.image_quilting import quilt
from texture_models.metrics.phase_imprint import phase_imprint
from texture_models.metrics.repetition import repeat_excess
from texture_models.metrics.spectrum import checkerboard_db, mean_power, top_octave_db
from texture_models.metrics.texture_statistics import (
    compare_sets,
    describe_window,
    describe_windows,
    distance,
)
from texture_models.metrics.windows import spread_places, spread_windows

Pixels = NDArray[np.uint8]
WINDOW_PX, WINDOWS = 128, 12
#: Below this a figure is as good as none; keeps the factors of what was 0 before within bounds.
RESOLUTION = {
    "statistics, one window": 0.01,
    "statistics, mean of 12 windows": 0.01,
    "top octave, dB": 0.2,
    "checkerboard, dB": 0.2,
    "phase imprint": 0.005,
    "repeat": 0.02,
}


def photographs(folder: Path | None, side_px: int) -> Iterator[tuple[str, Pixels]]:
    """Name and RGB pixels, reduced until the longer side is at most `side_px`."""
    if folder is None:
        for name in ("brick", "grass", "gravel"):
            grey = getattr(skimage.data, name)()
            yield name, np.repeat(grey[..., None], 3, axis=2)
        return
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".jpg", ".png"}):
        pixels = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        scale = min(side_px / max(pixels.shape[:2]), 1.0)
        yield (
            path.stem,
            cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA),
        )


def _rounded(values: NDArray[np.float64]) -> Pixels:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def phase_randomised(pixels: Pixels) -> Pixels:
    """The same spectrum with random phases, equal in all channels (Galerne et al. 2011)."""
    noise = np.random.default_rng(0).standard_normal(pixels.shape[:2])
    turn = np.exp(1j * np.angle(np.fft.fft2(noise)))
    turn[0, 0] = 1
    planes = [np.fft.ifft2(np.fft.fft2(pixels[..., c]) * turn).real for c in range(3)]
    return _rounded(np.stack(planes, axis=2))


def _shuffled(pixels: Pixels) -> Pixels:
    rows, columns = pixels.shape[0] // 16, pixels.shape[1] // 16
    blocks = pixels[: rows * 16, : columns * 16].reshape(rows, 16, columns, 16, 3)
    blocks = blocks.swapaxes(1, 2).reshape(rows * columns, 16, 16, 3)
    blocks = blocks[np.random.default_rng(0).permutation(rows * columns)]
    return (
        blocks.reshape(rows, columns, 16, 16, 3).swapaxes(1, 2).reshape(rows * 16, columns * 16, 3)
    )


def _scaled(pixels: Pixels) -> Pixels:
    return cv2.resize(pixels, None, fx=1.28, fy=1.28, interpolation=cv2.INTER_CUBIC)


def _repeated(pixels: Pixels) -> Pixels:
    rows, columns = pixels.shape[0] // 32 + 1, pixels.shape[1] // 32 + 1
    return np.tile(pixels[:32, :32], (rows, columns, 1))[: pixels.shape[0], : pixels.shape[1]]


def _checkered(pixels: Pixels) -> Pixels:
    sign = (np.indices(pixels.shape[:2]).sum(axis=0) % 2) * 2 - 1
    return _rounded(pixels + 6.0 * sign[..., None])


def _imprinted(pixels: Pixels) -> Pixels:
    """Fine contrast that changes by 15 % with the position modulo 8 px."""
    soft = cv2.GaussianBlur(pixels.astype(np.float64), (0, 0), 1.2)
    gain = 1 + 0.15 * np.cos(2 * np.pi * np.arange(pixels.shape[1]) / 8)
    return _rounded(soft + (pixels - soft) * gain[None, :, None])


def _noisy(pixels: Pixels) -> Pixels:
    return _rounded(pixels + np.random.default_rng(0).normal(0, 12, pixels.shape))


DAMAGES: dict[str, Callable[[Pixels], Pixels]] = {
    "blur s=1": lambda p: cv2.GaussianBlur(p, (0, 0), 1.0),
    "noise 12": _noisy,
    "phase-random": phase_randomised,
    "16 px shuffle": _shuffled,
    "colour +12": lambda p: _rounded(p + np.array([12.0, 0.0, -12.0])),
    "contrast .75": lambda p: _rounded(p.mean((0, 1)) + 0.75 * (p - p.mean((0, 1)))),
    "scale x1.28": _scaled,
    "checker +-6": _checkered,
    "32 px repeat": _repeated,
    "8 px imprint": _imprinted,
    "90 degree turn": lambda p: np.rot90(p).copy(),
    "mirrored": lambda p: p[:, ::-1].copy(),
}


def _windows(half: Pixels, side_px: int) -> list[Pixels]:
    return spread_windows([half], side_px=side_px, count=WINDOWS)


def _measures(real: Pixels, other: Pixels) -> dict[str, float]:
    """Every metric as a distance that is 0 at best."""
    side = min(WINDOW_PX, *real.shape[:2], *other.shape[:2])
    ours, theirs = _windows(real, side), _windows(other, side)
    spectra = mean_power(ours), mean_power(theirs)
    one, two = describe_windows(ours), describe_windows(theirs)
    # Cut from the corner, as a tile starts on the grid.
    tiles = [other[: side // 16 * 16, : side // 16 * 16]]
    return {
        "statistics, one window": float(distance(one[0], two[0])),
        "statistics, mean of 12 windows": float(distance(one.mean(axis=0), two.mean(axis=0))),
        "top octave, dB": abs(top_octave_db(*spectra)),
        "checkerboard, dB": max(checkerboard_db(*spectra), 0.0),
        "phase imprint": max(phase_imprint([real], tiles), 0.0),
        "repeat": max(repeat_excess(ours, theirs), 0.0),
    }


def _validity(pictures: Sequence[tuple[str, Pixels]]) -> None:
    noticed: dict[str, dict[str, list[tuple[bool, float]]]] = {}
    for name, pixels in pictures:
        half = pixels.shape[1] // 2
        left, right = pixels[:, :half], pixels[:, half:]
        before = _measures(left, right)
        for damage, apply in DAMAGES.items():
            for metric, value in _measures(left, apply(right)).items():
                found = noticed.setdefault(metric, {}).setdefault(damage, [])
                least = RESOLUTION[metric]
                factor = max(value, least) / max(before[metric], least)
                found.append((value > before[metric], factor))
        print(f"measured {name}", file=sys.stderr, flush=True)
    print(f"| {len(pictures)} photographs |", *(f"{d} |" for d in DAMAGES))
    print("|---" * (len(DAMAGES) + 1) + "|")
    for metric, row in noticed.items():
        cells = [
            f"{np.mean([n for n, _ in found]):.2f} ({np.median([f for _, f in found]):.1f})"
            for found in row.values()
        ]
        print(f"| {metric} |", " | ".join(cells), "|")


def _retrieval(pictures: Sequence[tuple[str, Pixels]]) -> None:
    """Share of left windows whose nearest right window is of the same photograph."""
    left = [describe_window(p[:WINDOW_PX, :WINDOW_PX]) for _, p in pictures]
    right = [describe_window(p[-WINDOW_PX:, -WINDOW_PX:]) for _, p in pictures]
    hits = [int(np.argmin(distance(row, np.stack(right)))) == i for i, row in enumerate(left)]
    print(f"\nretrieval of its own partner among {len(hits)}: {np.mean(hits):.2f}\n")


def _interleaved(pixels: Pixels) -> tuple[list[Pixels], list[Pixels]]:
    """Opposite quadrants, or halves where quadrants hold no window."""
    down, across = pixels.shape[0] // 2, pixels.shape[1] // 2
    if min(down, across) < WINDOW_PX:
        return [pixels[:, :across]], [pixels[:, across:]]
    return [pixels[:down, :across], pixels[down:, across:]], [
        pixels[:down, across:],
        pixels[down:, :across],
    ]


def _references(pictures: Sequence[tuple[str, Pixels]]) -> None:
    found: dict[str, list[tuple[float, float]]] = {}
    for name, pixels in pictures:
        train = pixels[:, : int(0.75 * pixels.shape[1])]
        quilted = [quilt(train, side_px=256, seed=seed) for seed in range(4)]
        cases = {
            "windows of the same region": ([train], [train]),
            "other quadrants (held out)": _interleaved(pixels),
            "image quilting": ([train], quilted),
            "phase-randomised": ([train], [phase_randomised(train)]),
            "blur s=1": ([train], [cv2.GaussianBlur(train, (0, 0), 1.0)]),
            "noise 12": ([train], [_noisy(train)]),
        }
        for case, (real, other) in cases.items():
            ratios = compare_sets(
                describe_windows(spread_windows(real, side_px=WINDOW_PX, count=32)),
                describe_windows(spread_windows(other, side_px=WINDOW_PX, count=32, seed=1)),
                np.array(spread_places(real, side_px=WINDOW_PX, count=32), dtype=np.float64),
            )
            found.setdefault(case, []).append((ratios.set_ratio, ratios.pair_ratio))
        print(f"compared {name}", file=sys.stderr, flush=True)
    print(
        "| reference | set ratio: median (largest) | pair ratio: median (largest) |\n|---|---|---|"
    )
    for case, rows in found.items():
        sets, pairs = np.array(rows).T
        print(
            f"| {case} | {np.median(sets):.2f} ({sets.max():.2f}) "
            f"| {np.median(pairs):.2f} ({pairs.max():.2f}) |"
        )


def main() -> None:
    """Print the tables for the built-in photographs or a folder of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="folder of photographs; default: built-in")
    parser.add_argument("--side-px", type=int, default=512, help="reduce the longer side to this")
    arguments = parser.parse_args()
    pictures = list(photographs(arguments.photos, arguments.side_px))
    _validity(pictures)
    _retrieval(pictures)
    _references(pictures)


if __name__ == "__main__":
    main()
