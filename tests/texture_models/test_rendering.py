"""Rendering: seamless by construction, any region, the same bytes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from texture_models.families import build_model
from texture_models.families.psgan.config import PsganConfig
from texture_models.metrics.seam import wrap_seam
from texture_models.rendering.config import RenderConfig
from texture_models.rendering.cut import usual_cut
from texture_models.rendering.noise_field import CellWindow
from texture_models.rendering.renderer import Region, Renderer
from texture_models.spatial.noise import picture_noise
from texture_models.training.config import TrainingConfig

SIDE = 320  # not a multiple of the 256 px blocks, so that blocks and torus disagree


@pytest.fixture(scope="module")
def renderer():
    model = build_model(PsganConfig.tiny(materials=("moss",)), TrainingConfig.tiny())
    model.measured["waves"][0] = [[0.05, 0.02], [0.0, 0.11]]
    model.recompute_statistics(2)
    return Renderer(model.config, model.averaged, model.measured)


@pytest.fixture(scope="module")
def whole(renderer):
    return renderer.render_region(Region(0, 0, SIDE, SIDE), seed=4, torus_px=(SIDE, SIDE))


@settings(max_examples=12, deadline=None)
@given(st.integers(-700, 700), st.integers(-700, 700), st.integers(1, 150), st.integers(1, 150))
def test_any_region_has_the_bytes_of_the_whole(renderer, whole, top, left, height, width):
    region = Region(top, left, height, width)
    part = renderer.render_region(region, seed=4, torus_px=(SIDE, SIDE))
    rows, columns = np.arange(top, top + height) % SIDE, np.arange(left, left + width) % SIDE
    difference = np.abs(part.astype(int) - whole[np.ix_(rows, columns)])
    # A block that starts elsewhere on the torus computes the same sums in the same order; one grey
    # level is allowed for where its waves are rounded differently.
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.01


def test_chunks_of_an_endless_canvas_are_the_same_in_any_order(renderer):
    place = Region(-100, 900, 300, 200)
    canvas = renderer.render_region(place, seed=8)
    parts = [Region(-100 + 75 * i, 900 + 50 * j, 75, 50) for i in range(4) for j in range(4)]
    for part in reversed(parts):
        got = renderer.render_region(part, seed=8)
        top, left = part.top_px + 100, part.left_px - 900
        assert (got == canvas[top : top + 75, left : left + 50]).all()


def test_a_tile_is_the_torus_from_its_cut_on(renderer, whole):
    tile = renderer.render(seed=4, height_px=SIDE, width_px=SIDE)
    top, left = usual_cut(whole)
    assert (tile == np.roll(whole, (-top, -left), (0, 1))).all()
    assert renderer.tile_origin(seed=4, height_px=SIDE, width_px=SIDE) == (top, left)
    tiles, tori = renderer.tiles((5, 4), SIDE)
    assert (tiles[1] == tile).all()
    assert (tori[1] == whole).all()
    assert usual_cut(tile) == (0, 0)


def test_a_cut_is_where_the_picture_changes_as_it_usually_does():
    rng = np.random.default_rng(1)
    picture = rng.integers(80, 120, (96, 64, 3)).astype(np.uint8)
    picture[:8], picture[:, :4] = 250, 10  # joints where the tile would begin
    assert abs(wrap_seam(picture).z) > 3
    tile = np.roll(picture, [-start for start in usual_cut(picture)], (0, 1))
    assert abs(wrap_seam(tile).z) < 0.5
    assert wrap_seam(tile).ratio < 1.05


@pytest.mark.parametrize("side", [1, 2, 64])
def test_a_flat_picture_is_cut_at_its_corner(side):
    assert usual_cut(np.full((side, side, 3), 7, np.uint8)) == (0, 0)


@pytest.mark.parametrize("wrap", [(True, False), (False, True)])
def test_one_axis_alone_can_wrap(renderer, wrap):
    torus = (128 if wrap[0] else None, 128 if wrap[1] else None)
    here, there = (
        renderer.render_region(Region(top, left, 64, 64), seed=2, torus_px=torus)
        for top, left in ((0, 0), (128, 0) if wrap[0] else (0, 128))
    )
    assert (here == there).all()
    elsewhere = renderer.render_region(
        Region(0, 128, 64, 64) if wrap[0] else Region(128, 0, 64, 64), seed=2, torus_px=torus
    )
    assert (here != elsewhere).mean() > 0.5


def test_folded_kernels_give_the_networks_own_pixels(renderer):
    window = CellWindow(0, 0, 16, 16, (16, 16))
    fields = picture_noise(renderer.config, renderer.measured["waves"][0], 4, window)
    batch = {name: value[None] for name, value in fields.items()}
    image = np.asarray(renderer.network({**batch, "code": np.ones((1, 1), np.float32)}))[0]
    expected = np.round((np.clip(image, -1, 1) + 1) * 127.5)
    got = renderer.render_region(Region(0, 0, 256, 256), seed=4, torus_px=(256, 256))
    assert np.abs(expected - got).max() <= 1
    assert (expected != got).mean() < 0.01


def test_noise_of_a_window_is_a_window_of_the_noise():
    config = PsganConfig.tiny(global_channels=3, slow_channels=2)
    waves = np.array([[0.05, 0.01], [0.0, 0.02]])
    large = picture_noise(config, waves, 1, CellWindow(-2, 5, 6, 7))
    small = picture_noise(config, waves, 1, CellWindow(0, 6, 2, 3))
    for level in range(config.levels):
        scale = 2**level
        part = large[f"noise_{level}"][2 * scale :, scale:][: 2 * scale + 4, : 3 * scale + 4]
        np.testing.assert_allclose(part, small[f"noise_{level}"], atol=1e-6)


def test_sizes_out_of_range_are_refused():
    with pytest.raises(ValueError, match="size 8 is not between 64 and 8192"):
        RenderConfig(sizes_px=(8,))
