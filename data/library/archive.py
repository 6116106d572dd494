"""A version as one zip file, the same bytes every time."""

import secrets
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from data.library.records import LibraryManifest, TextureRecord
from data.library.selection import Selection, content_of, recipe_names, safe_path, select
from data.library.versions import manifest_key, read_object
from data.object_store import ObjectStore

# The earliest that a zip can say. PNGs are compressed already, so nothing is compressed again.
_NO_TIME: Final = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE: Final = 0o100644 << 16


def write_zip(
    store: ObjectStore,
    manifest: LibraryManifest,
    path: Path,
    selection: Selection | None = None,
) -> int:
    """Write a version, or what is selected of it, to `path`; return how many files it has.

    An existing file is replaced once the new one is whole.

    Raises:
        LibraryError: nothing fits the selection.
        StoreError: an object is missing or damaged, or the store refused.
        OSError: the file cannot be written.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    count = 0
    try:
        with zipfile.ZipFile(beside, "x", zipfile.ZIP_STORED) as archive:
            folder = f"{manifest.library}-v{manifest.version:04d}"
            for name, content in archive_entries(store, manifest, selection):
                entry = zipfile.ZipInfo(f"{folder}/{name}", _NO_TIME)
                entry.external_attr = _PLAIN_FILE
                entry.create_system = 3  # or the bytes would depend on the system
                archive.writestr(entry, content)
                count += 1
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return count


def archive_entries(
    store: ObjectStore, manifest: LibraryManifest, selection: Selection | None
) -> Iterator[tuple[str, bytes]]:
    """Yield (path, bytes) of an archive: the manifest, then what is selected.

    Without a selection all of the version, under its keys, so that its gallery finds its pictures,
    but for what only a build needs.
    """
    yield "manifest.json", store.get(manifest_key(manifest.library, manifest.version))
    if selection is not None:
        names = recipe_names(store, manifest) if selection.profile == "recipe" else None
        for path, file in select(manifest, selection, names).items():
            yield path, content_of(store, manifest, file)
        return
    for item in sorted(manifest.objects(), key=lambda record: record.key):
        if isinstance(item, TextureRecord) or item.type not in ("master", "build"):
            yield safe_path(item.key), read_object(store, manifest, item)
