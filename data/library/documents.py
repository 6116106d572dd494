"""The pictures of a version that are not textures: contact sheet, previews, photograph crops."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from PIL import Image

from data.library.contact_sheet import SheetRow, contact_sheet
from data.library.encode import Pixels, Texture, encode_png, pixel_digest
from data.library.records import DocumentRecord, DocumentType, LibraryDraft, digest
from data.library.stages import Stage

PREVIEW_PX: Final = 256
PHOTOGRAPH_PX: Final = 1024  # longest side of a published crop: enough to compare, no master copy
SHEET_SEEDS: Final = 4  # pictures a material on the contact sheet; the gallery shows all


@dataclass(frozen=True)
class Document:
    """One file of a version that is not a texture."""

    record: DocumentRecord
    content: bytes


@dataclass(frozen=True)
class KeptDocument:
    """One whose bytes lie elsewhere; they are read when they are asked for, every time."""

    record: DocumentRecord
    read: Callable[[], bytes]

    @property
    def content(self) -> bytes:
        """The file."""
        return self.read()


AnyDocument = Document | KeptDocument


@dataclass(frozen=True)
class WantedDocument:
    """One picture that a version shows, before it is drawn."""

    type: DocumentType
    key: str
    subject: str
    stage: Stage
    params: Mapping[str, Any]  # plain values that decide its pixels, all of them
    draw: Callable[[], Pixels]


def draw_documents(
    draft: LibraryDraft, textures: Sequence[Texture], photographs: Mapping[str, Pixels]
) -> tuple[Document, ...]:
    """Return contact sheet, a preview a picture and a crop a photograph, sorted by key.

    Args:
        draft: names the library and the model on the sheet.
        textures: sorted by key.
        photographs: material -> (height, width, 3) uint8.
    """
    return tuple(map(drawn, wanted_documents(draft, textures, photographs)))


def wanted_documents(
    draft: LibraryDraft, textures: Sequence[Texture], photographs: Mapping[str, Pixels]
) -> list[WantedDocument]:
    """Return the same, not drawn yet; see `draw_documents`."""
    smallest = _smallest_of_each(textures)
    crops = {name: _centre(photograph) for name, photograph in sorted(photographs.items())}
    wanted = [_wanted_sheet(draft, smallest, crops)]
    wanted += [
        WantedDocument(
            type="photograph",
            key=f"photographs/{material}.png",
            subject=material,
            stage="documents",
            params={"photograph": pixel_digest(crop)},
            draw=partial(np.copy, crop),
        )
        for material, crop in crops.items()
    ]
    wanted += [
        WantedDocument(
            type="preview",
            key=f"previews/{picture}.png",
            subject=picture,
            stage="previews",
            params={"preview_px": PREVIEW_PX, "pixel_sha256": texture.record.pixel_sha256},
            draw=partial(_preview_of, texture),
        )
        for picture, texture in smallest.items()
    ]
    return sorted(wanted, key=lambda document: document.key)


def drawn(wanted: WantedDocument) -> Document:
    """Return the picture, drawn and encoded."""
    pixels = wanted.draw()
    content = encode_png(pixels)
    record = DocumentRecord(
        type=wanted.type,
        key=wanted.key,
        subject=wanted.subject,
        media_type="image/png",
        width_px=pixels.shape[1],
        height_px=pixels.shape[0],
        size_bytes=len(content),
        sha256=digest(content),
    )
    return Document(record, content)


def preview(pixels: Pixels) -> Pixels:
    """Return `pixels` with a shorter side of at least `PREVIEW_PX`, still seamless.

    A box of whole pixels never mixes pixels across the border, so a wrapped picture stays wrapped.
    """
    factor = min(pixels.shape[:2]) // PREVIEW_PX
    return np.asarray(Image.fromarray(pixels).reduce(factor)) if factor > 1 else pixels


def _preview_of(texture: Texture) -> Pixels:
    return preview(texture.pixels())


def _smallest_of_each(textures: Sequence[Texture]) -> dict[str, Texture]:
    """Return `material/name` -> its smallest base colour (another map if there is none)."""
    chosen: dict[str, Texture] = {}
    for texture in sorted(
        textures, key=lambda t: (t.record.role != "basecolor", t.record.width_px, t.record.key)
    ):
        chosen.setdefault(f"{texture.record.material}/{texture.record.name}", texture)
    return chosen


def _wanted_sheet(
    draft: LibraryDraft, smallest: Mapping[str, Texture], crops: Mapping[str, Pixels]
) -> WantedDocument:
    model = draft.provenance.model
    title = f"{draft.library}  ·  {model.name} v{model.version}"
    ordered = sorted(draft.materials, key=lambda record: record.material)
    shown = ((record, _shown(smallest.values(), record.material)) for record in ordered)
    rows = [(record, chosen) for record, chosen in shown if chosen]
    params = {
        "title": title,
        "rows": [
            {
                "material": record.material,
                "passed": record.passed,
                "photograph": pixel_digest(crops[record.material])
                if record.material in crops
                else None,
                "results": [[_caption(t), t.record.pixel_sha256] for t in chosen],
            }
            for record, chosen in rows
        ],
    }

    def draw() -> Pixels:
        return contact_sheet(
            (
                SheetRow(
                    material=record.material,
                    passed=record.passed,
                    photograph=crops.get(record.material),
                    results=tuple((_caption(t), t.pixels()) for t in chosen),
                )
                for record, chosen in rows
            ),
            title=title,
        )

    return WantedDocument("contact_sheet", "contact_sheet.png", "", "documents", params, draw)


def _shown(smallest: Iterable[Texture], material: str) -> list[Texture]:
    chosen = [texture for texture in smallest if texture.record.material == material]
    return sorted(chosen, key=lambda t: (t.record.seed, t.record.name))[:SHEET_SEEDS]


def _caption(texture: Texture) -> str:
    record = texture.record
    return record.name if record.source else f"seed {record.seed}"


def _centre(photograph: Pixels) -> Pixels:
    top, left = (max(0, side - PHOTOGRAPH_PX) // 2 for side in photograph.shape[:2])
    return photograph[top : top + PHOTOGRAPH_PX, left : left + PHOTOGRAPH_PX]
