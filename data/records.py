"""What is known about prepared photographs, as frozen records. No pixels, no TensorFlow here."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

Symmetry = Literal["flip_x", "flip_y", "rot90"]
Verdict = Literal["accepted", "repaired", "refused"]


class DatasetError(ValueError):
    """The photographs asked for cannot be had; the message is one line a user can act on."""


class Box(BaseModel, frozen=True, extra="forbid"):
    """A rectangle of pixels."""

    top_px: int = Field(ge=0, description="first row")
    left_px: int = Field(ge=0, description="first column")
    height_px: int = Field(ge=0, description="rows")
    width_px: int = Field(ge=0, description="columns")


class PhotoAnalysis(BaseModel, frozen=True, extra="forbid"):
    """How a photograph behaves as a texture, measured at its prepared scale."""

    stationarity: float = Field(
        ge=0, description="difference between parts over difference inside parts; 0: alike"
    )
    is_stationary: bool = Field(description="the parts look like one texture")
    period_px: float | None = Field(
        description="dominant repeat, prepared pixels; none where nothing repeats"
    )
    isotropy: float = Field(ge=0, le=1, description="1: no preferred direction; 0: one direction")
    symmetries: tuple[Symmetry, ...] = Field(
        description="changes that leave the statistics as they are"
    )
    warnings: tuple[str, ...] = Field(description="what makes the photograph unfit, in words")


class Photograph(BaseModel, frozen=True, extra="forbid"):
    """One prepared photograph: where it came from, what may be done with it, its pixels."""

    photo_id: str = Field(pattern=r"^[a-z0-9_]{1,64}$", description="unique in the dataset")
    material: str = Field(pattern=r"^[a-z0-9_]{1,50}$", description="slug of the material")
    source_name: str = Field(description="name at the source; for reports, never part of a path")
    source_sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="of the source's bytes")
    licence: str = Field(description="SPDX identifier, or `unknown`")
    origin: str = Field(description="author or page it came from; empty when unknown")
    source_height_px: int = Field(gt=0, description="upright, before scaling")
    source_width_px: int = Field(gt=0, description="upright, before scaling")
    texel_scale: float = Field(gt=0, description="prepared pixels per source pixel")
    height_px: int = Field(gt=0, description="prepared rows")
    width_px: int = Field(gt=0, description="prepared columns")
    pixels_file: str = Field(description="PNG, relative to the dataset's folder")
    pixels_sha256: str = Field(
        pattern=r"^[0-9a-f]{64}$", description="of the prepared (height, width, 3) uint8 pixels"
    )
    held_out: Box = Field(description="the part never trained on, prepared pixels")
    analysis: PhotoAnalysis = Field(description="as a texture, at the prepared scale")


class IngestRow(BaseModel, frozen=True, extra="forbid"):
    """What became of one file."""

    source_name: str = Field(description="name at the source")
    material: str = Field(description="slug of the material; empty when the file has none")
    verdict: Verdict = Field(description="what was decided")
    reason: str = Field(description="why, in words; empty when there is nothing to say")


class PreparedDataset(BaseModel, frozen=True, extra="forbid"):
    """Photographs ready for training: the record other steps exchange instead of pixels."""

    source: str = Field(description="as configured")
    fingerprint: str = Field(
        pattern=r"^[0-9a-f]{64}$", description="of the source's bytes, the config and this code"
    )
    materials: tuple[str, ...] = Field(min_length=1, description="slugs, sorted; index = class")
    photographs: tuple[Photograph, ...] = Field(min_length=1, description="sorted by photo_id")
    ingest: tuple[IngestRow, ...] = Field(description="one row a file looked at, sorted by name")
    folder: str = Field(description="local absolute path of the prepared dataset")
    tfds_name: str = Field(description="full name of the TensorFlow dataset it was read from")

    def pixels_path(self, photograph: Photograph) -> Path:
        """Local path of a photograph's PNG."""
        return Path(self.folder) / photograph.pixels_file
