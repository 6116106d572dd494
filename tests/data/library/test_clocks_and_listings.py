"""A wrong clock changes neither order nor garbage; a plan asks for no list of objects."""

from datetime import UTC, datetime, timedelta

import pytest

from data.library import channels, garbage
from data.library.build_plan import plan_library
from data.library.build_record import current_versions
from data.library.channels import promote, releases, resolve
from data.library.garbage import GarbageConfig, collect_garbage
from data.library.publish import publish_version
from data.library.published_build import newest_build
from data.library.recipe import parse_recipe
from data.library.versions import published_versions
from data.object_store import ObjectStore, open_store
from tests.data.library.library_samples import LIBRARY, draft, textures
from tests.tasks.stage_samples import PLAIN, Painter, publish, runner


class WrongClock(datetime):
    """What a machine believes whose clock nobody set."""

    offset = timedelta()

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + cls.offset


@pytest.fixture(params=[-30, 30], ids=["thirty years behind", "thirty years ahead"])
def wrong_clock(request, monkeypatch):
    WrongClock.offset = timedelta(days=365 * request.param)
    for module in (channels, garbage):
        monkeypatch.setattr(module, "datetime", WrongClock)


def test_the_last_release_counts_whatever_clock_its_writer_has(store_url, monkeypatch):
    store = open_store(store_url)
    for offset in (0, 1):
        publish_version(store_url, draft(), textures(offset)[:1])
    promote(store, LIBRARY, "stable", 1, who="ann")
    WrongClock.offset = timedelta(days=-365 * 30)
    monkeypatch.setattr(channels, "datetime", WrongClock)
    late = promote(store, LIBRARY, "stable", 2, who="ben")
    assert late.released_at < "2000"
    assert resolve(store, LIBRARY, "stable").version == 2
    assert [release.number for release in releases(store, LIBRARY, "stable")] == [1, 2]


def test_a_collector_with_a_wrong_clock_removes_nothing_young(wrong_clock, local_url):
    for offset in range(3):
        publish_version(local_url, draft(), textures(offset)[:1])
    store = open_store(local_url)
    plan = collect_garbage(store, LIBRARY, GarbageConfig(keep_versions=1, grace_days=7))
    assert plan.removals == ()
    assert published_versions(store, LIBRARY) == [1, 2, 3]
    assert datetime.now(UTC).year > 2000


def test_a_plan_reads_two_objects_however_many_there_are(tmp_path, monkeypatch):
    url = (tmp_path / "store").as_uri()
    recipe, built = runner(PLAIN, tmp_path, Painter(), None)
    publish(url, recipe, built)
    pool = tmp_path / "store/stones/objects"
    for number in range(2000):
        address = f"{number:064x}"
        (pool / address[:2]).mkdir(exist_ok=True)
        (pool / address[:2] / address).write_bytes(b"x")
    read: list[str] = []
    get = ObjectStore.get

    def counted(self: ObjectStore, key: str) -> bytes:
        read.append(key)
        return get(self, key)

    def never(self: ObjectStore, prefix: str = "") -> None:
        raise AssertionError(f"everything below {prefix} was listed")

    monkeypatch.setattr(ObjectStore, "get", counted)
    monkeypatch.setattr(ObjectStore, "walk", never)
    found = newest_build(url, "stones")
    assert found is not None
    for text, stale in ((PLAIN, False), (PLAIN.replace("godot", "unity"), True)):
        plan = plan_library(
            parse_recipe(text), found.record.sources, current_versions(), (1, found.record)
        )
        assert plan.stale is stale
    assert len(read) == 2
