"""Maps wrap by construction: rolling the rendering rolls every map of it, exactly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from texture_models.materials.delivered_maps import (
    as_8bit,
    as_16bit,
    normals_as_8bit,
    packed_orm,
    packed_unity_mask,
    smaller_color,
    smaller_normals,
    smaller_plane,
    with_green_flipped,
)
from texture_models.materials.exact_color import LINEAR_MAX, linear_levels, srgb_levels
from texture_models.materials.picture_maps import PictureMaps
from texture_models.materials.torus_maps import (
    height_from_luminance,
    normal_from_height,
    occlusion_from_height,
    roughness_from_height,
    torus_blur,
)


def rendering(seed: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def waves(side: int, cycles: int) -> np.ndarray:
    """A ridge that wraps, along the columns: (side, side) in 0..1."""
    column = 0.5 + 0.5 * np.sin(2 * np.pi * cycles * np.arange(side) / side)
    return np.tile(column, (side, 1))


def every_map(pixels: np.ndarray) -> dict[str, np.ndarray]:
    height = height_from_luminance(pixels, smoothing_px=2)
    normals = normal_from_height(height, relief_px=5.0)
    return {
        "height": height,
        "normals": normals,
        "ao": occlusion_from_height(height, strength=2.0),
        "roughness": roughness_from_height(height, mean=0.7, spread=0.2),
    }


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000),
    sides=st.tuples(st.integers(9, 40), st.integers(9, 40)),
    by=st.tuples(st.integers(-50, 50), st.integers(-50, 50)),
)
def test_rolling_the_rendering_rolls_every_map(seed, sides, by):
    pixels = rendering(seed, *sides)
    rolled = every_map(np.roll(pixels, by, (0, 1)))
    for name, plane in every_map(pixels).items():
        np.testing.assert_array_equal(np.roll(plane, by, (0, 1)), rolled[name], err_msg=name)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000),
    blocks=st.tuples(st.integers(3, 10), st.integers(3, 10)),
    factor=st.integers(1, 4),
    by=st.tuples(st.integers(-9, 9), st.integers(-9, 9)),
)
def test_rolling_by_whole_blocks_rolls_the_smaller_size(seed, blocks, factor, by):
    pixels = rendering(seed, blocks[0] * factor, blocks[1] * factor)
    moved = (by[0] * factor, by[1] * factor)
    normals = every_map(pixels)["normals"]
    for smaller, whole in ((smaller_color, pixels), (smaller_normals, normals)):
        np.testing.assert_array_equal(
            smaller(np.roll(whole, moved, (0, 1)), factor),
            np.roll(smaller(whole, factor), by, (0, 1)),
        )


def test_a_clamped_border_would_be_noticed():
    # The negative control: the same slope with the edge repeated differs where the tile wraps.
    height = waves(32, 3)
    clamped = np.pad(height, 1, mode="edge")
    step = (clamped[1:-1, 2:] - clamped[1:-1, :-2]) / 2
    normals = normal_from_height(height, relief_px=4.0)
    slope = -normals[..., 0] / normals[..., 2] / 4.0
    np.testing.assert_allclose(slope[:, 1:-1], step[:, 1:-1], atol=1e-12)
    assert np.abs(slope[:, 0] - step[:, 0]).max() > 0.05


def test_normals_have_length_one_and_lean_away_from_the_ridge():
    normals = normal_from_height(waves(64, 1), relief_px=10.0)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=-1), 1.0, atol=1e-12)
    assert normals[0, 4, 0] < 0  # the surface rises to the right there, so its normal leans left
    assert normals[0, 32, 0] > 0
    assert normals[..., 2].min() > 0


def test_y_points_up_in_the_opengl_map_and_down_in_the_directx_one():
    rising_downwards = waves(64, 1).T
    opengl = normals_as_8bit(normal_from_height(rising_downwards, relief_px=10.0))
    assert opengl[4, 0, 1] > 140  # the slope faces the top of the picture
    assert with_green_flipped(opengl)[4, 0, 1] < 115


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_the_two_normal_maps_differ_exactly_by_green(seed):
    height = height_from_luminance(rendering(seed, 16, 24), smoothing_px=0)
    opengl = normals_as_8bit(normal_from_height(height, relief_px=6.0))
    directx = with_green_flipped(opengl)
    assert (directx[..., [0, 2]] == opengl[..., [0, 2]]).all()
    assert (directx[..., 1].astype(int) == 255 - opengl[..., 1].astype(int)).all()
    assert (with_green_flipped(directx) == opengl).all()


def test_height_uses_its_range_and_one_brightness_has_no_relief():
    height = height_from_luminance(rendering(3, 64, 64), smoothing_px=1)
    assert np.quantile(height, 0.9) - np.quantile(height, 0.1) > 0.3
    assert (height.min(), height.max()) == (0.0, 1.0)
    flat = height_from_luminance(np.full((16, 16, 3), 90, np.uint8), smoothing_px=2)
    assert (flat == 0.5).all()
    assert (normals_as_8bit(normal_from_height(flat, relief_px=9.0)) == (128, 128, 255)).all()


def test_hollows_are_darker_than_ridges_and_strength_zero_shades_nothing():
    pixels = np.full((96, 96, 3), 200, np.uint8)
    pixels[40:44] = 20  # a joint
    height = height_from_luminance(pixels, smoothing_px=0)
    shaded = occlusion_from_height(height, strength=1.0)
    assert shaded[41].mean() < 0.5
    assert (shaded[80] == 1.0).all()
    assert (occlusion_from_height(height, strength=0.0) == 1.0).all()


def test_roughness_stays_around_its_mean():
    rough = roughness_from_height(waves(32, 2), mean=0.8, spread=0.1)
    assert rough.min() >= 0.7 - 1e-12
    assert rough.max() <= 0.9 + 1e-12
    assert (roughness_from_height(waves(32, 2), mean=0.8, spread=0.0) == 0.8).all()


def test_a_blur_keeps_the_sum_and_reaches_over_the_wrap():
    one = np.zeros((30, 30), np.int64)
    one[0, 0] = 1_000_000_000
    blurred = torus_blur(one, 2)
    assert blurred.sum() == pytest.approx(1_000_000_000, rel=1e-6)
    assert blurred[-1, -1] == blurred[1, 1] > 0


def test_every_level_survives_the_way_to_linear_light_and_back():
    levels = np.arange(256, dtype=np.uint8)
    assert (srgb_levels(linear_levels(levels)) == levels).all()
    assert linear_levels(levels)[-1] == LINEAR_MAX


def test_colour_is_averaged_in_linear_light():
    checks = np.indices((8, 8)).sum(0) % 2 * 255
    small = smaller_color(np.repeat(checks[..., None], 3, 2).astype(np.uint8), 2)
    assert (small == 188).all()  # half the light, not half the number


def test_smaller_normals_keep_length_one_and_smaller_planes_their_mean():
    height = height_from_luminance(rendering(5, 32, 32), smoothing_px=1)
    small = smaller_normals(normal_from_height(height, relief_px=8.0), 4)
    np.testing.assert_allclose(np.linalg.norm(small, axis=-1), 1.0, atol=1e-12)
    assert smaller_plane(height, 4).mean() == pytest.approx(height.mean(), abs=1e-6)


def test_packed_channels_are_the_separate_maps():
    ao, rough, metal = (as_8bit(np.full((4, 4), value)) for value in (0.9, 0.6, 0.0))
    orm, mask = packed_orm(ao, rough, metal), packed_unity_mask(ao, rough, metal)
    assert [(orm[..., i] == plane).all() for i, plane in enumerate((ao, rough, metal))] == [
        True
    ] * 3
    assert mask.shape == (4, 4, 4)
    assert (mask[..., 3] == 255 - rough).all()
    assert (mask[..., 1] == ao).all()


def test_sixteen_bits_hold_what_eight_cannot():
    steps = np.linspace(0, 1, 4096).reshape(64, 64)
    assert len(np.unique(as_16bit(steps))) == 4096
    assert len(np.unique(as_8bit(steps))) == 256


@pytest.mark.parametrize("factor", [0, 3, 5])
def test_a_size_that_does_not_divide_is_refused(factor):
    with pytest.raises(ValueError, match="has to divide the size of the master"):
        smaller_color(rendering(1, 16, 16), factor)


def test_what_is_no_picture_is_refused_with_the_way_out():
    with pytest.raises(ValueError, match=r"float64 \(4, 4\); maps are derived from uint8"):
        height_from_luminance(np.zeros((4, 4)), smoothing_px=0)
    with pytest.raises(ValueError, match="relief_px=-1 is below 0"):
        normal_from_height(np.zeros((4, 4)), relief_px=-1)


def maps_of(pixels: np.ndarray, *, dark_is_high: bool = False) -> PictureMaps:
    return PictureMaps(
        pixels,
        dark_is_high=dark_is_high,
        relief=0.05,
        smoothing=0.02,
        ao_strength=1.0,
        roughness=0.7,
        roughness_spread=0.1,
        metallic=0.0,
    )


def test_light_joints_can_be_the_deep_ones():
    pixels = rendering(4, 32, 32)
    usual, turned = (maps_of(pixels, dark_is_high=value) for value in (False, True))
    height = usual.delivered("height", 1).astype(int)
    assert np.abs(65_535 - height - turned.delivered("height", 1)).max() <= 1
    assert (usual.delivered("basecolor", 2) == turned.delivered("basecolor", 2)).all()


def test_packed_files_hold_the_separate_files_and_unknown_maps_are_refused():
    maps = maps_of(rendering(6, 32, 48))
    orm, mask = maps.delivered("orm", 2), maps.delivered("unity_mask", 2)
    assert orm.shape == (16, 24, 3)
    for channel, role in enumerate(("ao", "roughness", "metallic")):
        assert (orm[..., channel] == maps.delivered(role, 2)).all()
    assert (mask[..., 3] == 255 - maps.delivered("roughness", 2)).all()
    opengl, directx = (maps.delivered(role, 2).astype(int) for role in ("normal_gl", "normal_dx"))
    assert (opengl[..., 1] == 255 - directx[..., 1]).all()
    with pytest.raises(ValueError, match="'opacity' cannot be derived from colour"):
        maps.delivered("opacity", 1)
