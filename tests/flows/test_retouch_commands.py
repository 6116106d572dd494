"""`repair`, `expand` and `denoise` as somebody types them."""

import numpy as np
import pytest
from PIL import Image

from data.library.encode import decode_png
from data.library.lineage import hashes_of, lineage_in
from flows.cli import main
from texture_models.families.conv_stack.config import ConvStackConfig
from texture_models.families.conv_stack.networks import build_generator
from texture_models.saved_model import save_generator


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    config = ConvStackConfig.tiny(materials=("brick", "moss"))
    return save_generator(tmp_path_factory.mktemp("model"), config, build_generator(config), {})


@pytest.fixture
def photograph(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 256, (48, 64), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "wall.png")
    Image.fromarray(np.pad(np.full((8, 8), 255, np.uint8), ((20, 20), (28, 28)))).save(
        tmp_path / "mask.png"
    )
    return tmp_path / "wall.png"


def run(capsys, photograph, model, act, *more):
    target = photograph.with_name("out.png")
    options = ["--model", str(model), "--material", "moss", "--out", str(target), *more]
    status = main([act, str(photograph), *options])
    said = capsys.readouterr()
    return status, said.out + said.err, target


@pytest.mark.parametrize(
    ("act", "more", "size"),
    [
        ("repair", ("--seam",), (48, 64)),
        ("repair", ("--mask", "mask.png", "--seam"), (48, 64)),
        ("expand", ("--size", "96x128"), (96, 128)),
        ("expand", (), (96, 128)),
        ("denoise", ("--noise", "12", "--tiles", "no"), (48, 64)),
    ],
)
def test_a_picture_is_written_that_says_what_it_was(
    capsys, photograph, model, monkeypatch, act, more, size
):
    monkeypatch.chdir(photograph.parent)
    status, said, target = run(capsys, photograph, model, act, *more)
    assert status == 0, said
    assert said == f"{target}: {size[1]} x {size[0]} px\n"
    pixels, text = decode_png(target.read_bytes())
    assert pixels.shape == (*size, 3)
    assert "compositeWithTrainedAlgorithmicMedia" in text["XML:com.adobe.xmp"]
    lineage = lineage_in(target)
    assert lineage["retouch"] == act
    assert lineage["sourceSha256"] == hashes_of(photograph)[0]


@pytest.mark.parametrize(
    ("act", "more", "said"),
    [
        ("repair", (), "nothing to repair: say --seam, or --mask FILE, or both"),
        ("denoise", ("--noise", "900"), "noise=900: give its deviation"),
        ("denoise", ("--noise", "much"), "noise: Input should be a valid number"),
        ("expand", ("--out", "out.jpg"), "out=out.jpg must be a .png"),
        ("expand", ("--model", "../nowhere"), "neither a folder nor a name in the registry"),
        ("expand", ("--material", "sand"), "'sand' is not one of this model's: brick, moss"),
    ],
)
def test_mistakes_are_one_line(capsys, photograph, model, act, more, said):
    status, printed, target = run(capsys, photograph, model, act, *more)
    assert status == 1
    assert said in printed
    assert printed.count("\n") == 1
    assert not target.exists()
