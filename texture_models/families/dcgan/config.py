"""What one deep convolutional GAN is: every number that changes the shapes of its weights."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, Field, field_validator, model_validator

from texture_models.training.config import AGAINST_FAULTS

Preset = Literal["S", "M", "L"]

# S and M are meant for a CPU, L for one GPU and the paper's widths.
PRESETS: dict[str, dict[str, tuple[int, ...]]] = {
    "S": {"generator_widths": (128, 96, 64, 48, 32), "discriminator_widths": (32, 64, 128, 192)},
    "M": {"generator_widths": (256, 192, 128, 64, 48), "discriminator_widths": (64, 128, 192, 256)},
    "L": {
        "generator_widths": (1024, 512, 256, 128, 64),
        "discriminator_widths": (64, 128, 256, 512),
    },
}


class DcganConfig(BaseModel, frozen=True, extra="forbid"):
    """Deep convolutional GAN: one latent vector in, one seamless picture of a fixed size out."""

    several_devices: ClassVar[bool] = True  # every draw and every mean is of the whole batch
    unread: ClassVar[frozenset[str]] = AGAINST_FAULTS | {"spectrum_weight"}

    family: Literal["dcgan"] = "dcgan"
    preset: Preset = Field(
        "S", description="size of the networks: S and M for a CPU, L for a GPU; fills in the widths"
    )
    picture_px: int = Field(
        64,
        ge=16,
        le=512,
        description="side of every picture it makes; must be the training's patch_px",
    )
    latent_channels: int = Field(
        64, ge=2, le=1024, description="length of the latent vector that a picture is made of"
    )
    generator_widths: tuple[int, ...] = Field(
        description="channels of each resolution, coarse to fine; one upsampling between each two"
    )
    discriminator_widths: tuple[int, ...] = Field(
        description="channels of each stage; every stage halves the resolution"
    )
    dropout: float = Field(
        0.2, ge=0, lt=1, description="share of the discriminator's features that a step leaves out"
    )
    materials: tuple[str, ...] = Field(
        (), description="names of the materials, in the order of the labels; empty: the dataset's"
    )

    @model_validator(mode="before")
    @classmethod
    def _widths_of_the_preset(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        preset = PRESETS.get(values.get("preset", "S"), {})
        return {**preset, **{key: value for key, value in values.items() if value is not None}}

    @field_validator("generator_widths", "discriminator_widths")
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

    @model_validator(mode="after")
    def _picture_grows_from_whole_places(self) -> Self:
        coarse, fine = len(self.generator_widths) - 1, len(self.discriminator_widths)
        step = 2 ** max(coarse, fine)
        if self.picture_px % step:
            below = max(step, self.picture_px // step * step)
            raise ValueError(
                f"picture_px={self.picture_px} is not a multiple of {step}, which"
                f" {coarse} upsamplings and {fine} stages need; the nearest sizes are {below} and"
                f" {below + step}"
            )
        return self

    @property
    def pixels_per_cell(self) -> int:
        """Side of the squares that sizes count in: the whole picture."""
        return self.picture_px

    @property
    def stem_side(self) -> int:
        """Side of the first resolution, in places."""
        return int(self.picture_px // 2 ** (len(self.generator_widths) - 1))

    @property
    def material_count(self) -> int:
        """Number of materials the networks are built for, at least 1."""
        return max(1, len(self.materials))

    @classmethod
    def tiny(cls, **changes: Any) -> Self:
        """The smallest network that is still this family, for tests and dry runs."""
        small: dict[str, Any] = {
            "picture_px": 32,
            "latent_channels": 8,
            "generator_widths": (8, 8, 8, 4),
            "discriminator_widths": (8, 8, 8),
        }
        return cls(**{**small, **changes})
