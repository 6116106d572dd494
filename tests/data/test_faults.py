"""Through a proxy that answers as busy servers and bad networks do, nothing is lost.

`benchmarks/store_faults.py` does the same with thousands of faults.
"""

from collections.abc import Iterator

import pytest

from data import object_store
from data.library.channels import promote, releases, resolve
from data.library.publish import publish_version
from data.library.verify import verify_version
from data.object_store import StoreError, open_store
from tests.data.fault_proxy import KINDS, FaultProxy
from tests.data.hammering import IMPATIENT_CLIENT, IMPATIENT_RETRY, hammer, missing_afterwards
from tests.data.library.library_samples import LIBRARY, draft, textures
from tests.data.swift_server import SwiftServer


@pytest.fixture
def proxy(
    swift_server: SwiftServer, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FaultProxy]:
    """A proxy before the server of the tests; clients go through it."""
    monkeypatch.setattr(object_store, "_RETRY", IMPATIENT_RETRY)
    monkeypatch.setattr(object_store, "_CLIENT", IMPATIENT_CLIENT)
    with FaultProxy(swift_server.port, rate=0.5, seed=4) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.endpoint)
        yield running


def test_nothing_acknowledged_is_lost_in_hundreds_of_faults(proxy, s3_url):
    account = hammer(s3_url, lambda: proxy.injected >= 200, seed=1)
    assert account.wrong == []
    assert set(proxy.faults) == set(KINDS)
    assert len(account.acknowledged) > 50
    assert account.read > 10
    proxy.rate = 0
    assert missing_afterwards(s3_url, account) == set()


def publish_and_release(url: str) -> int | None:
    """Return the version that was published and released, None if the store gave up before."""
    try:
        version = publish_version(url, draft(), textures()[:1]).version
        promote(open_store(url), LIBRARY, "stable", version, who="ann")
    except StoreError:
        return None
    return version


def test_publishing_and_releasing_go_on_until_they_are_through(proxy, s3_url):
    proxy.rate = 0.25
    tries = (publish_and_release(s3_url) for _ in range(60))
    version = next(found for found in tries if found)
    assert proxy.injected > 10
    proxy.rate = 0
    store = open_store(s3_url)
    assert verify_version(s3_url, LIBRARY, version) == ()
    assert resolve(store, LIBRARY, "stable").version == version
    assert {release.version for release in releases(store, LIBRARY, "stable")} == {version}
