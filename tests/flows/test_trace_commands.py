"""From a picture back to its photographs, and forward again, from manifests alone."""

import json
from pathlib import Path

import pytest
from PIL import Image

from data.library.publish import publish_version
from flows.cli import main
from tests.data.library.library_samples import draft, photographs, textures


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with one version of the library `stones`, named by the environment."""
    monkeypatch.setenv("TEXTURE_MILL_STORE_URL", (tmp_path / "store").as_uri())
    publish_version((tmp_path / "store").as_uri(), draft(), textures(), photographs=photographs())
    return tmp_path / "store"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = main(["trace", *arguments])
    said = capsys.readouterr()
    return status, said.out + said.err


def picture(store: Path) -> Path:
    return store / "stones/v0001/brick/brick_0002_basecolor_32.png"


def test_a_file_leads_to_model_training_photographs_and_licences(store, capsys) -> None:
    status, said = run(capsys, str(picture(store)))
    assert status == 0
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "model psgan-stones version 3, psgan" in lines
    assert "training run run1" in lines
    assert f"dataset {'ef' * 32}" in lines
    assert "material brick, seed 2" in lines
    assert "photograph My Wall.jpg, CC0-1.0, https://example.org/wall" in lines
    assert not any("gravel" in line for line in lines)
    assert "code 0.1.0" in lines


def test_pixels_are_found_after_another_program_wrote_the_file(store, capsys, tmp_path) -> None:
    copy = tmp_path / "copy.png"
    with Image.open(picture(store)) as image:
        image.save(copy, optimize=True)
    status, said = run(capsys, str(copy), "--json")
    assert status == 0
    (found,) = json.loads(said)["back"]
    assert found["key"] == "brick/brick_0002_basecolor_32.png"
    assert found["found_by"] == "the pixels' SHA-256"


def test_the_manifest_alone_is_enough(store, capsys, tmp_path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_bytes((store / "stones/v0001/manifest.json").read_bytes())
    sha256 = json.loads(manifest.read_text())["textures"][0]["sha256"]
    status, said = run(capsys, sha256[:16], "--library-url", str(manifest))
    assert status == 0
    assert "stones v0001" in said


def test_a_photograph_leads_to_everything_of_its_material(store, capsys) -> None:
    status, said = run(capsys, "ab" * 32, "--json")
    assert status == 0
    forward = json.loads(said)["forward"]
    assert len(forward) == 8  # both sample photographs have this hash
    assert {traced["material"] for traced in forward} == {"brick", "gravel"}


def test_what_nobody_published_is_status_3_and_nonsense_is_status_1(store, capsys) -> None:
    assert run(capsys, "0" * 64)[0] == 3
    status, said = run(capsys, "no_such_file.png")
    assert status == 1
    assert said.count("\n") == 1
    assert "neither a file nor a SHA-256" in said


def test_a_strangers_file_is_no_reason_to_stumble(store, capsys, tmp_path) -> None:
    for content in (b"", b"\x89PNG\r\n\x1a\n broken", b"text"):
        path = tmp_path / "strange.png"
        path.write_bytes(content)
        assert run(capsys, str(path))[0] == 3
