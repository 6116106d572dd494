"""What the texture statistics notice, and what they are blind to."""

import numpy as np
import pytest

from texture_models.metrics.steerable_pyramid import steerable_pyramid
from texture_models.metrics.texture_statistics import (
    SCALES_BY_KIND,
    compare_sets,
    describe_window,
    describe_windows,
    raw_statistics,
)
from texture_models.metrics.windows import fitting_crop_px, spread_places, spread_windows

SIDE = 64


def ratios(real, generated):
    places = np.array(spread_places([real], side_px=SIDE, count=16), dtype=float)
    windows = [
        describe_windows(spread_windows([picture], side_px=SIDE, count=16, seed=seed))
        for seed, picture in enumerate((real, generated))
    ]
    return compare_sets(*windows, places)


def test_the_subbands_hold_the_whole_picture(gravel):
    plane = gravel[:100, :75, 0].astype(np.float32)
    pyramid = steerable_pyramid(plane)
    assert pyramid.bands.shape == (3, 4, 100, 75)
    energy = (pyramid.high**2).mean() + (pyramid.low**2).mean()
    energy += (pyramid.bands.real**2).mean(axis=(2, 3)).sum()
    assert energy == pytest.approx((plane**2).mean(), rel=0.03)


def test_a_grating_lands_in_the_band_of_its_direction_and_scale():
    wave = 50 * np.cos(2 * np.pi * np.arange(96) / 8)[None, :].repeat(96, axis=0)
    amplitudes = np.abs(steerable_pyramid(wave.astype(np.float32)).bands).mean(axis=(2, 3))
    assert np.unravel_index(amplitudes.argmax(), amplitudes.shape) == (1, 0)
    turned = np.abs(steerable_pyramid(wave.T.astype(np.float32)).bands).mean(axis=(2, 3))
    assert np.unravel_index(turned.argmax(), turned.shape) == (1, 2)


def test_too_small_a_plane_is_refused_with_its_size():
    with pytest.raises(ValueError, match=r"\(20, 64\)"):
        steerable_pyramid(np.zeros((20, 64), np.float32))


def test_every_kind_of_statistic_has_its_scale(gravel):
    assert set(raw_statistics(gravel[:SIDE, :SIDE])) == set(SCALES_BY_KIND)
    assert np.isfinite(describe_window(gravel[:SIDE, :SIDE])).all()


def test_a_flat_window_has_finite_statistics():
    assert np.isfinite(describe_window(np.full((SIDE, SIDE, 3), 200, np.uint8))).all()


def test_other_windows_of_the_same_photograph_score_about_one(photographs):
    for picture in photographs.values():
        found = ratios(picture, picture)
        assert found.set_ratio < 1.6
        assert 0.85 < found.pair_ratio < 1.15


@pytest.mark.parametrize("name", ["blur", "noise", "repeat"])
def test_the_set_ratio_notices(name, photographs, damage):
    for picture in photographs.values():
        assert ratios(picture, damage[name](picture)).set_ratio > 2.5


def test_the_set_ratio_notices_that_structure_is_gone(brick, gravel, damage):
    for picture in (brick, gravel):
        assert ratios(picture, damage["random phases"](picture)).set_ratio > 2.0


def test_blind_random_phases_of_a_photograph_that_is_almost_noise(grass, damage):
    assert ratios(grass, damage["random phases"](grass)).set_ratio < 2.0


def test_the_set_ratio_notices_a_shift_of_colour(photographs, damage):
    for picture in photographs.values():
        shifted = ratios(picture, damage["colour shift"](picture)).set_ratio
        assert shifted > 1.3 * ratios(picture, picture).set_ratio


def test_the_pair_ratio_saturates_where_the_set_ratio_does_not(gravel, damage):
    found = ratios(gravel, damage["random phases"](gravel))
    assert found.set_ratio - 1 > 3 * (found.pair_ratio - 1)


def test_blind_copied_patches_pass_the_statistics(gravel, quilted):
    assert ratios(gravel, quilted(gravel, 256, 0)).set_ratio < 4.0


def test_blind_a_faint_grid_passes_the_statistics(gravel, damage):
    assert ratios(gravel, damage["grid imprint"](gravel)).set_ratio < 1.8


def test_a_photograph_whose_halves_differ_says_so(gravel, damage):
    mixed = gravel.copy()
    mixed[:, 128:] = damage["blur"](mixed)[:, 128:] // 2
    assert ratios(mixed, mixed).set_ratio_halves > 2 * ratios(gravel, gravel).set_ratio_halves


def test_unequal_numbers_of_windows_are_refused():
    with pytest.raises(ValueError, match="8 real and 6 generated"):
        compare_sets(np.zeros((8, 3)), np.zeros((6, 3)), np.zeros((8, 1)))


def test_constant_pictures_against_a_photograph_give_a_finite_large_ratio(gravel):
    flat = np.full_like(gravel, 128)
    assert ratios(gravel, flat).set_ratio > 10
    assert np.isfinite(ratios(flat, gravel).set_ratio)


def test_small_photographs_are_compared_in_smaller_windows():
    def picture(height, width):
        return np.zeros((height, width, 3), np.uint8)

    assert fitting_crop_px([picture(400, 400)], [picture(256, 256)], 128) == 128
    assert fitting_crop_px([picture(256, 192)], [picture(256, 256)], 128) == 64
    assert fitting_crop_px([picture(96, 128)], [picture(64, 64)], 128) == 32
    assert fitting_crop_px([picture(128, 128)] * 8, [picture(256, 256)], 128) == 128
    with pytest.raises(ValueError, match="smallest generated side 16"):
        fitting_crop_px([picture(96, 96)], [picture(16, 16)], 128)


def test_windows_are_spread_by_area_stay_inside_and_repeat_with_the_seed(gravel):
    pictures = [gravel, gravel[:128]]
    places = spread_places(pictures, side_px=64, count=30, seed=3)
    assert places == spread_places(pictures, side_px=64, count=30, seed=3)
    assert places != spread_places(pictures, side_px=64, count=30, seed=4)
    assert [sum(place[0] == i for place in places) for i in (0, 1)] == [20, 10]
    windows = spread_windows(pictures, side_px=64, count=30, seed=3)
    assert {window.shape for window in windows} == {(64, 64, 3)}
