"""Keys, signatures and refusals on the command line, and the key of a flow."""

from pathlib import Path

import pytest

from data.library.publish import publish_version
from flows.cli import main
from tasks.errors import MillError
from tasks.settings import Settings
from tasks.signing import signing_key
from tests.data.library.library_samples import LIBRARY, draft, textures


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path / "mill"))
    assert main(["library", "keygen", str(tmp_path / "keys")]) == 0
    monkeypatch.setenv("TEXTURE_MILL_SIGNING_KEY", str(tmp_path / "keys/texture-mill.key"))
    return tmp_path / "keys"


@pytest.fixture
def url(tmp_path: Path) -> str:
    publish_version((tmp_path / "store").as_uri(), draft(), textures())
    return (tmp_path / "store").as_uri()


def test_what_is_promoted_signed_is_pulled_and_verified_with_the_key(keys, url, tmp_path, capsys):
    public = ["--public-key", str(keys / "texture-mill.pub"), "--store", url]
    for command in (["verify", LIBRARY], ["pull", LIBRARY, str(tmp_path / "art")]):
        assert main(["library", *command, *public]) == 1
        assert "v0001 is not signed by the key" in capsys.readouterr().err
    assert not (tmp_path / "art").exists()
    assert main(["library", "promote", LIBRARY, "stable", "--sign", "--store", url]) == 0
    for command in (["verify", LIBRARY], ["pull", LIBRARY, str(tmp_path / "art")]):
        assert main(["library", *command, *public]) == 0
    assert main(["library", "zip", LIBRARY, str(tmp_path / "a.zip"), *public]) == 0


def test_a_key_in_the_environment_is_asked_for_without_an_option(
    keys, url, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("TEXTURE_MILL_PUBLIC_KEY", (keys / "texture-mill.pub").read_text())
    pull = ["library", "pull", LIBRARY, str(tmp_path / "art"), "--store", url]
    assert main(pull) == 1
    assert main(["library", "sign", LIBRARY, "--store", url]) == 0
    assert main(pull) == 0
    capsys.readouterr()
    assert main(["library", "verify", LIBRARY, "--store", url, "--json"]) == 0


def test_a_public_key_that_is_not_there_is_named(url, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path / "mill"))
    verify = ["library", "verify", LIBRARY, "--store", url, "--public-key", "keys/of.pub"]
    assert main(verify) == 1
    assert "'keys/of.pub' is neither a file nor a public key" in capsys.readouterr().err


def test_the_secret_key_is_its_owners_and_is_not_made_twice(keys, capsys):
    secret = keys / "texture-mill.key"
    assert secret.stat().st_mode & 0o077 == 0
    before = secret.read_bytes()
    assert main(["library", "keygen", str(keys)]) == 1
    assert secret.read_bytes() == before
    assert before.decode().splitlines()[1] not in "".join(capsys.readouterr())


def test_without_a_key_it_is_said_how_to_give_one(url, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path / "mill"))
    assert main(["library", "sign", LIBRARY, "--store", url]) == 1
    assert "TEXTURE_MILL_SIGNING_KEY is the path" in capsys.readouterr().err


def test_a_key_that_is_none_is_not_repeated(url, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path / "mill"))
    monkeypatch.setenv("TEXTURE_MILL_SIGNING_KEY", "hunter2hunter2")
    assert main(["library", "sign", LIBRARY, "--store", url]) == 1
    said = "".join(capsys.readouterr())
    assert "not a secret key" in said
    assert "hunter2" not in said
    assert "hunter2" not in repr(Settings())


def test_a_key_may_be_given_itself(keys, monkeypatch):
    path = keys / "texture-mill.key"
    from_file = signing_key(Settings())
    for text in (path.read_text(), path.read_text().splitlines()[1]):
        monkeypatch.setenv("TEXTURE_MILL_SIGNING_KEY", text)
        assert signing_key(Settings()) == from_file


@pytest.mark.server
def test_a_key_may_lie_in_a_block_of_prefect(keys, prefect_server, monkeypatch):
    from prefect.blocks.system import Secret
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: prefect_server}):
        Secret(value=(keys / "texture-mill.key").read_text()).save("library-key")
        from_file = signing_key(Settings())
        monkeypatch.setenv("TEXTURE_MILL_SIGNING_KEY", "block:library-key")
        assert signing_key(Settings()) == from_file
        monkeypatch.setenv("TEXTURE_MILL_SIGNING_KEY", "block:no-such-key")
        with pytest.raises(MillError, match="no Secret block"):
            signing_key(Settings())
