"""Channels: what a reader gets, who changed that, and the way back."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.library.channels import (
    ChannelMoved,
    Release,
    channels,
    current_release,
    promote,
    releases,
    resolve,
    rollback,
    rollback_target,
)
from data.library.object_pool import ObjectPool
from data.library.publish import publish_version
from data.library.records import LibraryError, canonical_json
from data.library.versions import manifest_key, read_manifest
from data.object_store import ObjectStore, open_store
from tests.data.library.library_samples import LIBRARY, draft, textures


def published(url: str, count: int) -> ObjectStore:
    for offset in range(count):
        publish_version(url, draft(), textures(offset)[:1])
    return open_store(url)


def test_a_reader_gets_what_was_promoted_last_and_can_see_why(store_url):
    store = published(store_url, 2)
    promote(store, LIBRARY, "stable", 1, who="ann", why="first")
    promote(store, LIBRARY, "dev", 2, who="bob")
    assert resolve(store, LIBRARY, "stable").version == 1
    promote(store, LIBRARY, "stable", 2, who="ann", why="looks good")
    assert resolve(store, LIBRARY, "stable") == read_manifest(store_url, LIBRARY, 2)
    assert channels(store, LIBRARY) == ["dev", "stable"]
    first, second = releases(store, LIBRARY, "stable")
    assert (first.version, first.replaces, first.why) == (1, None, "first")
    assert (second.version, second.replaces, second.who) == (2, 1, "ann")
    assert [item.key[-11:] for item in store.objects("stones/channels/stable")] == [
        "000001.json",
        "000002.json",
    ]


def test_promoting_what_is_current_writes_nothing(local_url):
    store = published(local_url, 1)
    first = promote(store, LIBRARY, "stable", 1, who="ann")
    assert promote(store, LIBRARY, "stable", 1, who="bob") == first
    assert len(releases(store, LIBRARY, "stable")) == 1


def test_going_back_twice_goes_back_two_versions(local_url):
    store = published(local_url, 3)
    for version in (1, 2, 3):
        promote(store, LIBRARY, "stable", version, who="ann")
    assert rollback(store, LIBRARY, "stable", who="ann", why="seams").version == 2
    assert rollback(store, LIBRARY, "stable", who="ann").version == 1
    with pytest.raises(LibraryError, match="has v0001 and nothing before it"):
        rollback(store, LIBRARY, "stable", who="ann")
    assert rollback(store, LIBRARY, "stable", to=3, who="ann").version == 3
    assert resolve(store, LIBRARY, "stable").version == 3
    assert [r.action for r in releases(store, LIBRARY, "stable")] == ["promote"] * 3 + [
        "rollback"
    ] * 3


@given(st.lists(st.integers(1, 5) | st.just("back"), max_size=25))
def test_going_back_undoes_promotions_like_a_stack(steps):
    history: list[Release] = []
    stack: list[int] = []

    def record(version: int, action: str) -> None:
        history.append(
            Release(
                library=LIBRARY,
                channel="stable",
                number=len(history) + 1,
                version=version,
                manifest_sha256="0" * 64,
                action=action,
                replaces=None,
                who="",
                why="",
                released_at="",
            )
        )

    for step in steps:
        if step == "back":
            target = rollback_target(history)
            assert target == (stack[-2] if len(stack) > 1 else None)
            if target is not None:
                stack.pop()
                record(target, "rollback")
        elif not stack or stack[-1] != step:
            stack.append(step)
            record(step, "promote")


def test_of_many_who_promote_at_once_all_are_recorded_and_one_counts(store_url):
    store = published(store_url, 4)
    start = threading.Barrier(4)

    def act(version: int) -> Release:
        start.wait()
        return promote(open_store(store_url), LIBRARY, "dev", version, who=str(version))

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(act, range(1, 5)))
    history = releases(store, LIBRARY, "dev")
    if not store_url.startswith("s3:"):  # Swift may let two of them win one number
        assert sorted(history, key=lambda r: r.version) == sorted(done, key=lambda r: r.version)
    assert [r.number for r in history] == list(range(1, len(history) + 1))
    assert resolve(store, LIBRARY, "dev").version == history[-1].version


def test_going_back_stops_when_somebody_released_meanwhile(local_url, monkeypatch):
    store = published(local_url, 3)
    promote(store, LIBRARY, "stable", 1, who="ann")
    promote(store, LIBRARY, "stable", 2, who="ann")
    create = ObjectStore._create

    def overtaken(self: ObjectStore, key: str, content: bytes) -> bool:
        monkeypatch.setattr(ObjectStore, "_create", create)
        promote(store, LIBRARY, "stable", 3, who="bob")
        return create(self, key, content)

    monkeypatch.setattr(ObjectStore, "_create", overtaken)
    with pytest.raises(ChannelMoved, match="look at its log"):
        rollback(store, LIBRARY, "stable", who="ann")
    assert resolve(store, LIBRARY, "stable").version == 3


def test_a_version_with_lost_objects_is_not_released_but_can_be_gone_back_to(local_url):
    store = published(local_url, 2)
    promote(store, LIBRARY, "stable", 1, who="ann")
    promote(store, LIBRARY, "stable", 2, who="ann")
    lost = read_manifest(local_url, LIBRARY, 1).textures[0].sha256
    store.remove(ObjectPool(store, LIBRARY).key(lost))
    with pytest.raises(LibraryError, match=r"1 objects of stones v0001.*--version 1 --repair"):
        promote(store, LIBRARY, "dev", 1, who="ann")
    assert current_release(store, LIBRARY, "dev") is None
    assert rollback(store, LIBRARY, "stable", who="ann").version == 1


def test_a_manifest_that_was_exchanged_after_its_release_is_refused(tmp_path):
    store = published(tmp_path.as_uri(), 1)
    promote(store, LIBRARY, "stable", 1, who="ann")
    key = manifest_key(LIBRARY, 1)
    other = read_manifest(tmp_path.as_uri(), LIBRARY).model_copy(update={"created_at": "2030"})
    store.remove(key)
    store.put_new(key, canonical_json(other))
    assert resolve(store, LIBRARY, "v1").created_at == "2030"
    with pytest.raises(LibraryError, match="is not the manifest that was released"):
        resolve(store, LIBRARY, "stable")


def test_versions_are_named_by_number_or_as_the_latest(local_url):
    store = published(local_url, 2)
    assert [resolve(store, LIBRARY, name).version for name in ("1", "v0001", "v2", "latest")] == [
        1,
        1,
        2,
        2,
    ]
    with pytest.raises(LibraryError, match=r"has no channel 'stable'; its channels: none"):
        resolve(store, LIBRARY, "stable")
    with pytest.raises(LibraryError, match="version 9 of the library"):
        resolve(store, LIBRARY, "v9")


@pytest.mark.parametrize("name", ["latest", "v3", "3", "../up", "Stable", "", "a" * 33, "a/b"])
def test_other_names_are_no_channels(name, local_url):
    store = published(local_url, 1)
    with pytest.raises(LibraryError, match="is no name of a channel"):
        promote(store, LIBRARY, name, 1, who="ann")


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"version": 1, "evil": 2}'])
def test_a_record_that_is_none_stops_readers_with_a_clear_line(local_url, content):
    store = published(local_url, 1)
    promote(store, LIBRARY, "stable", 1, who="ann")
    store.put_new("stones/channels/stable/000002.json", content)
    with pytest.raises(LibraryError, match=r"000002\.json is not valid") as caught:
        resolve(store, LIBRARY, "stable")
    assert "\n" not in str(caught.value)
