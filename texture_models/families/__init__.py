"""Every family of generative models, and how one is built from its config.

A family is a folder here: a config, the networks, one training step. Families do not import each
other and share no base class; what they share are the two protocols below and the contract in
`tests/texture_models/test_every_family.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeAlias, assert_never

from pydantic import Field

from texture_models.families.conditional_gan.config import ConditionalGanConfig
from texture_models.families.conv_stack.config import ConvStackConfig
from texture_models.families.cycle_gan.config import CycleGanConfig
from texture_models.families.dcgan.config import DcganConfig
from texture_models.families.psgan.config import PsganConfig
from texture_models.families.vae.config import VaeConfig
from texture_models.training.config import TrainingConfig

if TYPE_CHECKING:
    import numpy as np

    from texture_models.rendering.noise_field import CellWindow

# The union grows by one member a family; pydantic reads `family` to choose.
AnyModelConfig: TypeAlias = (
    PsganConfig | DcganConfig | ConvStackConfig | CycleGanConfig | ConditionalGanConfig | VaeConfig
)
ModelConfig = Annotated[
    AnyModelConfig,
    Field(description="what to train; `family` picks it", discriminator="family"),
]


class Trainable(Protocol):
    """What training asks of a family's model.

    Attributes:
        config: what the networks are.
        training: how they are trained.
        averaged: the network that is kept, a `keras.Model`.
        optimizers: name -> `training.optimizer.Adam`; `generator` moves in every step, once.
        measured: what is kept beside the weights, name -> numbers; filled by `measure`.
    """

    config: Any
    training: TrainingConfig
    averaged: Any
    optimizers: dict[str, Any]
    measured: dict[str, np.ndarray]

    def measure(self, photographs: Mapping[str, Sequence[np.ndarray]]) -> None:
        """Read off the training regions (material -> uint8 pictures) what is not learnt."""

    def train_step(
        self, image: np.ndarray, material: np.ndarray, *, step: int, rate_factor: float
    ) -> dict[str, Any]:
        """Do one step; return scalar losses, among them `spread`, see `training.health`.

        Args:
            image: (batch, patch, patch, 3) float32 in -1..1.
            material: (batch,) int labels.
            step: index of the step; with the training's seed it decides every draw.
            rate_factor: what the learning rates are multiplied with, 0..1.
        """

    def networks(self) -> dict[str, Any]:
        """Return the networks that a step trains, name -> `keras.Model`."""

    def state(self) -> dict[str, list[Any]]:
        """Return every variable that an exact resume needs, by part."""

    def recompute_statistics(self, batches: int) -> None:
        """Bring `averaged` and `measured` up to the weights as they are now.

        Called before a preview and at the end of the training; nothing that is trained may change.
        """


def build_model(config: AnyModelConfig, training: TrainingConfig) -> Trainable:
    """Return an untrained model of the family that `config` describes."""
    match config:
        case PsganConfig():
            from texture_models.families.psgan.model import Psgan

            return Psgan(config, training)
        case DcganConfig():
            from texture_models.families.dcgan.model import Dcgan

            return Dcgan(config, training)
        case ConvStackConfig():
            from texture_models.families.conv_stack.model import ConvStack

            return ConvStack(config, training)
        case CycleGanConfig():
            from texture_models.families.cycle_gan.model import CycleGan

            return CycleGan(config, training)
        case ConditionalGanConfig():
            from texture_models.families.conditional_gan.model import ConditionalGan

            return ConditionalGan(config, training)
        case VaeConfig():
            from texture_models.families.vae.model import Vae

            return Vae(config, training)
        case _:
            assert_never(config)


class Inference(Protocol):
    """What rendering asks of a family; each family's `inference` module provides it."""

    def build_generator(self, config: Any) -> Any:
        """Return the untrained network that is kept, a `keras.Model`."""

    def picture_inputs(
        self,
        config: Any,
        measured: Mapping[str, np.ndarray],
        index: int,
        seed: int,
        window: CellWindow,
    ) -> dict[str, np.ndarray]:
        """Return what the compiled generator reads for one window of a picture, without a batch.

        Args:
            config: the model's.
            measured: as `Trainable.measured`.
            index: of the material.
            seed: names the picture.
            window: which part of it.
        """

    def compiled_generator(
        self, config: Any, network: Any, measured: Mapping[str, np.ndarray], index: int
    ) -> Callable[[Mapping[str, np.ndarray]], Any]:
        """Compile the generator for the material `index`.

        Returns:
            A function: fields of `picture_inputs`, with a batch axis -> (batch, height, width, 3)
            uint8.
        """


def inference_of(config: AnyModelConfig) -> Inference:
    """Return the rendering functions of the family that `config` describes."""
    match config:
        case PsganConfig():
            from texture_models.families.psgan import inference

            return inference
        case DcganConfig():
            from texture_models.families.dcgan import inference as dcgan_inference

            return dcgan_inference
        case ConvStackConfig():
            from texture_models.families.conv_stack import inference as conv_stack_inference

            return conv_stack_inference
        case CycleGanConfig():
            from texture_models.families.cycle_gan import inference as cycle_gan_inference

            return cycle_gan_inference
        case ConditionalGanConfig():
            from texture_models.families.conditional_gan import inference as conditional_inference

            return conditional_inference
        case VaeConfig():
            from texture_models.families.vae import inference as vae_inference

            return vae_inference
        case _:
            assert_never(config)
