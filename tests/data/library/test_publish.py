"""Publishing keeps its promises on every kind of store."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.library.encode import TextureSpec, decode_png, encode_texture
from data.library.object_pool import ObjectPool
from data.library.plan import plan_version
from data.library.publish import publish_plan, publish_version
from data.library.records import LibraryError, canonical_json, digest
from data.library.verify import verify_version
from data.library.versions import latest_version, read_manifest, read_object
from data.object_store import StoreError, open_store
from tests.data.library.library_samples import (
    LIBRARY,
    draft,
    photographs,
    pixels,
    provenance,
    textures,
)


def test_a_published_version_is_complete_and_readable(store_url):
    published = publish_version(store_url, draft(), textures(), photographs=photographs())
    assert published.version == latest_version(store_url, LIBRARY) == 1
    assert verify_version(store_url, LIBRARY) == ()
    manifest = read_manifest(store_url, LIBRARY)
    store = open_store(store_url)
    assert [texture.key for texture in manifest.textures] == sorted(
        texture.record.key for texture in textures()
    )
    for record, texture in zip(
        manifest.textures, sorted(textures(), key=lambda t: t.record.key), strict=True
    ):
        found, _ = decode_png(store.get(f"stones/v0001/{record.key}"))
        assert (found == texture.pixels()).all()
    listed = {f"stones/v0001/{record.key}" for record in manifest.objects()}
    extra = {"stones/v0001/manifest.json", "stones/v0001/claim.json"}
    pool = ObjectPool(store, LIBRARY)
    pooled = {pool.key(record.sha256) for record in manifest.objects()}
    assert {item.key for item in store.objects()} == listed | pooled | extra
    for record in manifest.objects():
        assert pool.get(record.sha256) == store.get(f"stones/v0001/{record.key}")
    assert store.url_of("stones/v0001/gallery.html") == published.gallery_url


def test_keys_say_material_name_map_and_width(local_url):
    publish_version(local_url, draft(), textures())
    keys = {texture.key for texture in read_manifest(local_url, LIBRARY).textures}
    assert "brick/brick_0001_basecolor_16.png" in keys
    assert "gravel/gravel_0002_basecolor_32.png" in keys


def test_the_same_content_again_writes_nothing(store_url):
    first = publish_version(store_url, draft(), textures(), photographs=photographs())
    before = open_store(store_url).objects()
    again = draft(provenance=provenance(flow_run_id="another run"))
    second = publish_version(store_url, again, textures()[::-1], photographs=photographs())
    assert second == first.model_copy(update={"nothing_to_do": True})
    assert open_store(store_url).objects() == before


def test_the_same_content_made_by_other_code_writes_nothing(local_url):
    publish_version(local_url, draft(), textures(), photographs=photographs())
    before = open_store(local_url).objects()
    other = draft(provenance=provenance(code_version="0.1.0+gabcdef012345"))
    second = publish_version(local_url, other, textures(), photographs=photographs())
    assert (second.version, second.nothing_to_do) == (1, True)
    assert open_store(local_url).objects() == before
    assert read_manifest(local_url, LIBRARY).provenance.code_version == "0.1.0"


def test_what_other_code_left_unfinished_does_not_stop_a_publication(tmp_path):
    url = tmp_path.as_uri()
    publish_version(url, draft(), textures())
    (tmp_path / "stones/v0001/manifest.json").unlink()  # its gallery names the code that drew it
    other = draft(provenance=provenance(code_version="0.2.0"))
    assert publish_version(url, other, textures()).version == 2
    assert verify_version(url, LIBRARY) == ()
    assert read_manifest(url, LIBRARY).provenance.code_version == "0.2.0"


def test_other_content_becomes_the_next_version_and_leaves_the_old_one(store_url):
    publish_version(store_url, draft(), textures())
    old = read_manifest(store_url, LIBRARY)
    assert publish_version(store_url, draft(), textures(1)).version == 2
    assert latest_version(store_url, LIBRARY) == 2
    assert read_manifest(store_url, LIBRARY, 1) == old
    assert verify_version(store_url, LIBRARY, 1) == verify_version(store_url, LIBRARY, 2) == ()
    back = publish_version(store_url, draft(), textures())
    assert (back.version, back.nothing_to_do) == (3, False)


class _Asked(dict[str, bytes]):
    """Remembers whose bytes were asked for."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        super().__init__(objects)
        self.keys_asked: set[str] = set()

    def __getitem__(self, key: str) -> bytes:
        self.keys_asked.add(key)
        return super().__getitem__(key)


def test_without_a_flat_tree_only_what_changed_is_written(store_url, monkeypatch):
    publish_version(store_url, draft(), textures(), photographs=photographs())
    changed = [*textures()[:7], textures(1)[7]]
    plan = plan_version(draft(), changed, photographs())
    manifest = plan.manifest(2, "2026-11-22T00:00:00+00:00")
    asked = _Asked(plan.objects(manifest))
    monkeypatch.setattr(type(plan), "manifest", lambda *_: manifest)
    monkeypatch.setattr(type(plan), "objects", lambda *_: asked)
    published = publish_plan(store_url, plan, flat_tree=False)
    assert published.version == 2
    assert asked.keys_asked == {changed[7].record.key, "gallery.html"}
    store = open_store(store_url)
    assert [item.key for item in store.objects("stones/v0002")] == [
        "stones/v0002/claim.json",
        "stones/v0002/manifest.json",
    ]
    assert verify_version(store_url, LIBRARY) == ()
    for record in manifest.objects():
        assert digest(read_object(store, manifest, record)) == record.sha256


def test_a_plan_whose_bytes_are_not_what_it_lists_is_refused(local_url, monkeypatch):
    plan = plan_version(draft(), textures(), {})
    monkeypatch.setattr(
        type(plan),
        "objects",
        lambda self, manifest: {record.key: b"other" for record in manifest.objects()},
    )
    with pytest.raises(LibraryError, match="mistake in the plan"):
        publish_plan(local_url, plan)
    assert latest_version(local_url, LIBRARY) is None


def test_libraries_in_one_store_do_not_see_each_other(local_url):
    publish_version(local_url, draft(), textures())
    assert latest_version(local_url, "stone") is None
    assert publish_version(local_url, draft(library="stone"), textures()).version == 1


def test_racing_publishers_all_get_their_own_complete_version(store_url):
    start = threading.Barrier(3)

    def publish(offset: int) -> int:
        mine = textures(offset)[:3]
        start.wait()
        return publish_version(store_url, draft(), mine).version

    with ThreadPoolExecutor(3) as pool:
        versions = dict(enumerate(pool.map(publish, range(3))))
    assert len(set(versions.values())) == 3
    for offset, version in versions.items():
        assert verify_version(store_url, LIBRARY, version) == ()
        found = {t.sha256 for t in read_manifest(store_url, LIBRARY, version).textures}
        assert found == {texture.record.sha256 for texture in textures(offset)[:3]}


def test_racing_publishers_of_the_same_content_share_one_version(store_url):
    start = threading.Barrier(3)

    def publish(run: int) -> int:
        mine = draft(provenance=provenance(flow_run_id=f"run {run}"))
        start.wait()
        return publish_version(store_url, mine, textures()[:3]).version

    with ThreadPoolExecutor(3) as pool:
        versions = list(pool.map(publish, range(3)))
    assert max(versions) == latest_version(store_url, LIBRARY)
    if not store_url.startswith("s3:"):  # Swift may let two of them win different numbers
        assert versions == [1, 1, 1]
    assert verify_version(store_url, LIBRARY) == ()


def test_nothing_is_published_where_nothing_was(local_url):
    assert latest_version(local_url, LIBRARY) is None
    with pytest.raises(LibraryError, match="no version of the library 'stones' is published"):
        read_manifest(local_url, LIBRARY)
    publish_version(local_url, draft(), textures())
    with pytest.raises(LibraryError, match="version 7 of the library 'stones' is not published"):
        read_manifest(local_url, LIBRARY, 7)


def test_progress_counts_every_object_and_ends_with_the_manifest(local_url):
    calls: list[tuple[int, int, str]] = []
    publish_version(local_url, draft(), textures(), on_progress=lambda *call: calls.append(call))
    assert [done for done, _, _ in calls] == list(range(1, len(calls) + 1))
    assert {total for _, total, _ in calls} == {len(calls)}
    assert calls[-1][2] == "manifest.json"


def damage(url: str, key: str, content: bytes | None) -> None:
    path = Path(open_store(url).root or "") / key
    path.unlink()
    if content is not None:
        path.write_bytes(content)


def test_verification_names_what_is_missing_short_or_changed(tmp_path):
    url = tmp_path.as_uri()
    publish_version(url, draft(), textures())
    version = "stones/v0001"
    damage(url, f"{version}/brick/brick_0001_basecolor_16.png", None)
    damage(url, f"{version}/brick/brick_0001_basecolor_32.png", b"short")
    good = textures()[0].png
    key = f"{version}/contact_sheet.png"
    size = open_store(url).size(key)
    damage(url, key, (good * 100)[:size])
    missing, short, changed = verify_version(url, LIBRARY)
    assert missing.endswith("brick_0001_basecolor_16.png is missing")
    assert "brick_0001_basecolor_32.png has 5 bytes instead of" in short
    assert "contact_sheet.png holds other bytes" in changed


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe", "is not JSON"),
        (b"[]", "has the schema None"),
        (b'{"schema": "texture-mill.library/2"}', "has the schema 'texture-mill.library/2'"),
        (b'{"schema": "texture-mill.library/1"}', "is not valid: library: Field required"),
    ],
)
def test_a_manifest_that_is_none_is_refused_in_one_line(tmp_path, content, words):
    url = tmp_path.as_uri()
    open_store(url).put_new("stones/v0003/manifest.json", content)
    with pytest.raises(LibraryError, match=words) as caught:
        read_manifest(url, LIBRARY)
    assert "v0003/manifest.json" in str(caught.value)
    assert "\n" not in str(caught.value)
    # It does not stop the next publisher, who makes readers whole again.
    assert publish_version(url, draft(), textures()).version == 4
    assert verify_version(url, LIBRARY) == ()


def test_a_manifest_of_another_version_is_not_believed(tmp_path):
    url = tmp_path.as_uri()
    publish_version(url, draft(), textures())
    copied = open_store(url).get("stones/v0001/manifest.json")
    open_store(url).put_new("stones/v0002/manifest.json", copied)
    with pytest.raises(LibraryError, match="is the manifest of 'stones' v1"):
        read_manifest(url, LIBRARY)


@pytest.mark.parametrize("key", ["../../escape.png", "/etc/passwd", "a\\b.png", "A.png"])
def test_a_manifest_with_a_key_that_leaves_its_folder_is_refused(tmp_path, key):
    url = tmp_path.as_uri()
    publish_version(url, draft(), textures())
    manifest = json.loads(open_store(url).get("stones/v0001/manifest.json"))
    manifest["documents"][0]["key"] = key
    manifest["version"] = 2
    open_store(url).put_new("stones/v0002/manifest.json", canonical_json(manifest))
    with pytest.raises(LibraryError, match=r"documents\.0\.key"):
        read_manifest(url, LIBRARY)


def test_a_number_that_somebody_else_started_is_left_alone(local_url):
    open_store(local_url).put_new("stones/v0005/claim.json", b"not even JSON")
    assert publish_version(local_url, draft(), textures()).version == 6
    assert open_store(local_url).get("stones/v0005/claim.json") == b"not even JSON"


def test_numbers_beyond_four_digits_are_ordered_as_numbers(local_url):
    store = open_store(local_url)
    for number in (9999, 10000):
        store.put_new(f"stones/v{number}/claim.json", b"{}")
    assert publish_version(local_url, draft(), textures()).version == 10001
    assert latest_version(local_url, LIBRARY) == 10001


def test_private_photographs_are_neither_shown_nor_named(tmp_path):
    url = tmp_path.as_uri()
    private = draft(include_photographs=False)
    publish_version(url, private, textures(), photographs=photographs())
    everything = b"".join(open_store(url).get(item.key) for item in open_store(url).objects())
    for name in (b"My Wall.jpg", b"/home/ann", b"photographs/brick.png"):
        assert name not in everything
    manifest = read_manifest(url, LIBRARY)
    assert {p.licence for p in manifest.provenance.dataset.photographs} == {"CC0-1.0", "unknown"}
    assert [d for d in manifest.documents if d.type == "photograph"] == []


@pytest.mark.parametrize(
    ("source", "published"),
    [
        ("/home/ann/stones", "stones"),
        ("ann/private/stones/", "stones"),
        ("ann\\private\\stones", "stones"),
        ("file:///home/ann/stones", "stones"),
        ("simplecache::/home/ann/stones", "simplecache::stones"),
        ("zip://photographs::file:///home/ann/stones.zip", "zip://photographs::stones.zip"),
        ("s3://ann:private@bucket/stones", "s3://bucket/stones"),
        ("https://ann:pri/vate@host/stones?sig=private", "https://host/stones"),
        ("https://[::1]/stones", "https://[::1]/stones"),
        ("s3://bucket/stones", "s3://bucket/stones"),
        ("tfds:dtd", "tfds:dtd"),
        ("sample_photos", "sample_photos"),
    ],
)
def test_of_a_dataset_neither_the_path_nor_a_secret_is_published(tmp_path, source, published):
    made = provenance()
    made = provenance(dataset=made.dataset.model_copy(update={"source": source}))
    publish_version(tmp_path.as_uri(), draft(provenance=made), textures()[:1])
    assert read_manifest(tmp_path.as_uri(), LIBRARY).provenance.dataset.source == published
    store = open_store(tmp_path.as_uri())
    pages = b"".join(
        store.get(item.key) for item in store.objects() if item.key.endswith(("json", "html"))
    )
    assert published.encode() in pages
    for secret in (b"/home", b"ann/", b"ann:", b"private@", b"sig="):
        assert secret not in pages


def test_contradictions_are_refused_before_anything_is_written(tmp_path):
    url = (tmp_path / "store").as_uri()
    strange = encode_texture(
        pixels(1), TextureSpec(name="moss_1", material="moss", seed=1), provenance()
    )
    for given_textures, words in [
        ([], "there are no textures"),
        ([textures()[0], textures(1)[0]], "two textures share the key"),
        ([strange], "shows 'moss', which is not among"),
    ]:
        with pytest.raises(LibraryError, match=words):
            publish_version(url, draft(), given_textures)
    assert not (tmp_path / "store").exists()


def test_a_store_that_refuses_leaves_no_library(tmp_path):
    (tmp_path / "taken").write_text("a file")
    url = (tmp_path / "taken" / "library").as_uri()
    with pytest.raises(StoreError, match="part of the path is a file"):
        publish_version(url, draft(), textures())


@settings(max_examples=8, deadline=None)
@given(st.permutations(range(8)), st.text(max_size=20), st.integers(1, 9999), st.booleans())
def test_the_plan_depends_on_content_alone(order, flow_run, version, private):
    materials = draft().materials
    plan = plan_version(draft(include_photographs=not private), textures(), photographs())
    shuffled = plan_version(
        draft(
            include_photographs=not private,
            provenance=provenance(flow_run_id=flow_run),
            materials=materials[::-1],
        ),
        [textures()[index] for index in order],
        dict(reversed(photographs().items())),
    )
    assert shuffled.content_digest == plan.content_digest
    manifest = shuffled.manifest(version, "2026-11-22T00:00:00+00:00")
    assert shuffled.objects(manifest) == plan.objects(manifest)
    assert set(shuffled.objects(manifest)) == {record.key for record in manifest.objects()}


@pytest.mark.parametrize(
    "changed",
    [
        {"provenance": provenance(licence="CC-BY-4.0")},
        {"include_photographs": False},
        {"materials": draft().materials[::-1][:1] + draft().materials[:1][::-1]},
        {"library": "other"},
    ],
    ids=["licence", "privacy", "same materials", "name"],
)
def test_the_digest_notices_every_change_but_order(changed):
    same = set(changed) == {"materials"}
    one = plan_version(draft(), textures(), photographs()).content_digest
    other = plan_version(draft(**changed), textures(), photographs()).content_digest
    assert (one == other) is same
