"""The pool of objects: what an address says is what comes back, on every kind of store."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import obstore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.library.object_pool import ObjectDamaged, ObjectPool
from data.library.records import digest
from data.object_store import ObjectMissing, check_key, open_store


def pool_at(url: str) -> ObjectPool:
    return ObjectPool(open_store(url), "stones")


def damage(pool: ObjectPool, sha256: str, content: bytes) -> None:
    obstore.put(pool.store._writable(), pool.key(sha256), content, mode="overwrite")


def test_an_object_comes_back_under_the_hash_of_its_bytes(store_url):
    pool = pool_at(store_url)
    sha256 = pool.put(b"pixels")
    assert sha256 == digest(b"pixels")
    assert pool_at(store_url).get(sha256) == b"pixels"
    assert pool.has(sha256)
    assert pool.has(sha256, 6)
    assert not pool.has(sha256, 5)
    assert [item.key for item in pool.store.objects()] == [f"stones/objects/{sha256[:2]}/{sha256}"]


def test_the_same_bytes_are_kept_once_even_by_many_writers(store_url):
    pool = pool_at(store_url)
    start = threading.Barrier(6)

    def put(_: int) -> str:
        start.wait()
        return pool_at(store_url).put(b"same")

    with ThreadPoolExecutor(6) as workers:
        assert set(workers.map(put, range(6))) == {digest(b"same")}
    assert len(pool.store.objects()) == 1
    assert pool.get(digest(b"same")) == b"same"


def test_a_missing_object_is_named_and_what_is_missing_is_found(store_url):
    pool = pool_at(store_url)
    here = pool.put(b"here")
    gone = digest(b"gone")
    with pytest.raises(ObjectMissing, match=gone):
        pool.get(gone)
    assert pool.missing([(here, 4), (gone, 4)]) == {gone}
    assert pool.missing([(here, 5)]) == {here}
    assert pool.missing([]) == set()


def test_many_are_looked_up_by_listing_with_the_same_answer(local_url, monkeypatch):
    pool = pool_at(local_url)
    held = [(pool.put(b"%d" % number), len(b"%d" % number)) for number in range(40)]
    wanted = [*held[::2], (digest(b"gone"), 4), (held[1][0], 99)]
    one_by_one = pool.missing(wanted)
    monkeypatch.setattr("data.library.object_pool._ASKED_ONE_BY_ONE", 3)
    assert pool.missing(wanted) == one_by_one == {digest(b"gone"), held[1][0]}


def test_damage_is_never_handed_out_and_the_next_put_heals_it(store_url):
    pool = pool_at(store_url)
    sha256 = pool.put(b"pixels")
    damage(pool, sha256, b"pix")
    with pytest.raises(ObjectDamaged, match=r"holds 3 bytes.*verify stones --repair") as caught:
        pool.get(sha256)
    assert "\n" not in str(caught.value)
    assert pool.put(b"pixels") == sha256
    assert pool.get(sha256) == b"pixels"
    assert pool.store.get(f"stones/quarantine/{digest(b'pix')}") == b"pix"


def test_only_the_right_bytes_replace_damaged_ones(local_url):
    pool = pool_at(local_url)
    sha256 = pool.put(b"pixels")
    with pytest.raises(ValueError, match="do not have the SHA-256"):
        pool.replace_damaged(sha256, b"others")
    assert pool.get(sha256) == b"pixels"


def test_a_stranger_in_the_pool_is_passed_over(tmp_path: Path):
    pool = pool_at(tmp_path.as_uri())
    sha256 = pool.put(b"1")
    for name in ("readme.txt", "f" * 64, "a" * 63):
        pool.store.put_new(f"stones/objects/00/{name}", b"?")
    assert [found for found, _ in pool.objects()] == [sha256]


@given(st.binary(max_size=40))
def test_every_address_is_a_safe_key(content):
    key = pool_at("memory://keys").key(digest(content))
    assert check_key(key) == key
    assert re.fullmatch(r"stones/objects/([0-9a-f]{2})/\1[0-9a-f]{62}", key)


@given(st.text(max_size=70) | st.from_regex(r"[0-9A-Fa-f]{62,66}", fullmatch=True))
def test_nothing_but_a_hash_is_an_address(text):
    if re.fullmatch(r"[0-9a-f]{64}", text):
        return
    with pytest.raises(ValueError, match="is not a SHA-256"):
        pool_at("memory://keys").key(text)
