"""What becomes of a folder of files: the table, the records, the pixels on disk."""

import errno
import io
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import fsspec
import numpy as np
import pytest
from PIL import Image

from data.config import DatasetConfig
from data.ingest import prepare, read_prepared
from data.pixels import held_out_region, load_pixels, training_region
from data.records import DatasetError, IngestRow, PreparedDataset
from texture_models.metrics import memorisation

SIDE = 260


def texture(seed: int, side: int = SIDE) -> np.ndarray:
    """Coloured noise with a grain of a few pixels."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(side, side, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    return np.clip(128 + 160 * smooth, 0, 255).astype(np.uint8)


def save(path: Path, pixels: np.ndarray, **options) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


@pytest.fixture
def photos(tmp_path) -> Path:
    """Two materials with two sound photographs each."""
    folder = tmp_path / "photos"
    for seed, name in enumerate(["brick/a.png", "brick/b.png", "moss/c.png", "moss/d.png"]):
        save(folder / name, texture(seed))
    return folder


@pytest.fixture
def prepared(tmp_path, photos) -> Callable[..., PreparedDataset]:
    """Prepare the folder at its own scale, with any setting changed."""

    def run(source: str = str(photos), **settings) -> PreparedDataset:
        settings = {"texel_scale": 1.0, **settings}
        return prepare(DatasetConfig(source=source, **settings), tmp_path / "datasets")

    return run


def row_of(dataset: PreparedDataset, name: str) -> IngestRow:
    (row,) = [row for row in dataset.ingest if row.source_name == name]
    return row


def test_the_built_in_photographs_need_no_settings(tmp_path):
    dataset = prepare(DatasetConfig(), tmp_path)
    assert dataset.materials == ("brick", "grass", "gravel")
    assert dataset.tfds_name == "sample_photos/1.0.0"
    for photo in dataset.photographs:
        assert photo.licence == "CC0-1.0"
        assert photo.origin
        assert load_pixels(dataset, photo).shape == (photo.height_px, photo.width_px, 3)


def test_every_sound_photograph_is_accepted_with_its_material(prepared):
    dataset = prepared()
    assert dataset.materials == ("brick", "moss")
    assert [row.verdict for row in dataset.ingest] == ["accepted"] * 4
    assert {(photo.source_name, photo.material) for photo in dataset.photographs} == {
        ("brick/a.png", "brick"),
        ("brick/b.png", "brick"),
        ("moss/c.png", "moss"),
        ("moss/d.png", "moss"),
    }


def test_the_pixels_on_disk_are_the_source_s(prepared):
    dataset = prepared()
    seeds = {"brick/a.png": 0, "brick/b.png": 1, "moss/c.png": 2, "moss/d.png": 3}
    for photo in dataset.photographs:
        assert (load_pixels(dataset, photo) == texture(seeds[photo.source_name])).all()


def test_one_bad_file_never_stops_the_rest(photos, prepared):
    (photos / "brick/broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and then nothing")
    content = (photos / "brick/a.png").read_bytes()
    (photos / "brick/cut.png").write_bytes(content[: len(content) // 2])
    (photos / "brick/empty.png").write_bytes(b"")
    (photos / "brick/film.mov").write_bytes(b"frames")
    (photos / "brick/gone.png").symlink_to(photos / "nowhere.png")
    (photos / "brick/loop.png").symlink_to("loop.png")
    save(photos / "brick/tiny.png", texture(9, 100))
    dataset = prepared()
    assert len(dataset.photographs) == 4
    assert row_of(dataset, "brick/broken.jpg").reason.startswith(("undecodable", "truncated"))
    assert row_of(dataset, "brick/cut.png").verdict == "refused"
    assert row_of(dataset, "brick/empty.png").reason == "empty file"
    assert ".mov" in row_of(dataset, "brick/film.mov").reason
    assert "leads nowhere" in row_of(dataset, "brick/gone.png").reason
    assert row_of(dataset, "brick/loop.png").reason == "a link that leads back to itself"
    assert "too small: 100 x 100" in row_of(dataset, "brick/tiny.png").reason


def test_a_material_that_was_asked_for_is_not_left_out_in_silence(photos, prepared):
    for name in ("moss/c.png", "moss/d.png"):
        save(photos / name, texture(9, 100))
    assert prepared().materials == ("brick",)
    with pytest.raises(
        DatasetError, match=r"photograph of moss \(moss/c.png: too small: 100 x 100"
    ):
        prepared(materials=("brick", "moss"))


def test_the_held_out_strip_always_holds_a_patch_to_compare(prepared):
    dataset = prepared(held_out_share=0.05)
    assert 0.05 * SIDE < memorisation.PATCH_PX
    assert {photo.held_out.width_px for photo in dataset.photographs} == {memorisation.PATCH_PX}


def test_repairs_are_told(photos, prepared):
    opaque = np.dstack([texture(7), np.full((SIDE, SIDE), 255, np.uint8)])
    save(photos / "moss/alpha.png", opaque)
    row = row_of(prepared(), "moss/alpha.png")
    assert (row.verdict, row.reason.partition(";")[0]) == ("repaired", "alpha channel dropped")


def test_hidden_and_side_files_are_passed_over(photos, prepared):
    for name in ("brick/.hidden.png", ".git/x.png", "brick/notes.txt", "moss/Thumbs.db"):
        (photos / name).parent.mkdir(exist_ok=True)
        (photos / name).write_bytes(b"not looked at")
    assert len(prepared().ingest) == 4


def test_an_exact_duplicate_is_refused_even_in_another_format(photos, prepared):
    save(photos / "moss/again.bmp", texture(0))
    row = row_of(prepared(), "moss/again.bmp")
    assert row.reason == "exact duplicate of brick/a.png"


def test_a_re_encoded_or_resized_copy_is_a_near_duplicate(photos, prepared):
    save(photos / "moss/x.jpg", texture(0), quality=60)
    smaller = cv2.resize(texture(1), (200, 200), interpolation=cv2.INTER_AREA)
    save(photos / "moss/y.png", smaller)
    dataset = prepared()
    assert row_of(dataset, "moss/x.jpg").reason.startswith("near duplicate of brick/a.png (Hamming")
    assert row_of(dataset, "moss/y.png").reason.startswith("near duplicate of brick/b.png (Hamming")


def test_gps_and_other_exif_never_travel_on(photos, prepared, tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    exif.get_ifd(0x8825)[29] = "2026:01:02"
    save(photos / "brick/gps.jpg", texture(11), exif=exif, quality=95, comment=b"SecretComment")
    dataset = prepared()
    (photo,) = [p for p in dataset.photographs if p.source_name == "brick/gps.jpg"]
    with Image.open(dataset.pixels_path(photo)) as picture:
        assert not picture.getexif()
        assert not picture.info
    for path in (tmp_path / "datasets").rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert b"Secret" not in content
        assert b"2026:01:02" not in content


def test_the_ledger_follows_every_photograph(photos, prepared):
    (photos / "LICENSES.csv").write_text(
        "file,license,author\nbrick/a.png,CC0,Anna\n./moss\\c.png,CC BY 4.0,Ben\n"
    )
    dataset = prepared()
    found = {photo.source_name: (photo.licence, photo.origin) for photo in dataset.photographs}
    assert found["brick/a.png"] == ("CC0-1.0", "Anna")
    assert found["moss/c.png"] == ("CC-BY-4.0", "Ben")
    assert found["moss/d.png"] == ("unknown", "")


def test_unknown_licences_are_flagged_and_a_setting_refuses_them(photos, prepared):
    (photos / "licences.csv").write_text("file,licence,origin\nbrick/a.png,CC0-1.0,Anna\n")
    dataset = prepared()
    assert row_of(dataset, "brick/b.png").reason == "licence unknown"
    assert row_of(dataset, "brick/a.png").reason == ""
    strict = prepared(refuse_unknown_licences=True)
    assert [photo.source_name for photo in strict.photographs] == ["brick/a.png"]
    assert "licences.csv" in row_of(strict, "moss/c.png").reason


def test_a_fixed_strip_is_held_out(prepared):
    dataset = prepared(held_out_share=0.25)
    for photo in dataset.photographs:
        whole = load_pixels(dataset, photo)
        training, held_out = training_region(dataset, photo), held_out_region(dataset, photo)
        assert held_out.shape[1] == 65 == photo.held_out.width_px
        assert (np.hstack([training, held_out]) == whole).all()


def test_names_reach_no_path(tmp_path, prepared, photos):
    names = ["x" * 120 + ".png", "Ünïcode 写真.png", "写真.png", "-rf ~;$(x).png", "con.png"]
    for number, name in enumerate(names):
        save(photos / "evil; ..material" / name, texture(20 + number))
    dataset = prepared()
    assert "evil_material" in dataset.materials
    for photo in dataset.photographs:
        path = dataset.pixels_path(photo).resolve()
        assert path.is_relative_to(Path(dataset.folder) / "photos")
        assert path.is_file()
    written = [path.name for path in Path(dataset.folder).rglob("*.png")]
    assert len(set(written)) == len(names) + 4
    assert all(name.isascii() and len(name) <= 68 for name in written)


def test_labels_with_the_same_slug_stay_apart(photos, prepared):
    save(photos / "Brick!" / "e.png", texture(30))
    dataset = prepared()
    assert len(dataset.materials) == 3
    assert len([photo for photo in dataset.photographs if photo.material == "moss"]) == 2


@pytest.mark.parametrize("url", ["file://{folder}", "{folder}/"])
def test_a_folder_may_be_named_by_url(photos, prepared, url):
    assert len(prepared(url.format(folder=photos)).photographs) == 4


def test_a_folder_may_lie_in_any_file_system(photos, prepared):
    fs = fsspec.filesystem("memory")
    fs.put(f"{photos}/", "/shared/photos/", recursive=True)
    dataset = prepared("memory://shared/photos")
    assert dataset.materials == ("brick", "moss")
    assert len(dataset.photographs) == 4


def test_pictures_without_subfolders_are_one_material(tmp_path, prepared):
    save(tmp_path / "My Wall/one.png", texture(1))
    save(tmp_path / "My Wall/two.png", texture(2))
    assert prepared(str(tmp_path / "My Wall")).materials == ("my_wall",)


def test_pictures_beside_the_material_folders_are_refused(photos, prepared):
    save(photos / "stray.png", texture(40))
    assert "lies beside" in row_of(prepared(), "stray.png").reason


def test_materials_and_their_number_can_be_chosen(prepared):
    dataset = prepared(materials=("moss",), photographs_per_material=1)
    assert [photo.source_name for photo in dataset.photographs] == ["moss/c.png"]
    with pytest.raises(DatasetError, match="has no material sand; it has brick, moss"):
        prepared(materials=("sand",))


def test_a_folder_with_no_pictures_is_one_clear_line(tmp_path, prepared):
    (tmp_path / "void/brick").mkdir(parents=True)
    (tmp_path / "void/brick/readme.txt").write_text("nothing here")
    with pytest.raises(
        DatasetError, match=r"void has no pictures; expected one subfolder"
    ) as error:
        prepared(str(tmp_path / "void"))
    assert "\n" not in str(error.value)


def test_a_folder_of_broken_pictures_is_one_clear_line(tmp_path, prepared):
    for name in "abc":
        path = tmp_path / f"wreck/brick/{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"broken")
    with pytest.raises(DatasetError, match=r"wreck has no usable photograph: 3 looked at, all ref"):
        prepared(str(tmp_path / "wreck"))
    assert not list((tmp_path / "datasets").glob("[0-9a-f]*"))


@pytest.mark.parametrize("source", ["/no/such/folder", "memory://no/such", "nonsense://x"])
def test_a_source_that_cannot_be_read_is_one_clear_line(prepared, source):
    with pytest.raises(DatasetError, match=source) as error:
        prepared(source)
    assert "\n" not in str(error.value)


def test_a_ledger_without_the_needed_columns_says_which(photos, prepared):
    (photos / "licences.csv").write_text("name,terms\na,b\n")
    with pytest.raises(DatasetError, match="needs the columns file, licence and origin"):
        prepared()


def test_an_unchanged_source_is_prepared_once(prepared, photos):
    first = prepared()
    before = (Path(first.folder) / "dataset.json").stat().st_mtime_ns
    assert prepared() == first
    assert (Path(first.folder) / "dataset.json").stat().st_mtime_ns == before
    save(photos / "brick/new.png", texture(50))
    assert prepared().fingerprint != first.fingerprint


def test_every_setting_is_part_of_the_fingerprint(prepared, photos):
    fingerprints = {
        prepared(**settings).fingerprint
        for settings in ({}, {"held_out_share": 0.3}, {"texel_scale": 0.9}, {"min_side_px": 64})
    }
    (photos / "licences.csv").write_text("file,licence,origin\nbrick/a.png,CC0,Anna\n")
    assert len(fingerprints | {prepared().fingerprint}) == 5


def test_a_moved_dataset_is_read_where_it_lies(prepared, tmp_path):
    dataset = prepared()
    moved = Path(dataset.folder).rename(tmp_path / "elsewhere")
    again = read_prepared(moved)
    assert again.folder == str(moved)
    assert load_pixels(again, again.photographs[0]).any()


def test_changed_pixels_are_noticed(prepared):
    dataset = prepared()
    path = dataset.pixels_path(dataset.photographs[0])
    save(path, texture(99))
    with pytest.raises(DatasetError, match="was changed"):
        load_pixels(dataset, dataset.photographs[0])


def test_a_full_disk_leaves_nothing_half_done(prepared, tmp_path, monkeypatch):
    def full(path: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DatasetError, match="No space left on device"):
        prepared()
    left = [path.name for path in (tmp_path / "datasets").iterdir()]
    assert left == ["tfds"]
    monkeypatch.undo()
    assert len(prepared().photographs) == 4


def test_progress_counts_up_to_the_end(tmp_path, photos):
    seen: list[tuple[int, int, str]] = []
    prepare(DatasetConfig(source=str(photos)), tmp_path, lambda *step: seen.append(step))
    done = [step[0] for step in seen]
    assert done == sorted(done)
    assert seen[-1][0] == seen[-1][1]


def test_the_record_is_readable_without_any_of_this_code(prepared):
    dataset = prepared()
    record = json.loads((Path(dataset.folder) / "dataset.json").read_text())
    assert record["fingerprint"].startswith(Path(dataset.folder).name)
    with io.BytesIO(
        (Path(dataset.folder) / record["photographs"][0]["pixels_file"]).read_bytes()
    ) as f:
        assert Image.open(f).size == (SIDE, SIDE)
