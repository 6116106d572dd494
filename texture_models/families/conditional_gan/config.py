"""What one conditional GAN is: every number that changes its weights' shapes or their lessons."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from texture_models.spatial.config import SpatialConfig
from texture_models.training.config import AGAINST_FAULTS


class ConditionalGanConfig(SpatialConfig, frozen=True, extra="forbid"):
    """Conditional GAN: noise cells and a map of material weights in, a texture of any size out."""

    several_devices: ClassVar[bool] = True  # every draw and every mean is of the whole batch
    unread: ClassVar[frozenset[str]] = AGAINST_FAULTS

    family: Literal["conditional_gan"] = "conditional_gan"
    mixed_share: float = Field(
        0.5, ge=0, le=1, description="share of the training pictures in which two materials meet"
    )
    height_contrast: float = Field(
        4.0,
        ge=0,
        le=8,
        description="how much brightness decides which material is on top where two meet; 0: fade",
    )

    @property
    def unused(self) -> dict[str, str]:
        """Fields of this config that nothing reads, and what would have to be."""
        if len(self.materials) == 1:  # none are the dataset's, which may be several
            return dict.fromkeys(("height_contrast", "mixed_share"), "several materials")
        return {} if self.mixed_share else {"height_contrast": "a model.mixed_share above 0"}

    def mixed_count(self, batch: int) -> int:
        """Pictures of a batch in which two materials meet: never all, none of one material."""
        if self.material_count < 2 or batch < 2:
            return 0
        return min(round(self.mixed_share * batch), batch - 1)
