"""What a model sees: which photographs, at which scale, changed how. No TensorFlow here."""

from typing import Literal

from pydantic import BaseModel, Field, PositiveFloat, PositiveInt, field_validator

from data.url_credentials import refuse_credentials


class DatasetConfig(BaseModel, frozen=True, extra="forbid", hide_input_in_errors=True):
    """Which photographs are prepared, and what is asked of them before they are."""

    source: str = Field(
        "sample_photos",
        min_length=1,
        description="`sample_photos` (built in), `tfds:NAME` (any TensorFlow dataset with an "
        "image), or a folder or fsspec URL of pictures with one subfolder a material",
    )
    materials: tuple[str, ...] = Field((), description="materials to take; empty takes all")
    photographs_per_material: PositiveInt | None = Field(
        None, description="at most so many photographs of each material, first by name; empty: all"
    )
    texel_scale: PositiveFloat | Literal["auto"] = Field(
        "auto",
        le=4,
        description="prepared pixels per source pixel; `auto` measures the texture's grain and "
        "never enlarges",
    )
    held_out_share: float = Field(
        0.25,
        ge=0.05,
        le=0.5,
        description="share of every photograph's width, its right-hand strip, kept from training",
    )
    refuse_unknown_licences: bool = Field(
        False, description="leave out photographs that the licence ledger does not cover"
    )
    min_side_px: int = Field(
        128, ge=32, description="photographs with a shorter side are refused, source pixels"
    )
    max_pixels: PositiveInt = Field(
        64_000_000,
        le=178_956_970,  # Pillow's own limit; beyond twice that it opens nothing
        description="pictures whose header announces more pixels are refused before decoding",
    )

    @field_validator("source")
    @classmethod
    def _may_be_shown(cls, source: str) -> str:
        return refuse_credentials(source)


class AugmentationConfig(BaseModel, frozen=True, extra="forbid"):
    """How patches are changed before the model sees them. Tone is left alone by default."""

    symmetries: Literal["auto", "none"] = Field(
        "auto",
        description="`auto`: the flips and quarter turns that leave a photograph's statistics "
        "unchanged; `none`: no geometric change",
    )
    brightness: float = Field(
        0.0, ge=0, le=0.5, description="largest shift of brightness, share of the full range"
    )
    contrast: float = Field(0.0, ge=0, le=0.5, description="largest relative change of contrast")
    saturation: float = Field(
        0.0, ge=0, le=0.5, description="largest relative change of saturation"
    )
    hue: float = Field(0.0, ge=0, le=0.5, description="largest turn of hue, share of the circle")
