"""From a picture back to everything that made it, and from a photograph to all that came of it.

Manifests alone answer, without model, registry or network beyond the store they lie in.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pydantic import BaseModel, Field

from data.library.encode import decode_png, pixel_digest
from data.library.records import (
    DatasetRef,
    DocumentRecord,
    LibraryError,
    LibraryManifest,
    ModelRef,
    SourceRef,
    TextureRecord,
    digest,
)

LEAST_DIGITS: Final = 8
_LINEAGE: Final = "{urn:texture-mill:lineage#}"


class Traced(BaseModel, frozen=True, extra="forbid"):
    """Where one file of a published version comes from."""

    library: str = Field(description="name")
    version: int = Field(description="of the library")
    key: str = Field(description="below the version's folder")
    sha256: str = Field(description="of the file")
    material: str = Field(description="slug; empty: of the whole library")
    seed: int | None = Field(description="of a texture")
    model: ModelRef = Field(description="what rendered it")
    dataset: DatasetRef = Field(description="what the model learnt from; photographs of all")
    photographs: tuple[str, ...] = Field(description="ids of those of this material")
    source: SourceRef | None = Field(description="what a translation was made from")
    licence: str = Field(description="of the textures")
    code_version: str = Field(description="version and commit that published")
    found_by: str = Field(description="what matched")


def trace_back(manifests: Iterable[LibraryManifest], wanted: str) -> list[Traced]:
    """Return every published file that `wanted` names: a file's or its pixels' SHA-256, or a start.

    Args:
        manifests: where to look.
        wanted: at least `LEAST_DIGITS` hexadecimal digits.

    Raises:
        LibraryError: it is no hash.
    """
    _check_hash(wanted)
    found = []
    for manifest in manifests:
        for record in manifest.objects():
            if record.sha256.startswith(wanted):
                found.append(_traced(manifest, record, "the file's SHA-256"))
            elif isinstance(record, TextureRecord) and record.pixel_sha256.startswith(wanted):
                found.append(_traced(manifest, record, "the pixels' SHA-256"))
    return found


def trace_forward(manifests: Iterable[LibraryManifest], photograph: str) -> list[Traced]:
    """Return every texture of a material that was learnt from a photograph, or translated from it.

    One model of several materials saw the photographs of all; counted is the material shown.

    Args:
        manifests: where to look.
        photograph: start of the SHA-256 of its file, or of a texture's that was translated.

    Raises:
        LibraryError: it is no hash.
    """
    _check_hash(photograph)
    found = []
    for manifest in manifests:
        for record in manifest.textures:
            _, dataset = manifest.provenance.of(record.material)
            shown = [p for p in dataset.photographs if p.material == record.material]
            if any(p.source_sha256.startswith(photograph) for p in shown):
                found.append(_traced(manifest, record, "a photograph's SHA-256"))
            elif record.source and record.source.sha256.startswith(photograph):
                found.append(_traced(manifest, record, "its source's SHA-256"))
    return found


def hashes_of(path: Path) -> list[str]:
    """Return what a file can be found by: the SHA-256 of its bytes and, of a PNG, of its pixels.

    Pixels outlive a re-encoding. Colours of 8 bits are meant; a grey or 16-bit map that another
    program wrote anew is found by its bytes alone.

    Raises:
        LibraryError: the file cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LibraryError(f"cannot read {path}: {error.strerror}") from None
    found = [digest(content)]
    if content.startswith(b"\x89PNG"):
        try:
            found.append(pixel_digest(decode_png(content)[0]))
        except (OSError, SyntaxError, ValueError):
            return found  # broken; its bytes may be known all the same
    return found


def lineage_in(path: Path) -> dict[str, str]:
    """Return what a PNG says of itself in its XMP, empty if it says nothing."""
    try:
        _, text = decode_png(path.read_bytes())
        packet = re.sub(r"<\?xpacket[^>]*\?>", "", text.get("XML:com.adobe.xmp", ""))
        if "<!" in packet:  # no entity of a stranger is expanded
            return {}
        tree = ET.fromstring(packet.strip())
    except (OSError, SyntaxError, ValueError):
        return {}
    found = {}
    for node in tree.iter():
        for name, value in node.attrib.items():
            if name.startswith(_LINEAGE):
                found[name.removeprefix(_LINEAGE)] = value
    return found


def _check_hash(text: str) -> None:
    if not re.fullmatch(rf"[0-9a-f]{{{LEAST_DIGITS},64}}", text):
        raise LibraryError(
            f"{text[:80]!r} is neither a file nor a SHA-256; give {LEAST_DIGITS} to 64 digits of "
            "0-9 a-f, or the path of a picture"
        )


def _traced(
    manifest: LibraryManifest, record: TextureRecord | DocumentRecord, found_by: str
) -> Traced:
    material = (
        record.material if isinstance(record, TextureRecord) else _material_of(manifest, record)
    )
    model, dataset = manifest.provenance.of(material)
    return Traced(
        library=manifest.library,
        version=manifest.version,
        key=record.key,
        sha256=record.sha256,
        material=material,
        seed=record.seed if isinstance(record, TextureRecord) else None,
        model=model,
        dataset=dataset,
        photographs=tuple(p.photo_id for p in dataset.photographs if p.material == material),
        source=record.source if isinstance(record, TextureRecord) else None,
        licence=manifest.provenance.licence,
        code_version=manifest.provenance.code_version,
        found_by=found_by,
    )


def _material_of(manifest: LibraryManifest, record: DocumentRecord) -> str:
    """A preview is of `material/name`, a master of `material_seed`, a gallery of nothing."""
    first = record.subject.partition("/")[0]
    names = [m.material for m in manifest.materials if first == m.material]
    names += [m.material for m in manifest.materials if re.fullmatch(rf"{m.material}_\d+", first)]
    return names[0] if names else ""
