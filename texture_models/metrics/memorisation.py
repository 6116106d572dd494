"""Are generated patches copies of the training photographs?

Blind to copies that are rescaled, warped or rotated by other angles than 90 degrees, and weak on
regular photographs, which contain themselves; `Memorisation.weak` says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from texture_models.metrics.windows import Pixels, Plane, luminance, spread_places

PATCH_PX = 24
#: Patches with less deviation than this (grey levels) match everything and say nothing.
LEAST_DEVIATION = 2.0
#: Best matches above this are copies to the eye.
COPY_NCC = 0.9
#: Between 0.9 and this lie also chance matches of one hard edge between two even areas: a quarter
#: of the held-out patches of a photograph of flaking paint.
SURE_COPY_NCC = 0.95


@dataclass(frozen=True)
class Memorisation:
    """Best correlation of patches with any place of the training pictures (8 symmetries).

    ncc: median over the generated patches, -1..1.
    ncc_held_out: the same for real patches that are no copies: the larger median of held-out
        patches and of training patches that are matched with the training pictures elsewhere.
    copied_share, copied_share_held_out: share of patches above 0.9, likewise.
    memorised: the median exceeds the held-out one by more than 0.15, or the share by more than 0.1
        and 2.5 standard errors; and the matched places do not repeat elsewhere as closely.
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


def _window_means(plane: Plane) -> NDArray[np.float64]:
    """Mean of every 24 px window, at the index of its upper left corner."""
    windows = np.cumsum(np.cumsum(np.pad(plane.astype(np.float64), ((1, 0), (1, 0))), 0), 1)
    down = windows[PATCH_PX:] - windows[:-PATCH_PX]
    return (down[:, PATCH_PX:] - down[:, :-PATCH_PX]) / PATCH_PX**2


def _searched(picture: Pixels) -> _Searched:
    grey = luminance(picture)
    grey = grey - grey.mean()
    height, width = grey.shape
    size = (scipy.fft.next_fast_len(height, True), scipy.fft.next_fast_len(width, True))
    mean, square = _window_means(grey), _window_means(grey * grey)
    deviation = np.sqrt(np.maximum(square - mean**2, 0.0))
    norms = np.maximum(deviation, LEAST_DEVIATION / 2) * PATCH_PX
    return _Searched(scipy.fft.rfft2(grey, size), size, norms.astype(np.float32))


def _symmetries(patch: Plane) -> Iterator[Plane]:
    for turned in (patch, patch.T):
        for flipped in (turned, turned[::-1]):
            yield flipped
            yield flipped[:, ::-1]


@dataclass(frozen=True)
class _Patch:
    """Zero-mean, unit-norm grey patch and where it was cut."""

    grey: Plane
    picture: int
    top: int
    left: int


@dataclass(frozen=True)
class _Match:
    """Best correlation and where it was found."""

    ncc: float
    picture: int
    top: int
    left: int


def _best_match(patch: _Patch, pictures: Sequence[_Searched], *, elsewhere: bool) -> _Match:
    """Largest normalised correlation over places and symmetries.

    `elsewhere`: the patch was cut from these pictures; places that overlap its own do not count.
    """
    variants = np.stack(list(_symmetries(patch.grey)))
    best = _Match(-1.0, 0, 0, 0)
    for index, picture in enumerate(pictures):
        spectra = scipy.fft.rfft2(variants, picture.size)
        found = scipy.fft.irfft2(picture.spectrum * np.conj(spectra), picture.size)
        height, width = picture.norms.shape
        found = found[:, :height, :width] / picture.norms
        if elsewhere and index == patch.picture:
            top, left = max(patch.top - PATCH_PX, 0), max(patch.left - PATCH_PX, 0)
            found[:, top : patch.top + PATCH_PX, left : patch.left + PATCH_PX] = -1.0
        _, top, left = (int(i) for i in np.unravel_index(found.argmax(), found.shape))
        if found.max() > best.ncc:
            best = _Match(min(float(found.max()), 1.0), index, top, left)
    return best


def _patches(pictures: Sequence[Pixels], count: int, seed: int) -> list[_Patch]:
    """Evenly spread patches; those without contrast are left out."""
    places = spread_places(pictures, side_px=PATCH_PX, count=count, seed=seed)
    found = [_patch_at(pictures, *place) for place in places]
    return [patch for patch in found if patch is not None]


def _patch_at(pictures: Sequence[Pixels], index: int, top: int, left: int) -> _Patch | None:
    """The patch with this corner, None if it has no contrast."""
    grey = luminance(pictures[index][top : top + PATCH_PX, left : left + PATCH_PX])
    grey = grey - grey.mean()
    if grey.std() < LEAST_DEVIATION:
        return None
    return _Patch(grey / np.float32(np.linalg.norm(grey)), index, top, left)


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
    memorised, and weak. Departure from the usual held-out test: training patches matched elsewhere
    join the baseline, because a held-out strip of a changing photograph resembles the rest less
    than an honest model does.

    Raises:
        ValueError: a list is empty or none of its pictures holds a 24 px patch.
    """
    training = [picture for picture in training if min(picture.shape[:2]) >= PATCH_PX]
    ours = _patches(generated, patches, seed)
    theirs, own = _patches(held_out, patches, seed), _patches(training, patches, seed)
    if not ours or not theirs or not own:
        return Memorisation(0.0, 0.0, 0.0, 0.0, memorised=False, weak=True, patches=0)
    searched = [_searched(picture) for picture in training]
    matches = [_best_match(patch, searched, elsewhere=False) for patch in ours]
    found = np.array([match.ncc for match in matches])
    expected = [
        np.array([_best_match(patch, searched, elsewhere=False).ncc for patch in theirs]),
        np.array([_best_match(patch, searched, elsewhere=True).ncc for patch in own]),
    ]
    ncc, ncc_held_out = float(np.median(found)), max(float(np.median(row)) for row in expected)
    share = float((found > COPY_NCC).mean())
    share_held_out = max(float((row > COPY_NCC).mean()) for row in expected)
    alike = ncc - ncc_held_out > 0.15
    copied = share - share_held_out > max(0.1, _doubt(share, share_held_out, len(found)))
    return Memorisation(
        ncc=ncc,
        ncc_held_out=ncc_held_out,
        copied_share=share,
        copied_share_held_out=share_held_out,
        memorised=(alike or copied) and _is_unexplained(matches, training, searched, alike=alike),
        weak=share_held_out > 0.1,
        patches=len(found),
    )


def _is_unexplained(
    matches: list[_Match], training: Sequence[Pixels], searched: list[_Searched], *, alike: bool
) -> bool:
    """Whether the matched places are rarer in the training pictures than the matches suggest.

    A straight edge or a brick resembles many places without being a copy of one. So the place that
    a patch matched best is itself matched elsewhere: a copy is much nearer to its original than the
    original's next relative is.
    """
    found = np.array([match.ncc for match in matches])
    relatives = np.zeros(len(matches))
    for index, match in enumerate(matches):
        original = _patch_at(training, match.picture, match.top, match.left)
        if original is not None:
            relatives[index] = _best_match(original, searched, elsewhere=True).ncc
    nearer = found - relatives
    if alike and float(np.median(nearer)) > 0.1:
        return True
    return float(((found > SURE_COPY_NCC) & (nearer > 0.1)).mean()) > 0.1


def _doubt(share: float, share_held_out: float, count: int) -> float:
    """2.5 standard errors of the difference of two shares of `count` patches each."""
    variance = share * (1 - share) + share_held_out * (1 - share_held_out)
    return 2.5 * float(np.sqrt(variance / count))
