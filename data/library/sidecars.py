"""Pictures of a version in somebody's folder, each with a C2PA manifest beside it: NAME.c2pa.

Pictures come as `pull` brings them, with its lock file. A sidecar is new bytes every time, so one
that says the same by the same certificate of the same picture is left alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from data.library.c2pa_signing import (
    CredentialKey,
    Sign,
    credential_signer,
    one_pixel,
    read_credential,
)
from data.library.credentials import GENERATOR, LINEAGE, assertion_of, credential
from data.library.pull import Pulled, place_below, pull, write_below
from data.library.records import LibraryError, LibraryManifest, digest
from data.library.selection import Selection, recipe_names, select
from data.object_store import ObjectStore

SUFFIX: Final = ".c2pa"


@dataclass(frozen=True)
class Credentials:
    """What was done."""

    pulled: Pulled
    written: tuple[str, ...]
    unchanged: int
    removed: tuple[str, ...]


def write_credentials(
    store: ObjectStore,
    manifest: LibraryManifest,
    target: Path,
    selection: Selection,
    key: CredentialKey,
    *,
    reference: str = "latest",
    force: bool = False,
) -> Credentials:
    """Make `target` hold what is selected, every picture with a sidecar signed by `key`.

    Args:
        store: where the version is.
        manifest: of the version.
        target: made if it does not exist.
        selection: what is wanted.
        key: what signs.
        reference: kept in the lock, for the next pull.
        force: overwrite files that are not ours or were edited since.

    Raises:
        LibraryError: c2pa-python is not installed, the certificate is none for C2PA, or something
            is in the way; nothing changed.
        StoreError: an object is missing or damaged, or the store refused.
    """
    with credential_signer(key) as sign:
        names = recipe_names(store, manifest) if selection.profile == "recipe" else None
        chosen = select(manifest, selection, names)
        if not force:
            _refuse_what_is_in_the_way(target, map(sidecar_of, chosen))
        done = pull(store, manifest, target, selection, reference=reference, force=force)
        written = []
        for path, file in chosen.items():
            png = place_below(target, path).read_bytes()
            if digest(png) != done.lock.files[path].sha256:
                raise LibraryError(f"{path!r} changed since it was pulled and is not signed")
            name = path.rpartition("/")[2]
            definition = credential(manifest, done.lock.manifest_sha256, file, name)
            if _brought_up_to_date(target, path, png, definition, key, sign):
                written.append(sidecar_of(path))
    removed = [sidecar_of(path) for path in done.removed if _is_ours(target, sidecar_of(path))]
    for path in removed:
        place_below(target, path).unlink()
    return Credentials(done, tuple(written), len(chosen) - len(written), tuple(removed))


def sidecar_of(path: str) -> str:
    """Return where the sidecar of a picture lies, as the C2PA tools look for it."""
    return path.removesuffix(".png") + SUFFIX


def _brought_up_to_date(
    target: Path,
    path: str,
    png: bytes,
    definition: Mapping[str, Any],
    key: CredentialKey,
    sign: Sign,
) -> bool:
    """Return whether a sidecar had to be written."""
    place = place_below(target, sidecar_of(path))
    if place.is_file() and not place.is_symlink():
        found = read_credential(png, place.read_bytes())
        if found is not None and found[0] != "Invalid" and _says(found[1], definition, key):
            return False
    write_below(target, sidecar_of(path), sign(png, definition))
    return True


def _says(found: Mapping[str, Any], wanted: Mapping[str, Any], key: CredentialKey) -> bool:
    """Whether a manifest says the same, by the same certificate."""
    by = found.get("signature_info", {}).get("cert_serial_number")
    same = all(
        assertion_of(found, assertion["label"]) == assertion["data"]
        for assertion in wanted["assertions"]
    )
    return same and by == str(key.serial) and found.get("title") == wanted["title"]


def _refuse_what_is_in_the_way(target: Path, paths: Iterable[str]) -> None:
    strangers = [
        path
        for path in paths
        if (place := place_below(target, path)).is_symlink() or place.exists()
        if not _is_ours(target, path)
    ]
    if strangers:
        more = f" and {len(strangers) - 1} more" if len(strangers) > 1 else ""
        raise LibraryError(
            f"{strangers[0]!r}{more} was not made by {GENERATOR}; move it away, or use --force to "
            "overwrite it"
        )


def _is_ours(target: Path, path: str) -> bool:
    """Whether a file says that it is one of ours, of whatever picture."""
    place = place_below(target, path)
    if place.is_symlink() or not place.is_file():
        return False
    found = read_credential(one_pixel(), place.read_bytes())
    return found is not None and assertion_of(found[1], LINEAGE) is not None
