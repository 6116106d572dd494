"""What the pipeline adds to the libraries' configs: how a model is judged and where it goes."""

from pydantic import BaseModel, Field

# Both become part of keys, file names and registry names, so they share one safe alphabet.
NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,47}$"


class EvaluationConfig(BaseModel, frozen=True, extra="forbid"):
    """Which renderings a trained model is judged by."""

    tiles_per_material: int = Field(4, ge=2, le=64, description="seamless tiles of each material")
    tile_px: int = Field(256, ge=64, le=2048, description="side of a tile, pixels")
    crop_px: int = Field(128, ge=32, le=1024, description="side of the crops compared, pixels")
    # Far from the seeds a library starts with: the published pictures are not those judged.
    first_seed: int = Field(100_001, ge=0, lt=2**31, description="seed of the first tile")


class PublishingConfig(BaseModel, frozen=True, extra="forbid"):
    """Under which names the results are kept."""

    library: str = Field(
        "photographs", pattern=NAME_PATTERN, description="name of the published library"
    )
    registered_model: str = Field(
        "textures", pattern=NAME_PATTERN, description="name in the model registry"
    )
    licence: str = Field(
        "auto",
        max_length=100,
        description="of the textures: SPDX identifier; `auto`: CC0-1.0 if every photograph is, "
        "else `unknown`",
    )
    include_photographs: bool = Field(
        True,
        description="publish a crop of a photograph beside its textures; off also removes the "
        "photographs' file names",
    )
