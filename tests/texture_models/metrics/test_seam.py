"""What the wrap seam and the mirror notice, and what they are blind to."""

import numpy as np
import pytest

from texture_models.metrics.seam import appears_to_tile, mirror_misfit, wrap_seam


def mirrored(picture):
    half = np.concatenate([picture, picture[:, ::-1]], axis=1)
    return np.concatenate([half, half[::-1]], axis=0)


def test_a_tile_on_a_torus_has_no_seam(seamless):
    for seed in range(4):
        seam = wrap_seam(seamless(128, seed))
        assert abs(seam.z) < 3
        assert seam.ratio < 1.2


def test_a_rolled_photograph_has_no_seam(photographs):
    for picture in photographs.values():
        seam = wrap_seam(np.roll(picture, (40, 77), axis=(0, 1)))
        assert abs(seam.z) < 2 or seam.ratio < 1.2


def test_a_raw_photograph_has_a_seam(photographs):
    for picture in photographs.values():
        assert wrap_seam(picture[:200, :200]).z > 2


def test_a_seam_in_one_axis_is_enough(seamless):
    tile = seamless(160, 0)
    assert wrap_seam(tile[:, :100]).z > 4
    assert wrap_seam(tile[:100, :]).z > 4


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("axis", [0, 1])
def test_the_slope_notices_a_kink_where_the_values_meet(seamless, axis, seed):
    def tile(height):
        rising = height[:, None, None] if axis == 0 else height[None, :, None]
        grain = 0.05 * seamless(128, seed, sigma=12.0)
        return np.clip(np.round(100 + grain + rising), 0, 255).astype(np.uint8)

    place = np.arange(128)
    kinked = tile(80 * (place / 63.5 - 1) ** 2)  # 80 on both sides of the wrap
    smooth = tile(40 + 40 * np.cos(2 * np.pi * place / 128))
    kink_inside = np.roll(kinked, 40, axis=axis)
    assert abs(wrap_seam(kinked).z) < 3  # the steps over the wrap see nothing
    assert wrap_seam(kinked).slope_z > 5
    assert abs(wrap_seam(smooth).slope_z) < 2
    assert abs(wrap_seam(kink_inside).slope_z) < 2


def test_a_flat_tile_has_no_seam_and_no_division_by_zero():
    seam = wrap_seam(np.full((64, 64, 3), 77, np.uint8))
    assert seam.z == 0
    assert seam.ratio == 0


def test_a_mirrored_tile_is_found_and_has_a_negative_z(photographs):
    for picture in photographs.values():
        tile = mirrored(picture[:100, :100])
        own = mirror_misfit(picture[:128, :128], wrap=False)
        assert mirror_misfit(tile, wrap=True) < 0.25 * own
        assert wrap_seam(tile).z < -1


def test_a_mirrored_tile_is_found_after_it_was_rolled(grass):
    tile = np.roll(mirrored(grass[:100, :100]), (31, 17), axis=(0, 1))
    assert mirror_misfit(tile, wrap=True) < 0.25 * mirror_misfit(grass[:128, :128], wrap=False)


def test_a_photograph_is_not_its_own_mirror(photographs):
    for picture in photographs.values():
        rolled = np.roll(picture[:160, :160], (40, 50), axis=(0, 1))
        own = mirror_misfit(picture[-128:, -128:], wrap=False)
        assert mirror_misfit(rolled, wrap=True) > 0.25 * own


def test_blind_a_seam_weaker_than_the_textures_own_edges(brick):
    tile = np.roll(brick, (40, 77), axis=(0, 1)).astype(int)
    tile[:, :20] += 2
    assert wrap_seam(np.clip(tile, 0, 255).astype(np.uint8)).ratio < 1.2


def test_blind_seams_inside_the_tile(gravel, quilted):
    tile = np.roll(gravel, (128, 128), axis=(0, 1))  # the photograph's own edges, now in the middle
    assert wrap_seam(tile).ratio < 1.2


def test_too_short_a_tile_is_refused():
    with pytest.raises(ValueError, match=r"\(8, 64\)"):
        wrap_seam(np.zeros((8, 64, 3), np.uint8))


def test_a_tile_is_told_from_a_crop(photographs):
    for picture in photographs.values():
        half = np.concatenate([picture[:128, :128], picture[:128, 127::-1]], axis=1)
        tile = np.concatenate([half, half[::-1]], axis=0)
        assert appears_to_tile(tile)
        assert not appears_to_tile(picture[:200, :200])
