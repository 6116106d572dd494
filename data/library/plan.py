"""What a library version will consist of, worked out before anything is written.

No store here: `publish.py` writes what is planned. The content digest leaves out what differs
between two runs that publish the same (version number, time, flow run, version of the code), so
that a second run recognises it. What another version of the code makes differently differs itself.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from data.library.documents import AnyDocument, draw_documents
from data.library.encode import Pixels, Texture
from data.library.gallery import gallery_html
from data.library.records import (
    DatasetRef,
    DocumentRecord,
    LibraryDraft,
    LibraryError,
    LibraryManifest,
    canonical_json,
    digest,
)
from data.url_credentials import without_credentials

# Stand-ins while the gallery is rendered for the digest, which must not depend on them.
_NO_VERSION: Final = 1
_NO_TIME: Final = "1970-01-01T00:00:00+00:00"


@dataclass(frozen=True)
class VersionPlan:
    """Every object of a version, but for the number it will get."""

    draft: LibraryDraft
    textures: tuple[Texture, ...]
    documents: tuple[AnyDocument, ...]
    content_digest: str

    @property
    def library(self) -> str:
        """Name of the library."""
        return self.draft.library

    def manifest(self, version: int, created_at: str) -> LibraryManifest:
        """Return the manifest of the version once it has a number and a time."""
        bare = _bare_manifest(self, version, created_at)
        gallery = _gallery_bytes(bare)
        record = DocumentRecord(
            type="gallery",
            key="gallery.html",
            media_type="text/html; charset=utf-8",
            size_bytes=len(gallery),
            sha256=digest(gallery),
        )
        documents = sorted((*bare.documents, record), key=lambda document: document.key)
        return bare.model_copy(update={"documents": tuple(documents)})

    def objects(self, manifest: LibraryManifest) -> Mapping[str, bytes]:
        """Return key -> bytes of everything but the manifest, keys below the version's folder.

        Bytes are read when they are asked for and not kept: a library may be larger than memory.
        """
        gallery = _gallery_bytes(_bare_manifest(self, manifest.version, manifest.created_at))
        return _WhenAsked(
            {
                **{texture.record.key: partial(_png, texture) for texture in self.textures},
                **{document.record.key: partial(_content, document) for document in self.documents},
                "gallery.html": lambda: gallery,
            }
        )


class _WhenAsked(Mapping[str, bytes]):
    """Key -> bytes, each read at every look-up."""

    def __init__(self, read: Mapping[str, Callable[[], bytes]]) -> None:
        self._read = read

    def __getitem__(self, key: str) -> bytes:
        return self._read[key]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)


def _png(texture: Texture) -> bytes:
    return texture.png


def _content(document: AnyDocument) -> bytes:
    return document.content


def plan_version(
    draft: LibraryDraft,
    textures: Sequence[Texture],
    photographs: Mapping[str, Pixels],
    further: Sequence[AnyDocument] = (),
    drawn: Sequence[AnyDocument] | None = None,
) -> VersionPlan:
    """Return everything that publishing `textures` will write.

    Args:
        draft: what the version says about itself.
        textures: at least one; every material has a record in the draft.
        photographs: one crop a material, (height, width, 3) uint8; dropped if the draft keeps
            photographs private.
        further: documents that come with the version.
        drawn: contact sheet, previews and crops; None draws them of `textures` and `photographs`.

    Raises:
        LibraryError: no textures, two with one key, or a material the draft does not know.
    """
    if not textures:
        raise LibraryError("there are no textures to publish; render at least one")
    counts = Counter(texture.record.key for texture in textures)
    if twice := sorted(key for key, count in counts.items() if count > 1):
        raise LibraryError(f"two textures share the key {twice[0]!r}; give them different names")
    known = {record.material for record in draft.materials}
    if strange := sorted({t.record.material for t in textures} - known):
        raise LibraryError(
            f"a texture shows {strange[0]!r}, which is not among the draft's materials"
        )
    draft = _without_private_names(draft)
    ordered = tuple(sorted(textures, key=lambda texture: texture.record.key))
    if drawn is None:
        shown = photographs if draft.include_photographs else {}
        drawn = draw_documents(draft, ordered, shown)
    documents = tuple(sorted((*drawn, *further), key=lambda document: document.record.key))
    plan = VersionPlan(draft, ordered, documents, content_digest="0" * 64)
    return VersionPlan(draft, ordered, documents, _content_digest(plan))


def _content_digest(plan: VersionPlan) -> str:
    bare = _bare_manifest(plan, _NO_VERSION, _NO_TIME)
    of_this_run = {"flow_run_id": "", "code_version": ""}
    quiet = bare.model_copy(update={"provenance": bare.provenance.model_copy(update=of_this_run)})
    return hashlib.sha256(canonical_json(quiet) + _gallery_bytes(quiet)).hexdigest()


def _bare_manifest(plan: VersionPlan, version: int, created_at: str) -> LibraryManifest:
    """Return the manifest without the gallery, which is drawn from it."""
    return LibraryManifest(
        library=plan.draft.library,
        version=version,
        created_at=created_at,
        content_digest=plan.content_digest,
        provenance=plan.draft.provenance,
        materials=tuple(sorted(plan.draft.materials, key=lambda record: record.material)),
        textures=tuple(texture.record for texture in plan.textures),
        documents=tuple(document.record for document in plan.documents),
    )


def _gallery_bytes(manifest: LibraryManifest) -> bytes:
    return gallery_html(manifest).encode()


def _without_private_names(draft: LibraryDraft) -> LibraryDraft:
    """Drop the path to a local dataset and, where photographs are private, all names.

    Hashes, licences and the origins that licences ask for stay.
    """
    made, shown = draft.provenance, draft.include_photographs
    others = tuple(
        other.model_copy(update={"dataset": _without_names(other.dataset, shown)})
        for other in made.others
    )
    update = {"dataset": _without_names(made.dataset, shown), "others": others}
    return draft.model_copy(update={"provenance": made.model_copy(update=update)})


def _without_names(dataset: DatasetRef, include_photographs: bool) -> DatasetRef:
    if include_photographs:
        return dataset.model_copy(update={"source": _public_source(dataset.source)})
    return DatasetRef(
        fingerprint=dataset.fingerprint,
        source="private",
        photographs=tuple(p.model_copy(update={"source_name": ""}) for p in dataset.photographs),
    )


def _public_source(source: str) -> str:
    """Return a dataset's source without what is nobody's business.

    Of a local folder only its name stays, of a URL what is not secret. Sources were not always
    refused at the door because of their credentials, and models remember them.
    """
    # fsspec's chains end with a path as often as with a URL; in brackets stands a host's number.
    parts = source.split("::") if "[" not in source else [source]
    return "::".join(map(_public_part, parts))


def _public_part(source: str) -> str:
    local = "://" not in source or source.startswith("file:")
    if local and not source.startswith("tfds:"):
        return re.split(r"[/\\]", source.removeprefix("file:").rstrip("/\\"))[-1]
    return without_credentials(source)
