"""Make an object of a version again that no copy in the store has, from what the store still has.

Textures come from their master and the recipe in `build.json`; previews and the contact sheet from
textures and crops; the gallery from the manifest. Masters, crops and `build.json` itself come from
nothing in the store. Whoever asks compares the hash: what comes out otherwise is not taken.
"""

from collections.abc import Callable, Iterator
from functools import partial

from data.library.build_record import parse_build_record
from data.library.documents import drawn, wanted_documents
from data.library.encode import KeptTexture, TextureSpec, decode_png, encode_texture
from data.library.gallery import gallery_html
from data.library.published_build import PublishedBuild
from data.library.records import (
    DocumentRecord,
    LibraryDraft,
    LibraryError,
    LibraryManifest,
    TextureRecord,
    digest,
)
from data.library.verify import Record
from data.library.versions import read_object
from data.object_store import ObjectStore, StoreError

Remake = Callable[[LibraryManifest, Record], bytes | None]


def remake_from_masters(store: ObjectStore) -> Remake:
    """Return what makes the bytes of an object again, None where it cannot."""

    def remake(manifest: LibraryManifest, record: Record) -> bytes | None:
        try:
            for content in _candidates(store, manifest, record):
                if digest(content) == record.sha256:
                    return content
        except (StoreError, LibraryError):  # what it is made from is lost too
            return None
        return None

    return remake


def _candidates(store: ObjectStore, manifest: LibraryManifest, record: Record) -> Iterator[bytes]:
    if isinstance(record, TextureRecord):
        yield from _textures(store, manifest, record)
    elif record.type == "gallery":
        bare = tuple(d for d in manifest.documents if d.type != "gallery")
        yield gallery_html(manifest.model_copy(update={"documents": bare})).encode()
    elif record.type in ("preview", "contact_sheet"):
        yield from _documents(store, manifest, record)


def _textures(
    store: ObjectStore, manifest: LibraryManifest, record: TextureRecord
) -> Iterator[bytes]:
    from texture_models.materials.picture_maps import PictureMaps

    build = _build_of(store, manifest)
    if build is None or (kept := build.record.masters.get(record.name)) is None:
        return
    recipe = build.record.recipe
    entry = next((e for e in recipe.materials if e.material == record.material), None)
    png = build.master(kept.key)
    if entry is None or png is None:
        return
    maps = PictureMaps(decode_png(png)[0], **recipe.derive_of(entry).model_dump())
    pixels = maps.delivered(record.role, recipe.master_px // record.width_px)
    spec = TextureSpec(
        name=record.name,
        material=record.material,
        seed=record.seed,
        role=record.role,
        derivation=record.derivation,
    )
    # Models of one library may have taught under other licences than what is said of the whole.
    made = manifest.provenance
    for licence in dict.fromkeys((made.licence, recipe.licence.textures, "CC0-1.0", "unknown")):
        provenance = made.model_copy(update={"licence": licence})
        yield encode_texture(pixels, spec, provenance).png


def _documents(
    store: ObjectStore, manifest: LibraryManifest, record: DocumentRecord
) -> Iterator[bytes]:
    draft = LibraryDraft(
        library=manifest.library, provenance=manifest.provenance, materials=manifest.materials
    )
    textures = [KeptTexture(t, partial(_read, store, manifest, t)) for t in manifest.textures]
    crops = {
        d.subject: decode_png(read_object(store, manifest, d))[0]
        for d in manifest.documents
        if d.type == "photograph" and record.type == "contact_sheet"
    }
    for wanted in wanted_documents(draft, textures, crops):
        if wanted.key == record.key:
            yield drawn(wanted).content


def _read(store: ObjectStore, manifest: LibraryManifest, record: TextureRecord) -> bytes:
    """Return a texture, made again if it is lost as well."""
    try:
        return read_object(store, manifest, record)
    except StoreError:
        content = remake_from_masters(store)(manifest, record)
        if content is None:
            raise
        return content


def _build_of(store: ObjectStore, manifest: LibraryManifest) -> PublishedBuild | None:
    found = next((d for d in manifest.documents if d.type == "build"), None)
    if found is None:
        return None
    record = parse_build_record(read_object(store, manifest, found), where=found.key)
    return PublishedBuild(store, manifest.library, manifest.version, record)
