"""Pictures that explain a model: inputs, ways between materials, discriminator, curves."""

import json

import numpy as np
import pytest
from PIL import Image

from flows.cli import main
from texture_models.families import build_model
from texture_models.families.psgan.config import PsganConfig
from texture_models.families.psgan.explaining import explaining_pictures, score_map
from texture_models.labelled_sheet import MARGIN
from texture_models.layers import as_image
from texture_models.rendering.heat_map import heat_map_sheet
from texture_models.saved_model import save_generator, save_judges
from texture_models.training.config import TrainingConfig
from texture_models.training.curves import training_curves

MATERIALS = ("red_brick", "moss")


@pytest.fixture(scope="module")
def model():
    model = build_model(PsganConfig.tiny(materials=MATERIALS), TrainingConfig.tiny())
    model.measured["waves"][0, 0] = (0.0, 1 / 32)  # brick has one wave, moss has none
    model.averaged.get_layer("colour").mean.assign([[0.5, -0.5, -0.5], [-0.5, 0.5, -0.5]])
    return model


def test_each_material_gets_its_inputs_and_waves_only_where_it_has_some(model):
    sheets = explaining_pictures(model.config, model.averaged, model.measured)
    assert set(sheets) == {"latent-traversal-red-brick", "latent-traversal-moss", "interpolation"}
    heights = {name: sheet.shape[0] for name, sheet in sheets.items()}
    one_row = 128 + 26 + 20 + 8  # picture, label, caption, gap
    waves = heights["latent-traversal-red-brick"] - heights["latent-traversal-moss"]
    assert waves == one_row


def test_the_way_between_materials_goes_from_one_colour_to_the_other(model):
    sheet = explaining_pictures(model.config, model.averaged, model.measured)["interpolation"]
    pictures = [sheet[110:200, left : left + 110].mean((0, 1)) for left in range(30, 900, 136)]
    greener = np.diff([picture[1] - picture[0] for picture in pictures])
    assert len(greener) == 6
    assert (greener > 10).all()


def test_a_heat_map_is_red_where_the_discriminator_sees_a_photograph_and_blue_where_not():
    tile = np.full((128, 128, 3), 100, np.uint8)
    tile[:, :64] = 200

    def score(pixels, index):
        bright = pixels[::8, ::8, 0].astype(np.float32) > 150
        return np.where(bright, 2.0, -2.0)

    sheet = heat_map_sheet([("stone", tile, None)], score).astype(int)
    over = sheet[-20 - 8 - 20 - 128 : -20 - 8 - 20, 20 + 128 + 8 : 20 + 128 + 8 + 128]
    left, right = over[:, 10:54], over[:, 74:118]
    assert (left[..., 0] > left[..., 2] + 100).all()
    assert (right[..., 2] > right[..., 0] + 100).all()


def test_scores_of_a_place_do_not_depend_on_how_much_is_around_it(model):
    tile = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    tiled = np.tile(tile, (3, 3, 1))
    scores = score_map((model.config, None, None), model.networks(), as_image(tiled[None]), 1)
    assert scores.shape == (24, 24)
    assert np.allclose(scores[4:12, 4:12], scores[12:20, 12:20], atol=1e-5)


def test_curves_show_every_report_and_nothing_is_drawn_of_one(tmp_path):
    history = tmp_path / "history.jsonl"
    reports = [
        {"step": 10 * n, "seconds": n, "real_won": n / 10, "fake_won": 0.5, "gram": 0.5 / (n + 1)}
        for n in range(1, 9)
    ]
    history.write_text("\n".join(json.dumps(report) for report in reports))
    sheet = training_curves(history)
    assert sheet.shape[2] == 3
    assert (sheet == (102, 170, 255)).all(axis=2).sum() > 200  # the first colour's line
    rising = np.argwhere((sheet[84:266, 72:572] == (102, 170, 255)).all(axis=2))
    assert rising[rising[:, 1].argmin(), 0] > rising[rising[:, 1].argmax(), 0]
    history.write_text(json.dumps(reports[0]))
    assert training_curves(history) is None


def test_a_loss_that_falls_below_0_leaves_the_others_on_their_logarithmic_scale(tmp_path):
    history = tmp_path / "history.jsonl"
    reports = [{"step": n, "seconds": n, "fake_won": 0.5, "gram": 1 / n} for n in range(1, 9)]
    sheets = []
    for imprint in ({}, {"imprint": -0.1}):
        history.write_text("\n".join(json.dumps({**report, **imprint}) for report in reports))
        sheets.append(training_curves(history))
    without, beside = sheets
    height = len(without) - MARGIN
    assert len(beside) > len(without)
    assert (beside[:height] == without[:height]).all()


def test_a_folder_is_explained_from_the_command_line(model, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path / "mill"))
    save_judges(tmp_path / "model", model.networks())
    save_generator(tmp_path / "model", model.config, model.averaged, model.measured)
    assert main(["explain", str(tmp_path / "model"), "--out", str(tmp_path / "shown")]) == 0
    names = sorted(path.stem for path in (tmp_path / "shown").iterdir())
    assert names == [
        "discriminator",
        "interpolation",
        "latent-traversal-moss",
        "latent-traversal-red-brick",
    ]
    assert str(tmp_path / "shown" / "discriminator.png") in capsys.readouterr().out
    with Image.open(tmp_path / "shown" / "discriminator.png") as picture:
        assert picture.width > 2 * 256
    assert main(["explain", str(tmp_path / "nothing"), "--out", str(tmp_path)]) == 1
    assert "neither a folder nor a name" in capsys.readouterr().err
