"""The fields of every spatial generator: each number that changes the shapes of its weights."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, Field, field_validator, model_validator

Preset = Literal["S", "M", "L"]

# S and M are meant for a CPU, L for one GPU.
PRESETS: dict[str, dict[str, tuple[int, ...]]] = {
    "S": {"generator_widths": (96, 96, 64, 48, 32), "discriminator_widths": (48, 96, 128)},
    "M": {"generator_widths": (192, 128, 96, 64, 48), "discriminator_widths": (64, 128, 192)},
    "L": {
        "generator_widths": (512, 256, 128, 96, 64),
        "discriminator_widths": (64, 128, 256, 512),
    },
}

SLOW_CHANNELS = (
    "noise that changes over several cells, as regions of a photograph differ; 0 for none"
)
# Waves enter where one sample is 16, 8 and 4 pixels; at finer levels nothing is left to shape them.
WAVE_LEVELS = 3


class SpatialConfig(BaseModel, frozen=True, extra="forbid"):
    """Sizes of a spatial generator and of the discriminator it learns from; no family by itself."""

    picture_px: ClassVar[int | None] = None  # pictures of any size

    preset: Preset = Field(
        "S", description="size of the networks: S and M for a CPU, L for a GPU; fills in the widths"
    )
    generator_widths: tuple[int, ...] = Field(
        description="channels of each resolution, coarse to fine; one upsampling between each two"
    )
    discriminator_widths: tuple[int, ...] = Field(
        description="channels of each stage; every stage halves the resolution"
    )
    local_channels: int = Field(24, ge=1, le=256, description="noise drawn anew in every cell")
    fine_channels: int = Field(
        4, ge=0, le=4, description="noise added at every finer resolution; 0 for none"
    )
    periodic_channels: int = Field(
        2, ge=0, le=2, description="plane waves measured in the photograph; two fix a lattice"
    )
    global_channels: int = Field(
        0, ge=0, le=64, description="one code a picture, the same in every cell; 0 for none"
    )
    slow_channels: int = Field(0, ge=0, le=64, description=SLOW_CHANNELS)
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

    @property
    def levels(self) -> int:
        """Number of resolutions, the noise cells' own included."""
        return len(self.generator_widths)

    @property
    def pixels_per_cell(self) -> int:
        """Side of the square, in pixels, that one noise cell grows into."""
        return int(2 ** (self.levels - 1))

    def own_channels(self, level: int) -> int:
        """Channels of the noise that enters at `level`, waves left out."""
        if level > 0:
            return self.fine_channels
        return self.local_channels + self.global_channels + self.slow_channels

    def wave_channels(self, level: int) -> int:
        """Channels of the waves that enter at `level`: sine and cosine of each."""
        return 2 * self.periodic_channels if level < WAVE_LEVELS else 0

    def noise_channels(self, level: int) -> int:
        """Channels of the noise that enters at `level`: cells or fine noise, then waves."""
        return self.own_channels(level) + self.wave_channels(level)

    @property
    def material_count(self) -> int:
        """Number of materials the networks are built for, at least 1."""
        return max(1, len(self.materials))

    @classmethod
    def tiny(cls, **changes: Any) -> Self:
        """The smallest network that is still this family, for tests and dry runs."""
        small: dict[str, Any] = {
            "generator_widths": (8, 8, 8, 8, 4),
            "discriminator_widths": (8, 8, 8),
            "local_channels": 4,
            "fine_channels": 2,
            "periodic_channels": 2,
        }
        return cls(**{**small, **changes})
