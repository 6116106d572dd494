"""The page of a difference: what changed is seen, and nothing is fetched."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from data.library.difference import difference
from data.library.difference_page import difference_html
from data.library.encode import Pixels, TextureSpec, encode_texture
from data.library.publish import publish_version
from data.library.records import MaterialRecord
from data.library.versions import read_manifest
from data.object_store import ObjectStore, open_store
from tests.data.library.library_samples import LIBRARY, draft, pixels, provenance


@pytest.fixture
def store(tmp_path) -> ObjectStore:
    return open_store(tmp_path.as_uri())


def publish(store: ObjectStore, **pictures: Pixels) -> None:
    """Publish pictures, each named material_seed."""
    made = [
        encode_texture(
            picture,
            TextureSpec(name=name, material=name.partition("_")[0], seed=1),
            provenance(),
        )
        for name, sizes in pictures.items()
        for picture in ([sizes] if isinstance(sizes, np.ndarray) else sizes)
    ]
    materials = tuple(MaterialRecord(material=name) for name in ("brick", "gravel", "moss"))
    publish_version(store.url, draft(materials=materials), made)


def page_of(store: ObjectStore) -> str:
    one, two = (read_manifest(store.url, LIBRARY, version) for version in (1, 2))
    return difference_html(store, difference(store, one, two))


def shown(page: str, name: str) -> Pixels:
    """The first picture with a name."""
    found = re.search(rf'alt="{name}[^>]*base64,([^"]*)"', page)
    assert found, name
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(found[1]))).convert("RGB"))


def test_both_pictures_are_inside_the_page_and_nothing_is_fetched(store):
    publish(store, brick_1=pixels(1))
    publish(store, brick_1=pixels(2))
    page = page_of(store)
    assert page.count("data:image/webp;base64,") == 3
    assert "brick/brick_1_basecolor" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page


def test_one_changed_pixel_of_a_large_picture_is_seen_where_it_is(store):
    flat = np.full((1024, 1024, 3), 90, np.uint8)
    changed = flat.copy()
    changed[700, 300, 1] += 5
    publish(store, brick_1=flat)
    publish(store, brick_1=changed)
    page = page_of(store)
    apart = shown(page, "Difference")
    assert "Difference × 51" in page
    top, left = np.unravel_index(apart[..., 0].argmax(), apart.shape[:2])
    assert (top, left) == (700 // 5, 300 // 5)
    assert apart.max() > 100
    assert np.median(apart) < 10


def test_what_changed_comes_first_and_every_map_once_in_its_largest_size(store):
    small, large = pixels(1, 32), pixels(2, 64)
    publish(store, brick_1=[small, large], brick_2=small, gravel_1=small)
    publish(store, brick_1=[small, large], gravel_1=[pixels(3, 32), pixels(4, 64)], moss_1=small)
    page = page_of(store)
    kinds = re.findall(r"<h2>(\w+) <span>(\d+)</span>", page)
    assert kinds == [("Changed", "1"), ("Added", "2"), ("Removed", "1")]
    assert re.findall(r"<h3>(.*?)</h3>", page) == [
        "gravel/gravel_1_basecolor",
        "gravel/gravel_1_basecolor",
        "moss/moss_1_basecolor",
        "brick/brick_2_basecolor",
    ]
    assert page.count("Before: not there") == 2
    assert page.count("After: not there") == 1


def test_the_sizes_of_one_map_stand_on_one_card(store):
    publish(store, brick_1=[pixels(1, 32), pixels(2, 64)])
    publish(store, brick_1=[pixels(3, 32), pixels(4, 64)])
    page = page_of(store)
    assert page.count("<article>") == 1
    assert re.findall(r"<li>(\d+) px:", page) == ["64", "32"]
    assert shown(page, "After").shape == (64, 64, 3)


def test_a_picture_that_is_lost_or_of_another_size_is_told_as_such(store):
    publish(store, brick_1=pixels(1))
    publish(store, brick_1=pixels(2))
    one, two = (read_manifest(store.url, LIBRARY, version) for version in (1, 2))
    found = difference(store, one, two)
    record = one.textures[0]
    for key in (f"{LIBRARY}/v0001/{record.key}", *_pooled(store, record.sha256)):
        store.remove(key)
    assert "Before: lost" in difference_html(store, found)


def _pooled(store: ObjectStore, sha256: str) -> list[str]:
    return [item.key for item in store.objects(f"{LIBRARY}/objects") if sha256 in item.key]
