"""Textures in the home folder before they are published: a PNG, and after it its record."""

from pathlib import Path
from typing import Any

from data.library.encode import EncodedTexture
from data.library.records import TextureRecord, digest
from tasks.whole_files import write_whole


def write_texture(path: Path, texture: EncodedTexture) -> None:
    """Write the PNG at `path` and, last, the record beside it; each appears complete."""
    write_whole(path, texture.png)
    write_whole(path.with_suffix(".json"), texture.record.model_dump_json(indent=2).encode())


def finished_texture(path: Path) -> TextureRecord | None:
    """Return the record of a picture an earlier attempt finished, if its file is as written."""
    try:
        record = TextureRecord.model_validate_json(path.with_suffix(".json").read_text())
        return record if digest(path.read_bytes()) == record.sha256 else None
    except (OSError, ValueError):
        return None


def picture_scores(pixels: Any) -> dict[str, float]:
    """Return what a library says of one picture of (height, width, 3) uint8."""
    from texture_models.metrics.seam import wrap_seam

    seam = wrap_seam(pixels)
    return {"wrap_seam_z": round(float(seam.z), 3), "wrap_seam_ratio": round(float(seam.ratio), 3)}
