"""What the imprint of the upsampling grid notices, and what it is blind to."""

import numpy as np
import pytest

from texture_models.metrics.phase_imprint import phase_imprint


def tiles(picture, side=128):
    """Four windows at unrelated phases."""
    corners = ((0, 0), (3, 101), (97, 5), (110, 118))
    return [picture[top : top + side, left : left + side] for top, left in corners]


def test_windows_of_the_photograph_show_no_imprint(photographs):
    for picture in photographs.values():
        assert phase_imprint([picture], tiles(picture)) < 0.02


def test_a_grid_of_eight_pixels_is_noticed(photographs, damage):
    for picture in photographs.values():
        assert phase_imprint([picture], [damage["grid imprint"](t) for t in tiles(picture)]) > 0.03


@pytest.mark.parametrize("modulus", [4, 8, 16])
def test_pixels_doubled_on_a_grid_are_noticed(modulus, gravel):
    pixels = [tile.copy() for tile in tiles(gravel)]
    for tile in pixels:
        tile[:, modulus - 1 :: modulus] = tile[:, modulus - 2 :: modulus]
    assert phase_imprint([gravel], pixels) > 0.02


def test_columns_that_alternate_in_sharpness_are_noticed(gravel, damage):
    pixels = [tile.copy() for tile in tiles(gravel)]
    for tile in pixels:
        tile[:, ::2] = damage["blur"](tile)[:, ::2]
    assert phase_imprint([gravel], pixels) > 0.02


def test_every_pixel_doubled_is_noticed(photographs):
    for picture in photographs.values():
        doubled = [tile[:, ::2].repeat(2, axis=1) for tile in tiles(picture)]
        assert phase_imprint([picture], doubled) > 0.5


def test_a_photograph_with_the_period_of_the_grid_is_no_imprint():
    rng = np.random.default_rng(0)
    stripes = 128 + 60 * (np.arange(300) % 16 < 3)[None, :, None] + rng.normal(0, 6, (300, 300, 3))
    photograph = stripes.clip(0, 255).astype(np.uint8)
    assert phase_imprint([photograph], tiles(photograph, 160)) < 0.02


def test_blind_a_grid_whose_place_changes_with_the_seed(gravel, damage):
    shifted = [
        np.roll(damage["grid imprint"](tile), shift, axis=1)
        for tile, shift in zip(tiles(gravel), (0, 2, 4, 6), strict=True)
    ]
    assert phase_imprint([gravel], shifted) < 0.05


def test_blind_blur_everywhere_alike(gravel, damage):
    assert phase_imprint([gravel], [damage["blur"](tile) for tile in tiles(gravel)]) < 0.03


def test_pictures_without_room_for_the_phases_are_refused():
    small = np.zeros((50, 50, 3), np.uint8)
    with pytest.raises(ValueError, match="63 px"):
        phase_imprint([small], [small])
