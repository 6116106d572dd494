"""C2PA manifests beside pictures: C2PA's own reader believes them, of these pixels alone."""

import io
import sys
from pathlib import Path

import c2pa
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from PIL import Image

from data.library.c2pa_signing import credential_signer, read_credential, read_credential_key
from data.library.credentials import LINEAGE, MAX_LISTED_BYTES, assertion_of, credential
from data.library.encode import TextureSpec, decode_png, encode_png, encode_texture
from data.library.publish import publish_version
from data.library.records import DIGITAL_SOURCE_TYPE, LibraryError, SourceRef, digest
from data.library.selection import Chosen, Selection
from data.library.sidecars import write_credentials
from data.library.versions import manifest_key, read_manifest
from data.object_store import open_store
from flows.cli import main
from tests.data.library.certificates import (
    CLAIMS,
    SERVERS,
    Certificates,
    as_pem,
    certificates,
    new_key,
)
from tests.data.library.library_samples import LIBRARY, draft, pixels, provenance, textures

PICTURE = "brick/brick_0001_basecolor_16"


@pytest.fixture(scope="module")
def signer() -> Certificates:
    return certificates()


@pytest.fixture
def command(signer, tmp_path, monkeypatch):
    """Write two versions, one picture changed, and return what runs `library c2pa`."""
    monkeypatch.setenv("TEXTURE_MILL_HOME", str(tmp_path / "mill"))
    url = (tmp_path / "store").as_uri()
    first = textures()
    publish_version(url, draft(), first)
    publish_version(url, draft(), [*textures(1)[:1], *first[1:-1]])
    (tmp_path / "certificate.pem").write_bytes(signer.chain)
    (tmp_path / "key.pem").write_bytes(signer.key)
    files = ["--certificate", str(tmp_path / "certificate.pem"), "--key", str(tmp_path / "key.pem")]

    def run(*options: str) -> int:
        out = str(tmp_path / "out")
        return main(["library", "c2pa", LIBRARY, out, "--store", url, *files, *options])

    return run


def report(folder: Path, name: str = PICTURE, anchors: str = "") -> tuple[str, dict]:
    png = (folder / f"{name}.png").read_bytes()
    found = read_credential(png, (folder / f"{name}.c2pa").read_bytes(), anchors_pem=anchors)
    assert found is not None
    return found


def test_every_picture_has_a_manifest_that_the_reader_of_c2pa_believes(
    command, signer, tmp_path, capsys
):
    assert command("--version", "v1") == 0
    out = tmp_path / "out"
    assert "8 pictures, 8 C2PA manifests written" in capsys.readouterr().out
    assert len(list(out.rglob("*.c2pa"))) == len(list(out.rglob("*.png"))) == 8
    state, manifest = report(out, anchors=signer.authority.decode())
    assert state == "Trusted"
    assert report(out)[0] == "Valid"
    assert manifest["claim_generator_info"][0]["name"] == "texture-mill"
    assert manifest["title"] == "brick_0001_basecolor_16.png"
    (created,) = assertion_of(manifest, "c2pa.actions.v2")["actions"]
    assert created["action"] == "c2pa.created"
    assert created["digitalSourceType"] == DIGITAL_SOURCE_TYPE
    assert created["softwareAgent"] == {"name": "psgan-stones", "version": "3"}
    png = (tmp_path / f"store/{LIBRARY}/v0001/{PICTURE}.png").read_bytes()
    assert (out / f"{PICTURE}.png").read_bytes() == png


def test_the_lineage_comes_from_the_manifest_of_the_library(command, tmp_path):
    assert command("--version", "v1") == 0
    said = assertion_of(report(tmp_path / "out")[1], LINEAGE)
    store = open_store((tmp_path / "store").as_uri())
    assert said["manifest_sha256"] == digest(store.get(manifest_key(LIBRARY, 1)))
    assert (said["library"], said["version"], said["seed"]) == (LIBRARY, 1, 1)
    assert said["model"]["mlflow_run_id"] == "run1"
    assert said["dataset"]["fingerprint"] == "ef" * 32
    assert said["dataset"]["licences"] == {"CC0-1.0": 1, "unknown": 1}
    assert [p["material"] for p in said["dataset"]["photographs"]] == ["brick", "gravel"]
    assert said["dataset"]["photographs"][0]["origin"] == "https://example.org/wall"


@pytest.mark.parametrize("channel", [0, 2])
def test_one_changed_pixel_is_a_mismatch_for_the_reader(command, tmp_path, channel):
    assert command("--version", "v1") == 0
    picture, sidecar = (tmp_path / f"out/{PICTURE}{end}" for end in (".png", ".c2pa"))
    shown = decode_png(picture.read_bytes())[0].copy()
    shown[3, 5, channel] ^= 1
    changed = io.BytesIO()
    Image.fromarray(shown).save(changed, "PNG")
    with c2pa.Reader("image/png", changed, sidecar.read_bytes()) as reader:
        assert reader.get_validation_state() == "Invalid"
        assert "assertion.dataHash.mismatch" in reader.json()


def test_a_second_run_writes_nothing_and_a_new_version_only_what_changed(command, tmp_path, capsys):
    assert command("--version", "v1") == 0
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.c2pa")}
    capsys.readouterr()
    assert command("--version", "v1") == 0
    assert "0 C2PA manifests written, 8 as they were" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.c2pa")} == before
    # Every sidecar names its version, so all of them are new; of what went, both files go.
    assert command() == 0
    assert "7 C2PA manifests written, 0 as they were" in capsys.readouterr().out
    assert not list((tmp_path / "out").rglob("gravel_0002_basecolor_32*"))
    assert all(
        report(tmp_path / "out", str(path.relative_to(tmp_path / "out").with_suffix("")))[0]
        == "Valid"
        for path in (tmp_path / "out").rglob("*.png")
    )


def test_a_file_that_is_not_ours_is_left_alone_until_that_is_asked_for(command, tmp_path, capsys):
    strange = tmp_path / f"out/{PICTURE}.c2pa"
    strange.parent.mkdir(parents=True)
    strange.write_bytes(b"somebody's")
    assert command() == 1
    assert "was not made by texture-mill" in capsys.readouterr().err
    assert list((tmp_path / "out").rglob("*.*")) == [strange]
    assert command("--force") == 0
    assert report(tmp_path / "out")[0] == "Valid"


def test_other_names_and_maps_are_signed_as_they_are_called(command, tmp_path):
    assert command("--profile", "ambientcg", "--materials", "brick", "--sizes", "32") == 0
    name = "brick/brick_0002_32-PNG_Color"
    state, manifest = report(tmp_path / "out", name)
    assert (state, manifest["title"]) == ("Valid", "brick_0002_32-PNG_Color.png")


def test_a_map_that_was_worked_out_names_the_file_it_was_worked_out_from(signer, tmp_path):
    url = (tmp_path / "store").as_uri()
    spec = TextureSpec(name="brick_0001", material="brick", seed=1, role="normal_gl")
    publish_version(url, draft(), [encode_texture(pixels(1), spec, provenance())])
    manifest = read_manifest(url, LIBRARY, 1)
    selection = Selection(maps=("normal_dx",))
    key = read_credential_key(signer.chain, signer.key)
    done = write_credentials(open_store(url), manifest, tmp_path / "out", selection, key)
    assert done.written == ("brick/brick_0001_normal_dx_16.c2pa",)
    state, found = report(tmp_path / "out", "brick/brick_0001_normal_dx_16")
    said = assertion_of(found, LINEAGE)
    assert (state, said["map"]) == ("Valid", "normal_dx")
    record = manifest.textures[0]
    assert said["files"] == [{"key": record.key, "sha256": record.sha256}]


def test_the_key_is_neither_in_what_is_written_nor_in_what_is_said(
    command, signer, tmp_path, capsys
):
    secret = signer.key.splitlines()[2]
    assert command("--json") == 0
    assert command("--key", signer.key.decode()) == 1
    assert command("--key", str(tmp_path / "certificate.pem")) == 1
    assert command("--certificate", str(tmp_path / "nowhere.pem")) == 1
    said = capsys.readouterr()
    assert "what was given" in said.err
    assert "nowhere.pem': No such file" in said.err
    assert secret.decode() not in said.out + said.err
    assert secret.decode() not in repr(read_credential_key(signer.chain, signer.key))
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert not any(secret in path.read_bytes() or b"PRIVATE" in path.read_bytes() for path in files)


def test_without_the_library_one_line_names_the_extra(command, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "c2pa", None)
    assert command() == 1
    said = capsys.readouterr().err
    assert "texture-mill[c2pa]" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: certificates(purpose=SERVERS), "extended key usage"),
        (lambda: certificates(days=-2), "not valid at time of signing"),
    ],
)
def test_a_certificate_that_c2pa_refuses_is_refused_before_anything_is_written(
    made, words, command, tmp_path, capsys
):
    found = made()
    (tmp_path / "certificate.pem").write_bytes(found.chain)
    (tmp_path / "key.pem").write_bytes(found.key)
    assert command() == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "private",
    [
        lambda: ec.generate_private_key(ec.SECP384R1()),
        lambda: ec.generate_private_key(ec.SECP521R1()),
        lambda: rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate,
    ],
)
def test_every_kind_of_key_that_c2pa_knows_signs(private):
    made = certificates(private=private())
    picture = encode_png(np.zeros((4, 4, 3), np.uint8))
    with credential_signer(read_credential_key(made.chain, made.key)) as sign:
        sidecar = sign(picture, definition())
    assert read_credential(picture, sidecar)[0] == "Valid"


def test_a_certificate_of_c2pas_own_purpose_signs():
    made = certificates(purpose=CLAIMS)
    picture = encode_png(np.zeros((4, 4, 3), np.uint8))
    with credential_signer(read_credential_key(made.chain, made.key)) as sign:
        assert read_credential(picture, sign(picture, definition()))[0] == "Valid"


def test_a_key_may_have_a_password():
    private = new_key()
    made = certificates(private=private)
    locked = as_pem(private, b"sesame")
    assert read_credential_key(made.chain, locked, "sesame").key_pem == made.key
    for password, words in (("", "has a password"), ("wrong", "its password is wrong")):
        with pytest.raises(LibraryError, match=words):
            read_credential_key(made.chain, locked, password)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (lambda: as_pem(new_key()), "does not belong to the certificate"),
        (lambda: as_pem(dsa.generate_private_key(1024)), "C2PA signs with"),
        (lambda: as_pem(ec.generate_private_key(ec.SECP256K1())), "does not belong"),
        (lambda: b"nonsense", "cannot be read"),
    ],
)
def test_a_key_that_does_not_fit_is_named(key, words, signer):
    with pytest.raises(LibraryError, match=words):
        read_credential_key(signer.chain, key())
    with pytest.raises(LibraryError, match="not PEM"):
        read_credential_key(b"nonsense", key())


def definition(**changes) -> dict:
    """Of the first texture of a library whose provenance is changed."""
    url = "memory://credentials"
    made = publish_version(url, draft(provenance=provenance(**changes)), textures()[:1])
    manifest = read_manifest(url, LIBRARY, made.version)
    return credential(manifest, "ab" * 32, Chosen("basecolor", manifest.textures[:1]), "a.png")


def test_of_many_photographs_as_many_are_listed_as_fit_and_all_licences():
    dataset = provenance().dataset
    many = tuple(
        photograph.model_copy(update={"photo_id": f"{photograph.photo_id}_{number}"})
        for photograph in dataset.photographs
        for number in range(2000)
    )
    said = definition(dataset=dataset.model_copy(update={"photographs": many}))
    found = assertion_of(said, LINEAGE)["dataset"]
    assert found["licences"] == {"CC0-1.0": 2000, "unknown": 2000}
    assert len(str(found["photographs"])) < 1.1 * MAX_LISTED_BYTES
    assert {p["material"] for p in found["photographs"]} == {"brick"}
    assert found["photographs_not_listed"] + len(found["photographs"]) == 4000


def test_a_translation_names_the_picture_it_was_made_from():
    manifest = read_manifest_of_one()
    source = SourceRef(key="old/wall.png", sha256="12" * 32, licence="CC-BY-4.0", origin="Ann")
    record = manifest.textures[0].model_copy(update={"source": source})
    said = credential(manifest, "ab" * 32, Chosen("basecolor", (record,)), "a.png")
    assert assertion_of(said, LINEAGE)["source"]["licence"] == "CC-BY-4.0"


def read_manifest_of_one():
    url = "memory://one-credential"
    publish_version(url, draft(), textures()[:1])
    return read_manifest(url, LIBRARY, 1)
