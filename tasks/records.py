"""What the steps of the pipeline hand each other: records with paths and names, never arrays.

Cheap to log, to hash and to store; reading this file imports neither TensorFlow nor MLflow.
"""

from typing import Any

from pydantic import BaseModel, Field

from data.library.build_plan import LibraryPlan
from data.library.publish import PublishedLibrary
from data.library.records import MaterialSlug, Sha256, Slug, TextureRecord
from texture_models.families import ModelConfig
from texture_models.metrics.scores import TextureScores


class TrainingRun(BaseModel, frozen=True, extra="forbid"):
    """One finished training."""

    key: str = Field(description="content digest of everything that decided it")
    folder: str = Field(description="local absolute path of its checkpoints, previews and model")
    model_dir: str = Field(description="local absolute path of the saved generator")
    mlflow_run_id: str = Field(description="where its losses are recorded")
    model: ModelConfig
    dataset_fingerprint: str = Field(description="of the photographs")
    steps: int = Field(ge=0, description="optimiser steps done")
    seconds: float = Field(ge=0, description="time spent training, interruptions left out")
    waiting_share: float = Field(ge=0, le=1, description="share of it spent waiting for patches")
    preview_path: str = Field("", description="last preview picture; empty if there is none")
    request_key: str = Field("", description="digest of what was asked for, names unresolved")
    started_from: str = Field("", description="NAME/VERSION whose weights it began with, if any")


class JoinedTraining(BaseModel, frozen=True, extra="forbid"):
    """A training of several machines, as one that is not the chief saw it end."""

    family: str = Field(description="architecture family")
    steps: int = Field(ge=0, description="optimiser steps done")


class Evaluation(BaseModel, frozen=True, extra="forbid"):
    """How a trained model does, measured on its own renderings."""

    training_key: str = Field(description="of the training judged")
    tile_seeds: tuple[int, ...] = Field(description="seeds of the tiles judged, of each material")
    tile_px: int = Field(gt=0, description="their side")
    scores: dict[str, TextureScores] = Field(description="material -> scores")
    unlike: dict[str, float] = Field(
        default_factory=dict,
        description="photograph -> how many times worse than usual it comes back from an "
        "autoencoder that was taught on others of its material; the strange ones only",
    )

    def plain_scores(self) -> dict[str, dict[str, Any]]:
        """Return material -> score -> value, as JSON has them."""
        return {name: scores.model_dump(mode="json") for name, scores in self.scores.items()}


class RegisteredModel(BaseModel, frozen=True, extra="forbid"):
    """One version in the model registry."""

    name: str = Field(description="in the registry")
    version: int = Field(ge=1, description="in the registry")
    mlflow_run_id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="training run")
    training_key: Sha256 = Field(
        description="content digest of everything that decided the training"
    )
    family: Slug = Field(description="architecture family")
    materials: tuple[MaterialSlug, ...] = Field(description="slugs, in the order of the labels")
    weights_sha256: Sha256 = Field(description="of config, measured numbers and weights")
    dataset_fingerprint: Sha256 = Field(description="of the photographs")
    request_key: str = Field(
        "", pattern=r"^([0-9a-f]{64})?$", description="digest of what the training was asked for"
    )
    started_from: str = Field(
        "",
        pattern=r"^([^/]+/[0-9]+)?$",
        description="NAME/VERSION whose weights it began with, if any",
    )

    @property
    def uri(self) -> str:
        """Address for MLflow."""
        return f"models:/{self.name}/{self.version}"


class Answer(BaseModel, frozen=True, extra="forbid"):
    """What a person said of a candidate that the gate let pass."""

    approved: bool
    reason: str = Field("", description="in their words, may be empty")

    @property
    def sentence(self) -> str:
        """The answer in one line."""
        said = "approved by a person" if self.approved else "rejected by a person"
        return f"{said}: {self.reason}" if self.reason else said


class Promotion(BaseModel, frozen=True, extra="forbid"):
    """What became of a candidate."""

    candidate: RegisteredModel
    champion: RegisteredModel = Field(description="after the decision")
    passed: bool = Field(description="verdict of the gate on the candidate")
    reasons: tuple[str, ...] = Field(description="of the verdict, in words")

    @property
    def sentence(self) -> str:
        """The decision in one line, for people."""
        name, why = (
            f"{self.candidate.name} version {self.candidate.version}",
            "; ".join(self.reasons),
        )
        if self.champion.version != self.candidate.version:
            return f"{name} stays a candidate ({why}); champion is version {self.champion.version}"
        if not self.passed:
            return f"{name} is still the champion, although it is refused now: {why}"
        return f"{name} is the champion"


class RenderedTexture(BaseModel, frozen=True, extra="forbid"):
    """One PNG on the local disk, not yet published."""

    png_path: str = Field(description="local absolute path")
    record: TextureRecord


class Rendering(BaseModel, frozen=True, extra="forbid"):
    """Every texture rendered from one model for one library version."""

    model: RegisteredModel
    folder: str = Field(description="local absolute path")
    textures: tuple[RenderedTexture, ...] = Field(description="sorted by key")


class RefusedSource(BaseModel, frozen=True, extra="forbid"):
    """A picture that was not translated."""

    name: str = Field(description="at its source")
    reason: str = Field(description="in words")


class Translation(BaseModel, frozen=True, extra="forbid"):
    """Every picture of one source, translated by one model."""

    rendering: Rendering
    refused: tuple[RefusedSource, ...] = Field(description="what was skipped")


class TranslatedLibrary(BaseModel, frozen=True, extra="forbid"):
    """What a run of translations made."""

    published: PublishedLibrary
    refused: tuple[RefusedSource, ...] = Field(description="what was skipped")


class Production(BaseModel, frozen=True, extra="forbid"):
    """What the main job made."""

    promotion: Promotion
    published: PublishedLibrary


class LibraryBuild(BaseModel, frozen=True, extra="forbid"):
    """What a build of a recipe did."""

    plan: LibraryPlan
    published: PublishedLibrary | None = Field(description="none: nothing was stale")
    ran: dict[str, int] = Field(description="stage or map -> how often it ran")
