"""Signatures as minisign writes and reads them.

Source: https://jedisct1.github.io/minisign/, its section on formats. Ed25519 over the BLAKE2b-512
of a file, in text files of two and four lines. Whoever has the tool `minisign` verifies what this
module signs, and the other way round. Nothing of a secret key is ever part of an error or a `repr`.
"""

import base64
import binascii
import hashlib
import secrets
import struct
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from data.library.records import LibraryError

_COMMENT: Final = "untrusted comment: "
_TRUSTED: Final = "trusted comment: "
# Signature algorithms: of the file itself (old), of its BLAKE2b-512.
_PLAIN, _HASHED = b"Ed", b"ED"
_SCRYPT, _NO_PASSWORD = b"Sc", b"\0\0"
# A secret key of the tool asks for 1 GiB; more is an attack on whoever reads it.
_MAX_SCRYPT_BYTES: Final = 1 << 30


class SignatureWrong(LibraryError):  # noqa: N818 - the name says what happened
    """Something is not signed, or not by this key."""


@dataclass(frozen=True)
class PublicKey:
    """Whose signatures are believed."""

    key_id: bytes
    key: bytes

    @property
    def name(self) -> str:
        """The number of the key as minisign prints it, in small letters."""
        return self.key_id[::-1].hex()

    def __str__(self) -> str:
        return base64.b64encode(_PLAIN + self.key_id + self.key).decode()

    def as_file(self) -> str:
        """Return the content of a `.pub` file."""
        return f"{_COMMENT}minisign public key {self.name.upper()}\n{self}\n"


@dataclass(frozen=True)
class SecretKey:
    """What signs."""

    key_id: bytes
    seed: bytes = field(repr=False)

    @property
    def public(self) -> PublicKey:
        """The key that verifies."""
        made = Ed25519PrivateKey.from_private_bytes(self.seed)
        return PublicKey(self.key_id, made.public_key().public_bytes_raw())

    def as_file(self) -> str:
        """Return the content of a `.key` file without a password, as `minisign -W` writes it."""
        secret = self.seed + self.public.key
        check = _check_of(self.key_id, secret)
        head = _PLAIN + _NO_PASSWORD + b"B2" + bytes(32) + struct.pack("<QQ", 0, 0)
        text = base64.b64encode(head + self.key_id + secret + check).decode()
        return f"{_COMMENT}minisign secret key\n{text}\n"


def new_key() -> SecretKey:
    """Return a key that nobody has."""
    return SecretKey(secrets.token_bytes(8), secrets.token_bytes(32))


def read_public_key(text: str) -> PublicKey:
    """Return the key in a `.pub` file, or in its second line alone (`RW...`).

    Raises:
        LibraryError: it is none.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    raw = _decoded(lines[-1] if lines else "", "a public key of minisign")
    if len(raw) != 42 or raw[:2] != _PLAIN:
        raise LibraryError("this is no public key of minisign; it is one line that starts with RW")
    return PublicKey(raw[2:10], raw[10:])


def read_secret_key(text: str, password: str = "") -> SecretKey:
    """Return the key in a secret key file, opened with its password if it has one.

    Raises:
        LibraryError: it is none, or the password is wrong.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    raw = _decoded(lines[-1] if lines else "", "a secret key of minisign")
    if len(raw) != 158 or raw[:2] != _PLAIN or raw[4:6] != b"B2":
        raise LibraryError("this is no secret key of minisign; make one with: minisign -G")
    locked = raw[54:]
    if raw[2:4] == _SCRYPT:
        stream = _stream(password, raw[6:38], *struct.unpack("<QQ", raw[38:54]))
        locked = bytes(a ^ b for a, b in zip(locked, stream, strict=True))
    elif raw[2:4] != _NO_PASSWORD:
        raise LibraryError("this secret key of minisign is locked in a way that is not known here")
    key_id, secret, check = locked[:8], locked[8:72], locked[72:]
    # The tool leaves the check of a key without a password empty.
    unchecked = raw[2:4] == _NO_PASSWORD and not any(check)
    if not unchecked and _check_of(key_id, secret) != check:
        raise LibraryError("the secret key does not open: its password is wrong or it is damaged")
    return SecretKey(key_id, secret[:32])


def sign(content: bytes, key: SecretKey, comment: str) -> str:
    """Return the `.minisig` of `content`; the same for the same arguments.

    Args:
        content: what is signed.
        key: signs.
        comment: one printable line that is signed too.
    """
    private = Ed25519PrivateKey.from_private_bytes(key.seed)
    signature = private.sign(_hashed(content))
    both = private.sign(signature + comment.encode())
    first = base64.b64encode(_HASHED + key.key_id + signature).decode()
    return (
        f"{_COMMENT}signature by key {key.public.name.upper()}\n{first}\n"
        f"{_TRUSTED}{comment}\n{base64.b64encode(both).decode()}\n"
    )


def verify(content: bytes, signature: str, key: PublicKey) -> str:
    """Return the trusted comment of a signature that `key` made of `content`.

    Raises:
        SignatureWrong: it is no signature, or of other content, or by another key.
    """
    lines = signature.splitlines()
    if len(lines) != 4 or not lines[2].startswith(_TRUSTED):
        raise SignatureWrong("the signature is none of minisign's")
    first, both = _decoded(lines[1], "a signature"), _decoded(lines[3], "a signature")
    kind, key_id, made = first[:2], first[2:10], first[10:]
    if key_id != key.key_id:
        raise SignatureWrong(f"signed by the key {key_id[::-1].hex()} and not by {key.name}")
    if kind not in (_PLAIN, _HASHED):
        raise SignatureWrong("the signature is of a kind that is not known here")
    comment = lines[2].removeprefix(_TRUSTED)
    public = Ed25519PublicKey.from_public_bytes(key.key)
    try:
        public.verify(made, _hashed(content) if kind == _HASHED else content)
        public.verify(both, made + comment.encode())
    except InvalidSignature:
        raise SignatureWrong(f"the key {key.name} did not sign these bytes") from None
    return comment


def _check_of(key_id: bytes, secret: bytes) -> bytes:
    return hashlib.blake2b(_PLAIN + key_id + secret, digest_size=32).digest()


def _hashed(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=64).digest()


def _decoded(line: str, what: str) -> bytes:
    try:
        return base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        raise LibraryError(f"this is not {what}: its last line is not base64") from None


def _stream(password: str, salt: bytes, operations: int, memory: int) -> bytes:
    """Return 104 bytes from a password, with the parameters that libsodium derives of its limits.

    Source: libsodium, crypto_pwhash_scryptsalsa208sha256, its choice of N, r and p.
    """
    if not 1 << 12 <= memory <= _MAX_SCRYPT_BYTES or operations > 1 << 26:
        raise LibraryError("the secret key asks for more work than its password can be worth")
    operations, r = max(32768, operations), 8
    few = operations < memory // 32
    most = operations // (r * 4) if few else memory // (r * 128)
    log_n = next(n for n in range(1, 64) if 1 << n > most // 2)
    p = 1 if few else min(0x3FFFFFFF, (operations // 4) // (1 << log_n)) // r
    secret, most_bytes = password.encode(), (1 << 31) - 1
    return hashlib.scrypt(
        secret, salt=salt, n=1 << log_n, r=r, p=max(p, 1), maxmem=most_bytes, dklen=104
    )
