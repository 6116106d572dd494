"""Pictures drawn from a model by the command line: a painted map, and what is refused."""

import argparse
import os
import sys

import numpy as np
import pytest
from PIL import Image

from flows.cli import main
from flows.picture_commands import in_one_line


@pytest.fixture(scope="module")
def gardener(tmp_path_factory):
    """Folder of a saved conditional GAN of grass and gravel, untrained."""
    from texture_models.families import build_model
    from texture_models.families.conditional_gan.config import ConditionalGanConfig
    from texture_models.saved_model import save_generator
    from texture_models.training.config import TrainingConfig

    config = ConditionalGanConfig.tiny(materials=("grass", "gravel"))
    model = build_model(config, TrainingConfig.tiny())
    colour = model.averaged.get_layer("colour")
    colour.basis.assign(0.2 * colour.basis)  # untrained it is noise; its mean is what is looked at
    colour.mean.assign([[-0.5, 0.2, -0.5], [0.1, 0.1, 0.1]])
    folder = tmp_path_factory.mktemp("gardener")
    return save_generator(folder, config, model.averaged, model.measured)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path / "mill"))
    return tmp_path


def painted(path, mode):
    """The left half of one material, the right half of another."""
    grey = np.zeros((20, 30), np.uint8)
    grey[:, 15:] = 255
    picture = Image.fromarray(grey)
    if mode == "P":  # a drawing program's palette: red, and nearly white
        picture = Image.fromarray((grey > 0).astype(np.uint8), "P")
        picture.putpalette([200, 10, 10, 250, 250, 240])
    picture.save(path)
    return path


def test_a_painted_map_becomes_a_picture(gardener, home, capsys):
    map_path, out = painted(home / "map.png", "L"), home / "garden.png"
    arguments = ["render-map", str(map_path), "--model", str(gardener), "--out", str(out)]
    assert main([*arguments, "--materials", "grass,gravel", "--size", "64x96", "--seed", "5"]) == 0
    assert "64 x 96 px from a map of 20 x 30" in capsys.readouterr().out
    pixels = np.asarray(Image.open(out)).astype(float)
    assert pixels.shape == (64, 96, 3)
    left, right = pixels[:, 20:28].mean((0, 1)), pixels[:, 68:76].mean((0, 1))
    assert left[1] > left[0] + 20  # grass is green
    assert abs(right[1] - right[0]) < 20
    coloured = painted(home / "palette.png", "P")
    same = [*arguments[:1], str(coloured), *arguments[2:-1], str(home / "same.png")]
    colours = "gravel=#ffffff,grass=#ff0000"
    assert main([*same, "--colours", colours, "--size", "64x96", "--seed", "5"]) == 0
    assert (np.asarray(Image.open(home / "same.png")) == pixels).all()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"--materials": "grass,lava"}, "'lava' of the map is not one of this model's: grass"),
        ({"--materials": "grass"}, "1 materials; shades can tell 2"),
        ({"--size": "100"}, "height_px=100 is not a multiple of 16"),
        ({"--size": "wide"}, "height_px: Input should be a valid integer"),
        ({"--transition": "-1"}, "transition_px: Input should be greater than or equal to 0"),
        ({"--out": "garden.jpg"}, "must be a .png"),
        ({"--model": "No Model"}, "is neither a folder nor a name in the registry"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(gardener, home, capsys, changed, said):
    options = {
        "--model": str(gardener),
        "--materials": "grass,gravel",
        "--size": "64",
        "--out": str(home / "out.png"),
    }
    flat = [text for pair in (options | changed).items() for text in pair]
    assert main(["render-map", str(painted(home / "map.png", "L")), *flat]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.startswith("texture-mill: error: ")
    assert not (home / "out.png").exists()


def test_a_map_that_is_no_picture_is_named(gardener, home, capsys):
    (home / "notes.png").write_text("no picture")
    rest = ["--model", str(gardener), "--materials", "grass,gravel", "--out", str(home / "o.png")]
    assert main(["render-map", str(home / "notes.png"), *rest]) == 1
    assert "undecodable" in capsys.readouterr().err
    assert main(["render-map", str(home / "nothing.png"), *rest]) == 1
    assert "there is no map" in capsys.readouterr().err


def test_more_like_a_photograph_and_between_two(home, capsys, tmp_path_factory):
    from texture_models.families import build_model
    from texture_models.families.vae.config import VaeConfig
    from texture_models.saved_model import save_generator
    from texture_models.training.config import TrainingConfig

    config = VaeConfig.tiny(materials=("any",))
    model = build_model(config, TrainingConfig.tiny())
    folder = save_generator(home / "vae", config, model.averaged, model.measured)
    rng = np.random.default_rng(0)
    for name, level in (("dark", 30), ("light", 200)):
        pixels = (level + rng.integers(0, 40, (90, 120, 3))).astype(np.uint8)
        Image.fromarray(pixels).save(home / f"{name}.png")
    rest = ["--model", str(folder), "--size", "64x128", "--texel-scale", "1"]
    drawn = {}
    for name, photographs in (
        ("one", ["dark"]),
        ("same", ["dark"]),
        ("mixed", ["dark", "light"]),
        ("other", ["light"]),
    ):
        paths = [str(home / f"{photograph}.png") for photograph in photographs]
        assert main(["more-like", *paths, *rest, "--out", str(home / f"{name}_out.png")]) == 0
        drawn[name] = np.asarray(Image.open(home / f"{name}_out.png")).astype(float)
    assert drawn["one"].shape == (64, 128, 3)
    assert (drawn["one"] == drawn["same"]).all()
    assert (drawn["one"] != drawn["other"]).mean() > 0.1
    assert (drawn["one"] != drawn["mixed"]).mean() > 0.05
    capsys.readouterr()
    wrong = ["--shares", "1,2", "--out", str(home / "o.png")]
    assert main(["more-like", str(home / "dark.png"), *rest, *wrong]) == 1
    assert "1 photographs and 2 shares" in capsys.readouterr().err


def test_what_native_code_writes_is_left_out_and_the_commands_own_lines_are_not(
    tmp_path, monkeypatch, capfd
):
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path))

    def act(options):
        os.write(2, b"I0000 port.cc: custom operations are on\n")
        sys.stdout.write("picture.png\n")
        sys.stderr.write("careful\n")
        return 0

    assert in_one_line(act, argparse.Namespace()) == 0
    assert tuple(capfd.readouterr()) == ("picture.png\n", "careful\n")
