"""The steps that keep a library in order, as flows call them; one of them as a whole run."""

import pytest

from data.library.channels import resolve
from data.library.garbage import GarbageConfig
from data.library.minisign import new_key
from data.library.publish import publish_version
from data.library.records import LibraryError
from data.library.selection import Selection
from data.library.versions import published_versions, read_manifest
from data.object_store import open_store
from flows.plan import plan_lines
from tasks.errors import MillError
from tasks.library_store import (
    compare_versions,
    pull_files,
    read_log,
    release_version,
    remove_garbage,
    roll_back,
    verify_objects,
)
from tests.data.library.library_samples import LIBRARY, draft, textures


@pytest.fixture
def store(tmp_path, monkeypatch):
    url = (tmp_path / "store").as_uri()
    monkeypatch.setenv("TEXTURE_MILL_STORE_URL", url)
    for offset in range(3):
        publish_version(url, draft(), textures(offset)[:1])
    return open_store(url)


def test_a_channel_is_moved_and_taken_back(store):
    release_version.fn(LIBRARY, "stable", "v2", "ann", "")
    assert release_version.fn(LIBRARY, "stable", "latest", "ann", "new").version == 3
    assert roll_back.fn(LIBRARY, "stable", "ann", "").version == 2
    assert resolve(store, LIBRARY, "stable").version == 2


def test_a_run_of_verify_fails_while_something_is_lost(store):
    record = read_manifest(store.url, LIBRARY, 3).textures[0]
    store.remove(f"stones/v0003/{record.key}")
    with pytest.raises(MillError, match=r"1 copies .* stones v0003 are missing or damaged"):
        verify_objects.fn(LIBRARY, "latest", False)
    assert len(verify_objects.fn(LIBRARY, "latest", True)) == 1
    assert verify_objects.fn(LIBRARY, "latest", False) == ()


def test_garbage_is_removed_only_if_that_is_asked_for(store):
    config = GarbageConfig(keep_versions=1, grace_days=0)
    assert remove_garbage.fn(LIBRARY, config, False).removals
    assert published_versions(store, LIBRARY) == [1, 2, 3]
    remove_garbage.fn(LIBRARY, config, True)
    assert published_versions(store, LIBRARY) == [3]


def test_versions_are_compared_pulled_and_told_as_on_the_command_line(store, tmp_path):
    release_version.fn(LIBRARY, "stable", "v1", "ann", "")
    page = tmp_path / "page.html"
    lines = compare_versions.fn(LIBRARY, "stable", "latest", str(page))
    assert lines[-1].startswith("0 added, 1 changed")
    assert page.is_file()
    lock = pull_files.fn(LIBRARY, str(tmp_path / "art"), "stable", Selection(), False)
    assert all((tmp_path / "art" / path).is_file() for path in lock.files)
    release_version.fn(LIBRARY, "stable", "v2", "ann", "")
    assert [release.version for release in read_log.fn(LIBRARY, "stable")] == [2, 1]
    assert [release.version for release in read_log.fn(LIBRARY, "")] == [2]


def test_a_release_is_signed_and_only_that_is_pulled(store, tmp_path, monkeypatch):
    key = new_key()
    monkeypatch.setenv("TEXTURE_MILL_SIGNING_KEY", key.as_file())
    monkeypatch.setenv("TEXTURE_MILL_PUBLIC_KEY", str(key.public))
    release_version.fn(LIBRARY, "stable", "v2", "ann", "", True)
    assert pull_files.fn(LIBRARY, str(tmp_path / "art"), "stable", Selection(), False).version == 2
    with pytest.raises(LibraryError, match="v0003 is not signed"):
        pull_files.fn(LIBRARY, str(tmp_path / "art"), "latest", Selection(), False)


def test_the_plan_of_such_a_run_names_library_and_channel():
    (line,) = plan_lines({"library": "stones", "channel": "stable"}, "file:///store")
    assert line == "library   stones at file:///store: stable"
