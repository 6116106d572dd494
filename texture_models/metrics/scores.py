"""All figures of one material's generated tiles, in one record."""

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, Field

from texture_models.metrics.blobs import excess_blobs
from texture_models.metrics.diversity import diversity_ratio, spatial_anchoring
from texture_models.metrics.memorisation import memorisation
from texture_models.metrics.phase_imprint import phase_imprint
from texture_models.metrics.repetition import repeat_excess
from texture_models.metrics.seam import mirror_misfit, wrap_seam
from texture_models.metrics.spectrum import checkerboard_db, mean_power, top_octave_db
from texture_models.metrics.texture_statistics import (
    StatisticsRatios,
    compare_sets,
    describe_windows,
)
from texture_models.metrics.windows import (
    Pixels,
    check_pictures,
    fitting_crop_px,
    spread_places,
    spread_windows,
)

#: Windows on either side. Fixed, because the set ratio grows with the root of their number.
WINDOWS = 32
#: Pictures in which is looked for what is locked to the grid: in four, and still in 32, the checks
#: of a cloth may lie alike by chance, and pose as its imprint.
TORI = 128
#: They need to be no larger than this; tiles may be.
TORUS_PX = 256
#: Those of them that are compared place by place: more real windows would overlap.
ANCHORED = 32


class TextureScores(BaseModel, frozen=True, extra="forbid"):
    """What one material's generated tiles measure; every figure is relative to its photographs.

    N: `n_generated` tiles of `tile_px`, `n_real_crops` windows of `crop_px` on either side.
    """

    pair_ratio: float = Field(description="generated-real over real-real window distance; 1 ideal")
    set_ratio: float = Field(description="distance of mean descriptors over random halves; 1 ideal")
    set_ratio_halves: float = Field(description="set ratio of the photograph's own spatial halves")
    top_octave_db: float = Field(description="power at the finest octave, generated - real, dB")
    checkerboard_db: float = Field(description="Nyquist corner over its ring, generated - real, dB")
    phase_imprint: float = Field(description="grid imprint beyond chance, share of sharpness")
    wrap_seam_z: float = Field(description="largest |z| of the wrap over tiles and axes")
    wrap_seam_ratio: float = Field(description="wrap step over 98th percentile inside; seam > 1.6")
    wrap_slope_z: float = Field(description="largest |z| of the change of slope over the wrap")
    mirrored: bool = Field(description="a tile is its own mirror image as the photograph is not")
    diversity: float = Field(description="distance between seeds over real windows; 0.7-1.3 good")
    spatial_anchoring: float = Field(description="share of pixels nailed to a place (TIPP excess)")
    memorisation_ncc: float = Field(description="median best match of patches with training, -1..1")
    memorisation_ncc_held_out: float = Field(description="the same for held-out patches")
    copied_share: float = Field(description="share of generated patches above 0.9")
    copied_share_held_out: float = Field(description="the same for held-out patches")
    memorised: bool = Field(description="matches exceed the held-out ones by 0.15 or share by 0.1")
    memorisation_weak: bool = Field(description="held-out patches match too; copies may hide")
    blob_excess: int = Field(description="spots beyond the photograph's extremes, all tiles")
    blob_locked_share: float = Field(description="share of them at one position in the noise cell")
    repeat_excess: float = Field(description="strongest repeat inside a tile minus the real one's")
    fidelity: float | None = Field(
        None, description="share of generated patches that a classifier takes for the material"
    )
    fidelity_held_out: float | None = Field(
        None, description="the same for the photographs' held-out patches: what it is worth"
    )
    n_generated: int = Field(description="generated tiles")
    n_real_crops: int = Field(description="windows on either side")
    crop_px: int = Field(description="side of the windows, pixels")
    tile_px: int = Field(description="root of the area of a generated tile, pixels")


def score_texture(
    *,
    real: Sequence[Pixels],
    held_out: Sequence[Pixels],
    generated: Sequence[Pixels],
    tori: Sequence[Pixels] | None = None,
    crop_px: int = 128,
    seed: int = 0,
    pixels_per_cell: int = 16,
) -> TextureScores:
    """Score the generated tiles of one material; deterministic, about 10 s on one core.

    Small photographs are compared in smaller windows (`fitting_crop_px`), so compare scores only
    at equal `crop_px`.

    Args:
        real: training-region pictures, uint8 (height, width, 3) RGB.
        held_out: the parts never trained on, same form.
        generated: seamless tiles, uint8 (side, side, 3), one seed each, one size, at least 2.
        tori: pictures that begin at a corner of a noise cell, one seed each, TORI of them: what is
            locked to the cells or to a place is looked for there. None: the tiles are meant.
        crop_px: wished side of the comparison windows.
        seed: of every sampling here.
        pixels_per_cell: side of the square that one noise cell grows into.

    Raises:
        ValueError: a list is too short, pictures are no uint8 RGB or too small (32 px; 24 px held
            out), or the tiles differ in size.
    """
    check_pictures("real", real)
    check_pictures("held_out", held_out)
    check_pictures("generated", generated, least=2)
    if len({tile.shape for tile in generated}) > 1:
        raise ValueError(f"generated tiles differ in size: {sorted({t.shape for t in generated})}")
    side = fitting_crop_px(real, generated, crop_px)
    windows = {"side_px": side, "count": WINDOWS, "seed": seed}
    real_windows = spread_windows(real, **windows)
    tile_windows = spread_windows(generated, **windows)
    ratios = _ratios(real_windows, tile_windows, spread_places(real, **windows), seed)
    spectra = mean_power(real_windows), mean_power(tile_windows)
    tori = generated if tori is None else tori
    everything, cell = [*real, *held_out], {"pixels_per_cell": pixels_per_cell}
    return TextureScores(
        **vars(ratios),
        top_octave_db=top_octave_db(*spectra),
        checkerboard_db=checkerboard_db(*spectra),
        phase_imprint=phase_imprint(real, tori, seed),
        **_seam_figures(real_windows, generated),
        diversity=diversity_ratio(real, generated, side_px=side, seed=seed),
        spatial_anchoring=spatial_anchoring(real, tori[:ANCHORED], seed),
        **_memorisation_figures(real, held_out, generated, seed),
        blob_excess=excess_blobs(everything, generated, **cell).count,
        blob_locked_share=excess_blobs(everything, tori, **cell).locked_share,
        repeat_excess=repeat_excess(real_windows, tile_windows),
        n_generated=len(generated),
        n_real_crops=WINDOWS,
        crop_px=side,
        tile_px=round((generated[0].shape[0] * generated[0].shape[1]) ** 0.5),
    )


def _ratios(
    real: list[Pixels], generated: list[Pixels], places: list[tuple[int, int, int]], seed: int
) -> StatisticsRatios:
    where = np.array(places, dtype=np.float64)
    return compare_sets(describe_windows(real), describe_windows(generated), where, seed)


#: A mirror line leaves less than this share of the misfit of the photograph's most symmetric line.
MIRROR_SHARE = 0.25
MIRROR_MISFIT = 0.1


def _seam_figures(real_windows: list[Pixels], tiles: Sequence[Pixels]) -> dict[str, float | bool]:
    seams = [wrap_seam(tile) for tile in tiles]
    own = min(mirror_misfit(window, wrap=False) for window in real_windows)
    misfit = min(mirror_misfit(tile, wrap=True) for tile in tiles)
    return {
        "wrap_seam_z": max(abs(seam.z) for seam in seams),
        "wrap_seam_ratio": max(seam.ratio for seam in seams),
        "wrap_slope_z": max(abs(seam.slope_z) for seam in seams),
        "mirrored": misfit < min(MIRROR_SHARE * own, MIRROR_MISFIT),
    }


def _memorisation_figures(
    real: Sequence[Pixels], held_out: Sequence[Pixels], generated: Sequence[Pixels], seed: int
) -> dict[str, float | bool]:
    found = memorisation(training=real, held_out=held_out, generated=generated, seed=seed)
    return {
        "memorisation_ncc": found.ncc,
        "memorisation_ncc_held_out": found.ncc_held_out,
        "copied_share": found.copied_share,
        "copied_share_held_out": found.copied_share_held_out,
        "memorised": found.memorised,
        "memorisation_weak": found.weak,
    }
