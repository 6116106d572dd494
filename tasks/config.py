"""What the pipeline adds to the libraries' configs: how a model is judged and where it goes."""

from typing import Literal

from pydantic import BaseModel, Field, PositiveInt, field_validator

from data.url_credentials import refuse_credentials

# Both become part of keys, file names and registry names, so they share one safe alphabet.
NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,47}$"


class EvaluationConfig(BaseModel, frozen=True, extra="forbid"):
    """Which renderings a trained model is judged by."""

    tiles_per_material: int = Field(4, ge=2, le=64, description="seamless tiles of each material")
    tile_px: int = Field(256, ge=64, le=2048, description="side of a tile, pixels")
    crop_px: int = Field(128, ge=32, le=1024, description="side of the crops compared, pixels")
    classifier_steps: int = Field(
        300,
        ge=0,
        le=100_000,
        description="training of the classifier that says of how many renderings it would know the "
        "material, where there are two materials or more; 0: do without",
    )
    autoencoder_steps: int = Field(
        150,
        ge=0,
        le=100_000,
        description="training of the three autoencoders that say which photographs are unlike the "
        "others of their material, where there are three or more; 0: do without",
    )
    autoencoder: Literal["dense", "convolutional"] = Field(
        "dense", description="what those autoencoders are made of; the dense ones take less time"
    )
    # Far from the seeds a library starts with: the published pictures are not those judged.
    first_seed: int = Field(100_001, ge=0, lt=2**31, description="seed of the first tile")


class ApprovalConfig(BaseModel, frozen=True, extra="forbid"):
    """Whether a person decides as well, after the gate has let a candidate pass."""

    ask: bool = Field(
        False,
        description="wait on the run's page, pictures and scores in its form, until somebody says "
        "yes or no; needs a Prefect server",
    )
    hours: float = Field(24.0, gt=0, le=720, description="how long to wait for the answer")


class TranslationConfig(BaseModel, frozen=True, extra="forbid", hide_input_in_errors=True):
    """Which pictures are translated, by which model, into what."""

    source: str = Field(
        min_length=1,
        description="a folder or fsspec URL of pictures; `library:NAME` in the store, or "
        "`library:URL/NAME` in another one",
    )
    source_version: str = Field(
        "latest", description="of a library: v7, latest, or a channel; nothing for a folder"
    )
    materials: tuple[str, ...] = Field(
        (),
        description="folders or materials to take; empty: the material that the model translates "
        "from if the source has it, else everything",
    )
    target: str = Field(
        min_length=1, description="material to translate into, one of the model's two"
    )
    model_version: str = Field(
        "champion",
        coerce_numbers_to_str=True,  # `--set translation.model_version=2` is a number
        description="of the registered model: champion, candidate, or a number",
    )
    tiles: Literal["detect", "yes", "no"] = Field(
        "detect",
        description="whether pictures are seamless, and stay so; `detect`: as a library says, "
        "files by the step over their borders",
    )
    scale: float = Field(
        1.0,
        gt=0,
        le=4,
        description="resizes the pictures first, so that they have the scale of the photographs "
        "that the model was trained on",
    )
    max_pixels: PositiveInt = Field(
        64_000_000, description="pictures whose header announces more are refused undecoded"
    )

    @field_validator("source")
    @classmethod
    def _may_be_shown(cls, source: str) -> str:
        return refuse_credentials(source)


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
