"""Garbage collection removes what nothing reaches and never anything that something does."""

from datetime import UTC, datetime, timedelta

import obstore
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.library import garbage
from data.library.channels import promote, resolve, rollback
from data.library.garbage import GarbageConfig, collect_garbage, plan_garbage
from data.library.holds import clock_of, pin_version, pins, running_build, unpin_version
from data.library.object_pool import ObjectPool
from data.library.publish import publish_version
from data.library.records import LibraryError, digest
from data.library.verify import find_faults, verify_version
from data.library.versions import latest_version, published_versions, read_manifest
from data.object_store import ObjectStore, open_store
from tests.data.library.library_samples import LIBRARY, draft, textures

NOW = GarbageConfig(keep_versions=1, grace_days=0)


def published(url: str, count: int) -> ObjectStore:
    for offset in range(count):
        publish_version(url, draft(), textures(offset)[:1])
    return open_store(url)


def later(days: float = 8) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def test_a_dry_run_removes_nothing_and_says_what_would_go(local_url):
    store = published(local_url, 3)
    before = store.objects()
    plan = plan_garbage(store, LIBRARY, GarbageConfig(keep_versions=1), now=later())
    assert store.objects() == before
    assert set(plan.kept) == {3}
    assert {removal.why for removal in plan.removals} == {
        "no kept version names it",
        "nothing keeps this version",
    }
    assert plan.size_bytes == sum(removal.size_bytes for removal in plan.removals)


def test_nothing_younger_than_the_grace_period_goes(local_url):
    store = published(local_url, 3)
    ObjectPool(store, LIBRARY).put(b"an orphan")
    assert plan_garbage(store, LIBRARY, GarbageConfig(keep_versions=1)).removals == ()
    assert (
        plan_garbage(store, LIBRARY, GarbageConfig(keep_versions=1), now=later(6.9)).removals == ()
    )


def test_what_is_collected_is_gone_and_what_is_kept_is_whole(store_url):
    store = published(store_url, 4)
    promote(store, LIBRARY, "stable", 1, who="ann")
    pin_version(store, LIBRARY, "our_game", 2, who="ann")
    done = collect_garbage(store, LIBRARY, NOW)
    if store_url.startswith("s3:") and not done.removals:
        pytest.skip("written within the second in which it was collected")
    assert published_versions(store, LIBRARY) == [1, 2, 4]
    for version in (1, 2, 4):
        assert verify_version(store_url, LIBRARY, version) == ()
    assert [item.key for item in store.objects("stones/v0003")] == ["stones/v0003/claim.json"]
    # The number of the removed version is never used again.
    assert publish_version(store_url, draft(), textures(7)[:1]).version == 5
    unpin_version(store, LIBRARY, "our_game")
    collect_garbage(store, LIBRARY, NOW)
    assert published_versions(store, LIBRARY)[0] == 1
    assert 2 not in published_versions(store, LIBRARY)


def test_the_version_a_channel_would_go_back_to_stays(local_url):
    store = published(local_url, 3)
    for version in (1, 2, 3):
        promote(store, LIBRARY, "stable", version, who="ann")
    collect_garbage(store, LIBRARY, NOW)
    assert published_versions(store, LIBRARY) == [2, 3]
    assert rollback(store, LIBRARY, "stable", who="ann").version == 2
    assert verify_version(local_url, LIBRARY, 2) == ()


def test_what_was_collected_lies_in_the_trash_until_it_is_old(local_url):
    store = published(local_url, 1)
    orphan = ObjectPool(store, LIBRARY).put(b"an orphan")
    collect_garbage(store, LIBRARY, NOW)
    assert store.get(f"stones/trash/{orphan}") == b"an orphan"
    plan = plan_garbage(store, LIBRARY, GarbageConfig(), now=later())
    assert [removal.why for removal in plan.removals] == ["long enough in the trash"]
    collect_garbage(store, LIBRARY, NOW)
    assert store.objects("stones/trash") == []


def test_repair_finds_what_the_trash_still_has(local_url):
    store = published(local_url, 1)
    manifest = read_manifest(local_url, LIBRARY)
    record = manifest.textures[0]
    key = ObjectPool(store, LIBRARY).key(record.sha256)
    store.put_new(f"stones/trash/{record.sha256}", store.get(key))
    store.remove(key)
    store.remove(f"stones/v0001/{record.key}")
    assert all(fault.repaired for fault in find_faults(store, manifest, repair=True))
    assert verify_version(local_url, LIBRARY) == ()


def test_while_a_build_runs_nothing_goes_and_a_dead_build_is_waited_for(store_url):
    store = published(store_url, 2)
    before = store.objects()
    with running_build(store, LIBRARY, "a nightly build", lifetime=timedelta(hours=2)):
        plan = collect_garbage(store, LIBRARY, NOW)
        assert plan.removals == ()
        assert "a nightly build is running" in plan.running[0]
        assert plan_garbage(store, LIBRARY, NOW, now=later(2.9 / 24)).running
        assert not plan_garbage(store, LIBRARY, NOW, now=later(3.1 / 24)).running
    assert store.objects() == before


def test_a_lease_that_cannot_be_read_counts(local_url):
    store = published(local_url, 2)
    store.put_new(f"stones/leases/{'0' * 32}.json", b"??")
    assert collect_garbage(store, LIBRARY, NOW).removals == ()


def test_a_build_that_starts_in_the_middle_stops_the_sweep(local_url, monkeypatch):
    monkeypatch.setattr(garbage, "_BATCH", 2)
    store = published(local_url, 4)
    remove, leases = garbage._remove, []

    def remove_and_start(*arguments: object) -> None:
        remove(*arguments)  # type: ignore[arg-type]
        if not leases:
            leases.append(running_build(store, LIBRARY, "a late build"))
            leases[0].__enter__()

    monkeypatch.setattr(garbage, "_remove", remove_and_start)
    done = collect_garbage(store, LIBRARY, NOW)
    assert len(done.removals) == 2
    assert "a late build" in done.running[0]


def test_what_a_publisher_came_to_reach_during_the_sweep_is_brought_back(local_url, monkeypatch):
    store = published(local_url, 2)
    monkeypatch.setattr("data.library.publish.running_build", lambda *_: running_nothing())
    remove, once = garbage._remove, []

    def remove_and_publish(*arguments: object) -> None:
        remove(*arguments)  # type: ignore[arg-type]
        if not once:
            once.append(1)
            monkeypatch.setattr(ObjectPool, "has", lambda *_: True)  # it looked just before
            publish_version(local_url, draft(), textures(0)[:1])
            monkeypatch.undo()
            monkeypatch.setattr(garbage, "_remove", remove)

    from contextlib import nullcontext as running_nothing

    monkeypatch.setattr(garbage, "_remove", remove_and_publish)
    collect_garbage(store, LIBRARY, NOW)
    assert latest_version(local_url, LIBRARY) == 3
    assert verify_version(local_url, LIBRARY, 3) == ()


def test_an_unreadable_manifest_that_is_kept_stops_everything(tmp_path):
    url = tmp_path.as_uri()
    store = published(url, 2)
    (tmp_path / "stones/v0002/manifest.json").write_bytes(b"{}")
    before = store.objects()
    with pytest.raises(LibraryError, match=r"v0002/manifest\.json has the schema None"):
        collect_garbage(store, LIBRARY, NOW)
    assert store.objects() == before


def test_an_unreadable_pin_stops_everything(local_url):
    store = published(local_url, 2)
    store.put_new("stones/pins/game.json", b"{}")
    with pytest.raises(LibraryError, match="what it holds is unknown"):
        collect_garbage(store, LIBRARY, NOW)


def test_a_dead_publication_goes_but_its_number_stays_taken(local_url):
    store = published(local_url, 1)
    store.put_new("stones/v0002/claim.json", b"{}")
    store.put_new("stones/v0002/brick/a.png", b"half")
    collect_garbage(store, LIBRARY, NOW)
    assert [item.key for item in store.objects("stones/v0002")] == ["stones/v0002/claim.json"]
    assert publish_version(local_url, draft(), textures(9)[:1]).version == 3


def test_pins_are_one_version_each(local_url):
    store = published(local_url, 2)
    pin_version(store, LIBRARY, "game", 1, who="ann", why="shipped")
    assert pin_version(store, LIBRARY, "game", 1, who="bob").who == "ann"
    with pytest.raises(LibraryError, match="holds v0001"):
        pin_version(store, LIBRARY, "game", 2, who="ann")
    with pytest.raises(LibraryError, match="version 9"):
        pin_version(store, LIBRARY, "other", 9, who="ann")
    with pytest.raises(LibraryError, match="is no name of a pin"):
        pin_version(store, LIBRARY, "../x", 1, who="ann")
    assert [pin.name for pin in pins(store, LIBRARY)] == ["game"]
    with pytest.raises(LibraryError, match="has no pin"):
        unpin_version(store, LIBRARY, "nobody")


def test_the_stores_clock_is_asked_and_leaves_nothing(store_url):
    store = published(store_url, 1)
    before = store.objects()
    assert abs(clock_of(store, LIBRARY) - datetime.now(UTC)) < timedelta(minutes=1)
    assert store.objects() == before


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    versions=st.integers(1, 5),
    keep=st.integers(1, 3),
    released=st.lists(st.tuples(st.sampled_from(["dev", "stable"]), st.integers(1, 5)), max_size=5),
    pinned=st.sets(st.integers(1, 5), max_size=2),
    orphans=st.sets(st.binary(min_size=1, max_size=4), max_size=3),
)
def test_nothing_that_is_reached_is_ever_listed(
    versions, keep, released, pinned, orphans, local_copies
):
    store = local_copies(versions)
    for channel, version in released:
        if version <= versions:
            promote(store, LIBRARY, channel, version, who="ann")
    for version in pinned & set(range(1, versions + 1)):
        pin_version(store, LIBRARY, f"pin_{version}", version, who="ann")
    for content in orphans:
        ObjectPool(store, LIBRARY).put(content)
    must_stay = {*range(max(1, versions - keep + 1), versions + 1), *pinned}
    must_stay |= {resolve(store, LIBRARY, c).version for c, v in released if v <= versions}
    must_stay &= set(range(1, versions + 1))

    config = GarbageConfig(keep_versions=keep, grace_days=0)
    plan = plan_garbage(store, LIBRARY, config, now=later())
    gone = {removal.key for removal in plan.removals}
    pool = ObjectPool(store, LIBRARY)
    reached = set()
    for version in must_stay:
        manifest = read_manifest(store.url, LIBRARY, version)
        reached |= {pool.key(record.sha256) for record in manifest.objects()}
        reached |= {f"stones/v{version:04d}/{record.key}" for record in manifest.objects()}
        reached |= {f"stones/v{version:04d}/manifest.json"}
    assert not gone & reached
    assert not any("/claim.json" in key or "/channels/" in key or "/pins/" in key for key in gone)
    assert {pool.key(digest(content)) for content in orphans} - reached <= gone
    collect_garbage(store, LIBRARY, config)
    assert must_stay <= set(published_versions(store, LIBRARY))
    for version in must_stay:
        assert verify_version(store.url, LIBRARY, version) == ()


@pytest.fixture
def local_copies():
    """A maker of memory stores with so many versions, copied because publishing takes longer."""
    import uuid

    made = published(f"memory://{uuid.uuid4().hex}", 5)
    contents = {item.key: made.get(item.key) for item in made.objects()}

    def copy(versions: int) -> ObjectStore:
        store = open_store(f"memory://{uuid.uuid4().hex}")
        for key, content in contents.items():
            version = key.split("/")[1]
            if not version.startswith("v") or int(version[1:]) <= versions:
                obstore.put(store._writable(), key, content)
        return store

    return copy


def test_a_library_that_is_not_there_is_named(local_url):
    with pytest.raises(LibraryError, match="no version of the library 'pebbles'"):
        collect_garbage(published(local_url, 1), "pebbles", NOW)
