"""What one texture VAE is: the shapes of its weights, and what it minimises."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from texture_models.spatial.config import SpatialConfig
from texture_models.training.config import AGAINST_FAULTS, AUGMENTING

_OF_DISCRIMINATORS = AUGMENTING | {
    "discriminator_rate",
    "gram_weight",
    "r1_every",
    "r1_gamma",
    "spectrum_weight",
}

_OF_STATISTICS = ("discriminator_widths", "encoder_rate", "kl_weight", "warm_up_steps")


class VaeConfig(SpatialConfig, frozen=True, extra="forbid"):
    """Texture VAE: from a picture to a code, from code and noise to textures of any size."""

    several_devices: ClassVar[bool] = True  # every draw and every mean is of the whole batch

    family: Literal["vae"] = "vae"
    objective: Literal["statistics", "elbo"] = Field(
        "statistics",
        description="statistics: textures like the photographs; elbo: the plain bound on the "
        "likelihood of pixels, blurred, to compare with",
    )
    latent_channels: int = Field(
        32, ge=1, le=512, description="length of the code that a picture becomes"
    )
    spatial_channels: int = Field(
        8, ge=0, le=256, description="channels of each noise cell that can be encoded, not drawn"
    )
    encoder_widths: tuple[int, ...] = Field(
        (32, 64, 96, 128),
        description="channels of each stage of the encoder; one fewer than the generator's widths",
    )
    encoder_rate: float = Field(
        0.1,
        gt=0,
        le=1,
        description="learning rate of the encoder, as a share of the decoder's; `elbo` has 1",
    )
    kl_weight: float = Field(
        0.1, ge=0, description="weight of the divergence from the prior; `elbo` has 1, as it must"
    )
    warm_up_steps: int = Field(
        400, ge=0, description="steps over which the divergence comes to its weight"
    )
    pixel_deviation: float = Field(
        0.2, gt=0, le=2, description="of a pixel under `elbo`, black to white being 2"
    )

    @model_validator(mode="after")
    def _stages_end_at_the_cells(self) -> Self:
        stages, wanted = len(self.encoder_widths), self.levels - 1
        if stages != wanted or min(self.encoder_widths) < 1 or max(self.encoder_widths) > 2048:
            raise ValueError(
                f"encoder_widths={self.encoder_widths} must be {wanted} numbers from 1 to 2048, so"
                f" that its places are the noise cells of {self.pixels_per_cell} px"
            )
        if self.spatial_channels > self.local_channels:
            raise ValueError(
                f"spatial_channels={self.spatial_channels} is more than the"
                f" local_channels={self.local_channels} there are in a cell"
            )
        return self

    @property
    def unread(self) -> frozenset[str]:
        """Fields of the training that nothing of this objective reads."""
        unread = AGAINST_FAULTS
        return unread if self.objective == "statistics" else unread | _OF_DISCRIMINATORS

    @property
    def unused(self) -> dict[str, str]:
        """Fields of this config that nothing of this objective reads, and what does."""
        if self.objective == "statistics":
            return {"pixel_deviation": "model.objective=elbo"}
        return dict.fromkeys(_OF_STATISTICS, "model.objective=statistics")

    @classmethod
    def tiny(cls, **changes: Any) -> Self:
        """The smallest network that is still this family, for tests and dry runs."""
        small: dict[str, Any] = {
            "latent_channels": 6,
            "spatial_channels": 2,
            "encoder_widths": (8, 8, 8, 8),
        }
        return super().tiny(**{**small, **changes})
