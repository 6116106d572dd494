"""What is rendered from a model: sizes and seeds."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, Field, field_validator


class RenderConfig(BaseModel, frozen=True, extra="forbid"):
    """Which pictures of every material a library gets."""

    sizes_px: tuple[int, ...] = Field(
        (512, 1024), description="sides of the square textures, in pixels"
    )
    seeds_per_material: int = Field(4, ge=1, le=1000, description="pictures of each material")
    first_seed: int = Field(1, ge=0, description="seeds count up from here; a seed names a picture")

    @field_validator("sizes_px")
    @classmethod
    def _sizes(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        for size in sizes:
            if not 64 <= size <= 8192:
                raise ValueError(f"size {size} is not between 64 and 8192 pixels")
        if not sizes or len(set(sizes)) != len(sizes):
            raise ValueError(f"sizes_px={sizes} must name at least one size, each once")
        return sizes

    @property
    def seeds(self) -> range:
        """The seeds to render."""
        return range(self.first_seed, self.first_seed + self.seeds_per_material)

    @classmethod
    def tiny(cls, **changes: Any) -> Self:
        """Two small pictures, for tests and dry runs."""
        small: dict[str, Any] = {"sizes_px": (64,), "seeds_per_material": 2}
        return cls(**{**small, **changes})
