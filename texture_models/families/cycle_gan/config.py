"""What one pair of translators is, and how its losses are weighed."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, Field, field_validator, model_validator

from texture_models.training.config import AGAINST_FAULTS

Preset = Literal["S", "M", "L"]

FOLD = 4  # side of the squares of pixels that become channels before the first layer

# S and M are meant for a CPU, L for a GPU and the paper's size.
PRESETS: dict[str, dict[str, Any]] = {
    "S": {"blocks": 4, "widths": (64, 48, 24), "discriminator_widths": (32, 64, 128)},
    "M": {"blocks": 6, "widths": (96, 64, 32), "discriminator_widths": (48, 96, 192)},
    "L": {"blocks": 9, "widths": (256, 128, 64), "discriminator_widths": (64, 128, 256, 512)},
}


class CycleGanConfig(BaseModel, frozen=True, extra="forbid"):
    """Pair of translators: a picture of one material in, the same layout in the other out."""

    picture_px: ClassVar[int | None] = None  # pictures of any size
    several_devices: ClassVar[bool] = True  # the pools are the same on all of them
    batch_parts: ClassVar[int] = 2  # a batch is half one material, half the other
    # Its normalisation knows no statistics.
    unread: ClassVar[frozenset[str]] = AGAINST_FAULTS | {"spectrum_weight", "statistics_batches"}

    family: Literal["cycle_gan"] = "cycle_gan"
    preset: Preset = Field(
        "S", description="size of the networks: S and M for a CPU, L for a GPU; fills in the rest"
    )
    blocks: int = Field(ge=1, le=32, description="residual blocks of a translator")
    widths: tuple[int, int, int] = Field(
        description="channels of a translator at a quarter, half and the full resolution"
    )
    discriminator_widths: tuple[int, ...] = Field(
        description="channels of each stage; every stage halves the resolution"
    )
    cycle_weight: float = Field(
        10.0,
        ge=0,
        description="weight of the difference between a picture and its way there and back",
    )
    identity_weight: float = Field(
        0.5,
        ge=0,
        description="weight, as a share of the cycle's, of the change that a translator makes to a "
        "picture which is its own material already",
    )
    layout_px: int = Field(
        8,
        ge=1,
        le=64,
        description="side of the squares whose means have to come back from the way there and back "
        "and to stay in the identity term; 1 asks for every pixel, as the paper does",
    )
    replay_pool: int = Field(
        50, ge=1, le=1000, description="earlier translations that the discriminators see again"
    )
    materials: tuple[str, ...] = Field(
        (), description="the two materials, in the order of the labels; empty: the dataset's"
    )

    @model_validator(mode="before")
    @classmethod
    def _sizes_of_the_preset(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        preset = PRESETS.get(values.get("preset", "S"), {})
        return {**preset, **{key: value for key, value in values.items() if value is not None}}

    @field_validator("widths", "discriminator_widths")
    @classmethod
    def _positive_widths(cls, widths: tuple[int, ...]) -> tuple[int, ...]:
        if not 2 <= len(widths) <= 8 or min(widths) < 1 or max(widths) > 2048:
            raise ValueError(f"{widths} must be 2 to 8 numbers from 1 to 2048")
        return widths

    @field_validator("materials")
    @classmethod
    def _two_materials(cls, materials: tuple[str, ...]) -> tuple[str, ...]:
        if len(materials) not in (0, 2) or len(set(materials)) != len(materials):
            raise ValueError(
                f"materials {materials}: a cycle_gan translates between two different ones; choose"
                " them with dataset.materials"
            )
        return materials

    @property
    def pixels_per_cell(self) -> int:
        """Side of the squares that sizes count in; any multiple of FOLD would wrap."""
        return 16

    @property
    def margin_px(self) -> int:
        """Pixels of input around the picture that the valid convolutions use up."""
        return 2 * FOLD * (1 + self.blocks)

    @property
    def material_count(self) -> int:
        """Always two."""
        return 2

    @classmethod
    def tiny(cls, **changes: Any) -> Self:
        """The smallest networks that are still this family, for tests and dry runs."""
        small: dict[str, Any] = {
            "blocks": 1,
            "widths": (8, 8, 4),
            "discriminator_widths": (8, 8),
            "replay_pool": 3,
        }
        return cls(**{**small, **changes})
