"""The pictures of a version that are not textures: contact sheet, previews, photograph crops."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from data.library.contact_sheet import SheetRow, contact_sheet
from data.library.encode import EncodedTexture, Pixels, encode_png
from data.library.records import DocumentRecord, DocumentType, LibraryDraft, digest

PREVIEW_PX: Final = 256
PHOTOGRAPH_PX: Final = 1024  # longest side of a published crop: enough to compare, no master copy
SHEET_SEEDS: Final = 4  # pictures a material on the contact sheet; the gallery shows all


@dataclass(frozen=True)
class Document:
    """One file of a version that is not a texture."""

    record: DocumentRecord
    content: bytes


def draw_documents(
    draft: LibraryDraft, textures: Sequence[EncodedTexture], photographs: Mapping[str, Pixels]
) -> tuple[Document, ...]:
    """Return contact sheet, a preview a picture and a crop a photograph, sorted by key.

    Args:
        draft: names the library and the model on the sheet.
        textures: sorted by key.
        photographs: material -> (height, width, 3) uint8.
    """
    model = draft.provenance.model
    crops = {name: _centre(photograph) for name, photograph in sorted(photographs.items())}
    smallest = _smallest_of_each(textures)
    sheet = contact_sheet(
        _sheet_rows(draft, smallest, crops),
        title=f"{draft.library}  ·  {model.name} v{model.version}",
    )
    documents = [_png("contact_sheet", "contact_sheet.png", "", sheet)]
    documents += [
        _png("photograph", f"photographs/{material}.png", material, crop)
        for material, crop in crops.items()
    ]
    documents += [
        _png("preview", f"previews/{picture}.png", picture, preview(texture.pixels()))
        for picture, texture in smallest.items()
    ]
    return tuple(sorted(documents, key=lambda document: document.record.key))


def preview(pixels: Pixels) -> Pixels:
    """Return `pixels` with a shorter side of at least `PREVIEW_PX`, still seamless.

    A box of whole pixels never mixes pixels across the border, so a wrapped picture stays wrapped.
    """
    factor = min(pixels.shape[:2]) // PREVIEW_PX
    return np.asarray(Image.fromarray(pixels).reduce(factor)) if factor > 1 else pixels


def _smallest_of_each(textures: Sequence[EncodedTexture]) -> dict[str, EncodedTexture]:
    """Return `material/name` -> its smallest base colour (another map if there is none)."""
    chosen: dict[str, EncodedTexture] = {}
    for texture in sorted(
        textures, key=lambda t: (t.record.role != "basecolor", t.record.width_px, t.record.key)
    ):
        chosen.setdefault(f"{texture.record.material}/{texture.record.name}", texture)
    return chosen


def _sheet_rows(
    draft: LibraryDraft, smallest: Mapping[str, EncodedTexture], crops: Mapping[str, Pixels]
) -> Iterator[SheetRow]:
    for material in sorted(draft.materials, key=lambda record: record.material):
        chosen = [t for t in smallest.values() if t.record.material == material.material]
        chosen = sorted(chosen, key=lambda t: (t.record.seed, t.record.name))[:SHEET_SEEDS]
        if chosen:
            yield SheetRow(
                material=material.material,
                passed=material.passed,
                photograph=crops.get(material.material),
                results=tuple((f"seed {t.record.seed}", t.pixels()) for t in chosen),
            )


def _centre(photograph: Pixels) -> Pixels:
    top, left = (max(0, side - PHOTOGRAPH_PX) // 2 for side in photograph.shape[:2])
    return photograph[top : top + PHOTOGRAPH_PX, left : left + PHOTOGRAPH_PX]


def _png(kind: DocumentType, key: str, subject: str, pixels: Pixels) -> Document:
    content = encode_png(pixels)
    record = DocumentRecord(
        type=kind,
        key=key,
        subject=subject,
        media_type="image/png",
        width_px=pixels.shape[1],
        height_px=pixels.shape[0],
        size_bytes=len(content),
        sha256=digest(content),
    )
    return Document(record, content)
