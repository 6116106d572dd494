"""What is published: the versions of a library, their manifests, and the objects these list."""

import re

from data.library.object_pool import ObjectDamaged, ObjectPool
from data.library.records import (
    DocumentRecord,
    LibraryError,
    LibraryManifest,
    TextureRecord,
    digest,
    parse_manifest,
)
from data.object_store import ObjectMissing, ObjectStore, open_store

_VERSION_FOLDER = re.compile(r"v(\d{4,})")


def folder_of(library: str, version: int) -> str:
    """Return the key of a version's folder."""
    return f"{library}/v{version:04d}"


def manifest_key(library: str, version: int) -> str:
    """Return the key of a version's manifest."""
    return f"{folder_of(library, version)}/manifest.json"


def claimed_versions(store: ObjectStore, library: str) -> list[int]:
    """Return every version number that was ever claimed, ascending."""
    matches = (_VERSION_FOLDER.fullmatch(name) for name in store.folders(library))
    return sorted(int(match[1]) for match in matches if match)


def published_versions(store: ObjectStore, library: str) -> list[int]:
    """Return every version number that has a manifest, ascending."""
    claimed = claimed_versions(store, library)
    return [version for version in claimed if store.exists(manifest_key(library, version))]


def latest_version(store_url: str, library: str) -> int | None:
    """Return the highest published version of `library`, None if there is none."""
    store = open_store(store_url)
    for version in reversed(claimed_versions(store, library)):
        if store.exists(manifest_key(library, version)):
            return version
    return None


def read_manifest(store_url: str, library: str, version: int | None = None) -> LibraryManifest:
    """Return the manifest of a published version, by default the newest.

    Raises:
        LibraryError: there is no such version, or its manifest is not valid.
    """
    store = open_store(store_url)
    wanted = latest_version(store_url, library) if version is None else version
    if wanted is None:
        raise LibraryError(f"no version of the library {library!r} is published at {store.url}")
    return load_manifest(store, library, wanted)[0]


def load_manifest(
    store: ObjectStore, library: str, version: int, *, sha256: str | None = None
) -> tuple[LibraryManifest, str]:
    """Return the manifest of a published version and the SHA-256 of its bytes.

    Args:
        store: where.
        library: its name.
        version: its number.
        sha256: what the bytes must be, as a release record says; None trusts the store.

    Raises:
        LibraryError: there is no such version, its manifest is not valid, or is another one.
    """
    key = manifest_key(library, version)
    try:
        content = store.get(key)
    except ObjectMissing:
        raise LibraryError(
            f"version {version} of the library {library!r} is not published at {store.url}"
        ) from None
    found = digest(content)
    if sha256 is not None and found != sha256:
        raise LibraryError(
            f"{store.url_of(key)} is not the manifest that was released: its SHA-256 is "
            f"{found[:12]}... instead of {sha256[:12]}...; release another version"
        )
    manifest = parse_manifest(content, where=store.url_of(key))
    if (manifest.library, manifest.version) != (library, version):
        raise LibraryError(
            f"{store.url_of(key)} is the manifest of {manifest.library!r} v{manifest.version}"
        )
    return manifest, found


def read_object(
    store: ObjectStore, manifest: LibraryManifest, record: TextureRecord | DocumentRecord
) -> bytes:
    """Return the bytes that `record` promises: from the pool, else from the flat tree.

    Raises:
        ObjectMissing: neither has an object.
        ObjectDamaged: what is there are other bytes.
    """
    pool = ObjectPool(store, manifest.library)
    try:
        return pool.get(record.sha256)
    except (ObjectMissing, ObjectDamaged) as error:
        key = f"{folder_of(manifest.library, manifest.version)}/{record.key}"
        try:
            content = store.get(key)
        except ObjectMissing:
            raise error from None
        if digest(content) != record.sha256:
            raise ObjectDamaged(
                f"{store.url_of(key)} and its copy in the pool are damaged; publish the same "
                "content again"
            ) from None
        return content
