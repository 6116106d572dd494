"""Where MLflow keeps artifacts is tried before a training, by the client that will write there."""

import os
import re
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tasks.door_checks import check_artifacts
from tasks.errors import MillError
from tasks.settings import Settings
from tests.data.odd_servers import CarelessServer, odd_server


class Bucket(CarelessServer):
    """Takes, lists and deletes objects, as far as MLflow's client needs it."""

    objects: dict[str, bytes] = {}  # noqa: RUF012 - shared by the requests on purpose
    written: list[str] = []  # noqa: RUF012

    def do_PUT(self) -> None:  # noqa: N802 - named by the class of the standard library
        self.written.append(self.path)
        super().do_PUT()

    def do_GET(self) -> None:  # noqa: N802
        if "list-type=2" not in self.path:
            return super().do_GET()
        prefix = parse_qs(urlsplit(self.path).query)["prefix"][0]
        keys = (path.removeprefix("/artifacts/") for path in self.objects)
        keys = (key for key in keys if key.startswith(prefix))
        rows = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in keys)
        return self.answer(200, f"<ListBucketResult>{rows}</ListBucketResult>".encode())

    def do_HEAD(self) -> None:  # noqa: N802
        self.answer(200, self.objects[self.path])


class ForbiddenBucket(CarelessServer):
    """Lets nobody write."""

    def do_PUT(self) -> None:  # noqa: N802
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("TEXTURE_MILL_", "MLFLOW_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    Bucket.objects.clear()
    Bucket.written.clear()


def test_a_bucket_that_can_be_written_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    with odd_server(Bucket) as endpoint:
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", endpoint)
        monkeypatch.setenv("TEXTURE_MILL_ARTIFACT_URL", "s3://artifacts/mlflow")
        check_artifacts()
    assert len(Bucket.written) == 1
    assert Bucket.written[0].startswith("/artifacts/mlflow/write-probe-")
    assert Bucket.objects == {}


def test_a_bucket_without_permission_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with odd_server(ForbiddenBucket) as endpoint:
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", endpoint)
        monkeypatch.setenv("TEXTURE_MILL_ARTIFACT_URL", "s3://artifacts/mlflow")
        said = r"cannot be kept at s3://artifacts/mlflow: .*AccessDenied.*MILL_ARTIFACT_URL"
        with pytest.raises(MillError, match=said) as caught:
            check_artifacts()
    assert "s3cret" not in str(caught.value)


def test_an_experiment_keeps_the_place_it_was_made_with_and_that_one_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasks.tracking import connect, experiment_id

    monkeypatch.setenv("TEXTURE_MILL_ARTIFACT_URL", "s3://artifacts/mlflow")
    settings = Settings()
    experiment_id(connect(settings), settings)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")  # MLflow keeps there which server was used last
    monkeypatch.delenv("TEXTURE_MILL_ARTIFACT_URL")
    with odd_server(ForbiddenBucket) as endpoint:
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", endpoint)
        with pytest.raises(MillError, match=r"AccessDenied.*keeps the place.*MILL_EXPERIMENT"):
            check_artifacts()


def test_a_folder_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    place = (tmp_path / "file" / "artifacts").as_uri()
    monkeypatch.setenv("TEXTURE_MILL_ARTIFACT_URL", place)
    with pytest.raises(MillError, match=f"cannot be kept at {re.escape(place)}: "):
        check_artifacts()


def test_the_home_folder_is_known_to_be_written_without_asking_mlflow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "tasks.tracking", None)
    check_artifacts()
