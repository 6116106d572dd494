"""Signed manifests, in the format of minisign: what it signs is believed, and nothing else."""

import base64
import shutil
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.library.minisign import (
    SignatureWrong,
    _check_of,
    _stream,
    new_key,
    read_public_key,
    read_secret_key,
    sign,
    verify,
)
from data.library.publish import publish_version
from data.library.records import LibraryError
from data.library.signatures import check_signature, sign_version
from data.library.versions import read_manifest
from data.object_store import open_store
from tests.data.library.library_samples import LIBRARY, draft, textures

# Made by minisign 0.11, with `-W`, of the six bytes "hello\n"; the key signed nothing else.
PUBLIC = "RWR+5NRrFoiDN5VuJOkWfe0sYxAoOJVzW83ECpTvL3i3lO46Qs4tXMi/"
SIGNATURE = """untrusted comment: signature from minisign secret key
RUR+5NRrFoiDN8CkvYHq3pb7XjYUHGOPFVUhDwCItlKSXvkiL5640MRsrdCHQ7YF5ak2Y5aElA976FueBjPt3ktWSSQLJuoH1Qs=
trusted comment: hi there
J7wsYDV6C7qo7HwDEiJgYXpJpbFv8Bgi0dZuPMRFRb9USd3+L8Ga+cifp07IbL1o8jI3o03iPxbLC/nkScGJCQ==
"""


def test_what_the_tool_signed_is_believed():
    assert verify(b"hello\n", SIGNATURE, read_public_key(PUBLIC)) == "hi there"


@pytest.mark.parametrize("change", [("hi there", "hi These"), ("N8Ckv", "N8Ckw"), ("J7ws", "J7wt")])
def test_a_signature_that_was_changed_is_not_believed(change):
    with pytest.raises(SignatureWrong):
        verify(b"hello\n", SIGNATURE.replace(*change), read_public_key(PUBLIC))


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_a_signature_is_of_these_bytes_by_this_key(content, other):
    key = new_key()
    made = sign(content, key, "a comment")
    assert verify(content, made, key.public) == "a comment"
    if other != content:
        with pytest.raises(SignatureWrong):
            verify(other, made, key.public)
    stranger = replace(new_key(), key_id=key.key_id)
    with pytest.raises(SignatureWrong):
        verify(content, made, stranger.public)


@given(st.text(max_size=300))
def test_no_text_is_taken_for_a_key_or_a_signature(text):
    for read in (read_public_key, read_secret_key):
        with pytest.raises(LibraryError):
            read(text)
    with pytest.raises(LibraryError):
        verify(b"", text, new_key().public)


def locked(password: str) -> tuple[str, str]:
    """A secret key file with a password and its public key, cheap to open."""
    key = new_key()
    secret = key.seed + key.public.key
    plain = key.key_id + secret + _check_of(key.key_id, secret)
    limits = (32768, 1 << 24)
    stream = _stream(password, b"s" * 32, *limits)
    body = bytes(a ^ b for a, b in zip(plain, stream, strict=True))
    raw = b"EdScB2" + b"s" * 32 + struct.pack("<QQ", *limits) + body
    return f"untrusted comment: x\n{base64.b64encode(raw).decode()}\n", str(key.public)


def test_a_password_opens_its_key_and_another_one_does_not():
    text, public = locked("open sesame")
    assert str(read_secret_key(text, "open sesame").public) == public
    with pytest.raises(LibraryError, match="password is wrong"):
        read_secret_key(text, "open barley")


def test_a_key_that_asks_for_all_memory_is_refused():
    raw = bytearray(base64.b64decode(locked("x")[0].splitlines()[1]))
    raw[46:54] = struct.pack("<Q", 1 << 40)
    with pytest.raises(LibraryError, match="more work"):
        read_secret_key(base64.b64encode(raw).decode(), "x")


def test_nothing_of_a_secret_key_is_printed():
    key = new_key()
    assert key.seed.hex() not in repr(key)
    assert repr(key.seed) not in repr(key)


@pytest.mark.skipif(shutil.which("minisign") is None, reason="minisign is not installed")
def test_the_tool_believes_what_is_signed_here(tmp_path: Path):
    key = new_key()
    for name, text in {"f": "some text", "k": key.as_file(), "p": key.public.as_file()}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "f.minisig").write_text(sign(b"some text", key, "v0001"))
    for arguments in (["-Vm", "f", "-p", "p"], ["-Sm", "f", "-s", "k", "-x", "again"]):
        subprocess.run(["minisign", *arguments], cwd=tmp_path, check=True, capture_output=True)
    assert verify(b"some text", (tmp_path / "again").read_text(), key.public)


def test_a_version_is_signed_once_and_by_whoever_wants(store_url):
    publish_version(store_url, draft(), textures())
    store, manifest = open_store(store_url), read_manifest(store_url, LIBRARY)
    ann, ben = new_key(), new_key()
    assert sign_version(store, LIBRARY, 1, ann) == sign_version(store, LIBRARY, 1, ann)
    sign_version(store, LIBRARY, 1, ben)
    for key in (ann, ben):
        assert check_signature(store, manifest, key.public).startswith("stones v0001, manifest")
    assert len(store.objects(f"{LIBRARY}/v0001/signatures")) == 2


def test_a_version_is_refused_that_is_not_signed_or_whose_signature_is_of_another(tmp_path):
    url = tmp_path.as_uri()
    store, key = open_store(url), new_key()
    publish_version(url, draft(), textures())
    publish_version(url, draft(), textures(1))
    first = read_manifest(url, LIBRARY, 1)
    with pytest.raises(SignatureWrong, match="v0001 is not signed by the key"):
        check_signature(store, first, key.public)
    sign_version(store, LIBRARY, 2, key)
    (place,) = (tmp_path / LIBRARY / "v0002/signatures").iterdir()
    (tmp_path / LIBRARY / "v0001/signatures").mkdir()
    (tmp_path / LIBRARY / "v0001/signatures" / place.name).write_bytes(place.read_bytes())
    with pytest.raises(SignatureWrong, match="did not sign these bytes"):
        check_signature(store, first, key.public)


def test_a_manifest_that_was_exchanged_is_found_out(tmp_path):
    url = tmp_path.as_uri()
    store, key = open_store(url), new_key()
    publish_version(url, draft(), textures())
    sign_version(store, LIBRARY, 1, key)
    path = tmp_path / LIBRARY / "v0001/manifest.json"
    path.write_bytes(path.read_bytes().replace(b"CC0-1.0", b"CC-BY-4"))
    with pytest.raises(SignatureWrong, match="did not sign these bytes"):
        check_signature(store, read_manifest(url, LIBRARY), key.public)
