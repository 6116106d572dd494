"""`texture-mill library sign | keygen`, and the option that asks for a signature."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from flows.store_commands import DONE, Commands, in_one_line, open_to_write, say, store_command

if TYPE_CHECKING:
    from data.library.records import LibraryManifest
    from data.object_store import ObjectStore


def add_signing_commands(verbs: Commands[argparse.ArgumentParser]) -> None:
    """Add the commands to those of `texture-mill library`."""
    text = "sign the manifest of a version with the key in TEXTURE_MILL_SIGNING_KEY, as minisign"
    sign = store_command(verbs, "sign", _sign, text)
    sign.add_argument(
        "reference", metavar="VERSION", nargs="?", default="latest", help="v7, latest, or a channel"
    )
    text = "make a pair of keys of minisign without a password: texture-mill.key, texture-mill.pub"
    keygen = verbs.add_parser("keygen", help=text, description=text)
    keygen.add_argument("folder", metavar="FOLDER", type=Path, help="made if it does not exist")
    keygen.add_argument("--json", action="store_true", help="one JSON document instead of words")
    keygen.set_defaults(command=lambda options: in_one_line(_keygen, options))


def add_sign(parser: argparse.ArgumentParser) -> None:
    """Add `--sign`."""
    parser.add_argument(
        "--sign", action="store_true", help="sign it with the key in TEXTURE_MILL_SIGNING_KEY"
    )


def add_public_key(parser: argparse.ArgumentParser) -> None:
    """Add `--public-key`."""
    parser.add_argument(
        "--public-key",
        default="",
        metavar="KEY",
        help="refuse what this key of minisign did not sign: a .pub file or the key itself; "
        "default: TEXTURE_MILL_PUBLIC_KEY, if that is set",
    )


def sign(store: ObjectStore, library: str, version: int) -> str:
    """Sign a version with the key of the environment; return the signature's URL."""
    from data.library.signatures import sign_version
    from tasks.settings import Settings
    from tasks.signing import signing_key

    return sign_version(store, library, version, signing_key(Settings()))


def refuse_unsigned(
    options: argparse.Namespace, store: ObjectStore, manifest: LibraryManifest
) -> str:
    """Return what the signature says that was asked for, nothing if none was.

    Raises:
        SignatureWrong: it is missing or wrong.
    """
    from data.library.signatures import check_signature
    from tasks.settings import Settings
    from tasks.signing import trusted_key

    key = trusted_key(Settings(), options.public_key)
    return "" if key is None else check_signature(store, manifest, key)


def _sign(options: argparse.Namespace) -> int:
    from data.library.channels import resolve

    store = open_to_write(options)
    version = resolve(store, options.library, options.reference).version
    url = sign(store, options.library, version)
    say(options, {"version": version, "signature": url}, [f"signed v{version:04d}: {url}"])
    return DONE


def _keygen(options: argparse.Namespace) -> int:
    from tasks.signing import make_key

    secret, public = make_key(options.folder)
    lines = [
        f"secret key  {secret}, for TEXTURE_MILL_SIGNING_KEY; keep it",
        f"public key  {public}",
    ]
    say(options, {"secret_key": str(secret), "public_key": str(public)}, lines)
    return DONE
