"""The commands of `texture-mill library`, on a folder as store."""

import json
from pathlib import Path

import pytest

from data.library.publish import publish_version
from flows.cli import main
from tests.data.library.library_samples import draft, photographs, textures


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store with two versions of the library `stones`, named by the environment."""
    store_url = (tmp_path / "store").as_uri()
    monkeypatch.setenv("TEXTURE_MILL_STORE_URL", store_url)
    publish_version(store_url, draft(), textures(), photographs=photographs())
    publish_version(store_url, draft(), textures(1), photographs=photographs())
    return store_url


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(["library", *arguments])
    said = capsys.readouterr()
    return status, said.out + said.err


def test_verify_says_that_all_is_well(url, capsys):
    status, said = run(capsys, "verify", "stones")
    assert status == 0
    assert said.splitlines()[-1].startswith("stones v0002: ")
    assert said.endswith("objects, 0 copies missing or damaged\n")


def test_verify_ends_with_3_and_names_what_is_missing(url, capsys, tmp_path):
    lost = next(tmp_path.glob("store/stones/v0001/brick/*.png"))
    lost.unlink()
    status, said = run(capsys, "verify", "stones", "--version", "1", "--json")
    assert status == 3
    (fault,) = json.loads(said)["faults"]
    assert lost.name in fault["words"]
    assert run(capsys, "verify", "stones", "--version", "1", "--repair")[0] == 0
    assert run(capsys, "verify", "stones", "--version", "1")[0] == 0
    assert lost.exists()


def test_a_library_that_is_not_there_is_an_error_in_one_line(url, capsys):
    status, said = run(capsys, "verify", "pebbles")
    assert status == 1
    assert said.startswith("texture-mill: error: no version of the library 'pebbles'")
    assert said.count("\n") == 1
