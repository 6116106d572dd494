"""What one periodic spatial GAN is: every number that changes the shapes of its weights."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from texture_models.spatial.config import SLOW_CHANNELS, SpatialConfig


class PsganConfig(SpatialConfig, frozen=True, extra="forbid"):
    """Periodic spatial GAN: a field of noise cells in, a texture of any size out."""

    several_devices: ClassVar[bool] = True  # every draw and every mean is of the whole batch

    family: Literal["psgan"] = "psgan"
    slow_channels: int = Field(4, ge=0, le=64, description=SLOW_CHANNELS)
