"""The newest published version of a library, as far as the next build can use it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from data.library.build_record import BUILD_KEY, BuildRecord, build_record_json, parse_build_record
from data.library.documents import AnyDocument, Document, KeptDocument
from data.library.object_pool import ObjectDamaged, ObjectPool
from data.library.records import (
    DocumentRecord,
    LibraryError,
    LibraryManifest,
    TextureRecord,
    digest,
)
from data.library.versions import (
    folder_of,
    latest_version,
    load_manifest,
    manifest_key,
    read_object,
)
from data.object_store import ObjectMissing, ObjectStore, open_store

MASTERS_FOLDER: Final = "masters"


@dataclass(frozen=True)
class PublishedBuild:
    """One version that was built from a recipe; what it holds is read when it is asked for."""

    store: ObjectStore
    library: str
    version: int
    record: BuildRecord

    @cached_property
    def manifest(self) -> LibraryManifest:
        """The manifest of the version."""
        return load_manifest(self.store, self.library, self.version)[0]

    @cached_property
    def textures(self) -> dict[str, TextureRecord]:
        """Key -> record of every texture of the version."""
        return {texture.key: texture for texture in self.manifest.textures}

    @cached_property
    def _masters(self) -> dict[str, DocumentRecord]:
        records = {d.subject: d for d in self.manifest.documents if d.type == "master"}
        return {
            master.key: records[picture]
            for picture, master in self.record.masters.items()
            if picture in records
        }

    @cached_property
    def documents(self) -> dict[str, DocumentRecord]:
        """Key -> record of every document of the version."""
        return {document.key: document for document in self.manifest.documents}

    @cached_property
    def _missing(self) -> set[str]:
        wanted = ((record.sha256, record.size_bytes) for record in self.manifest.objects())
        return ObjectPool(self.store, self.library).missing(wanted)

    def has(self, record: TextureRecord | DocumentRecord) -> bool:
        """Return whether an object of the version can be had; what the pool has is not read."""
        return record.sha256 not in self._missing or self.content(record) is not None

    def content(self, record: TextureRecord | DocumentRecord) -> bytes | None:
        """Return an object of the version, None if it is missing or damaged."""
        try:
            return read_object(self.store, self.manifest, record)
        except (ObjectMissing, ObjectDamaged):
            return None

    def has_master(self, master_key: str) -> bool:
        """Return whether a master can be had, by the key of its stage."""
        record = self._masters.get(master_key)
        return record is not None and self.has(record)

    def master(self, master_key: str) -> bytes | None:
        """Return the PNG of a master by the key of its stage, None if there is none."""
        record = self._masters.get(master_key)
        return self.content(record) if record else None


def newest_build(store_url: str, library: str) -> PublishedBuild | None:
    """Return the newest version, None if there is none or it was not built from a recipe.

    Raises:
        LibraryError: its record is damaged.
        StoreError: the store cannot be read.
    """
    version = latest_version(store_url, library)
    if version is None:
        return None
    store = open_store(store_url)
    # Validating a hundred thousand records takes seconds that a plan without work does not have.
    try:
        found = json.loads(store.get(manifest_key(library, version)))
        (sha256,) = [d["sha256"] for d in found["documents"] if d["type"] == "build"]
    except (ValueError, KeyError, TypeError):
        return None
    key = f"{folder_of(library, version)}/{BUILD_KEY}"
    try:
        content = ObjectPool(store, library).get(sha256)
    except (ObjectMissing, ObjectDamaged):
        content = store.get(key)
        if digest(content) != sha256:
            raise LibraryError(
                f"{store.url_of(key)} and its copy in the pool are damaged; repair the version, or "
                "build under another library name"
            ) from None
    record = parse_build_record(content, where=store.url_of(key))
    return PublishedBuild(store, library, version, record)


def build_documents(
    record: BuildRecord, masters: Mapping[str, Callable[[], bytes]]
) -> list[AnyDocument]:
    """Return what a built version carries beside its textures: its record and its masters.

    Args:
        record: of the build.
        masters: picture -> reads its PNG.
    """
    content = build_record_json(record)
    build = DocumentRecord(
        type="build",
        key=BUILD_KEY,
        media_type="application/json",
        size_bytes=len(content),
        sha256=digest(content),
    )
    documents: list[AnyDocument] = [Document(build, content)]
    for picture, master in record.masters.items():
        described = DocumentRecord(
            type="master",
            key=f"{MASTERS_FOLDER}/{picture}.png",
            subject=picture,
            media_type="image/png",
            width_px=record.recipe.master_px,
            height_px=record.recipe.master_px,
            size_bytes=master.size_bytes,
            sha256=master.sha256,
        )
        documents.append(KeptDocument(described, masters[picture]))
    return documents
