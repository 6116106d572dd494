"""Translation between two materials: seams, blocks, directions, the pool."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from texture_models.families import build_model
from texture_models.families.cycle_gan.config import CycleGanConfig
from texture_models.families.cycle_gan.networks import build_generator
from texture_models.families.cycle_gan.replay import ReplayPool
from texture_models.families.cycle_gan.source_canvas import kept_exemplars, source_canvas
from texture_models.families.cycle_gan.translation import BLOCK_PX, Translator
from texture_models.families.dcgan.config import DcganConfig
from texture_models.rendering.translators import fitted, load_translator
from texture_models.saved_model import save_generator
from texture_models.training.config import TrainingConfig
from texture_models.training.preview import write_explanations

CONFIG = CycleGanConfig.tiny(materials=("brick", "moss"))
TRAINING = TrainingConfig.tiny(batch_size=4, r1_gamma=0)  # with the penalty: test_every_family


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def batch(seed=0):
    image = np.random.default_rng(seed).random((4, 32, 32, 3)).astype(np.float32) * 2 - 1
    return image, np.array([0, 1, 0, 1])


@pytest.fixture(scope="module")
def model():
    model = build_model(CONFIG, TRAINING)
    model.train_step(*batch(), step=0, rate_factor=1.0)  # moves every weight off its start
    model.averaged.set_weights(model.generator.get_weights())
    return model


@pytest.fixture(scope="module")
def translator(model):
    return Translator(CONFIG, model.averaged)


def test_a_tile_that_is_rolled_gives_the_rolled_translation(translator):
    tile = picture(64, 96)
    translated = translator.translate(tile, to=1, wrap=(True, True))
    rolled = translator.translate(np.roll(tile, (20, -36), (0, 1)), to=1, wrap=(True, True))
    assert (rolled == np.roll(translated, (20, -36), (0, 1))).all()
    mirrored = translator.translate(tile, to=1, wrap=(False, False))
    assert (mirrored != translated).any()


def test_a_picture_can_wrap_along_one_axis_only(translator):
    tile = picture(64, 64)
    translated = translator.translate(tile, to=0, wrap=(True, False))
    rolled = translator.translate(np.roll(tile, 12, 0), to=0, wrap=(True, False))
    assert (rolled == np.roll(translated, 12, 0)).all()


def test_blocks_leave_no_trace(translator):
    large = picture(BLOCK_PX + 60, BLOCK_PX + 20, seed=3)
    whole = translator.translate(large, to=1, wrap=(False, False))
    margin = CONFIG.margin_px
    window = slice(BLOCK_PX - 48, BLOCK_PX + 48)  # over the joint of two blocks
    part = translator.translate(large[window, window], to=1, wrap=(False, False))
    inner = slice(margin, -margin)
    assert (whole[window, window][inner, inner] == part[inner, inner]).all()


def test_the_two_directions_are_two_networks(translator):
    tile = picture(32, 32)
    first, second = (translator.translate(tile, to=to, wrap=(True, True)) for to in (0, 1))
    assert (first != second).mean() > 0.5
    assert translator.target("brick") == 0
    assert translator.target("moss") == 1
    with pytest.raises(ValueError, match="'sand' is not one of this model's: brick and moss"):
        translator.target("sand")


def test_training_borders_change_the_margin_only(model):
    mirrored = build_generator(CONFIG, borders="mirrored")
    mirrored.set_weights(model.averaged.get_weights())
    image = np.random.default_rng(5).random((1, 64, 64, 3)).astype(np.float32) * 2 - 1
    margin = CONFIG.margin_px
    same_size = mirrored.get_layer("to_0")(image).numpy()
    smaller = model.averaged.get_layer("to_0")(image).numpy()
    assert same_size.shape == image.shape
    assert smaller.shape[1] == image.shape[1] - 2 * margin
    inner = slice(margin, -margin)
    np.testing.assert_allclose(same_size[:, inner, inner], smaller, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("shape", "wrap", "said"),
    [
        ((62, 64), (True, True), "a height of 62 px that wraps .* 60 or 64"),
        ((64, 62), (True, True), "a width of 62 px that wraps"),
        ((64, 12), (False, False), "a width of 12 px is less than 16"),
    ],
)
def test_sides_that_do_not_fit_are_refused_with_those_that_do(translator, shape, wrap, said):
    with pytest.raises(ValueError, match=said):
        translator.translate(picture(*shape), to=0, wrap=wrap)


def test_a_picture_that_does_not_tile_may_have_any_size(translator):
    assert translator.translate(picture(61, 47), to=0, wrap=(False, False)).shape == (61, 47, 3)


def test_a_tile_that_is_resized_still_tiles():
    line = np.arange(50) / 50 * 2 * np.pi
    wave = np.sin(line)[:, None] + np.cos(2 * line)[None]
    tile = np.rint((wave[..., None] + 2) * 60 * np.ones(3)).astype(np.uint8)
    small = fitted(tile, scale=0.6, wrap=(True, True)).astype(int)
    assert small.shape == (32, 32, 3)  # 30 px would not wrap
    assert np.abs(small[0] - small[-1]).max() <= np.abs(np.diff(small, axis=0)).max() + 1
    rolled = fitted(np.roll(tile, 25, axis=(0, 1)), scale=0.64, wrap=(True, True)).astype(int)
    straight = fitted(tile, scale=0.64, wrap=(True, True)).astype(int)
    assert np.abs(rolled - np.roll(straight, 16, axis=(0, 1))).max() <= 1
    assert fitted(tile, scale=0.6, wrap=(True, False)).shape == (32, 30, 3)
    assert fitted(tile, scale=1.0, wrap=(False, False)) is tile


def test_models_of_other_families_are_refused(tmp_path):
    config = DcganConfig.tiny()
    other = build_model(config, TrainingConfig.tiny())
    save_generator(tmp_path, config, other.averaged, other.measured)
    with pytest.raises(ValueError, match="holds a dcgan; only a cycle_gan translates"):
        load_translator(tmp_path)


def test_the_pool_fills_and_then_swaps():
    pool = ReplayPool(size=4, side=2)
    seen = set()
    for step in range(30):
        new = np.full((3, 2, 2, 3), np.arange(3)[:, None, None, None] + 3 * step, np.float32)
        shown = pool.swap(tf.constant(new), tf.constant([1, step]))[:, 0, 0, 0].numpy()
        own = shown == new[:, 0, 0, 0]
        if step < 2:
            assert own.all()
        # What is not its own is an earlier one, and none is shown twice at a time.
        assert (shown[~own] < 3 * step).all()
        assert len(set(shown)) == 3
        seen.add(int(own.sum()))
    assert seen == {0, 1, 2, 3}
    assert int(pool.variables[1]) == 4


def test_a_canvas_is_the_same_in_any_window_and_wraps():
    exemplar = picture(48, 48).astype(np.float64)
    line = np.arange(160)
    whole = source_canvas(exemplar, 7, line, line[:96], (160, 96))
    part = source_canvas(exemplar, 7, line[30:70], line[10:50], (160, 96))
    assert (whole[30:70, 10:50] == part).all()
    around = source_canvas(exemplar, 7, line - 160, line[:96] + 96, (160, 96))
    np.testing.assert_allclose(around, whole, atol=1e-6, rtol=0)
    other = source_canvas(exemplar, 8, line, line[:96], (160, 96))
    assert (other != whole).mean() > 0.9
    assert whole.std() == pytest.approx((exemplar / 127.5 - 1).std(), rel=0.1)


def test_the_kept_squares_are_the_photographs_own_middles():
    photographs = {"moss": [picture(60, 80)], "brick": [picture(200, 100, seed=1)]}
    brick, moss = kept_exemplars(("brick", "moss"), photographs)
    assert (moss == photographs["moss"][0][:, 10:70]).all()
    assert (brick == photographs["brick"][0][70:130, 20:80]).all()


def test_the_way_there_and_back_is_drawn(model, tmp_path):
    paths = {path.stem: path for path in write_explanations(tmp_path, model)}
    assert set(paths) == {"there-and-back", "discriminator"}
    side = model.measured["exemplars"].shape[1]
    with Image.open(paths["there-and-back"]) as drawn:
        assert drawn.size == (3 * side, 2 * side)


def test_one_or_three_materials_are_refused():
    for materials in (("brick",), ("brick", "moss", "sand"), ("moss", "moss")):
        with pytest.raises(ValueError, match="between two different ones"):
            CycleGanConfig.tiny(materials=materials)
    photographs = {name: [picture(64, 64)] for name in ("brick", "moss", "sand")}
    with pytest.raises(ValueError, match="these are brick, moss, sand; choose two with dataset"):
        build_model(CycleGanConfig.tiny(), TRAINING).measure(photographs)


def test_batches_that_are_no_pairs_are_refused(model):
    with pytest.raises(ValueError, match=r"batch_size=3: .*batch_size to an even number"):
        build_model(CONFIG, TrainingConfig.tiny(batch_size=3))
    with pytest.raises(ValueError, match=r"replay_pool=3 is less than the 4 translations"):
        build_model(CONFIG, TrainingConfig.tiny(batch_size=8))
    with pytest.raises(ValueError, match=r"patch_px=34 .* set training.patch_px=32 or 36"):
        build_model(CONFIG, TrainingConfig.tiny(batch_size=4, patch_px=34))
    with pytest.raises(ValueError, match=r"labels \[0, 0, 0, 1\]"):
        model.train_step(batch()[0], np.array([0, 0, 0, 1]), step=0, rate_factor=1.0)
