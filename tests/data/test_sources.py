"""The TensorFlow datasets themselves, as TFDS opens them, and licences and names on the way."""

import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data.config import DatasetConfig
from data.ingest import prepare
from data.licences import LicenceLedger, spdx_identifier
from data.records import DatasetError
from data.slugs import material_slugs, photo_id, printable, slugify
from data.sources.picture_folder import PictureFolder
from data.sources.sample_photos import SamplePhotos
from data.sources.texture_folder import TextureFolder

TFDS_CACHE = Path(__file__).parents[3] / "shared/textures/dtd"


def noise(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def folder_builder(folder: Path, data_dir: Path) -> TextureFolder:
    return TextureFolder(
        folder=PictureFolder(str(folder)), max_pixels=10**7, data_dir=data_dir / "tfds"
    )


def test_sample_photos_is_a_tensorflow_dataset(tmp_path):
    builder = SamplePhotos(data_dir=str(tmp_path), file_format="array_record")
    builder.download_and_prepare()
    examples = list(builder.as_data_source(split="train"))
    assert [example["file_name"] for example in examples] == [
        b"brick.png",
        b"grass.png",
        b"gravel.png",
    ]
    assert {example["image"].shape for example in examples} == {(512, 512, 1)}
    assert {example["licence"] for example in examples} == {b"CC0-1.0"}
    assert builder.RELEASE_NOTES.keys() == {str(builder.version)}


def test_a_folder_of_colour_pictures_has_three_channels(tmp_path):
    (tmp_path / "p/stone").mkdir(parents=True)
    grey, colour = noise(0, 130, 150), noise(1, 140, 130, 3)
    Image.fromarray(grey).save(tmp_path / "p/stone/a.png")
    Image.fromarray(colour).save(tmp_path / "p/stone/b.png")
    builder = folder_builder(tmp_path / "p", tmp_path)
    builder.download_and_prepare()
    first, second = builder.as_data_source(split="train")
    assert (first["image"] == grey[..., None]).all()
    assert first["image"].shape == (130, 150, 3)
    assert (second["image"] == colour).all()


def test_a_folder_of_grey_pictures_has_one_channel(tmp_path):
    (tmp_path / "p/stone").mkdir(parents=True)
    Image.fromarray(noise(0, 130, 150)).save(tmp_path / "p/stone/a.png")
    (tmp_path / "p/stone/b.png").write_bytes(b"broken")
    builder = folder_builder(tmp_path / "p", tmp_path)
    builder.download_and_prepare()
    (example,) = builder.as_data_source(split="train")
    assert example["image"].shape == (130, 150, 1)
    assert [row["file_name"] for row in builder.info.metadata["refused"]] == ["stone/b.png"]


def test_a_changed_folder_is_another_dataset(tmp_path):
    (tmp_path / "p/stone").mkdir(parents=True)
    Image.fromarray(noise(0, 130, 150)).save(tmp_path / "p/stone/a.png")
    before = folder_builder(tmp_path / "p", tmp_path).data_dir
    Image.fromarray(noise(1, 130, 150)).save(tmp_path / "p/stone/a.png")
    assert folder_builder(tmp_path / "p", tmp_path).data_dir != before


@pytest.mark.parametrize("source", ["sample_photos", "folder"])
def test_preparing_leaves_nothing_in_the_temporary_folder(source, tmp_path, monkeypatch):
    (tmp_path / "p/stone").mkdir(parents=True)
    Image.fromarray(noise(0, 130, 150)).save(tmp_path / "p/stone/a.png")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    where = "sample_photos" if source == "sample_photos" else str(tmp_path / "p")
    prepare(DatasetConfig(source=where), tmp_path / "cache")
    assert list(temporary.iterdir()) == []


class LabelFree(tfds.core.GeneratorBasedBuilder):
    """A catalogue dataset without a label."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {"picture": tfds.features.Image(shape=(None, None, 3))}
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(0), "test": self._generate_examples(5)}

    def _generate_examples(self, first):
        for seed in range(first, first + 2):
            yield seed, {"picture": noise(seed, 150, 150, 3)}


def test_any_registered_dataset_is_read_by_name(tmp_path):
    dataset = prepare(
        DatasetConfig(source="tfds:label_free", texel_scale=1.0),
        tmp_path / "datasets",
        tfds_data_dir=tmp_path / "tfds",
    )
    assert dataset.materials == ("label_free",)
    assert dataset.tfds_name == "label_free/1.0.0"
    assert len(dataset.photographs) == 4
    assert dataset.photographs[0].licence == "unknown"


class HalfLabelled(tfds.core.GeneratorBasedBuilder):
    """A catalogue dataset whose test split says nothing of its pictures."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {
            "image": tfds.features.Image(shape=(None, None, 3)),
            "label": tfds.features.ClassLabel(names=["bark", "wool"]),
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(0, 0), "test": self._generate_examples(5, -1)}

    def _generate_examples(self, first, label):
        for seed in range(first, first + 2):
            yield seed, {"image": noise(seed, 150, 150, 3), "label": label}


def test_a_picture_without_a_label_is_not_taken_for_the_last_class(tmp_path):
    dataset = prepare(
        DatasetConfig(source="tfds:half_labelled", texel_scale=1.0),
        tmp_path / "datasets",
        tfds_data_dir=tmp_path / "tfds",
    )
    assert [photo.material for photo in dataset.photographs] == ["bark", "bark"]
    refused = [row for row in dataset.ingest if row.verdict == "refused"]
    assert [row.reason for row in refused] == ["its label is -1, which is no class"] * 2


def test_an_unknown_dataset_is_one_clear_line(tmp_path):
    with pytest.raises(DatasetError, match=r"no 'no_such_thing'; names are listed at https://"):
        prepare(DatasetConfig(source="tfds:no_such_thing"), tmp_path)


@pytest.mark.parametrize("name", ["label_free/9.9.9", "../elsewhere", "dtd/no_such_config"])
def test_a_name_or_version_that_cannot_be_opened_says_nothing_of_the_network(name, tmp_path):
    with pytest.raises(DatasetError, match=r"cannot be opened \(.*names are listed") as caught:
        prepare(DatasetConfig(source=f"tfds:{name}"), tmp_path)
    assert "network" not in str(caught.value)


def test_without_a_network_a_dataset_that_was_never_prepared_is_refused_at_once(
    tmp_path, monkeypatch
):
    for name in ("https_proxy", "http_proxy", "HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing listens there
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DatasetError, match=r"Connection refused.*TFDS_DATA_DIR"):
        prepare(DatasetConfig(source="tfds:mnist"), tmp_path)
    assert not list(tmp_path.rglob("downloads"))  # TFDS's own downloader was not even asked


@pytest.mark.skipif(not TFDS_CACHE.is_dir(), reason="no prepared copy of dtd beside the checkout")
def test_the_describable_textures_run_through_tfds_load(tmp_path):
    config = DatasetConfig(
        source="tfds:dtd", materials=("cracked", "grid"), photographs_per_material=1
    )
    dataset = prepare(config, tmp_path, tfds_data_dir=TFDS_CACHE)
    assert dataset.materials == ("cracked", "grid")
    assert dataset.tfds_name == "dtd/3.0.1"


@given(st.text(max_size=300))
def test_a_slug_is_always_safe(text):
    slug = slugify(text, length=50, fallback="material")
    assert 1 <= len(slug) <= 50
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")
    identifier = photo_id(slug, text, "0" * 64)
    assert len(identifier) <= 64
    assert identifier.replace("_", "").isalnum()
    assert printable(text).encode().decode().isprintable()


@given(st.lists(st.text(min_size=1, max_size=80), unique=True, max_size=12))
def test_materials_never_share_a_slug(labels):
    slugs = material_slugs(labels)
    assert len(set(slugs.values())) == len(labels)
    assert all(len(slug) <= 50 for slug in slugs.values())


@pytest.mark.parametrize(
    "text", ["../../etc/passwd", "..", "/", "C:\\x", "a\0b", "con\n", "'; DROP"]
)
def test_hostile_names_become_plain_ones(text):
    assert slugify(text, length=50, fallback="photo").replace("_", "").isalnum()


@pytest.mark.skipif(os.name != "posix", reason="only there are names arbitrary bytes")
def test_a_name_that_is_no_text_is_shown_with_escapes(tmp_path):
    folder = tmp_path / "p" / os.fsdecode(b"br\xffick")
    folder.mkdir(parents=True)
    Image.fromarray(noise(0, 150, 150, 3)).save(folder / os.fsdecode(b"a\xfe.png"))
    config = DatasetConfig(source=str(tmp_path / "p"), texel_scale=1.0)
    (photo,) = prepare(config, tmp_path / "datasets").photographs
    assert photo.source_name == "br\\udcffick/a\\udcfe.png"


def test_ledgers_of_all_kinds_are_read():
    windows = LicenceLedger.parse(
        'File;Licence;Author\r\na.png;CC BY 4.0;"Jos\xe9; x"'.encode("latin-1"), "l"
    )
    assert windows.licence_of("A.PNG").spdx == "CC-BY-4.0"
    assert windows.licence_of("a.png").origin == "Jos\xe9; x"
    marked = LicenceLedger.parse("\ufefffile,license,origin\nb/c.png,mit,\n".encode(), "l")
    assert marked.licence_of("b/c.png").spdx == "MIT"
    assert marked.licence_of("other.png").spdx == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        '"file","licence","origin"\n"stone/a.png","CC0","Ann, Ben"\n',
        '"file", "licence", "origin"\n"stone/a.png", "CC0", "Ann, Ben"\n',
        "file;licence;origin\nstone/a.png;CC0;Ann, Ben\n",
        'file;licence;"origin, or page, or book"\nstone/a.png;CC0;\n',
        "file\tlicence\torigin\nstone/a.png\tCC0\tAnn, Ben\n",
        "sep=;\nfile;licence;origin\nstone/a.png;CC0;Ann, Ben\n",
        "sep=\t\nfile\tlicence\torigin\nstone/a.png\tCC0\tAnn, Ben\n",
        '"sep=|"\nfile|licence|origin\nstone/a.png|CC0|Ann, Ben\n',
        "\nFile;LICENCE;Origin;\nstone/a.png;CC0;Ann, Ben;\n",
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_ledger_is_read_as_spreadsheets_and_statistics_programs_save_it(text, line_end, encoding):
    content = text.replace("\n", line_end).encode(encoding)
    licence = LicenceLedger.parse(content, "l").licence_of("stone/a.png")
    assert licence.spdx == "CC0-1.0"
    assert licence.origin == ("" if "book" in text else "Ann, Ben")


@pytest.mark.parametrize(
    ("text", "columns"),
    [("", "none"), ("sep=;\n", "none"), ('"name";"terms"\n1;2\n', "name, terms")],
)
def test_a_ledger_without_its_columns_says_which_it_has(text, columns):
    with pytest.raises(DatasetError, match=f"l needs .*; it has {columns}$"):
        LicenceLedger.parse(text.encode(), "l")


def test_two_rows_that_disagree_are_no_permission():
    ledger = LicenceLedger.parse(b"file,licence\na.png,CC0\na.png,CC-BY-4.0\n", "l")
    assert ledger.licence_of("a.png").spdx == "unknown"


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("CC0", "CC0-1.0"),
        (" cc by-sa 4.0 ", "CC-BY-SA-4.0"),
        ("GPL-3.0-or-later", "GPL-3.0-or-later"),
        ("all mine, ask first", "LicenseRef-all-mine-ask-first"),
        ("n/a", "unknown"),
        ("", "unknown"),
    ],
)
def test_licences_become_spdx_identifiers(text, identifier):
    assert spdx_identifier(text) == identifier
