"""One suite for every kind of store."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from data.object_store import (
    KeyConflict,
    ObjectMissing,
    StoredObject,
    StoreError,
    check_key,
    check_writable,
    open_store,
)


def test_an_object_comes_back_as_it_was_written(store_url):
    content = bytes(range(256)) * 5000
    assert open_store(store_url).put_new("brick/a_512.png", content)
    again = open_store(store_url)
    assert again.get("brick/a_512.png") == content
    assert again.size("brick/a_512.png") == len(content)
    assert again.exists("brick/a_512.png")


def test_an_empty_object_is_an_object(store_url):
    store = open_store(store_url)
    assert store.put_new("empty", b"")
    assert store.get("empty") == b""
    assert store.size("empty") == 0


def test_writing_the_same_bytes_again_is_success_without_a_write(store_url):
    store = open_store(store_url)
    assert store.put_new("a/b", b"same") is True
    assert store.put_new("a/b", b"same") is False


@pytest.mark.parametrize("other", [b"diff", b"longer than before", b""])
def test_other_bytes_under_a_key_are_a_conflict_that_names_it(store_url, other):
    store = open_store(store_url)
    store.put_new("a/b.json", b"same")
    with pytest.raises(KeyConflict, match=r"a/b\.json already holds other bytes"):
        store.put_new("a/b.json", other)
    assert store.get("a/b.json") == b"same"


def test_of_many_racing_writers_the_one_whose_bytes_stand_has_won(store_url):
    """One wins where creation is atomic; Swift looks first and writes then, so several may."""
    start = threading.Barrier(8)

    def write(index: int) -> bool:
        store = open_store(store_url)
        start.wait()
        try:
            return store.put_new("claim", f"writer {index}".encode())
        except KeyConflict:
            return False

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(write, range(8)))
    standing = int(open_store(store_url).get("claim").split()[1])
    assert won[standing]
    assert sum(won) == 1 or store_url.startswith("s3:")


def test_a_missing_object_is_named(store_url):
    store = open_store(store_url)
    assert store.size("no/such") is None
    assert not store.exists("no/such")
    with pytest.raises(ObjectMissing, match="no/such") as caught:
        store.get("no/such")
    assert "\n" not in str(caught.value)


def test_listing_shows_what_is_below_a_folder_and_nothing_beside_it(store_url):
    store = open_store(store_url)
    for key in ("lib/v0001/b", "lib/v0001/a", "lib/v0002/c", "lib2/v0001/d", "top"):
        store.put_new(key, key.encode())
    assert store.objects("lib/v0001") == [
        StoredObject("lib/v0001/a", 11),
        StoredObject("lib/v0001/b", 11),
    ]
    assert [item.key for item in store.objects("lib")] == [
        "lib/v0001/a",
        "lib/v0001/b",
        "lib/v0002/c",
    ]
    assert len(store.objects()) == 5
    assert store.folders("lib") == ["v0001", "v0002"]
    assert store.folders() == ["lib", "lib2"]
    assert store.folders("lib/v0001") == []


def test_an_empty_store_lists_nothing(store_url):
    store = open_store(store_url)
    assert store.objects() == []
    assert store.folders("lib") == []


def test_the_probe_of_a_good_store_leaves_nothing_behind(store_url):
    check_writable(store_url)
    assert open_store(store_url).objects() == []


def test_reading_a_folder_that_does_not_exist_does_not_make_it(tmp_path):
    store = open_store((tmp_path / "typo").as_uri())
    assert not store.exists("a")
    with pytest.raises(ObjectMissing):
        store.get("a")
    assert not (tmp_path / "typo").exists()


@pytest.mark.parametrize("name", ["with space", "ünï", "100%", "a#b", "q?x", "日本"])
def test_any_local_folder_can_hold_a_store(tmp_path, name):
    folder = tmp_path / name
    store = open_store(folder.as_uri())
    store.put_new("a/b.txt", b"here")
    assert (folder / "a" / "b.txt").read_bytes() == b"here"
    assert store.url_of("a/b.txt") == (folder / "a" / "b.txt").as_uri()


def test_a_folder_may_be_written_without_percent_encoding(tmp_path):
    open_store(f"file://{tmp_path}/a störe").put_new("a", b"1")
    assert (tmp_path / "a störe" / "a").read_bytes() == b"1"


def test_a_memory_store_is_shared_by_its_name_alone(request):
    name = f"{request.node.name}-{id(request)}"
    open_store(f"memory://{name}").put_new("a", b"1")
    assert open_store(f"memory://{name}").get("a") == b"1"
    assert not open_store(f"memory://{name}-2").exists("a")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("/tmp/library", r"for a local folder write file:///tmp/library"),
        ("library", "use file:///absolute/folder"),
        ("", "use file:///absolute/folder"),
        ("file://library", "write file:/// and an absolute folder"),
        ("file:///a/../b", "write file:/// and an absolute folder"),
        ("s3://", "is not a bucket name"),
        ("s3://Bucket_1/x", "is not a bucket name"),
        ("s3://bucket/../x", "neither start nor end with a dot"),
    ],
)
def test_a_store_url_that_is_not_understood_says_what_to_write(url, words):
    with pytest.raises(StoreError, match=words) as caught:
        open_store(url)
    assert "\n" not in str(caught.value)


ALPHABET = set("abcdefghijklmnopqrstuvwxyz0123456789._-/")
GOOD_SEGMENT = st.from_regex(r"[a-z0-9_-]([a-z0-9._-]{0,20}[a-z0-9_-])?", fullmatch=True)


@given(st.lists(GOOD_SEGMENT, min_size=1, max_size=6).map("/".join))
def test_keys_of_the_alphabet_are_accepted_and_stay_inside_their_folder(key):
    assert check_key(key) == key
    root = Path("/store")
    assert (root / key).resolve().is_relative_to(root)
    assert Path(key).parts == tuple(key.split("/"))


@given(st.text(max_size=40))
@example("a/../b")
@example("a/./b")
@example("/a")
@example("a/")
@example("a//b")
@example(".hidden")
@example("dot.")
@example("A")
@example("a b")
@example("a\\b")
@example("ä")
@example("a\n")
@example("a\0")
@example("a#1")
@example("a%2e")
def test_any_text_is_either_a_safe_key_or_refused_with_its_segment(key):
    parts = key.split("/")
    if set(key) <= ALPHABET and all(part and part.strip(".") == part for part in parts):
        assert check_key(key) == key
    else:
        with pytest.raises(ValueError, match="segment"):
            check_key(key)


@pytest.mark.parametrize("key", ["a" * 129, "/".join(["abcdefgh"] * 60)])
def test_keys_that_a_file_system_could_not_hold_are_refused(key):
    with pytest.raises(ValueError, match=r"longer than 128|the limit is 512"):
        check_key(key)


def test_a_bad_key_never_reaches_the_store(store_url):
    store = open_store(store_url)
    for act in (lambda: store.put_new("../x", b""), lambda: store.get("../x")):
        with pytest.raises(ValueError, match=r"'\.\.'"):
            act()
    with pytest.raises(ValueError, match=r"'\.\.'"):
        store.size("../x")
    assert store.objects() == []
