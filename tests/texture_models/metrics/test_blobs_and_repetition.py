"""What the counts of foreign spots and of repeats notice, and what they are blind to."""

import numpy as np

from texture_models.metrics.blobs import excess_blobs
from texture_models.metrics.repetition import repeat_excess
from texture_models.metrics.windows import spread_windows


def spotted(picture, places, level):
    """Round spots of sigma 4 px that reach `level` at their centres."""
    y, x = np.indices(picture.shape[:2])
    soft = picture.astype(np.float64)
    for top, left in places:
        weight = np.exp(-((y - top) ** 2 + (x - left) ** 2) / 32)[..., None]
        soft = soft * (1 - weight) + level * weight
    return np.clip(np.round(soft), 0, 255).astype(np.uint8)


CELLS = [(15, 31), (47, 63), (79, 15), (95, 111), (31, 95), (111, 47)]


def test_the_held_out_part_has_no_foreign_spots(photographs):
    for picture in photographs.values():
        tiles = [picture[:128, 128:], picture[128:, 128:]]
        assert excess_blobs([picture[:, :128]], tiles).count <= 2


def test_glowing_and_dark_spots_are_counted_each_once(gravel, seamless):
    quiet = [seamless(128, seed) // 4 + 90 for seed in range(3)]
    for level in (250, 0):
        found = excess_blobs(quiet, [spotted(quiet[0], CELLS, level)])
        assert found.count == len(CELLS)


def test_spots_on_the_corners_of_the_cells_are_locked_and_scattered_ones_are_not(seamless):
    quiet = seamless(128, 0) // 4 + 90
    scattered = [(12, 21), (40, 70), (75, 17), (100, 104), (29, 98), (117, 50)]
    assert excess_blobs([quiet], [spotted(quiet, CELLS, 250)]).locked_share == 1.0
    assert excess_blobs([quiet], [spotted(quiet, scattered, 250)]).locked_share < 0.5
    assert excess_blobs([quiet], [spotted(quiet, CELLS[:2], 250)]).locked_share == 0.0


def test_a_coloured_spot_of_the_same_brightness_is_noticed(seamless):
    quiet = seamless(128, 0) // 4 + 90
    assert excess_blobs([quiet], [spotted(quiet, CELLS, np.array([200, 62, 118]))]).count >= 5


def test_blind_spots_within_the_photographs_range(brick):
    bright = float(np.quantile(brick, 0.98))
    assert excess_blobs([brick], [spotted(brick, CELLS, bright)]).count <= 1


def test_a_tile_of_one_motif_repeats_more_than_the_photograph(photographs, damage):
    for picture in photographs.values():
        real = spread_windows([picture], side_px=96, count=8)
        other = spread_windows([picture], side_px=96, count=4, seed=5)
        assert repeat_excess(real, other) < 0.1
        assert repeat_excess(real, [damage["repeat"](window) for window in other]) > 0.15


def test_blind_a_photograph_that_repeats_by_itself(damage, gravel):
    regular = damage["repeat"](gravel)
    assert repeat_excess([regular[:96, :96]], [regular[10:106, 20:116]]) < 0.1
