"""May a model be published? Limits on its scores, and the comparison with the champion.

The limits let honest models through that learnt for a few minutes on a CPU, and refuse broken
ones: noise, constant colour, collapse, copies, seams. They are no bar of quality; benchmarks/ is.
"""

from collections.abc import Iterator, Mapping
from math import isnan
from statistics import median
from typing import NamedTuple

from pydantic import BaseModel, Field

from texture_models.metrics.scores import TextureScores


class GateConfig(BaseModel, frozen=True, extra="forbid"):
    """What a model may at most measure to become champion."""

    set_ratio: float = Field(
        6.0, gt=0, description="limit of the set ratio, or of the photograph's own halves if larger"
    )
    pair_ratio: float = Field(2.2, gt=0, description="limit of the pair ratio")
    top_octave_db: float = Field(
        3.0, gt=0, description="limit of the top octave's |difference|, dB"
    )
    # A smooth photograph has next to nothing in its finest corner, so a few dB more are not seen: a
    # pattern of one grey level adds 10 dB to gravel and 20 dB to brick.
    checkerboard_db: float = Field(6.0, gt=0, description="limit of the checkerboard excess, dB")
    phase_imprint: float = Field(0.05, gt=0, description="limit of the upsampling grid's imprint")
    wrap_seam_z: float = Field(2.0, gt=0, description="a seam is visible above this |z| ...")
    # Of 348 crops rolled so that their wrap is continuous 6 % have |z| > 2, because a joint of the
    # pattern lies on it; with the ratio 0.3 % are refused, and 82 % of unrolled crops still are.
    wrap_seam_ratio: float = Field(
        1.2, gt=0, description="... and its step above this multiple of the 98th percentile inside"
    )
    diversity_min: float = Field(
        0.4, ge=0, description="seeds must differ by this share of reality"
    )
    diversity_max: float = Field(2.5, gt=0, description="and at most by this")
    spatial_anchoring: float = Field(0.25, gt=0, description="limit of the share of pixels nailed")
    blobs_per_tile: float = Field(
        3.0, ge=0, description="spots beyond the photograph's own in 256 x 256 px"
    )
    blob_locked_share: float = Field(
        0.5, gt=0, description="limit of the spots locked to one place"
    )
    repeat_excess: float = Field(0.25, gt=0, description="limit of the excess repeat inside a tile")
    # Not by default: models of 800 steps that no eye would take for brick are known every time, and
    # a model of one material has no classifier.
    fidelity: float = Field(
        0.0,
        ge=0,
        le=1,
        description="least fidelity, as a share of what the classifier knows of the held-out "
        "photographs; 0: no limit",
    )
    refuse_memorised: bool = Field(True, description="refuse copies of the training photographs")
    worse_than_champion: float = Field(
        1.1, ge=1, description="refuse a median set ratio above this multiple of the champion's"
    )


class GateVerdict(BaseModel, frozen=True, extra="forbid"):
    """Whether the model passed, and why or why not, one sentence each."""

    passed: bool
    reasons: tuple[str, ...]


class _Limit(NamedTuple):
    """One comparison: a figure's name, its value, the least and the most allowed."""

    figure: str
    value: float
    least: float
    most: float


_ANY = float("inf")


def _limits(scores: TextureScores, gate: GateConfig) -> Iterator[_Limit]:
    octave = gate.top_octave_db
    # A photograph whose own halves differ more than the limit cannot ask its model for less.
    yield _Limit("set ratio", scores.set_ratio, 0, max(gate.set_ratio, scores.set_ratio_halves))
    yield _Limit("pair ratio", scores.pair_ratio, 0, gate.pair_ratio)
    yield _Limit("top octave (dB)", scores.top_octave_db, -octave, octave)
    yield _Limit("checkerboard excess (dB)", scores.checkerboard_db, -_ANY, gate.checkerboard_db)
    yield _Limit("phase imprint", scores.phase_imprint, -_ANY, gate.phase_imprint)
    if isnan(scores.wrap_seam_ratio):
        yield _Limit("wrap seam ratio", scores.wrap_seam_ratio, 0, gate.wrap_seam_ratio)
    elif scores.wrap_seam_ratio > gate.wrap_seam_ratio:
        yield _Limit("wrap seam |z|", scores.wrap_seam_z, 0, gate.wrap_seam_z)
    yield _Limit("diversity", scores.diversity, gate.diversity_min, gate.diversity_max)
    yield _Limit("spatial anchoring", scores.spatial_anchoring, -_ANY, gate.spatial_anchoring)
    tiles = scores.n_generated * max(scores.tile_px / 256, 1.0) ** 2
    yield _Limit("blobs in 256 x 256 px", scores.blob_excess / tiles, 0, gate.blobs_per_tile)
    yield _Limit("locked share of blobs", scores.blob_locked_share, 0, gate.blob_locked_share)
    yield _Limit("repeat excess", scores.repeat_excess, -_ANY, gate.repeat_excess)
    if gate.fidelity and scores.fidelity is not None and scores.fidelity_held_out is not None:
        yield _Limit("fidelity", scores.fidelity, gate.fidelity * scores.fidelity_held_out, 1)


def _refusals(material: str, scores: TextureScores, gate: GateConfig) -> list[str]:
    found = []
    for limit in _limits(scores, gate):
        # Both written so that NaN is refused too, as a value and as a limit.
        if not limit.value <= limit.most:
            found.append(
                f"{material}: {limit.figure} {limit.value:.3g} is above its limit {limit.most:.3g}"
            )
        elif not limit.value >= limit.least:
            found.append(
                f"{material}: {limit.figure} {limit.value:.3g} is below its limit {limit.least:.3g}"
            )
    if gate.fidelity and scores.fidelity is None:
        found.append(
            f"{material}: fidelity was not measured, and its limit is {gate.fidelity:g}; a"
            " classifier needs two materials and evaluation.classifier_steps; or set"
            " gate.fidelity=0"
        )
    if scores.mirrored:
        found.append(f"{material}: a tile is mirrored, which the photographs are not")
    if scores.memorised and gate.refuse_memorised:
        found.append(
            f"{material}: copies its photographs: median match {scores.memorisation_ncc:.2f} "
            f"against {scores.memorisation_ncc_held_out:.2f} of held-out patches, "
            f"{scores.copied_share:.0%} of patches above 0.9 against "
            f"{scores.copied_share_held_out:.0%}"
        )
    return found


def judge(
    scores: Mapping[str, TextureScores],
    gate: GateConfig,
    champion: Mapping[str, TextureScores] | None = None,
) -> GateVerdict:
    """Pass or refuse a candidate; every refusal names material, figure, value and limit.

    Compared with the champion are the median set ratios of the materials that both were scored on
    in windows of equal size; where there are none, the comparison is left out and said so.

    Args:
        scores: the candidate's scores by material.
        gate: the limits.
        champion: the present champion's scores, None if there is no champion.

    Raises:
        ValueError: no material was scored.
    """
    if not scores:
        raise ValueError("no material was scored; a model without scores cannot be judged")
    refusals = [line for name, one in scores.items() for line in _refusals(name, one, gate)]
    worse, comparison = _against_champion(scores, gate, champion)
    refusals += [comparison] if worse else []
    if refusals:
        return GateVerdict(passed=False, reasons=tuple(refusals))
    return GateVerdict(
        passed=True, reasons=(f"{len(scores)} material(s) within all limits", comparison)
    )


def _against_champion(
    scores: Mapping[str, TextureScores],
    gate: GateConfig,
    champion: Mapping[str, TextureScores] | None,
) -> tuple[bool, str]:
    """Whether the candidate is clearly worse, and the comparison in words."""
    ours = median(one.set_ratio for one in scores.values())
    if not champion:
        return False, f"median set ratio {ours:.2f}; there is no champion to compare with"
    shared = [
        name
        for name in scores
        if name in champion and champion[name].crop_px == scores[name].crop_px
    ]
    if not shared:
        return False, f"median set ratio {ours:.2f}; the champion was not scored on these materials"
    ours = median(scores[name].set_ratio for name in shared)
    theirs = median(champion[name].set_ratio for name in shared)
    limit = gate.worse_than_champion * theirs
    compared = f"median set ratio {ours:.2f} over {', '.join(shared)}"
    if ours > limit:
        return True, f"{compared} is above its limit {limit:.2f}; the champion has {theirs:.2f}"
    return False, f"{compared}; the champion has {theirs:.2f}"
