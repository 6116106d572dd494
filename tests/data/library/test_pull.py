"""Pulling writes what was asked for, below the folder and nowhere else."""

import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.library.archive import write_zip
from data.library.channels import resolve
from data.library.difference import difference, summary
from data.library.publish import publish_version
from data.library.pull import LOCK_NAME, pull, read_lock
from data.library.records import LibraryError, digest
from data.library.selection import Selection, safe_path, select, size_px
from data.library.versions import read_manifest
from data.object_store import open_store
from tests.data.library.library_samples import LIBRARY, draft, photographs, textures

GODOT = Selection(profile="godot", sizes_px=(32,), maps=("basecolor",))


def files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def store(tmp_path):
    url = (tmp_path / "store").as_uri()
    publish_version(url, draft(), textures(), photographs=photographs())
    changed = [*textures()[:7], textures(1)[7]]
    publish_version(url, draft(), changed, photographs=photographs())
    return open_store(url)


def test_a_pull_brings_what_was_selected_under_the_consumers_names(store_url, tmp_path):
    publish_version(store_url, draft(), textures())
    opened = open_store(store_url)
    manifest = resolve(opened, LIBRARY, "latest")
    target = tmp_path / "game"
    done = pull(opened, manifest, target, GODOT, reference="latest")
    names = {f"{m}/{m}_000{n}_albedo_32.png" for m in ("brick", "gravel") for n in (1, 2)}
    assert files(target) == {*names, LOCK_NAME}
    assert set(done.written) == names
    lock = json.loads((target / LOCK_NAME).read_text())
    for name in names:
        assert lock["files"][name]["sha256"] == digest((target / name).read_bytes())
    assert pull(opened, manifest, target, GODOT).written == ()


def test_the_next_pull_writes_what_changed_and_removes_what_left(store, tmp_path):
    target = tmp_path / "game"
    pull(store, resolve(store, LIBRARY, "v1"), target, Selection())
    done = pull(store, resolve(store, LIBRARY, "v2"), target, Selection(materials=("gravel",)))
    assert done.written == ("gravel/gravel_0002_basecolor_32.png",)
    assert len(done.removed) == 4
    assert not any(name.startswith("brick/") for name in files(target))
    lock = read_lock(target)
    assert lock is not None
    assert lock.version == 2


@pytest.mark.parametrize("edited", ["brick/brick_0001_basecolor_16.png", "mine.txt"])
def test_what_somebody_edited_is_left_alone_unless_forced(store, tmp_path, edited):
    target = tmp_path / "game"
    pull(store, resolve(store, LIBRARY, "v1"), target, Selection())
    (target / edited).write_bytes(b"my own work")
    gravel = Selection(materials=("gravel",))
    if edited == "mine.txt":
        pull(store, resolve(store, LIBRARY, "v1"), target, gravel)
        assert (target / edited).read_bytes() == b"my own work"
        return
    before = files(target)
    for selection in (Selection(), gravel):
        with pytest.raises(LibraryError, match=r"brick_0001_basecolor_16.*--force"):
            pull(store, resolve(store, LIBRARY, "v1"), target, selection)
    assert files(target) == before
    assert (target / edited).read_bytes() == b"my own work"
    pull(store, resolve(store, LIBRARY, "v1"), target, Selection(), force=True)
    assert (target / edited).read_bytes() != b"my own work"


def test_a_file_that_was_there_before_is_not_overwritten(store, tmp_path):
    (tmp_path / "game/brick").mkdir(parents=True)
    (tmp_path / "game/brick/brick_0001_albedo_32.png").write_bytes(b"mine")
    with pytest.raises(LibraryError, match="was not pulled before"):
        pull(store, resolve(store, LIBRARY, "v1"), tmp_path / "game", GODOT)
    assert files(tmp_path / "game") == {"brick/brick_0001_albedo_32.png"}


def test_nothing_is_written_through_a_link(store, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "game").mkdir()
    (tmp_path / "game/brick").symlink_to(outside)
    with pytest.raises(LibraryError, match="is a link"):
        pull(store, resolve(store, LIBRARY, "v1"), tmp_path / "game", GODOT, force=True)
    assert files(outside) == set()


def test_a_link_in_the_place_of_a_file_is_replaced_and_not_followed(store, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    place = tmp_path / "game/brick/brick_0001_albedo_32.png"
    place.parent.mkdir(parents=True)
    place.symlink_to(secret)
    with pytest.raises(LibraryError, match="was not pulled before"):
        pull(store, resolve(store, LIBRARY, "v1"), tmp_path / "game", GODOT)
    pull(store, resolve(store, LIBRARY, "v1"), tmp_path / "game", GODOT, force=True)
    assert secret.read_bytes() == b"secret"
    assert not place.is_symlink()


@pytest.mark.parametrize("path", ["../../escape", "/etc/passwd", "C:/x", "con.png", "a/../b"])
def test_a_lock_of_a_stranger_removes_nothing_outside(store, tmp_path, path):
    target = tmp_path / "game"
    pull(store, resolve(store, LIBRARY, "v1"), target, GODOT)
    lock = json.loads((target / LOCK_NAME).read_text())
    lock["files"][path] = {"key": "x", "sha256": "0" * 64}
    (target / LOCK_NAME).write_text(json.dumps(lock))
    with pytest.raises(LibraryError):
        pull(store, resolve(store, LIBRARY, "v1"), target, GODOT, force=True)


def test_a_file_that_is_no_lock_is_not_believed(tmp_path):
    (tmp_path / LOCK_NAME).write_text("poetry?")
    with pytest.raises(LibraryError, match="is no lock of this program"):
        read_lock(tmp_path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a//b",
        "..",
        "a/..",
        ".hidden",
        "a.",
        "a ",
        "nul",
        "NUL.txt",
        "com1.png",
        "Aux /x",
        "a\\b",
        "a:b",
        "\0",
        "/a",
        "~a",
        "a\nb",
        "ä",
        "x" * 129,
        "lpt9",
        "a\n",
    ],
)
def test_paths_that_some_system_would_not_keep_below_the_folder_are_refused(path):
    with pytest.raises(LibraryError):
        safe_path(path)


@given(st.text(alphabet="aB1._- /\\:~\0\n", max_size=20))
def test_a_path_that_is_taken_stays_below_its_folder(text):
    try:
        path = safe_path(text)
    except LibraryError:
        return
    assert (Path("/root") / path).resolve().is_relative_to("/root")
    assert not any(part in ("", ".", "..") for part in path.split("/"))


def test_a_selection_that_fits_nothing_says_what_there_is(store):
    manifest = resolve(store, LIBRARY, "v1")
    with pytest.raises(LibraryError, match=r"maps basecolor; widths 16, 32 px; materials brick, g"):
        select(manifest, Selection(maps=("normal_gl",)))


@pytest.mark.parametrize(("text", "px"), [("1k", 1024), ("2K", 2048), ("512", 512)])
def test_sizes_are_said_as_people_say_them(text, px):
    assert size_px(text) == px


@pytest.mark.parametrize("text", ["", "k", "0", "1m", "-1", "999999", "1e3"])
def test_other_words_are_no_sizes(text):
    with pytest.raises(LibraryError, match="is no size"):
        size_px(text)


def test_a_zip_has_the_same_bytes_every_time_and_only_safe_names(store, tmp_path):
    manifest = resolve(store, LIBRARY, "v1")
    count = write_zip(store, manifest, tmp_path / "a.zip")
    write_zip(store, manifest, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        assert archive.read("stones-v0001/gallery.html").startswith(b"<!doctype html>")
    assert len(names) == count == 1 + sum(1 for _ in manifest.objects())
    assert all(safe_path(name) for name in names)
    assert write_zip(store, manifest, tmp_path / "c.zip", GODOT) == 5


def test_a_zip_that_fails_leaves_the_old_one(store, tmp_path):
    (tmp_path / "a.zip").write_bytes(b"old")
    with pytest.raises(LibraryError):
        write_zip(
            store, resolve(store, LIBRARY, "v1"), tmp_path / "a.zip", Selection(sizes_px=(7,))
        )
    assert (tmp_path / "a.zip").read_bytes() == b"old"
    assert {p.name for p in tmp_path.iterdir()} == {"a.zip", "store"}


def test_a_difference_names_and_measures_what_changed(store):
    one, two = (read_manifest(store.url, LIBRARY, version) for version in (1, 2))
    found = difference(store, one, two)
    (change,) = found.changes
    assert (change.key, change.kind) == ("gravel/gravel_0002_basecolor_32.png", "changed")
    pixels = [textures(offset)[7].pixels().astype(int) for offset in (0, 1)]
    assert change.mean_levels == pytest.approx(abs(pixels[0] - pixels[1]).mean())
    assert change.max_levels == abs(pixels[0] - pixels[1]).max()
    assert summary(found) == "0 added, 1 changed, 0 re-encoded, 0 removed, 7 unchanged"
    assert difference(store, one, one).changes == ()


def test_added_removed_and_re_encoded_are_told_apart(store):
    one = read_manifest(store.url, LIBRARY, 1)
    first, second, *rest = one.textures
    other = first.model_copy(update={"sha256": "0" * 64})
    fewer = one.model_copy(update={"textures": (other, *rest)})
    kinds = {change.key: change.kind for change in difference(store, one, fewer).changes}
    assert kinds == {first.key: "re-encoded", second.key: "removed"}
    kinds = {change.key: change.kind for change in difference(store, fewer, one).changes}
    assert kinds[second.key] == "added"
