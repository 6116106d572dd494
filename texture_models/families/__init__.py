"""Every family of generative models, and how one is built from its config.

A family is a folder here: a config, the networks, one training step. Families do not import each
other and share no base class; what they share is the contract in
`tests/texture_models/test_every_family.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeAlias, assert_never

from pydantic import Field

from texture_models.families.psgan.config import PsganConfig
from texture_models.training.config import TrainingConfig

if TYPE_CHECKING:
    import numpy as np

    from texture_models.families.psgan.model import Psgan
    from texture_models.rendering.noise_field import CellWindow

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


class Inference(Protocol):
    """What rendering asks of a family; each family's `inference` module provides it."""

    def build_generator(self, config: Any) -> Any:
        """Return the untrained generator, a `keras.Model`."""

    def picture_noise(
        self, config: Any, waves: np.ndarray, seed: int, window: CellWindow
    ) -> dict[str, np.ndarray]:
        """Return the noise of one window of the picture that `seed` names."""

    def folded_generator(self, config: Any, network: Any, code: np.ndarray) -> Callable[..., Any]:
        """Compile the generator for one material: noise -> (batch, height, width, 3) uint8."""


def inference_of(config: AnyModelConfig) -> Inference:
    """Return the rendering functions of the family that `config` describes."""
    match config:
        case PsganConfig():
            from texture_models.families.psgan import inference

            return inference
        case _:
            assert_never(config)
