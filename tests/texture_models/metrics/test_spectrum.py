"""What the spectrum notices, and what it is blind to."""

import numpy as np

from texture_models.metrics.spectrum import checkerboard_db, mean_power, top_octave_db
from texture_models.metrics.windows import spread_windows


def power(picture, seed=0):
    return mean_power(spread_windows([picture], side_px=64, count=16, seed=seed))


def test_other_windows_of_the_same_photograph_differ_by_less_than_a_decibel(photographs):
    for picture in photographs.values():
        assert abs(top_octave_db(power(picture), power(picture, seed=1))) < 1.0
        assert abs(checkerboard_db(power(picture), power(picture, seed=1))) < 1.5


def test_blur_loses_and_noise_adds_power_at_the_finest_octave(photographs, damage):
    for name, picture in photographs.items():
        assert top_octave_db(power(picture), power(damage["blur"](picture))) < -5
        added = top_octave_db(power(picture), power(damage["noise"](picture)))
        # Grass at this scale is nearly white itself: noise of 12 grey levels drowns in it.
        assert added > (0.3 if name == "grass" else 0.8)


def test_blind_doubled_pixels_which_the_phase_imprint_finds(gravel):
    doubled = gravel[::2, ::2].repeat(2, axis=0).repeat(2, axis=1)
    assert abs(top_octave_db(power(gravel), power(doubled))) < 3


def test_a_checkerboard_is_noticed_and_plain_noise_is_none(photographs, damage):
    for picture in photographs.values():
        assert checkerboard_db(power(picture), power(damage["checkerboard"](picture))) > 3
        assert checkerboard_db(power(picture), power(damage["noise"](picture))) < 2.5


def test_blind_random_phases_keep_the_spectrum(gravel, damage):
    assert abs(top_octave_db(power(gravel), power(damage["random phases"](gravel)))) < 1.5


def test_blind_a_mirrored_picture_keeps_the_spectrum(gravel, damage):
    assert abs(top_octave_db(power(gravel), power(damage["mirror"](gravel)))) < 1.0


def test_blind_a_shift_of_colour_keeps_the_spectrum(gravel, damage):
    assert abs(top_octave_db(power(gravel), power(damage["colour shift"](gravel)))) < 0.5


def test_flat_pictures_are_compared_at_the_rounding_floor():
    flat = power(np.full((96, 96, 3), 90, np.uint8))
    assert top_octave_db(flat, flat) == 0
    assert checkerboard_db(flat, flat) == 0
