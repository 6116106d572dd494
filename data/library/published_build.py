"""The newest published version of a library, as far as the next build can use it."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from data.library.build_record import BUILD_KEY, BuildRecord, build_record_json, parse_build_record
from data.library.documents import Document
from data.library.object_pool import ObjectDamaged, ObjectPool
from data.library.publish import latest_version, read_manifest
from data.library.records import DocumentRecord, TextureRecord, digest
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
    def textures(self) -> dict[str, TextureRecord]:
        """Key -> record of every texture of the version."""
        manifest = read_manifest(self.store.url, self.library, self.version)
        return {texture.key: texture for texture in manifest.textures}

    def content(self, key: str, sha256: str) -> bytes | None:
        """Return an object of the version, None if it is missing or damaged.

        It is looked for under its hash, then in the version's folder.
        """
        try:
            return ObjectPool(self.store, self.library).get(sha256)
        except (ObjectMissing, ObjectDamaged):
            pass
        try:
            content = self.store.get(f"{_folder(self.library, self.version)}/{key}")
        except ObjectMissing:
            return None
        return content if digest(content) == sha256 else None

    def master(self, master_key: str) -> bytes | None:
        """Return the PNG of a master by the key of its stage, None if there is none."""
        for picture, master in self.record.masters.items():
            if master.key == master_key:
                return self.content(f"{MASTERS_FOLDER}/{picture}.png", master.sha256)
        return None


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
    key = f"{_folder(library, version)}/{BUILD_KEY}"
    try:
        content = store.get(key)
    except ObjectMissing:
        return None
    record = parse_build_record(content, where=store.url_of(key))
    return PublishedBuild(store, library, version, record)


def build_documents(record: BuildRecord, masters: Iterable[tuple[str, bytes]]) -> list[Document]:
    """Return what a built version carries beside its textures: its record and its masters.

    Args:
        record: of the build.
        masters: picture -> PNG.
    """
    content = build_record_json(record)
    documents = [Document(_described("build", BUILD_KEY, "", "application/json", content), content)]
    for picture, png in masters:
        key = f"{MASTERS_FOLDER}/{picture}.png"
        documents.append(Document(_described("master", key, picture, "image/png", png), png))
    return documents


def _described(
    kind: str, key: str, subject: str, media_type: str, content: bytes
) -> DocumentRecord:
    return DocumentRecord.model_validate(
        {
            "type": kind,
            "key": key,
            "subject": subject,
            "media_type": media_type,
            "size_bytes": len(content),
            "sha256": digest(content),
        }
    )


def _folder(library: str, version: int) -> str:
    return f"{library}/v{version:04d}"
