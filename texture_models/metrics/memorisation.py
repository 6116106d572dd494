"""Are generated patches copies of the training photographs?

Blind to copies that are rescaled, warped or rotated by other angles than 90 degrees, and weak on
regular photographs, which contain themselves; `Memorisation.weak` says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray

from texture_models.metrics.windows import Pixels, Plane, luminance, spread_windows

PATCH_PX = 24
#: Patches with less deviation than this (grey levels) match everything and say nothing.
LEAST_DEVIATION = 2.0
#: Best matches above this are copies to the eye.
COPY_NCC = 0.9


@dataclass(frozen=True)
class Memorisation:
    """Best correlation of patches with any place of the training pictures (8 symmetries).

    ncc, ncc_held_out: median over the generated and over held-out patches, -1..1.
    copied_share, copied_share_held_out: share of patches above 0.9.
    memorised: the median exceeds the held-out one by more than 0.15, or the share by more than 0.1.
    weak: more than a tenth of the held-out patches match too, so a copy may go unseen.
    patches: patches on either side that had enough contrast to be matched.
    """

    ncc: float
    ncc_held_out: float
    copied_share: float
    copied_share_held_out: float
    memorised: bool
    weak: bool
    patches: int


@dataclass(frozen=True)
class _Searched:
    """One training picture, ready for correlation: spectrum and local deviation x patch length."""

    spectrum: NDArray[np.complex64]
    size: tuple[int, int]
    norms: Plane


def _searched(picture: Pixels) -> _Searched:
    grey = luminance(picture)
    grey = grey - grey.mean()
    height, width = grey.shape
    size = (scipy.fft.next_fast_len(height, True), scipy.fft.next_fast_len(width, True))
    # Window means by a box filter, moved so that index (0, 0) is the window with that corner.
    inside = (slice(0, height - PATCH_PX + 1), slice(0, width - PATCH_PX + 1))
    box = {"size": PATCH_PX, "origin": -(PATCH_PX // 2), "mode": "constant"}
    mean = scipy.ndimage.uniform_filter(grey.astype(np.float64), **box)[inside]
    square = scipy.ndimage.uniform_filter(grey.astype(np.float64) ** 2, **box)[inside]
    deviation = np.sqrt(np.maximum(square - mean**2, 0.0))
    norms = np.maximum(deviation, LEAST_DEVIATION / 2) * PATCH_PX
    return _Searched(scipy.fft.rfft2(grey, size), size, norms.astype(np.float32))


def _symmetries(patch: Plane) -> Iterator[Plane]:
    for turned in (patch, patch.T):
        for flipped in (turned, turned[::-1]):
            yield flipped
            yield flipped[:, ::-1]


def _best_match(patch: Plane, pictures: Sequence[_Searched]) -> float:
    """Largest normalised correlation of a zero-mean, unit-norm patch over places and symmetries."""
    variants = np.stack(list(_symmetries(patch)))
    best = -1.0
    for picture in pictures:
        spectra = scipy.fft.rfft2(variants, picture.size)
        found = scipy.fft.irfft2(picture.spectrum * np.conj(spectra), picture.size)
        height, width = picture.norms.shape
        best = max(best, float((found[:, :height, :width] / picture.norms).max()))
    return min(best, 1.0)


def _normalised_patches(pictures: Sequence[Pixels], count: int, seed: int) -> list[Plane]:
    """Zero-mean, unit-norm grey patches; those without contrast are left out."""
    found = []
    for patch in spread_windows(pictures, side_px=PATCH_PX, count=count, seed=seed):
        grey = luminance(patch)
        grey = grey - grey.mean()
        if grey.std() >= LEAST_DEVIATION:
            found.append(grey / np.linalg.norm(grey))
    return found


def memorisation(
    *,
    training: Sequence[Pixels],
    held_out: Sequence[Pixels],
    generated: Sequence[Pixels],
    patches: int = 48,
    seed: int = 0,
) -> Memorisation:
    """Compare generated with held-out patches by their best match in the training pictures.

    A deterministic sample of `patches` 24 px patches a side, against every training position in
    its 8 flips and quarter turns. Where either side has no contrast there is nothing to copy: not
    memorised, and weak.

    Raises:
        ValueError: a list is empty or none of its pictures holds a 24 px patch.
    """
    searched = [_searched(picture) for picture in training if min(picture.shape[:2]) >= PATCH_PX]
    if not searched:
        raise ValueError(f"no training picture holds a patch of {PATCH_PX} px")
    ours = _normalised_patches(generated, patches, seed)
    theirs = _normalised_patches(held_out, patches, seed)
    if not ours or not theirs:
        return Memorisation(0.0, 0.0, 0.0, 0.0, memorised=False, weak=True, patches=0)
    found = np.array([_best_match(patch, searched) for patch in ours])
    expected = np.array([_best_match(patch, searched) for patch in theirs])
    ncc, ncc_held_out = float(np.median(found)), float(np.median(expected))
    share, share_held_out = float((found > COPY_NCC).mean()), float((expected > COPY_NCC).mean())
    return Memorisation(
        ncc=ncc,
        ncc_held_out=ncc_held_out,
        copied_share=share,
        copied_share_held_out=share_held_out,
        memorised=ncc - ncc_held_out > 0.15 or share - share_held_out > 0.1,
        weak=share_held_out > 0.1,
        patches=min(len(ours), len(theirs)),
    )
