"""Textures made with a known period, direction and light, and what the analysis says of them."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage

from data.photo_analysis import analyse
from data.stationarity import STATIONARY_BELOW, stationarity
from data.texel_scale import PATCH_PX, choose_texel_scale, flatten, rescale
from data.texture_spectrum import autocorrelation, isotropy, lighting_trend, luminance, repeats

SIDE = 320


def to_pixels(grey: np.ndarray) -> np.ndarray:
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def grain(seed: int, size_px: float = 3.0, side: int = SIDE) -> np.ndarray:
    """Smooth noise, mean 0, standard deviation 1."""
    rng = np.random.default_rng(seed)
    smooth = cv2.GaussianBlur(rng.normal(size=(side, side)).astype(np.float32), (0, 0), size_px)
    return smooth / smooth.std()


def bricks(row_px: int, length_px: int, side: int = SIDE) -> np.ndarray:
    """Running bond: every second row is shifted by half a brick; joints are dark."""
    y, x = np.mgrid[:side, :side]
    row = y // row_px
    joint = (y % row_px < 3) | ((x + row % 2 * length_px // 2) % length_px < 3)
    tone = np.random.default_rng(1).normal(size=(side, side))[row, (x + row % 2) // length_px]
    return np.where(joint, 60.0, 150.0 + 12 * tone) + 4 * grain(2, 1.0, side)


def pebbles(light: tuple[float, float], seed: int = 0) -> np.ndarray:
    """Flat stones with one steep bright edge on the side of the lamp (dx, dy)."""
    height = grain(seed, 4.0)
    shift = np.float32([[1, 0, 3 * light[0]], [0, 1, 3 * light[1]]])
    moved = cv2.warpAffine(height, shift, height.shape[::-1], borderMode=cv2.BORDER_REFLECT)
    # Light is clipped from below: shadows are soft, highlights are sharp.
    return 110 + 60 * np.maximum(height - moved, 0) ** 1.5 + 10 * height


def gravel() -> np.ndarray:
    path = Path(skimage.__file__).parent / "data" / "gravel.png"
    return to_pixels(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))


@pytest.mark.parametrize("period", [12, 20, 33])
def test_the_period_of_a_grid_is_found(period):
    y, x = np.mgrid[:SIDE, :SIDE]
    tiles = 128 + 60 * np.cos(2 * np.pi * x / period) * np.cos(2 * np.pi * y / period)
    found = analyse(to_pixels(tiles + 8 * grain(0, 1.0)), 0.25).period_px
    assert found == pytest.approx(period / np.sqrt(2), rel=0.08)  # the diagonal neighbour


@pytest.mark.parametrize("period", [11, 24])
def test_the_period_of_stripes_is_found_in_either_direction(period):
    stripes = 128 + 60 * np.sign(np.sin(2 * np.pi * (np.arange(SIDE) + 0.5) / period))
    lying = np.repeat(stripes[:, None], SIDE, axis=1) + 8 * grain(0, 1.0)
    for picture in (lying, lying.T):
        assert analyse(to_pixels(picture), 0.25).period_px == pytest.approx(period, abs=0.6)


def test_the_courses_and_the_bond_of_a_wall_are_found():
    flat = flatten(luminance(to_pixels(bricks(16, 44))))
    lengths = repeats(flat, autocorrelation(flat))
    assert lengths[0] == pytest.approx(16, abs=1)
    assert lengths[-1] == pytest.approx(np.hypot(22, 16), abs=2)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("size_px", [1.0, 3.0, 8.0])
def test_noise_has_no_period(seed, size_px):
    assert analyse(to_pixels(128 + 40 * grain(seed, size_px)), 0.25).period_px is None


def test_isotropy_tells_gravel_from_planks():
    planks = cv2.GaussianBlur(grain(0, 1.0), (0, 0), sigmaX=0.5, sigmaY=25)
    assert isotropy(autocorrelation(grain(0))) > 0.9
    assert isotropy(autocorrelation(planks)) < 0.4


@pytest.mark.parametrize("seed", range(3))
def test_an_isotropic_texture_may_be_turned_at_will(seed):
    pixels = to_pixels(128 + 40 * grain(seed, 2.0, side=640))
    assert analyse(pixels, 0.25).symmetries == ("flip_x", "flip_y", "rot90")


def test_a_wall_may_not_be_turned():
    symmetries = analyse(to_pixels(bricks(16, 44)), 0.25).symmetries
    assert "rot90" not in symmetries
    assert "flip_x" in symmetries


def test_diagonal_structure_may_not_be_flipped():
    y, x = np.mgrid[:SIDE, :SIDE]
    twill = to_pixels(128 + 60 * np.sin(2 * np.pi * (x + y) / 14) + 10 * grain(0, 1.0))
    assert analyse(twill, 0.25).symmetries == ()


@pytest.mark.parametrize(
    ("light", "allowed", "forbidden"),
    [((0.0, 1.0), "flip_x", "flip_y"), ((1.0, 0.0), "flip_y", "flip_x")],
)
def test_light_from_one_side_forbids_the_flip_that_would_move_the_lamp(light, allowed, forbidden):
    symmetries = analyse(to_pixels(pebbles(light)), 0.25).symmetries
    assert allowed in symmetries
    assert forbidden not in symmetries
    assert "rot90" not in symmetries


def test_one_texture_is_stationary_and_two_are_not():
    fine, coarse = 128 + 40 * grain(0, 1.0), 128 + 40 * grain(1, 6.0)
    assert stationarity(to_pixels(fine)) < 0.1
    assert stationarity(to_pixels(coarse)) < STATIONARY_BELOW
    both = np.hstack([fine[:, : SIDE // 2], coarse[:, : SIDE // 2]])
    analysis = analyse(to_pixels(both), 0.25)
    assert not analysis.is_stationary
    assert "not stationary" in analysis.warnings[0]


def test_an_invisible_drift_on_a_regular_tile_is_still_one_texture():
    y, x = np.mgrid[:SIDE, :SIDE]
    tiles = 128 + 60 * np.cos(2 * np.pi * x / 20) * np.cos(2 * np.pi * y / 20)
    assert stationarity(to_pixels(tiles + np.linspace(-1, 1, SIDE))) < 0.3


def test_uneven_light_is_said_in_words():
    lamp = np.linspace(-60, 60, SIDE)[None, :]
    warnings = analyse(to_pixels(128 + 25 * grain(0) + lamp), 0.25).warnings
    assert any(text.startswith("uneven light: brightness drifts by 1") for text in warnings)


def test_light_is_taken_out_before_anything_is_measured():
    lamp = np.linspace(-60, 60, SIDE)[None, :] ** 2 / 60
    picture = (128 + 25 * grain(0) + lamp).astype(np.float32)
    assert np.abs(lighting_trend(picture) - 128 - lamp).mean() < 4
    lit, even = flatten(picture), flatten((128 + 25 * grain(0)).astype(np.float32))
    assert np.corrcoef(lit.ravel(), even.ravel())[0, 1] > 0.99


def test_fewer_than_four_periods_are_said_in_words():
    y, x = np.mgrid[:SIDE, :SIDE]
    wide = 128 + 60 * np.cos(2 * np.pi * x / 80) + 60 * np.cos(2 * np.pi * y / 80)
    warnings = analyse(to_pixels(wide), 0.25).warnings
    assert warnings[0].startswith("few repeats: 3.0 periods of 80 px")


def test_a_small_photograph_is_said_in_words():
    assert analyse(to_pixels(128 + 40 * grain(0, side=160)), 0.25).warnings[0].startswith("small:")


def test_a_good_photograph_has_no_warning():
    analysis = analyse(gravel(), 0.25)
    assert analysis.warnings == ()
    assert analysis.period_px is None
    assert analysis.is_stationary


@pytest.mark.parametrize("row_px", [24, 40])
def test_a_wall_is_scaled_until_its_bond_fits_a_patch(row_px):
    wall = to_pixels(bricks(row_px, round(2.75 * row_px), side=1200))
    prepared = rescale(wall, choose_texel_scale(wall, "auto", 0.25))
    period = analyse(prepared, 0.25).period_px
    assert period is not None
    assert 12 <= period <= 32


@pytest.mark.parametrize("size_px", [1.0, 3.0, 10.0, 30.0])
def test_scaling_never_enlarges_and_keeps_three_by_three_patches(size_px):
    pixels = to_pixels(128 + 40 * grain(0, size_px, side=700))
    scale = choose_texel_scale(pixels, "auto", 0.25)
    prepared = rescale(pixels, scale)
    assert scale <= 1
    assert min(prepared.shape[0], prepared.shape[1] * 0.75) >= 3 * PATCH_PX - 1


def test_fine_grain_keeps_every_pixel_and_coarse_grain_does_not():
    fine, coarse = (to_pixels(128 + 40 * grain(0, size, side=800)) for size in (2.0, 12.0))
    assert choose_texel_scale(fine, "auto", 0.25) == 1.0
    assert choose_texel_scale(coarse, "auto", 0.25) < 0.6


def test_the_same_scene_photographed_larger_comes_to_the_same_scale():
    once = to_pixels(128 + 40 * grain(0, 8.0, side=900))
    twice = cv2.resize(once, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    ratio = choose_texel_scale(once, "auto", 0.25) / choose_texel_scale(twice, "auto", 0.25)
    assert ratio == pytest.approx(2.0, rel=0.1)


def test_a_scale_that_is_asked_for_is_taken():
    assert choose_texel_scale(gravel(), 0.37, 0.25) == 0.37
