"""What a store promises is tried; stores of other makers behave the same."""

# ruff: noqa: N802, N815 - named by the class of the standard library
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.library.minisign import new_key
from data.library.publish import publish_version
from data.library.records import LibraryError
from data.library.verify import verify_version
from data.object_store import KeyConflict, ObjectStore, open_store
from data.store_errors import StoreError
from data.store_promises import WRITERS, promises_of
from flows.cli import main
from tasks.config import PublishingConfig
from tasks.door_checks import check_store
from tasks.errors import MillError
from tasks.library_store import release_version, roll_back
from tasks.publish_library import publish_library
from tasks.settings import Settings
from tests.data.library.library_samples import LIBRARY, draft, textures
from tests.data.odd_servers import AskingServer, CarelessServer, OpenServer, odd_server

SECRET = "sesame-open-0123456789"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)


def test_folders_memory_and_a_good_bucket_promise_all(tmp_path: Path, monkeypatch):
    urls = [tmp_path.as_uri(), "memory://promises"]
    with odd_server(AskingServer) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        for url in (*urls, "s3://bucket/lib"):
            found = promises_of(open_store(url))
            assert (found.create_only, found.several_won) == (True, 1)
            assert found.not_guaranteed == ()
            assert not found.public_read
    assert AskingServer.objects == {}
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_overwrites_is_used_with_a_word_about_what_is_not_guaranteed(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path))
    with odd_server(CarelessServer) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        assert main(["library", "store", "--store", "s3://bucket/lib"]) == 0
    said = capsys.readouterr().out
    assert "not guaranteed: it overwrites objects" in said
    assert "one process at a time" in said


def test_writers_who_all_believe_they_won_are_counted(monkeypatch):
    """As on Swift, which looks first and writes then."""
    everybody = threading.Barrier(WRITERS)
    put_new, calls = ObjectStore.put_new, []

    def looks_first(self: ObjectStore, key: str, content: bytes) -> bool:
        calls.append(key)
        if len(calls) <= WRITERS:
            everybody.wait()
            return True
        raise KeyConflict("taken")

    monkeypatch.setattr(ObjectStore, "put_new", looks_first)
    found = promises_of(open_store("memory://looks-first"))
    assert found.several_won == WRITERS
    assert "8 of 8 writers at one moment" in found.not_guaranteed[0]
    monkeypatch.setattr(ObjectStore, "put_new", put_new)


def test_a_bucket_that_strangers_can_read_is_refused_unless_that_is_meant(monkeypatch, tmp_path):
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path))
    monkeypatch.setenv("TEXTURE_MILL_STORE_URL", "s3://bucket/lib")
    with odd_server(OpenServer) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        with pytest.raises(MillError, match=r"without credentials.*TEXTURE_MILL_PUBLIC_READ=true"):
            check_store(Settings())
        monkeypatch.setenv("TEXTURE_MILL_PUBLIC_READ", "true")
        assert check_store(Settings()).public_read
    assert OpenServer.objects == {}


@pytest.fixture
def public_library(monkeypatch, tmp_path) -> Iterator[dict[str, bytes]]:
    """The objects of a bucket that everybody reads, with v0001 of a library in it."""
    publish_version((tmp_path / "store").as_uri(), draft(), textures()[:1])
    files = {path for path in (tmp_path / "store").rglob("*") if path.is_file()}
    start = tmp_path / "store"
    objects = {f"/bucket/lib/{f.relative_to(start).as_posix()}": f.read_bytes() for f in files}
    monkeypatch.setattr(OpenServer, "objects", objects)
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path))
    monkeypatch.setenv("TEXTURE_MILL_STORE_URL", "s3://bucket/lib")
    monkeypatch.setenv("TEXTURE_MILL_SIGNING_KEY", new_key().as_file())
    with odd_server(OpenServer) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        yield objects


@pytest.mark.parametrize(
    "command",
    ["promote stones stable v1", "rollback stones stable", "sign stones v1", "pin stones game v1"],
)
def test_nothing_is_shown_to_strangers_unless_that_is_meant(command, public_library, capsys):
    before = dict(public_library)
    assert main(["library", *command.split()]) == 1
    said = capsys.readouterr().err
    assert "can read s3://bucket/lib without credentials" in said
    assert "TEXTURE_MILL_PUBLIC_READ=true" in said
    assert public_library == before


def test_steps_of_flows_ask_the_same_before_they_show_something(public_library):
    before = dict(public_library)
    for step in (
        lambda: release_version.fn(LIBRARY, "stable", "v1", "ann", ""),
        lambda: roll_back.fn(LIBRARY, "stable", "ann", ""),
        lambda: publish_library.fn(None, PublishingConfig()),
    ):
        with pytest.raises(MillError, match=r"without credentials.*TEXTURE_MILL_PUBLIC_READ=true"):
            step()
    assert public_library == before


def test_what_is_meant_to_be_public_is_signed_and_read(public_library, monkeypatch):
    monkeypatch.setenv("TEXTURE_MILL_PUBLIC_READ", "true")
    assert main(["library", "sign", LIBRARY, "v1"]) == 0
    assert any(key.endswith(".minisig") for key in public_library)


def test_the_real_server_gives_nothing_to_strangers(s3_url):
    assert not promises_of(open_store(s3_url)).public_read


class GoogleServer(CarelessServer):
    """As much of Google's XML interface as a publication uses."""

    objects: dict[str, bytes] = {}  # noqa: RUF012 - shared by the requests on purpose
    conditions: list[str | None] = []  # noqa: RUF012
    lock = threading.Lock()

    def do_PUT(self) -> None:
        with self.lock:
            self.path = self.path.replace("%2F", "/")
            self.conditions.append(self.headers.get("x-goog-if-generation-match"))
            if self.path in self.objects and self.conditions[-1] == "0":
                self.rfile.read(int(self.headers["Content-Length"]))
                return self.answer(412)
            return super().do_PUT()

    def do_GET(self) -> None:
        if "list-type=2" not in self.path:
            self.path = self.path.replace("%2F", "/")
            return super().do_GET()
        prefix = re.findall(r"prefix=([^&]*)", self.path)[0].replace("%2F", "/")
        keys = sorted(k.removeprefix("/bucket/") for k in self.objects)
        folders = {
            k[: k.index("/", len(prefix)) + 1]
            for k in keys
            if k.startswith(prefix) and "/" in k[len(prefix) :]
        }
        inside = "".join(f"<CommonPrefixes><Prefix>{f}</Prefix></CommonPrefixes>" for f in folders)
        return self.answer(200, f"<ListBucketResult>{inside}</ListBucketResult>".encode())

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        self.objects.pop(self.path.replace("%2F", "/"), None)
        self.answer(204)


def test_a_library_is_published_to_google_with_create_only_writes(tmp_path, monkeypatch):
    with odd_server(GoogleServer) as endpoint:
        account = {"gcs_base_url": endpoint, "disable_oauth": True, "client_email": ""}
        (tmp_path / "account.json").write_text(
            json.dumps({**account, "private_key": "", "private_key_id": ""})
        )
        monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", str(tmp_path / "account.json"))
        url = "gs://bucket/lib"
        assert publish_version(url, draft(), textures()).version == 1
        assert publish_version(url, draft(), textures()).nothing_to_do
        with pytest.raises(KeyConflict):
            open_store(url).put_new(f"{LIBRARY}/v0001/manifest.json", b"other")
        assert set(GoogleServer.conditions) == {"0"}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("gs://somewhere/lib", "GOOGLE_APPLICATION_CREDENTIALS"),
        ("az://somewhere/lib", "AZURE_STORAGE_ACCOUNT_NAME"),
        ("gs://NoBucket/lib", "is not a bucket name"),
        (f"az://me:{SECRET}@box/lib", "AZURE_STORAGE_ACCOUNT_KEY"),
        (f"az://box/lib?sig={SECRET}", "AZURE_STORAGE_ACCOUNT_KEY"),
    ],
)
def test_other_clouds_say_what_to_set_and_no_secret(url, words):
    with pytest.raises((StoreError, LibraryError)) as caught:
        verify_version(url, LIBRARY, 1)
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "AWS_" not in str(caught.value)
