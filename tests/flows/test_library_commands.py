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


def test_promote_rollback_and_log_tell_the_story_of_a_channel(url, capsys):
    assert run(capsys, "promote", "stones", "stable", "v1", "--by", "ann")[0] == 0
    assert run(capsys, "promote", "stones", "stable", "--by", "ann", "--why", "new bricks")[0] == 0
    status, said = run(capsys, "rollback", "stones", "stable", "--by", "bob", "--why", "seams")
    assert status == 0
    assert said.startswith("stones stable 3: v0001 after v0002, rollback, ")
    lines = run(capsys, "log", "stones", "stable")[1].splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "stones stable 3: v0001 after v0002",
        "stones stable 2: v0002 after v0001",
        "stones stable 1: v0001 after nothing",
    ]
    assert lines[1].endswith("by ann: new bricks")
    (current,) = json.loads(run(capsys, "log", "stones", "--json")[1])
    assert (current["channel"], current["version"]) == ("stable", 1)
    status, said = run(capsys, "rollback", "stones", "stable")
    assert status == 1
    assert "nothing before it" in said


def test_gc_says_what_would_go_and_removes_it_only_when_asked(url, capsys):
    arguments = ("gc", "stones", "--keep-versions", "1", "--grace-days", "0")
    status, said = run(capsys, *arguments)
    assert status == 0
    assert "kept     v0002: among the newest 1" in said
    assert "would go stones/v0001/manifest.json: nothing keeps this version" in said
    assert run(capsys, "verify", "stones", "--version", "v1")[0] == 0
    run(capsys, "pin", "stones", "our_game", "v1")
    assert "pin our_game" in run(capsys, *arguments, "--apply")[1]
    assert run(capsys, "verify", "stones", "--version", "v1")[0] == 0
    assert "not pinned any more" in run(capsys, "pin", "stones", "our_game", "--remove")[1]
    applied = json.loads(run(capsys, *arguments, "--apply", "--json")[1])
    assert applied["removals"]
    assert run(capsys, "verify", "stones", "--version", "v1")[0] == 1
    assert run(capsys, "verify", "stones")[0] == 0


def test_a_limit_of_gc_that_makes_no_sense_is_named(url, capsys):
    status, said = run(capsys, "gc", "stones", "--keep-versions", "0")
    assert status == 1
    assert "keep_versions is 0" in said


def test_pull_diff_and_zip_serve_those_who_use_the_textures(url, capsys, tmp_path):
    game = tmp_path / "game"
    arguments = ("pull", "stones", str(game), "--profile", "godot", "--maps", "basecolor")
    status, said = run(capsys, *arguments, "--version", "v1", "--sizes", "32")
    assert status == 0
    assert said.endswith("stones v0001: 4 files written, 0 as they were, 0 removed\n")
    lost = next(game.glob("brick/*.png"))
    lost.unlink()
    status, said = run(capsys, "pull", "stones", str(game), "--locked", "--json")
    assert json.loads(said)["written"] == [lost.relative_to(game).as_posix()]
    status, said = run(
        capsys, "pull", "stones", str(game), "--profile", "godot", "--maps", "normal"
    )
    assert status == 1
    assert "no texture fits" in said
    page = tmp_path / "page.html"
    status, said = run(capsys, "diff", "stones", "v1", "latest", "--html", str(page))
    assert said.splitlines()[-1] == "0 added, 8 changed, 0 re-encoded, 0 removed, 0 unchanged"
    assert page.read_text().startswith("<!doctype html>")
    status, said = run(capsys, "zip", "stones", str(tmp_path / "stones.zip"))
    assert status == 0
    assert (tmp_path / "stones.zip").is_file()


def test_a_profile_that_does_not_exist_is_named(url, capsys, tmp_path):
    status, said = run(capsys, "pull", "stones", str(tmp_path / "x"), "--profile", "quake")
    assert status == 1
    assert "profile is 'quake'" in said
