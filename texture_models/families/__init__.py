"""Every family of generative models, and how one is built from its config.

A family is a folder here: a config, the networks, one training step. Families do not import each
other and share no base class; what they share is the contract in
`tests/texture_models/test_every_family.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias, assert_never

from pydantic import Field

from texture_models.families.psgan.config import PsganConfig
from texture_models.training.config import TrainingConfig

if TYPE_CHECKING:
    from texture_models.families.psgan.model import Psgan

# The union grows by one member a family; pydantic reads `family` to choose.
AnyModelConfig: TypeAlias = PsganConfig
ModelConfig = Annotated[AnyModelConfig, Field(description="what to train; `family` picks it")]


def build_model(config: AnyModelConfig, training: TrainingConfig) -> Psgan:
    """Return an untrained model of the family that `config` describes."""
    match config:
        case PsganConfig():
            from texture_models.families.psgan.model import Psgan

            return Psgan(config, training)
        case _:
            assert_never(config)
