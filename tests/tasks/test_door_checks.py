"""Servers with a login in their address: asked as their own clients ask, named without it."""

import base64
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from tasks.door_checks import check_doors, check_place
from tasks.errors import MillError
from tasks.settings import Settings
from tests.data.odd_servers import CarelessServer, odd_server


class HealthyServer(CarelessServer):
    """Well, and remembers who asked."""

    asked: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:  # noqa: N802 - named by the class of the standard library
        self.asked.append((self.path, self.headers["Authorization"]))
        self.answer(200, b"OK")


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path))
    monkeypatch.setenv("TEXTURE_MILL_REQUIRED_FREE_MB", "1")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    HealthyServer.asked.clear()


def test_a_login_in_an_address_is_sent_as_a_header(monkeypatch: pytest.MonkeyPatch) -> None:
    with odd_server(HealthyServer) as endpoint:
        host = endpoint.removeprefix("http://")
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:s3%2Fcret@{host}/mlflow/")
        monkeypatch.setenv("PREFECT_API_URL", f"{endpoint}/api")
        check_doors(Settings())
    token = base64.b64encode(b"me:s3/cret").decode()
    assert HealthyServer.asked == [
        ("/api/health", None),
        ("/mlflow/health", f"Basic {token}"),
    ]


@pytest.mark.parametrize(
    "address", ["http://me:s3/cret@host", "http://me:s3cret@[::1", "http://host:s3cret"]
)
@pytest.mark.parametrize("variable", ["MLFLOW_TRACKING_URI", "PREFECT_API_URL"])
def test_an_address_that_is_none_is_refused_without_its_password(
    address: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, address)
    with pytest.raises(MillError, match=f"address is not understood.*correct {variable}") as caught:
        check_doors(Settings())
    assert "s3" not in str(caught.value)


@pytest.fixture
def babbling() -> Iterator[str]:
    """Address of something that answers, but not as web servers do."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"220 mail\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def test_what_is_no_web_server_is_named(babbling: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", babbling)
    with pytest.raises(MillError, match=f"at {babbling} does not answer as a web server does"):
        check_doors(Settings())


def test_a_run_checks_its_doors_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path / "new"))  # a worker made none
    with odd_server(HealthyServer) as endpoint:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", endpoint)
        check_place()
        check_place()
    assert (tmp_path / "new").is_dir()
    assert HealthyServer.asked == [("/health", None)]
