"""A photograph repaired, grown or denoised: what stays, what is invented, what is refused."""

import numpy as np
import pytest

from texture_models.families import build_model
from texture_models.families.conv_stack.config import ConvStackConfig
from texture_models.families.conv_stack.retouch import BLOCK_PX, EDGE_PX, SEAM_PX, Retoucher
from texture_models.families.psgan.config import PsganConfig
from texture_models.rendering.retouchers import load_retoucher
from texture_models.saved_model import save_generator
from texture_models.training.config import TrainingConfig

CONFIG = ConvStackConfig.tiny(materials=("brick", "moss"))


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def model():
    return build_model(CONFIG, TrainingConfig.tiny())


@pytest.fixture(scope="module")
def retoucher(model):
    return Retoucher(CONFIG, model.averaged)


def changed(before, after):
    """Rows and columns of the first and the last pixel that differ."""
    rows, columns = np.nonzero((before != after).any(axis=2))
    return rows.min(), rows.max(), columns.min(), columns.max()


def test_a_seam_is_closed_near_the_border_and_nowhere_else(retoucher):
    before = picture(81, 96)
    after = retoucher.remove_seam(before, seed=1)
    assert after.shape == (80, 96, 3)  # an odd line cannot wrap
    inner = slice(SEAM_PX + EDGE_PX, -(SEAM_PX + EDGE_PX))
    assert (after[inner, inner] == before[:80][inner, inner]).all()
    assert (after[:SEAM_PX] != before[:SEAM_PX]).mean() > 0.9
    assert (after == retoucher.remove_seam(before, seed=1)).all()
    assert (after != retoucher.remove_seam(before, seed=2)).any()


def test_what_is_invented_follows_what_is_beside_it(retoucher):
    before = picture(64, 64)
    other = before.copy()
    beside = np.s_[:, -SEAM_PX - 4 : -SEAM_PX]
    other[beside] = 255 - other[beside]
    first, second = (retoucher.remove_seam(one, seed=1) for one in (before, other))
    assert (first[:, -SEAM_PX:] != second[:, -SEAM_PX:]).any()
    assert (first[:, SEAM_PX:32] == second[:, SEAM_PX:32]).all()


def test_a_blemish_goes_and_the_rest_stays_byte_for_byte(retoucher):
    before = picture(64, 80)
    mask = np.zeros((64, 80), dtype=bool)
    mask[20:30, 40:52] = True
    after = retoucher.remove_blemish(before, mask, seed=1, wrap=(False, False))
    top, bottom, left, right = changed(before, after)
    assert 20 - EDGE_PX <= top <= 20
    assert 29 <= bottom <= 29 + EDGE_PX
    assert 40 - EDGE_PX <= left <= 40
    assert 51 <= right <= 51 + EDGE_PX
    hidden = before.copy()
    hidden[mask] = 0  # what was under the mask has no say
    again = retoucher.remove_blemish(hidden, mask, seed=1, wrap=(False, False))
    assert (again[mask] == after[mask]).all()


def test_a_picture_grows_around_itself(retoucher):
    before = picture(40, 48)
    after = retoucher.expand(before, height_px=96, width_px=80, seed=3)
    assert after.shape == (96, 80, 3)
    inner = slice(EDGE_PX, -EDGE_PX)
    assert (after[28:68, 16:64][inner, inner] == before[inner, inner]).all()
    other = retoucher.expand(before, height_px=96, width_px=80, seed=4)
    assert (other[:20] != after[:20]).mean() > 0.5


def test_large_pictures_are_worked_on_in_blocks_that_leave_no_trace(retoucher):
    large = picture(BLOCK_PX + 40, 64)
    trust = np.full(large.shape[:2], 0.7, np.float32)
    whole = retoucher._output(large, trust, wrap=(False, False), seed=1)
    margin = CONFIG.margin_px
    part = retoucher._output(large[200:], trust[200:], wrap=(False, False), seed=1)
    inner = np.s_[margin:-margin, margin:-margin]
    assert (whole[200:][inner] == part[inner]).all()


def test_detail_that_the_network_does_not_know_is_given_back(retoucher):
    """Untrained, it knows nothing: what stays of a grating through noise comes from the picture."""
    rows = 128 + 60 * np.sin(2 * np.pi * np.arange(96) / 6)
    clean = np.broadcast_to(rows[:, None, None], (96, 96, 3))
    noisy = clean + np.random.default_rng(1).normal(0.0, 20.0, clean.shape)
    noisy = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    after = retoucher.denoise(noisy, noise=20, seed=1, wrap=(True, True))
    assert np.std(after - clean) < 0.6 * np.std(noisy - clean)


def test_noise_becomes_the_trust_it_had_in_training(retoucher):
    seen = []
    original = retoucher._run
    retoucher._run = lambda given: seen.append(given) or original(given)
    try:
        retoucher.denoise(picture(32, 32), noise=0.5 * 127.5, seed=1, wrap=(True, True))
    finally:
        retoucher._run = original
    assert np.unique(seen[0][..., 3]) == pytest.approx([0.5])


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda r, p: r.remove_seam(p[:20], seed=1), "the shorter side must be 32 or more"),
        (
            lambda r, p: r.remove_blemish(p, np.ones((9, 9), bool), seed=1, wrap=(True, True)),
            "the mask is 9 x 9 px and the picture 64 x 64; give both the same size",
        ),
        (
            lambda r, p: r.remove_blemish(p, np.zeros((64, 64), bool), seed=1, wrap=(True, True)),
            "marks nothing or everything",
        ),
        (lambda r, p: r.expand(p, height_px=70, width_px=128, seed=1), "70 px: give 88 or more"),
        (lambda r, p: r.denoise(p, noise=200, seed=1, wrap=(True, True)), "noise=200: .* at most"),
        (
            lambda r, p: r.denoise(p[:, :63], noise=5, seed=1, wrap=(True, True)),
            "a width of 63 px that tiles is no multiple of 2; resize .* to 62 or 64, or say",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_the_limit(retoucher, act, said):
    with pytest.raises(ValueError, match=said):
        act(retoucher, picture(64, 64))


def test_models_and_materials_that_do_not_fit_are_refused(model, tmp_path):
    save_generator(tmp_path / "stack", CONFIG, model.averaged, model.measured)
    assert load_retoucher(tmp_path / "stack", "moss").config == CONFIG
    for material in ("", "sand"):
        with pytest.raises(ValueError, match="is not one of this model's: brick, moss"):
            load_retoucher(tmp_path / "stack", material)
    config = PsganConfig.tiny()
    other = build_model(config, TrainingConfig.tiny())
    save_generator(tmp_path / "psgan", config, other.averaged, other.measured)
    with pytest.raises(ValueError, match="holds a psgan; only a conv_stack retouches"):
        load_retoucher(tmp_path / "psgan")
