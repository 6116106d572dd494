"""Certificates as C2PA asks for them: a private authority, and a signer that it vouches for."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PEM = serialization.Encoding.PEM
SERVERS = ExtendedKeyUsageOID.SERVER_AUTH
E_MAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION
CLAIMS = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")  # C2PA's own purpose


@dataclass(frozen=True)
class Certificates:
    """What the files of a signer hold."""

    chain: bytes
    key: bytes
    authority: bytes


def certificates(*, private: Any = None, purpose: Any = E_MAIL, days: int = 30) -> Certificates:
    """Make an authority and a signer; `days` from now the signer's certificate ends."""
    top, private = ec.generate_private_key(ec.SECP256R1()), private or new_key()
    authority = _signed("Authority", top, top, x509.BasicConstraints(True, 0), _usage(top=True))
    purposes = x509.ExtendedKeyUsage([purpose])
    leaf = _signed(
        "Signer", private, top, x509.BasicConstraints(False, None), _usage(), purposes, days=days
    )
    return Certificates(
        chain=leaf.public_bytes(PEM) + authority.public_bytes(PEM),
        key=as_pem(private),
        authority=authority.public_bytes(PEM),
    )


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def as_pem(private: Any, password: bytes = b"") -> bytes:
    locked = serialization.BestAvailableEncryption(password) if password else None
    shape = serialization.PrivateFormat.PKCS8
    return private.private_bytes(PEM, shape, locked or serialization.NoEncryption())


def _usage(*, top: bool = False) -> x509.KeyUsage:
    rest = (
        "content_commitment key_encipherment data_encipherment key_agreement crl_sign "
        "encipher_only decipher_only"
    )
    flags = dict.fromkeys(rest.split(), False)
    return x509.KeyUsage(digital_signature=not top, key_cert_sign=top, **flags)


def _signed(
    name: str, private: Any, top: Any, *extensions: x509.ExtensionType, days: int = 30
) -> x509.Certificate:
    def named(common: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Stones"),
                x509.NameAttribute(NameOID.COMMON_NAME, common),
            ]
        )

    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named("Authority"))
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=min(-1, days - 1)))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(top.public_key()), False)
    )
    for extension in extensions:
        builder = builder.add_extension(
            extension, critical=not isinstance(extension, x509.ExtendedKeyUsage)
        )
    return builder.sign(top, hashes.SHA256())
