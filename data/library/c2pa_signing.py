"""Signing C2PA manifests of pictures, and reading them, with c2pa-python: the extra `c2pa`.

Nothing of a private key is ever part of an error, a log line or a `repr`, and nothing is asked of
the network: no timestamp is fetched, no list of revoked certificates, no manifest of others.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import Any, Final

import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from data.library.encode import encode_png
from data.library.records import DIGITAL_SOURCE_TYPE, LibraryError

MEDIA_TYPE: Final = "image/png"
# What a certificate may be for: e-mail protection, signing documents, C2PA's own purpose.
_PURPOSES: Final = ("1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.62558.2.1")
_SETTINGS: Final[dict[str, Any]] = {
    # A picture needs no smaller copy of itself in its manifest.
    "builder": {"thumbnail": {"enabled": False}},
    # Whose certificates are believed is the readers' question; the rest is asked here.
    "verify": {"verify_trust": False, "remote_manifest_fetch": False, "ocsp_fetch": False},
    "trust": {"trust_config": "\n".join(_PURPOSES)},
}
_CURVES: Final = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}

Sign = Callable[[bytes, Mapping[str, Any]], bytes]


@dataclass(frozen=True)
class CredentialKey:
    """What signs: a certificate with those above it, and its private key."""

    chain_pem: bytes
    key_pem: bytes = field(repr=False)
    algorithm: str
    subject: str
    serial: int
    valid_until: datetime


def read_credential_key(certificates: bytes, key: bytes, password: str = "") -> CredentialKey:
    """Return a key from PEM files.

    Args:
        certificates: the signer's certificate first, then those that signed it.
        key: PKCS 8, or the older forms of OpenSSL.
        password: of the key, if it has one.

    Raises:
        LibraryError: something is not PEM, the password is wrong, they do not belong together, or
            C2PA has no algorithm for the key. Nothing of the key is in the words.
    """
    try:
        leaf = x509.load_pem_x509_certificates(certificates)[0]
    except ValueError:
        raise LibraryError("the certificate is not PEM; it starts with -----BEGIN CERT") from None
    private = _private_key(key, password)
    shape = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    if private.public_key().public_bytes(*shape) != leaf.public_key().public_bytes(*shape):
        raise LibraryError(
            "the key does not belong to the certificate; the first certificate of the file has to "
            "be the signer's own"
        )
    return CredentialKey(
        chain_pem=certificates,
        key_pem=private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        algorithm=_algorithm(private),
        subject=leaf.subject.rfc4514_string(),
        serial=leaf.serial_number,
        valid_until=leaf.not_valid_after_utc,
    )


@contextmanager
def credential_signer(key: CredentialKey) -> Iterator[Sign]:
    """Yield what signs a picture: (PNG, definition) -> bytes of its sidecar, new ones every time.

    Raises:
        LibraryError: c2pa-python is not installed, or the certificate is none for C2PA; found out
            with a picture of one pixel, before anything is asked for.
    """
    c2pa = _library()
    with c2pa.Context.from_dict(_SETTINGS) as context:

        def sign(png: bytes, definition: Mapping[str, Any]) -> bytes:
            builder = c2pa.Builder(dict(definition), context)
            builder.set_no_embed()
            sidecar: bytes = builder.sign(signer, MEDIA_TYPE, io.BytesIO(png), io.BytesIO())
            return sidecar

        try:
            signer = c2pa.Signer.from_info(
                c2pa.C2paSignerInfo(key.algorithm, key.chain_pem, key.key_pem, None)
            )
            sign(one_pixel(), _TRIAL)
        except c2pa.C2paError as error:
            raise LibraryError(
                f"the certificate of {key.subject} does not sign C2PA manifests: {error}; it has "
                "to be valid now, signed by another one, and for C2PA, for documents or for e-mail "
                "protection (extended key usage)"
            ) from None
        with signer:
            try:
                yield sign
            except c2pa.C2paError as error:
                raise LibraryError(f"a picture is not signed: {error}") from None


def read_credential(
    png: bytes, sidecar: bytes, *, anchors_pem: str = ""
) -> tuple[str, dict[str, Any]] | None:
    """Return (state, active manifest) as a C2PA reader sees them; None if there is nothing to read.

    Args:
        png: the picture.
        sidecar: what lies beside it.
        anchors_pem: certificates that are believed; with some, the state may be `Trusted`.

    Returns:
        The state is `Valid`, `Trusted` or `Invalid`: something does not match.
    """
    c2pa = _library()
    settings = {**_SETTINGS}
    if anchors_pem:
        settings["verify"] = {**_SETTINGS["verify"], "verify_trust": True}
        settings["trust"] = {**_SETTINGS["trust"], "trust_anchors": anchors_pem}
    try:
        with (
            c2pa.Context.from_dict(settings) as context,
            c2pa.Reader(MEDIA_TYPE, io.BytesIO(png), sidecar, context=context) as reader,
        ):
            report = json.loads(reader.json())
    except c2pa.C2paError:
        return None
    return report["validation_state"], report["manifests"][report["active_manifest"]]


def _library() -> ModuleType:
    try:
        import c2pa
    except ImportError:
        raise LibraryError(
            "c2pa-python is not installed; C2PA manifests need texture-mill[c2pa]"
        ) from None
    found: ModuleType = c2pa
    return found


PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def _private_key(key: bytes, password: str) -> PrivateKey:
    secret = password.encode() if b"ENCRYPTED" in key else None
    try:
        found = serialization.load_pem_private_key(key, secret or None)
    except TypeError:
        raise LibraryError(
            "the key has a password; give it in TEXTURE_MILL_SIGNING_PASSWORD"
        ) from None
    except Exception:  # whatever it says, it may say some of the key
        raise LibraryError(
            "the key cannot be read: it is no private key in PEM, or its password is wrong"
        ) from None
    if not isinstance(found, PrivateKey):
        raise LibraryError("C2PA signs with keys of EC P-256, P-384, P-521, RSA or Ed25519")
    return found


def _algorithm(key: PrivateKey) -> str:
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if key.curve.name not in _CURVES:
        raise LibraryError(
            f"C2PA has no algorithm for the curve {key.curve.name}; it has P-256, P-384 and P-521"
        )
    return _CURVES[key.curve.name]


def one_pixel() -> bytes:
    """Return a picture to try things with."""
    return encode_png(np.zeros((1, 1, 3), np.uint8))


_TRIAL: Final[dict[str, Any]] = {
    "claim_generator_info": [{"name": "trial", "version": "1"}],
    "assertions": [
        {
            "label": "c2pa.actions.v2",
            "data": {
                "actions": [{"action": "c2pa.created", "digitalSourceType": DIGITAL_SOURCE_TYPE}]
            },
        }
    ],
}
