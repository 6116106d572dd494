"""A profile gets the maps it reads, whichever way the library packs them, to the byte."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.library.archive import write_zip
from data.library.build_record import BuildRecord, build_record_json, current_versions
from data.library.documents import Document
from data.library.encode import EncodedTexture, TextureSpec, encode_texture
from data.library.map_conversion import sources_of
from data.library.presets import PRESETS, PresetName
from data.library.publish import publish_version
from data.library.pull import LOCK_NAME, pull, read_lock
from data.library.recipe import parse_recipe
from data.library.records import (
    DocumentRecord,
    LibraryError,
    LibraryManifest,
    MapRole,
    digest,
)
from data.library.selection import Selection, missing_maps, select
from data.library.stages import RenderSource
from data.library.versions import read_manifest
from data.object_store import ObjectStore, open_store
from tests.data.library.library_samples import LIBRARY, draft, provenance
from texture_models.materials.picture_maps import PictureMaps

SETTINGS = {
    "dark_is_high": False,
    "relief": 0.05,
    "smoothing": 0.02,
    "ao_strength": 0.7,
    "roughness": 0.6,
    "roughness_spread": 0.2,
    "metallic": 1.0,
}
EVERY: tuple[MapRole, ...] = (
    "basecolor",
    "normal_gl",
    "normal_dx",
    "height",
    "roughness",
    "metallic",
    "ao",
    "orm",
    "unity_mask",
)


def encoded(role: MapRole) -> EncodedTexture:
    """One map of a picture of noise, as a build makes it."""
    noise = np.random.default_rng(3).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    spec = TextureSpec(
        name="brick_0001",
        material="brick",
        seed=1,
        role=role,
        derivation=None if role == "basecolor" else "approximated",
    )
    return encode_texture(PictureMaps(noise, **SETTINGS).delivered(role, 1), spec, provenance())


def published(
    url: str, roles: tuple[MapRole, ...], *further: Document
) -> tuple[ObjectStore, LibraryManifest]:
    publish_version(url, draft(), [encoded(role) for role in roles], further=further)
    return open_store(url), read_manifest(url, LIBRARY)


@pytest.mark.parametrize(
    ("role", "there"),
    [
        ("normal_gl", ("normal_dx",)),
        ("normal_dx", ("normal_gl",)),
        ("orm", ("ao", "roughness", "metallic")),
        ("orm", ("unity_mask",)),
        ("unity_mask", ("ao", "roughness", "metallic")),
        ("unity_mask", ("orm",)),
        ("ao", ("orm",)),
        ("roughness", ("unity_mask",)),
        ("metallic", ("orm",)),
    ],
)
def test_a_converted_map_is_the_file_that_a_build_makes(role, there, tmp_path):
    store, manifest = published((tmp_path / "s").as_uri(), ("basecolor", *there))
    done = pull(store, manifest, tmp_path / "art", Selection(maps=(role,)))
    (path,) = done.written
    assert (tmp_path / "art" / path).read_bytes() == encoded(role).png
    assert done.lock.files[path].key == encoded(role).record.key


@pytest.mark.parametrize("name", list(PRESETS))
@pytest.mark.parametrize("packed", ["godot", "unity", "unreal"])
def test_every_profile_is_served_by_every_library_that_has_the_numbers(name, packed, tmp_path):
    store, manifest = published((tmp_path / "s").as_uri(), PRESETS[packed].maps)
    done = pull(store, manifest, tmp_path / "art", Selection(profile=name))
    assert {file.role for file in select(manifest, Selection(profile=name)).values()} == {
        *PRESETS[name].maps
    } - {"height"}
    assert set(done.missing) == {"height"} & set(PRESETS[name].maps)


def test_unreal_gets_its_normals_down_and_blender_up(tmp_path):
    store, manifest = published((tmp_path / "s").as_uri(), ("basecolor", "normal_gl", "orm"))

    def green(profile: PresetName, name: str) -> np.ndarray:
        pull(store, manifest, tmp_path / profile, Selection(profile=profile))
        png = (tmp_path / profile / "brick" / name).read_bytes()
        return np.asarray(Image.open(io.BytesIO(png)))[..., 1]

    down, up = (
        green("unreal", "T_brick_0001_32_N.png"),
        green("blender", "brick_0001_normal_32.png"),
    )
    assert up.std() > 1
    assert (down == 255 - up).all()


def test_a_second_pull_of_converted_maps_writes_nothing_and_the_lock_knows_their_sources(tmp_path):
    store, manifest = published((tmp_path / "s").as_uri(), ("basecolor", "normal_dx"))
    wanted, target = Selection(profile="godot"), tmp_path / "art"
    first = pull(store, manifest, target, wanted)
    lock = (target / LOCK_NAME).read_bytes()
    again = pull(store, manifest, target, wanted)
    assert (again.written, again.unchanged) == ((), 2)
    assert (target / LOCK_NAME).read_bytes() == lock
    sources = {path: file.made_from for path, file in first.lock.files.items() if file.made_from}
    dx = next(t.sha256 for t in manifest.textures if t.role == "normal_dx")
    assert sources == {"brick/brick_0001_normal_32.png": (dx,)}
    (target / LOCK_NAME).unlink()  # as if the first pull had died before its end
    assert pull(store, manifest, target, wanted).written == ()
    assert read_lock(target) == first.lock


def test_bytes_that_the_lock_does_not_know_are_not_written(tmp_path):
    store, manifest = published((tmp_path / "s").as_uri(), ("basecolor", "normal_dx"))
    wanted, target = Selection(maps=("normal_gl",)), tmp_path / "art"
    (path,) = pull(store, manifest, target, wanted).written
    place = target / LOCK_NAME
    place.write_text(place.read_text().replace(digest((target / path).read_bytes()), "0" * 64))
    (target / path).unlink()
    with pytest.raises(LibraryError, match="install the Pillow that made it"):
        pull(store, manifest, target, wanted)
    assert not (target / path).exists()


def test_height_is_neither_made_up_nor_cut_to_8_bits(tmp_path):
    _, manifest = published((tmp_path / "s").as_uri(), ("basecolor", "normal_gl"))
    assert sources_of("height", EVERY) == ("height",)
    assert sources_of("height", ("normal_gl", "ao")) is None
    assert missing_maps(manifest, Selection(maps=("height", "normal_dx"))) == ("height",)


def build_json(files: dict[str, str]) -> Document:
    """What a build says of its files' names."""
    recipe = parse_recipe(
        f"library: {LIBRARY}\nmodel: {{name: m}}\nmaterials: [brick]\nmaster_px: 32\n"
        "sizes_px: [32]\n"
    )
    source = RenderSource(
        model=provenance().model, dataset_fingerprint="e" * 64, materials=("brick",)
    )
    record = BuildRecord(
        library_key="0" * 64,
        recipe=recipe,
        sources={"brick": source},
        versions=current_versions(),
        masters={},
        files=files,
    )
    content = build_record_json(record)
    described = DocumentRecord(
        type="build",
        key="build.json",
        media_type="application/json",
        size_bytes=len(content),
        sha256=digest(content),
    )
    return Document(described, content)


def test_the_names_of_the_recipe_are_delivered_in_folder_and_zip(tmp_path):
    files = {"brick/brick_0001_basecolor_32.png": "Walls/My Brick 1.png"}
    store, manifest = published((tmp_path / "s").as_uri(), ("basecolor",), build_json(files))
    wanted = Selection(profile="recipe")
    assert pull(store, manifest, tmp_path / "art", wanted).written == ("Walls/My Brick 1.png",)
    assert write_zip(store, manifest, tmp_path / "a.zip", wanted) == 2


@pytest.mark.parametrize(
    "name", ["../brick.png", "/etc/brick.png", "c:/brick.png", "con.png", "a\\b.png", "brick. "]
)
def test_a_name_in_a_strangers_build_record_never_leaves_the_folder(name, tmp_path: Path):
    files = {"brick/brick_0001_basecolor_32.png": name}
    store, manifest = published((tmp_path / "s").as_uri(), ("basecolor",), build_json(files))
    with pytest.raises(LibraryError, match=r"is not safe as a path|a device on Windows"):
        pull(store, manifest, tmp_path / "art", Selection(profile="recipe"))
    with pytest.raises(LibraryError):
        write_zip(store, manifest, tmp_path / "a.zip", Selection(profile="recipe"))
    assert not (tmp_path / "art").exists()
    assert not (tmp_path / "a.zip").exists()
