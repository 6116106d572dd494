"""Stores that refuse: one clear line, in seconds, never a credential."""

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from data.object_store import ObjectStore, StoreError, check_writable, open_store
from tests.data.conftest import BUCKET
from tests.data.odd_servers import CarelessServer, odd_server

SECRET = "hunter2-very-secret"


def refusal(act: Callable[[], object]) -> str:
    """What the refusal says, after checks that hold for every one."""
    with pytest.raises(StoreError) as caught:
        act()
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 400
    assert text.startswith("cannot ")
    assert SECRET not in text
    assert "test:tester" not in text
    return text


def test_a_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "taken").write_text("a file")
    url = (tmp_path / "taken" / "library").as_uri()
    text = refusal(lambda: check_writable(url))
    assert str(tmp_path / "taken" / "library") in text
    assert "part of the path is a file" in text


def test_a_folder_that_cannot_be_made_is_refused():
    assert "choose another folder" in refusal(lambda: check_writable("file:///proc/texture-mill"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A mounted file system of 64 kB, where mounting is permitted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if done.returncode:
        pytest.skip("mounting a file system is not permitted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_named_and_leaves_no_partial_object(small_disk):
    store = open_store(small_disk.as_uri())
    assert "the disk is full" in refusal(lambda: store.put_new("a/b", b"x" * 100_000))
    assert store.objects() == []
    assert not [path for path in small_disk.rglob("*") if path.is_file()]
    assert store.put_new("a/b", b"fits")


def test_a_read_only_file_system_is_named(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert "read-only" in refusal(lambda: check_writable(small_disk.as_uri()))


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX limits")
def test_a_limit_on_file_size_is_named_and_leaves_no_partial_object(tmp_path):
    program = f"""
import resource, sys
from data.object_store import StoreError, open_store
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    open_store({tmp_path.as_uri()!r}).put_new("a/b", b"x" * 100_000)
except StoreError as error:
    sys.exit(str(error))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "larger than this disk or process may write" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_wrong_secret_is_named_for_every_operation(s3_url, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert "check AWS_SECRET_ACCESS_KEY" in refusal(lambda: check_writable(s3_url))
    assert "check AWS_SECRET_ACCESS_KEY" in refusal(lambda: open_store(s3_url).objects())
    assert "check AWS_SECRET_ACCESS_KEY" in refusal(lambda: open_store(s3_url).get("a"))
    assert "refuses these credentials" in refusal(lambda: open_store(s3_url).exists("a"))


def test_an_unknown_access_key_is_refused(s3_url, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    assert "check AWS_" in refusal(lambda: check_writable(s3_url))


def test_a_user_without_permission_is_refused(s3_url, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test:reader")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "reading")
    assert "no permission" in refusal(lambda: check_writable(s3_url))


@pytest.mark.usefixtures("s3_url")
def test_a_missing_bucket_is_named():
    text = refusal(lambda: check_writable("s3://no-such-bucket/lib"))
    assert "the bucket does not exist" in text
    assert "s3://no-such-bucket/lib" in text
    assert "the bucket" in refusal(lambda: open_store("s3://no-such-bucket/lib").objects())


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Point the S3 client at an endpoint, with a secret that must not show up anywhere."""

    def point_at(endpoint: str) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)

    return point_at


def test_an_endpoint_where_nothing_runs_is_reported_in_seconds(credentials):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{unused.getsockname()[1]}"
    credentials(f"http://somebody:{SECRET}@{endpoint}")
    start = time.monotonic()
    text = refusal(lambda: check_writable("s3://bucket/lib"))
    assert time.monotonic() - start < 10
    assert f"{endpoint} does not answer" in text


def test_an_endpoint_whose_name_is_unknown_is_reported_in_seconds(credentials):
    credentials("http://no-such-host.invalid:9000")
    start = time.monotonic()
    assert "no-such-host.invalid:9000" in refusal(lambda: check_writable("s3://bucket/lib"))
    assert time.monotonic() - start < 20


@pytest.mark.parametrize(
    "url",
    [
        f"s3://somebody:{SECRET}@bucket/lib",
        f"s3://somebody:a/{SECRET}@bucket/lib",
        f"s3://somebody:a?{SECRET}@bucket/lib",
        f"s3://somebody:{SECRET}",
        f"s3://bucket/lib?sig={SECRET}",
        f"s3://bucket/lib#{SECRET}",
    ],
)
def test_credentials_in_a_store_url_are_refused_and_not_repeated(url):
    with pytest.raises(StoreError, match="give credentials in AWS_ACCESS_KEY_ID") as caught:
        open_store(url)
    assert SECRET not in str(caught.value)
    assert "somebody" not in str(caught.value)


def test_a_store_that_overwrites_is_found_out_by_the_probe(credentials):
    with odd_server(CarelessServer) as endpoint:
        credentials(endpoint)
        with pytest.raises(StoreError, match="honours If-None-Match"):
            check_writable("s3://bucket/lib")
    assert CarelessServer.objects == {}


class RefusingServer(CarelessServer):
    """Refuses everything and repeats what it was sent, as servers do in their answers."""

    status, code = 403, "AccessDenied"

    def do_PUT(self) -> None:  # noqa: N802
        self.rfile.read(int(self.headers["Content-Length"]))
        sent = f"{self.headers['Authorization']} {SECRET}"
        error = f"<Error><Code>{self.code}</Code><Message>{sent}</Message></Error>"
        self.answer(self.status, error.encode())


def test_nothing_of_an_answer_travels_on_but_its_code(credentials):
    with odd_server(RefusingServer) as endpoint:
        credentials(endpoint)
        text = refusal(lambda: check_writable("s3://bucket/lib"))
    assert "no permission" in text
    assert "AccessDenied" in text
    assert "Signature" not in text
    assert "somebody" not in text


class BusyServer(RefusingServer):
    status, code = 503, "SlowDown"


def test_a_server_that_stays_busy_is_given_up_in_seconds(credentials):
    with odd_server(BusyServer) as endpoint:
        credentials(endpoint)
        start = time.monotonic()
        text = refusal(lambda: check_writable("s3://bucket/lib"))
    assert time.monotonic() - start < 20
    assert "slow down" in text


def test_a_machine_without_credentials_is_told_what_to_set(monkeypatch):
    """The client then asks for a machine's role at an address that answers only in a cloud."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    start = time.monotonic()
    text = refusal(lambda: check_writable("s3://bucket/lib"))
    assert time.monotonic() - start < 25
    assert "AWS_ACCESS_KEY_ID" in text or "credentials" in text


def test_damage_of_a_stored_object_is_a_conflict_not_a_success(s3_url):
    key = f"object-{uuid.uuid4().hex}"
    store: ObjectStore = open_store(s3_url)
    store.put_new(key, b"good")
    with pytest.raises(StoreError, match=key):
        open_store(f"s3://{BUCKET}/{s3_url.rsplit('/', 1)[1]}").put_new(key, b"bad!")


def test_the_secret_of_the_environment_is_never_printed(credentials, capfd):
    with odd_server(RefusingServer) as endpoint:
        credentials(endpoint)
        with pytest.raises(StoreError):
            check_writable("s3://bucket/lib")
    assert SECRET in os.environ["AWS_SECRET_ACCESS_KEY"]
    captured = capfd.readouterr()
    assert SECRET not in captured.out + captured.err
