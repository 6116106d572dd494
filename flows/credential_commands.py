"""`texture-mill library c2pa`: pictures with signed manifests beside them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from flows.consumer_commands import add_selection, selection_of
from flows.signing_commands import add_public_key, refuse_unsigned
from flows.store_commands import DONE, Commands, open_named_store, say, store_command

if TYPE_CHECKING:
    from data.library.c2pa_signing import CredentialKey
    from data.library.sidecars import Credentials


def add_credential_commands(verbs: Commands[argparse.ArgumentParser]) -> None:
    """Add the command to those of `texture-mill library`."""
    text = "pull pictures and write a signed C2PA manifest beside each: NAME.c2pa"
    parser = store_command(verbs, "c2pa", _c2pa, text)
    parser.add_argument("target", metavar="FOLDER", help="made if it does not exist")
    parser.add_argument(
        "--version", default="latest", metavar="VERSION", help="v7, latest, or a channel"
    )
    parser.add_argument(
        "--certificate",
        required=True,
        metavar="FILE",
        help="PEM: the signer's certificate, then those that signed it",
    )
    parser.add_argument(
        "--key",
        required=True,
        metavar="FILE",
        help="PEM: the private key; TEXTURE_MILL_SIGNING_PASSWORD opens one with a password",
    )
    parser.add_argument("--force", action="store_true", help="overwrite files that were edited")
    add_public_key(parser)
    add_selection(parser)


def _c2pa(options: argparse.Namespace) -> int:
    from data.library.channels import resolve
    from data.library.sidecars import write_credentials

    key = _key(options)
    store = open_named_store(options)
    manifest = resolve(store, options.library, options.version)
    refuse_unsigned(options, store, manifest)
    done = write_credentials(
        store,
        manifest,
        Path(options.target),
        selection_of(options, manifest),
        key,
        reference=options.version,
        force=options.force,
    )
    value = {
        "version": manifest.version,
        "pictures_written": list(done.pulled.written),
        "written": list(done.written),
        "unchanged": done.unchanged,
        "removed": [*done.pulled.removed, *done.removed],
        "missing": list(done.pulled.missing),
        "signed_by": key.subject,
        "valid_until": key.valid_until.isoformat(),
    }
    say(options, value, _lines(f"{manifest.library} v{manifest.version:04d}", key, done))
    return DONE


def _key(options: argparse.Namespace) -> CredentialKey:
    from data.library.c2pa_signing import read_credential_key
    from tasks.settings import Settings

    password = Settings().signing_password.get_secret_value()
    certificate = _content(options.certificate, "--certificate")
    return read_credential_key(certificate, _content(options.key, "--key"), password)


def _content(path: str, option: str) -> bytes:
    from tasks.errors import MillError

    try:
        return Path(path).expanduser().read_bytes()
    except (OSError, ValueError) as error:
        # Whoever gave the key itself does not read it in a log.
        shown = repr(path) if len(path) < 300 and "-----" not in path else "what was given"
        why = getattr(error, "strerror", None) or "no path"
        raise MillError(f"{option} is the path of a PEM file; {shown}: {why}") from None


def _lines(name: str, key: CredentialKey, done: Credentials) -> list[str]:
    pulled = done.pulled
    lines = [f"wrote {path}" for path in (*pulled.written, *done.written)]
    lines += [f"removed {path}" for path in (*pulled.removed, *done.removed)]
    if pulled.missing:
        lines.append(f"not in {name}: {', '.join(pulled.missing)}")
    lines.append(
        f"{name}: {len(pulled.lock.files)} pictures, {len(done.written)} C2PA manifests written, "
        f"{done.unchanged} as they were; signed by {key.subject}, valid until "
        f"{key.valid_until:%Y-%m-%d}"
    )
    return lines
