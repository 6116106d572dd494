"""What a store lost or damaged is found, and restored from the copy that is sound."""

import itertools

import obstore
import pytest

from data.library.object_pool import ObjectPool
from data.library.plan import plan_version
from data.library.publish import publish_plan, publish_version
from data.library.records import LibraryManifest, TextureRecord, digest
from data.library.verify import find_faults, verify_version
from data.library.versions import read_manifest, read_object
from data.object_store import ObjectMissing, ObjectStore, StoreError, open_store
from tests.data.library.library_samples import LIBRARY, draft, textures


def published(url: str) -> tuple[ObjectStore, LibraryManifest]:
    publish_version(url, draft(), textures())
    return open_store(url), read_manifest(url, LIBRARY)


def copies(store: ObjectStore, record: TextureRecord) -> tuple[str, str]:
    return ObjectPool(store, LIBRARY).key(record.sha256), f"{LIBRARY}/v0001/{record.key}"


def hurt(store: ObjectStore, key: str, how: str) -> None:
    match how:
        case "lost":
            store.remove(key)
        case "short":
            obstore.put(store._writable(), key, store.get(key)[:7], mode="overwrite")
        case "changed":
            flipped = bytes([store.get(key)[0] ^ 1]) + store.get(key)[1:]
            obstore.put(store._writable(), key, flipped, mode="overwrite")


def test_every_damage_of_either_copy_is_found_and_restored_from_the_other(store_url):
    store, manifest = published(store_url)
    places = ("pool", "flat tree")
    harms = list(itertools.product(("lost", "short", "changed"), range(2)))
    keys, good, bad = {}, {}, {}
    for record, (how, place) in zip(manifest.textures, harms, strict=False):
        key = copies(store, record)[place]
        keys[record.key], good[key] = (key, places[place]), store.get(key)
        hurt(store, key, how)
        bad[key] = None if how == "lost" else store.get(key)

    faults = find_faults(store, manifest)
    assert {(fault.key, fault.place) for fault in faults} == {
        (key, place) for key, (_, place) in keys.items()
    }
    assert not any(fault.repaired for fault in faults)
    for record in manifest.textures:
        if record.key in keys:
            assert read_object(store, manifest, record) == good[keys[record.key][0]]

    assert all(fault.repaired for fault in find_faults(store, manifest, repair=True))
    assert verify_version(store_url, LIBRARY) == ()
    for key, content in bad.items():
        assert store.get(key) == good[key]
        if content is not None:
            assert store.get(f"{LIBRARY}/quarantine/{digest(content)}") == content


@pytest.mark.parametrize("hows", [*itertools.product(("lost", "short"), ("lost", "changed"))])
def test_an_object_without_a_sound_copy_stays_a_fault_and_is_left_as_it_is(tmp_path, hows):
    store, manifest = published(tmp_path.as_uri())
    for key, how in zip(copies(store, manifest.textures[0]), hows, strict=True):
        hurt(store, key, how)
    before = store.objects()
    faults = find_faults(store, manifest, repair=True)
    assert [fault.repaired for fault in faults] == [False, False]
    assert store.objects() == before
    with pytest.raises(StoreError):
        read_object(store, manifest, manifest.textures[0])


def test_bytes_made_again_are_taken_if_they_are_the_same_bytes(tmp_path):
    store, manifest = published(tmp_path.as_uri())
    record = manifest.textures[0]
    for key in copies(store, record):
        hurt(store, key, "lost")
    good = {texture.record.key: texture.png for texture in textures()}
    wrong = find_faults(store, manifest, repair=True, remake=lambda _, asked: b"not it")
    assert [fault.repaired for fault in wrong] == [False, False]
    right = find_faults(store, manifest, repair=True, remake=lambda _, asked: good[asked.key])
    assert [fault.repaired for fault in right] == [True, True]
    assert verify_version(tmp_path.as_uri(), LIBRARY) == ()


def test_a_version_without_a_flat_tree_is_verified_in_the_pool_alone(store_url):
    publish_plan(store_url, plan_version(draft(), textures(), {}), flat_tree=False)
    store, manifest = open_store(store_url), read_manifest(store_url, LIBRARY)
    assert find_faults(store, manifest) == ()
    hurt(store, copies(store, manifest.textures[0])[0], "lost")
    (fault,) = find_faults(store, manifest, repair=True)
    assert (fault.place, fault.repaired) == ("pool", False)
    with pytest.raises(ObjectMissing):
        read_object(store, manifest, manifest.textures[0])


def test_a_version_from_before_the_pool_is_brought_into_it(tmp_path):
    store, manifest = published(tmp_path.as_uri())
    for _, item in list(ObjectPool(store, LIBRARY).objects()):
        store.remove(item.key)
    count = sum(1 for _ in manifest.objects())
    assert len(find_faults(store, manifest, repair=True)) == count
    assert find_faults(store, manifest) == ()


def test_a_store_that_does_not_answer_is_not_an_object_that_is_missing(local_url, monkeypatch):
    store, manifest = published(local_url)

    def refuse(self: ObjectStore, key: str) -> bytes:
        raise StoreError("the server asks to slow down")

    monkeypatch.setattr(ObjectStore, "get", refuse)
    with pytest.raises(StoreError, match="slow down"):
        find_faults(store, manifest, repair=True)
