"""What a training folder was made for: whatever decides the model that it ends with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from texture_models.families import AnyModelConfig
from texture_models.saved_model import start_sha256
from texture_models.training.config import BUDGET, TrainingConfig

MadeFor: TypeAlias = Mapping[str, Mapping[str, Any]]  # concern -> field -> value, as JSON has them


def made_for(config: AnyModelConfig, training: TrainingConfig, start: Path | None) -> MadeFor:
    """Return what decides a model, photographs apart.

    Args:
        config: of the model, its materials named.
        training: how it is trained. Its name of a version to start from is no part of it: it may
            come to mean another one.
        start: saved model whose weights it begins with; None for random ones.
    """
    return {
        "model": config.model_dump(mode="json"),
        "training": training.decisive().model_dump(mode="json", exclude={"from_model"}),
        "start": {"sha256": start_sha256(start) if start else None},
    }


def without_budget(made: MadeFor) -> MadeFor:
    """Return the same without the fields that may change while it is trained: for how long."""
    training = {name: value for name, value in made["training"].items() if name not in BUDGET}
    return {**made, "training": training}
