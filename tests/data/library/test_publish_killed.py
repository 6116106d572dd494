"""A publication dies at any step: readers see nothing of it, and publishing again continues."""

import functools
import itertools
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import obstore
import pytest

from data.library.plan import VersionPlan, plan_version
from data.library.publish import publish_plan, publish_version
from data.library.verify import verify_version
from data.library.versions import latest_version, read_manifest
from data.object_store import ObjectStore, StoreError, open_store
from tests.data.library.killing import kill_at_random
from tests.data.library.library_samples import LIBRARY, draft, photographs, textures


class Killed(BaseException):
    """Stands for SIGKILL: no `except Exception` sees it."""


@contextmanager
def dying_at_write(number: int, *, after: bool) -> Iterator[None]:
    """Let the process die before or after its write of this number, in whatever thread it is."""
    counter = itertools.count(1)
    create = ObjectStore._create

    def create_or_die(store: ObjectStore, key: str, content: bytes) -> bool:
        count = next(counter)
        if count > number or (count == number and not after):
            raise Killed
        created = create(store, key, content)
        if count == number:
            raise Killed
        return created

    ObjectStore._create = create_or_die  # type: ignore[method-assign]
    try:
        yield
    finally:
        ObjectStore._create = create  # type: ignore[method-assign]


@functools.cache
def planned(offset: int) -> VersionPlan:
    return plan_version(draft(), textures(offset), photographs())


def publish(url: str, offset: int = 0) -> int:
    return publish_plan(url, planned(offset)).version


def objects() -> int:
    """Return of how many objects a version of the sample consists."""
    return len(textures()) + 4 + 2 + 2  # textures, previews, photographs, documents


def test_death_at_every_single_write_leaves_the_old_version_until_the_new_one_is_complete():
    writes = 2 * objects() + 3  # each in the pool and in the flat tree; lease, claim, manifest
    deaths = [(1, False), (writes, False), *((number, True) for number in range(1, writes + 1))]
    for number, after in deaths:
        url = f"memory://{uuid.uuid4().hex}"
        publish(url, offset=1)
        old = read_manifest(url, LIBRARY)
        last = number == writes and after
        with dying_at_write(number, after=after), pytest.raises(Killed):
            publish(url)
        assert latest_version(url, LIBRARY) == (2 if last else 1)
        assert last or read_manifest(url, LIBRARY) == old
        assert verify_version(url, LIBRARY) == ()
        assert publish(url) == 2  # continues the claimed version, or finds it complete
        assert verify_version(url, LIBRARY) == ()
        assert read_manifest(url, LIBRARY, 1) == old
        assert open_store(url).folders(LIBRARY)[-2:] == ["v0001", "v0002"]


@pytest.mark.parametrize("number", [1, 17])
def test_death_on_every_kind_of_store_is_invisible_and_is_continued(store_url, number):
    with dying_at_write(number, after=True), pytest.raises(Killed):
        publish(store_url)
    assert latest_version(store_url, LIBRARY) is None
    assert publish(store_url) == 1
    assert verify_version(store_url, LIBRARY) == ()


def test_an_interruption_by_the_caller_stops_writing_and_is_continued(local_url):
    def interrupt(done: int, total: int, key: str) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish_version(local_url, draft(), textures(), on_progress=interrupt)
    assert latest_version(local_url, LIBRARY) is None
    assert publish_version(local_url, draft(), textures()).version == 1
    assert verify_version(local_url, LIBRARY) == ()


def test_other_content_after_a_death_takes_the_next_number():
    url = f"memory://{uuid.uuid4().hex}"
    with dying_at_write(6, after=True), pytest.raises(Killed):
        publish(url)
    assert publish(url, offset=1) == 2
    assert publish(url) == 3  # its old claim is older than what readers have; it becomes the newest
    assert latest_version(url, LIBRARY) == 3


def test_a_damaged_leftover_costs_a_number_and_no_library(tmp_path):
    url = tmp_path.as_uri()
    # Late: threads write in any order, and earlier it may be that none has left a picture yet.
    with dying_at_write(2 * objects(), after=True), pytest.raises(Killed):
        publish(url)
    leftover = next(tmp_path.glob("stones/v0001/*/*.png"))
    leftover.write_bytes(leftover.read_bytes()[:10])  # as after a power cut
    assert publish(url) == 2
    assert latest_version(url, LIBRARY) == 2
    assert verify_version(url, LIBRARY) == ()


def test_an_object_the_store_lost_is_noticed_before_readers_see_the_version(monkeypatch):
    url = f"memory://{uuid.uuid4().hex}"
    create = ObjectStore._create

    def create_or_lose(store: ObjectStore, key: str, content: bytes) -> bool:
        return True if key.endswith("brick_0001_basecolor_32.png") else create(store, key, content)

    monkeypatch.setattr(ObjectStore, "_create", create_or_lose)
    with pytest.raises(StoreError, match=r"_32\.png is missing\); check that the store keeps"):
        publish(url)
    assert latest_version(url, LIBRARY) is None
    monkeypatch.setattr(ObjectStore, "_create", create)
    publish(url)
    assert verify_version(url, LIBRARY) == ()


def test_a_publisher_whose_claim_was_overwritten_goes_on_to_the_next_number():
    """On Swift two claims may both succeed; the later one stands, the other publisher yields."""
    url = f"memory://{uuid.uuid4().hex}"
    key = f"{LIBRARY}/v0001/claim.json"
    other = b'{"content_digest": "' + b"0" * 64 + b'", "created_at": "2026"}'

    def overwrite(done: int, total: int, _: str) -> None:
        if done == 3:
            obstore.put(open_store(url)._writable(), key, other, mode="overwrite")

    published = publish_version(url, draft(), textures(), on_progress=overwrite)
    assert published.version == latest_version(url, LIBRARY) == 2
    assert not open_store(url).exists(f"{LIBRARY}/v0001/manifest.json")
    assert verify_version(url, LIBRARY) == ()


def test_a_store_that_forgets_claims_is_given_up_with_a_clear_line(monkeypatch):
    create = ObjectStore._create

    def create_or_lose(store: ObjectStore, key: str, content: bytes) -> bool:
        return True if key.endswith("claim.json") else create(store, key, content)

    monkeypatch.setattr(ObjectStore, "_create", create_or_lose)
    with pytest.raises(StoreError, match="version numbers in a row were lost"):
        publish(f"memory://{uuid.uuid4().hex}")


PROGRAM = """
import sys, time
from data.library.publish import publish_version
from tests.data.library.library_samples import draft, photographs, textures

def slowly(done, total, key):
    print(done, total, flush=True)
    time.sleep(0.02)

published = publish_version(
    sys.argv[1], draft(), textures(), photographs=photographs(), on_progress=slowly
)
print("published", published.version, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("share", [0.3, 0.99])
def test_a_killed_process_leaves_nothing_to_readers_and_is_continued(tmp_path, share):
    url = (tmp_path / "store").as_uri()
    command = [sys.executable, "-c", PROGRAM, url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        done, total = map(int, line.split())
        if done >= share * (total - 1):
            break
    time.sleep(random.random() * 0.02)  # anywhere between two steps
    os.kill(process.pid, signal.SIGKILL)
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    seen = latest_version(url, LIBRARY)
    assert seen is None or verify_version(url, LIBRARY) == ()
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert again.stdout.splitlines()[-1] == "published 1"
    assert verify_version(url, LIBRARY) == ()
    assert open_store(url).folders(LIBRARY)[-1] == "v0001"
    assert not [item for item in open_store(url).objects() if "#" in item.key]


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_processes_killed_at_random_leave_the_old_or_the_new_version(tmp_path):
    """`benchmarks/store_kills.py` does it hundreds of times."""
    kills = kill_at_random((tmp_path / "store").as_uri(), 8, seed=3)
    assert kills.total == 8
    assert kills.during_publication


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_builds_killed_at_random_mislead_no_reader_and_spoil_no_later_build(tmp_path):
    kills = kill_at_random((tmp_path / "store").as_uri(), 6, seed=5, home=tmp_path / "home")
    assert kills.total == 6
