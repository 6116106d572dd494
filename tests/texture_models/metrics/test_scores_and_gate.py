"""One record for a material, and the verdict on a model."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from texture_models.metrics.gate import GateConfig, judge
from texture_models.metrics.scores import TextureScores, score_texture


@pytest.fixture(scope="module")
def sound(gravel, seamless_gravel):
    """Scores of what an honest, good model would give."""
    return score(gravel, seamless_gravel)


@pytest.fixture(scope="module")
def seamless_gravel(gravel):
    """Parts that the training region does not hold, rolled so that the wrap continues."""
    tiles = [gravel[:128, 128:], gravel[128:, 128:]]
    return [np.roll(tile, (37, 53), axis=(0, 1)) for tile in tiles]


def score(picture, generated, **options):
    parts = {"real": [picture[:, :96]], "held_out": [picture[:, 96:128]]}
    return score_texture(**parts, generated=generated, **options)


def refusals(scores, champion=None):
    verdict = judge({"gravel": scores}, GateConfig(), champion)
    return "" if verdict.passed else " | ".join(verdict.reasons)


def test_parts_never_trained_on_pass_the_gate(sound):
    assert refusals(sound) == ""
    assert sound.crop_px == 64
    assert sound.n_generated == 2
    assert sound.n_real_crops == 32


def test_the_same_call_gives_the_same_scores(gravel, seamless_gravel, sound):
    assert score(gravel, seamless_gravel) == sound


def test_what_is_locked_to_the_grid_is_found_in_tiles_that_start_elsewhere(gravel):
    rng = np.random.default_rng(1)
    windows = [
        gravel[t : t + 96, e : e + 96] for t, e in ((0, 130), (120, 0), (120, 130), (60, 60))
    ]
    tori = [window.copy() for window in windows]
    for torus in tori:
        torus[4::16] = 255 - torus[4::16]  # in the same rows of every noise cell
    starts = [tuple(int(v) for v in rng.integers(0, 96, 2)) for _ in tori]
    tiles = [np.roll(torus, start, (0, 1)) for torus, start in zip(tori, starts, strict=True)]
    found, on_grid, as_cut = (
        score(gravel, tiles, tori=tori),
        score(gravel, tori),
        score(gravel, tiles),
    )
    for figure in ("phase_imprint", "spatial_anchoring", "blob_locked_share"):
        assert getattr(found, figure) == getattr(on_grid, figure)
    assert found.phase_imprint > 1.5 * as_cut.phase_imprint
    for figure in ("wrap_seam_z", "blob_excess", "diversity"):
        assert getattr(found, figure) == getattr(as_cut, figure)


def test_noise_is_refused(gravel):
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (128, 128, 3), dtype=np.uint8) for _ in range(2)]
    assert "set ratio" in refusals(score(gravel, noise))


def test_a_constant_colour_is_refused(gravel):
    flat = [np.full((128, 128, 3), gravel.mean((0, 1)), np.uint8)] * 2
    found = refusals(score(gravel, flat))
    assert "set ratio" in found
    assert "diversity" in found


def test_one_picture_for_every_seed_is_refused(gravel, seamless_gravel):
    found = refusals(score(gravel, [seamless_gravel[0]] * 3))
    assert "diversity" in found
    assert "spatial anchoring" in found


def test_copies_with_seams_are_refused_for_both(gravel):
    found = refusals(score(gravel, [gravel[:96, :96], gravel[100:196, :96]]))
    assert "copies its photographs" in found
    assert "seam" in found


def test_a_mirrored_tile_is_refused(gravel):
    half = [
        np.concatenate([t, t[:, ::-1]], axis=1) for t in (gravel[:64, 128:], gravel[64:128, 128:])
    ]
    tiles = [np.concatenate([h, h[::-1]], axis=0)[:, :128] for h in half]
    assert all(tile.shape == (128, 128, 3) for tile in tiles)
    wide = [np.concatenate([t[:, :64], t[:, :64][:, ::-1]], axis=1) for t in tiles]
    assert "mirrored" in refusals(score(gravel, wide))


def test_blur_and_checkerboard_are_refused_by_name(gravel, seamless_gravel, damage):
    assert "top octave" in refusals(score(gravel, [damage["blur"](t) for t in seamless_gravel]))
    checkered = [damage["checkerboard"](t) for t in seamless_gravel]
    assert "checkerboard" in refusals(score(gravel, checkered))


def test_a_refusal_names_material_figure_value_and_limit(sound):
    broken = sound.model_copy(update={"set_ratio": 9.25, "set_ratio_halves": 2.0})
    assert refusals(broken) == "gravel: set ratio 9.25 is above its limit 6"


def test_a_photograph_that_changes_widens_the_limit_of_the_set_ratio(sound):
    changing = sound.model_copy(update={"set_ratio": 7.0, "set_ratio_halves": 8.0})
    assert refusals(changing) == ""


def test_a_joint_of_the_pattern_on_the_wrap_is_no_seam(sound):
    joint = sound.model_copy(update={"wrap_seam_z": 3.5, "wrap_seam_ratio": 1.05})
    assert refusals(joint) == ""
    assert "seam" in refusals(joint.model_copy(update={"wrap_seam_ratio": 1.8}))


def test_blobs_locked_to_the_cells_are_refused(sound):
    spotted = sound.model_copy(update={"blob_excess": 5, "blob_locked_share": 0.9})
    assert "locked" in refusals(spotted)


def test_blobs_are_counted_by_area(sound):
    spotted = sound.model_copy(update={"blob_excess": 16, "tile_px": 256})
    assert "blobs in 256 x 256 px 8 is above its limit 3" in refusals(spotted)
    assert refusals(spotted.model_copy(update={"tile_px": 512})) == ""


def test_a_wrong_material_is_refused_where_a_limit_of_the_fidelity_is_set(sound):
    known = sound.model_copy(update={"fidelity": 0.6, "fidelity_held_out": 0.8})

    def said(scores, limit):
        return " | ".join(judge({"gravel": scores}, GateConfig(fidelity=limit)).reasons)

    assert "within all limits" in said(known, 0.0)
    assert "within all limits" in said(known, 0.7)
    assert said(known, 0.8) == "gravel: fidelity 0.6 is below its limit 0.64"
    assert "fidelity was not measured" in said(sound, 0.8)
    assert "within all limits" in said(sound, 0.0)


def test_not_a_number_is_refused(sound):
    for figure in ("set_ratio", "top_octave_db", "diversity", "wrap_seam_ratio"):
        assert refusals(sound.model_copy(update={figure: math.nan}))
    unsure = sound.model_copy(update={"fidelity": 0.9, "fidelity_held_out": math.nan})
    assert not judge({"gravel": unsure}, GateConfig(fidelity=0.5)).passed


def test_a_candidate_clearly_worse_than_the_champion_is_refused(sound):
    champion = {"gravel": sound.model_copy(update={"set_ratio": 2.0})}
    assert refusals(sound.model_copy(update={"set_ratio": 2.1}), champion) == ""
    worse = refusals(sound.model_copy(update={"set_ratio": 2.5}), champion)
    assert worse == (
        "median set ratio 2.50 over gravel is above its limit 2.20; the champion has 2.00"
    )


def test_a_champion_of_other_materials_or_windows_is_not_compared(sound):
    better = sound.model_copy(update={"set_ratio": 0.1})
    for champion in ({"moss": better}, {"gravel": better.model_copy(update={"crop_px": 128})}):
        verdict = judge({"gravel": sound}, GateConfig(), champion)
        assert verdict.passed
        assert "not scored on these materials" in verdict.reasons[-1]


def test_scores_survive_json(sound):
    assert TextureScores.model_validate_json(sound.model_dump_json()) == sound


def test_unknown_limits_and_missing_scores_are_refused():
    with pytest.raises(ValidationError, match="set_ration"):
        GateConfig(set_ration=3)
    with pytest.raises(ValueError, match="no material"):
        judge({}, GateConfig())


def test_unfit_input_is_refused_with_its_name_and_shape(gravel):
    with pytest.raises(ValueError, match="generated holds 1"):
        score(gravel, [gravel])
    with pytest.raises(ValueError, match=r"generated\[1\] is float64"):
        score(gravel, [gravel, gravel.astype(float)])
    with pytest.raises(ValueError, match="differ in size"):
        score(gravel, [gravel, gravel[:128, :128]])
