"""What the log says of photographs that are not as they should be."""

import logging

import numpy as np
import pytest
from PIL import Image

from data.config import DatasetConfig
from data.ingest import prepare
from tasks.prepare_dataset import SHOWN, prepare_dataset, remarks


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures" / "brick"
    folder.mkdir(parents=True)
    noise = np.random.default_rng(1).integers(0, 255, (320, 320, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "whole.png")
    licence = "file,licence,origin\nbrick/whole.png,CC0-1.0,\n"
    (folder.parent / "licences.csv").write_text(licence)
    return folder


def prepared(pictures, tmp_path):
    return prepare(DatasetConfig(source=str(pictures.parent)), tmp_path / "datasets")


def test_photographs_without_fault_are_not_remarked_on(pictures, tmp_path):
    assert remarks(prepared(pictures, tmp_path)) == []


def test_every_refused_and_repaired_file_is_remarked_on(pictures, tmp_path):
    (pictures / "torn.png").write_bytes((pictures / "whole.png").read_bytes()[:9000])
    (pictures / "line\nbreak.jpg").write_text("no picture")
    with Image.open(pictures / "whole.png") as whole:
        whole.rotate(90).convert("CMYK").save(pictures / "ink.tif")
    said = remarks(prepared(pictures, tmp_path))
    assert len(said) == 3
    assert "break.jpg" in said[0]
    assert all("is refused: " in remark for remark in said[:2])
    assert "ink.tif" in said[2]
    assert "is repaired: " in said[2]
    assert not any("\n" in remark for remark in said)


def test_the_log_holds_the_first_remarks_and_says_how_many_more(
    pictures, tmp_path, monkeypatch, caplog
):
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path / "mill"))
    for number in range(SHOWN + 4):
        (pictures / f"text_{number:02}.jpg").write_text(f"no picture {number}")
    with caplog.at_level(logging.WARNING, logger="tasks.prepare_dataset"):
        prepare_dataset.fn(DatasetConfig(source=str(pictures.parent)))
    said = [one.getMessage() for one in caplog.records if one.name == "tasks.prepare_dataset"]
    assert len(said) == SHOWN + 1
    assert said[-1].startswith("4 more")
