"""What one plain stack of convolutions is, and how its two losses are weighed."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, Field, field_validator, model_validator

from texture_models.training.config import AGAINST_FAULTS

Preset = Literal["S", "M", "L"]

# S and M are meant for a CPU; L is the plain stack at full resolution, for a GPU.
PRESETS: dict[str, dict[str, Any]] = {
    "S": {"blocks": 8, "width": 80, "fold": 4, "discriminator_widths": (32, 64, 128, 128)},
    "M": {"blocks": 10, "width": 112, "fold": 4, "discriminator_widths": (48, 96, 192, 192)},
    "L": {"blocks": 16, "width": 128, "fold": 1, "discriminator_widths": (64, 128, 256, 512)},
}


class ConvStackConfig(BaseModel, frozen=True, extra="forbid"):
    """Plain stack of convolutions: a picture with gaps, or a random one, in; a whole one out."""

    picture_px: ClassVar[int | None] = None  # pictures of any size
    several_devices: ClassVar[bool] = True  # every draw and every mean is of the whole batch
    unread: ClassVar[frozenset[str]] = AGAINST_FAULTS | {"spectrum_weight"}

    family: Literal["conv_stack"] = "conv_stack"
    preset: Preset = Field(
        "S", description="size of the networks: S and M for a CPU, L for a GPU; fills in the rest"
    )
    blocks: int = Field(ge=1, le=64, description="blocks of the generator, all alike")
    width: int = Field(ge=1, le=1024, description="channels of every block")
    fold: Literal[1, 2, 4] = Field(
        description="side of the squares of pixels that become channels before the first block"
    )
    discriminator_widths: tuple[int, ...] = Field(
        description="channels of each stage; every stage halves the resolution"
    )
    reproduction_weight: float = Field(
        10.0, ge=0, description="weight of the mean difference to the picture to be reproduced"
    )
    materials: tuple[str, ...] = Field(
        (), description="names of the materials, in the order of the labels; empty: the dataset's"
    )

    @model_validator(mode="before")
    @classmethod
    def _sizes_of_the_preset(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        preset = PRESETS.get(values.get("preset", "S"), {})
        return {**preset, **{key: value for key, value in values.items() if value is not None}}

    @field_validator("discriminator_widths")
    @classmethod
    def _positive_widths(cls, widths: tuple[int, ...]) -> tuple[int, ...]:
        if not 2 <= len(widths) <= 8 or min(widths) < 1 or max(widths) > 2048:
            raise ValueError(f"{widths} must be 2 to 8 numbers from 1 to 2048")
        return widths

    @field_validator("materials")
    @classmethod
    def _distinct_materials(cls, materials: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(materials)) != len(materials):
            raise ValueError(f"materials {materials} contain one twice; name each once")
        return materials

    @property
    def pixels_per_cell(self) -> int:
        """Side of the squares that sizes count in; any multiple of `fold` would wrap."""
        return 16

    @property
    def margin_px(self) -> int:
        """Pixels of input around the picture that the valid convolutions use up."""
        return (self.blocks + 1) * self.fold

    @property
    def material_count(self) -> int:
        """Number of materials the networks are built for, at least 1."""
        return max(1, len(self.materials))

    @classmethod
    def tiny(cls, **changes: Any) -> Self:
        """The smallest network that is still this family, for tests and dry runs."""
        small: dict[str, Any] = {
            "blocks": 3,
            "width": 8,
            "fold": 2,
            "discriminator_widths": (8, 8, 8),
        }
        return cls(**{**small, **changes})
