"""Stores that the tests of the store and of libraries run against."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from tests.data.swift_server import ACCESS_KEY, SECRET_KEY, SwiftServer, reason_to_skip

BUCKET = "mill-tests"


@pytest.fixture(autouse=True)
def _no_credentials_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def swift_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SwiftServer]:
    """A running S3 server with one bucket."""
    if reason := reason_to_skip():
        pytest.skip(reason)
    server = SwiftServer(tmp_path_factory.mktemp("swift"))
    try:
        server.start()
        client = boto3.client(
            "s3",
            endpoint_url=server.endpoint,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )
        client.create_bucket(Bucket=BUCKET)
        yield server
    finally:
        server.stop()


@pytest.fixture
def s3_url(swift_server: SwiftServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty store on the S3 server, with the environment a client needs."""
    for name, value in swift_server.environment.items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/test-{uuid.uuid4().hex}"


@pytest.fixture(params=["file", "memory"])
def local_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store of the kinds that need no server, for what does not depend on the kind."""
    return (
        (tmp_path / "store").as_uri() if request.param == "file" else f"memory://{uuid.uuid4().hex}"
    )


# A developer who runs Azurite, with a container `mill` and the AZURE_* variables, tests az:// too.
EVERY_KIND = ("file", "memory", "s3", *(["az"] if "AZURITE_BLOB_STORAGE_URL" in os.environ else []))


@pytest.fixture(params=EVERY_KIND)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty store of each kind."""
    match request.param:
        case "file":
            return (tmp_path / "a störe").as_uri()
        case "memory":
            return f"memory://{uuid.uuid4().hex}"
        case "az":
            return f"az://mill/test-{uuid.uuid4().hex}"
    return str(request.getfixturevalue("s3_url"))
