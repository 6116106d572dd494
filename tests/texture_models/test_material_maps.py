"""Maps of materials: read off painted pictures, stretched over a torus, rendered seamlessly."""

import numpy as np
import pytest
from PIL import Image

from tests.mill_runs import ROOT
from texture_models.families import build_model
from texture_models.families.conditional_gan.config import ConditionalGanConfig
from texture_models.families.dcgan.config import DcganConfig
from texture_models.families.psgan.config import PsganConfig
from texture_models.rendering.material_map import (
    MaterialMap,
    PlacedMap,
    map_from_colours,
    map_from_shades,
)
from texture_models.rendering.renderer import Region, Renderer
from texture_models.training.config import TrainingConfig

SIDE = 320  # not a multiple of the 256 px blocks, so that blocks and torus disagree
MATERIALS = ("grass", "gravel", "brick")


@pytest.fixture(scope="module")
def renderer():
    model = build_model(ConditionalGanConfig.tiny(materials=MATERIALS), TrainingConfig.tiny())
    rng = np.random.default_rng(3)
    for variable in model.averaged.weights:
        if "film" in variable.path or "h_" in variable.path or "colour" in variable.path:
            variable.assign(variable + rng.normal(0, 0.3, variable.shape))
    model.measured["waves"][2] = [[0.05, 0.02], [0.0, 0.11]]
    model.recompute_statistics(2)
    return Renderer(model.config, model.averaged, model.measured)


def path_map(transition_px=24.0):
    """A path of gravel through grass, from side to side."""
    rows, columns = np.mgrid[:64, :64]
    middle = 32 + 8 * np.sin(2 * np.pi * columns / 64)
    gravel = (np.abs(rows - middle) < 12).astype(np.float32)
    return MaterialMap(("gravel", "grass"), np.stack([gravel, 1 - gravel], 2), transition_px)


@pytest.fixture(scope="module")
def whole(renderer):
    return renderer.render(seed=4, height_px=SIDE, width_px=SIDE, material=path_map())


@pytest.mark.parametrize(
    ("top", "left", "height", "width"),
    [(-100, 37, 150, 90), (250, 300, 140, 60), (-640, 5, 33, 320), (17, -3, 1, 1)],
)
def test_any_region_of_a_map_has_the_bytes_of_the_whole(renderer, whole, top, left, height, width):
    region = Region(top, left, height, width)
    part = renderer.render_region(region, seed=4, torus_px=(SIDE, SIDE), material=path_map())
    rows, columns = np.arange(top, top + height) % SIDE, np.arange(left, left + width) % SIDE
    difference = np.abs(part.astype(int) - whole[np.ix_(rows, columns)])
    assert difference.max() <= 1  # as for pictures of one material
    assert (difference > 0).mean() < 0.01


def test_inside_a_region_of_one_material_the_map_changes_nothing(renderer, whole):
    label = renderer.render_region(
        Region(0, 0, SIDE, SIDE), seed=4, torus_px=(SIDE, SIDE), material="grass"
    )
    far, on_the_path = (
        np.abs(whole.astype(int) - label)[:20].max(),
        np.abs(whole.astype(int) - label)[150:170].mean(),
    )
    assert far <= 1
    assert on_the_path > 2


@pytest.mark.parametrize("material", MATERIALS)
def test_a_flat_map_has_exactly_the_bytes_of_the_label(renderer, material):
    others = tuple(name for name in MATERIALS if name != material)
    weights = np.zeros((5, 7, 3), np.float32)
    weights[..., 0] = 1
    flat = MaterialMap((material, *others), weights)
    from_map, from_label = (
        renderer.render_region(Region(0, 0, 64, 96), seed=9, torus_px=(64, 96), material=grown)
        for grown in (flat, material)
    )
    assert (from_map == from_label).all()


def test_maps_wrap_wherever_their_picture_does():
    placed = PlacedMap(path_map(), MATERIALS, (320, 480))
    rows, columns = np.linspace(-40, 40, 33), np.linspace(470, 490, 17)
    here = placed.weights_at(rows, columns)
    assert (here == placed.weights_at(rows + 640, columns - 480)).all()
    np.testing.assert_allclose(here.sum(axis=2), 1, atol=1e-6)
    assert not here[..., 2].any()
    fine = placed.weights_at(np.arange(0.5, 640), np.array([3.0]))[:, 0, 0]
    assert np.abs(np.diff(np.concatenate([fine, fine[:1]]))).max() < 0.1


def test_a_border_is_as_wide_as_was_asked():
    def width(transition_px):
        placed = PlacedMap(path_map(transition_px), MATERIALS, (1024, 1024))
        gravel = placed.weights_at(np.arange(300, 512.0), np.array([512.0]))[:, 0, 1]
        return ((gravel > 0.1) & (gravel < 0.9)).sum()

    assert width(0) <= 16  # a pixel of the map
    assert 20 < width(40) < 60
    assert width(160) > 2.5 * width(40)


def test_shades_are_weights():
    grey = np.array([[[0], [255], [51]]], np.uint8)
    found = map_from_shades(grey, ("grass", "gravel"))
    np.testing.assert_allclose(found[0], [[1, 0], [0, 1], [0.8, 0.2]], atol=1e-6)
    traces = np.array([[[7], [250]]], np.uint8)  # of a JPEG, say
    assert map_from_shades(traces, ("grass", "gravel"))[0].tolist() == [[1, 0], [0, 1]]
    channels = np.array([[[255, 0, 0], [0, 100, 100]]], np.uint8)
    found = map_from_shades(channels, MATERIALS)
    np.testing.assert_allclose(found[0], [[1, 0, 0], [0, 0.5, 0.5]], atol=1e-6)


def test_the_map_of_the_documents_is_a_path_that_wraps():
    painted = np.asarray(Image.open(ROOT / "docs" / "maps" / "path.png").convert("RGB"))
    found = map_from_shades(painted, ("grass", "gravel"))
    assert 0.2 < found[..., 1].mean() < 0.5
    assert (found[0] == found[-1]).all()
    assert np.abs(found[:, 0] - found[:, -1]).mean() < 0.05


def test_colours_name_the_nearest_material():
    painted = np.array([[[10, 200, 20], [120, 130, 125], [0, 255, 0]]], np.uint8)
    found = map_from_colours(painted, {"gravel": "#808080", "grass": "#00ff00"})
    assert found[0].tolist() == [[0, 1], [1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (lambda: map_from_shades(np.zeros((2, 2, 3), np.uint8), ("a",)), "1 materials"),
        (lambda: map_from_shades(np.zeros((2, 2, 1), np.uint8), MATERIALS), "the map is grey"),
        (lambda: map_from_shades(np.zeros((2, 2, 3), np.uint8), MATERIALS), "100.0% .* is black"),
        (lambda: map_from_colours(np.zeros((2, 2, 3)), {"a": "green"}), "a='green' is not a col"),
        (lambda: MaterialMap(("a", "b"), np.ones((2, 2, 2))), "do not add up to 1"),
        (lambda: MaterialMap(("a", "a"), np.full((2, 2, 2), 0.5)), "one twice"),
        (lambda: MaterialMap(("a", "b"), np.ones((2, 2))), "are not .rows, columns, 2."),
        (lambda: MaterialMap(("a",), np.full((2, 2, 1), np.nan)), "must be finite"),
        (lambda: MaterialMap(("a",), np.ones((2, 2, 1)), 1e9), "not between 0 and 4096"),
        (lambda: PlacedMap(path_map(), ("moss",), (64, 64)), "'grass' of the map is not one of"),
    ],
)
def test_maps_that_mean_nothing_are_refused_with_the_reason(read, said):
    with pytest.raises(ValueError, match=said):
        read()


def test_a_map_without_a_torus_is_refused(renderer):
    with pytest.raises(ValueError, match=r"needs the height and width"):
        renderer.render(seed=1, height_px=64, width_px=64, material=path_map(), wrap=(True, False))


@pytest.mark.parametrize("config", [PsganConfig.tiny(), DcganConfig.tiny()])
def test_families_of_one_material_a_picture_say_who_can_do_it(config):
    model = build_model(config, TrainingConfig.tiny())
    side = config.picture_px or 64
    with pytest.raises(ValueError, match="train a conditional_gan"):
        Renderer(config, model.averaged, model.measured).render(
            seed=1, height_px=side, width_px=side, material=path_map()
        )
