"""The deep convolutional GAN as one trainable thing: networks, optimisers, one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from texture_models.families.dcgan.config import DcganConfig
from texture_models.families.dcgan.networks import build_discriminator, build_generator
from texture_models.losses import spread
from texture_models.spatial.measuring import assign_colours
from texture_models.training.augmenting import Augmentation
from texture_models.training.config import TrainingConfig
from texture_models.training.initial_weights import seeded
from texture_models.training.labels import balanced_labels, one_hot
from texture_models.training.movement import (
    begin_step,
    contest,
    follow,
    recompute_statistics,
)
from texture_models.training.optimizer import adam, skipped_steps
from texture_models.training.replicas import compiled_step, drawn_for_my_share

BETA_1, BETA_2 = 0.5, 0.999  # https://arxiv.org/abs/1511.06434, section 4, and Adam's own
STREAMS = 4  # draws a step: latent vectors, rolls down, rolls across, and one to spare


class Dcgan:
    """Generator, its running average, discriminator and both optimisers.

    Attributes:
        config: what the networks are.
        generator: trained network; see `build_generator`.
        averaged: running average of the generator's weights, the network that is kept.
        discriminator: see `build_discriminator`.
        measured: nothing; its colours are weights.
    """

    def __init__(self, config: DcganConfig, training: TrainingConfig) -> None:
        if training.patch_px != config.picture_px:
            raise ValueError(
                f"patch_px={training.patch_px} is not picture_px={config.picture_px}: this family"
                f" judges whole pictures; set model.picture_px={training.patch_px} or"
                f" training.patch_px={config.picture_px}"
            )
        self.config = config
        self.training = training
        dtype = training.precision
        self.generator = seeded(build_generator(config, dtype), training.seed)
        self.averaged = build_generator(config)
        self.averaged.set_weights(self.generator.get_weights())
        self.discriminator = seeded(build_discriminator(config, dtype), training.seed)
        self.measured: dict[str, np.ndarray] = {}
        self.optimizers = {
            name: adam(rate, network, beta_1=BETA_1, beta_2=BETA_2)
            for name, rate, network in (
                ("generator", training.generator_rate, self.generator),
                ("discriminator", training.discriminator_rate, self.discriminator),
            )
        }
        self.augmentation = Augmentation(training)
        self._compiled = compiled_step(self._step, xla=training.xla)

    def measure(self, photographs: Mapping[str, Sequence[np.ndarray]]) -> None:
        """Read the colours off the training regions of the photographs.

        Args:
            photographs: material -> uint8 (height, width, 3) pictures.
        """
        names = self.config.materials or tuple(photographs)
        assign_colours((self.generator, self.averaged), names, photographs)

    def train_step(
        self, image: np.ndarray, material: np.ndarray, *, step: int, rate_factor: float
    ) -> dict[str, Any]:
        """Do one step of both networks; return the losses as scalar tensors.

        Args:
            image: (batch, picture_px, picture_px, 3) float32 in -1..1.
            material: (batch,) int labels.
            step: index of the step; with the training's seed it decides all noise.
            rate_factor: what the learning rates are multiplied with, 0..1.
        """
        code = one_hot(material, self.config.material_count)
        penalised = begin_step(self.optimizers, self.training, step=step, rate_factor=rate_factor)
        return dict(
            self._compiled(
                tf.constant(image), tf.constant(code), tf.constant(step, tf.int32), penalised
            )
        )

    def state(self) -> dict[str, list[Any]]:
        """Every variable that an exact resume needs, by part."""
        return {
            "generator": self.generator.weights,
            "averaged": self.averaged.weights,
            "discriminator": self.discriminator.variables,  # the dropout's draws included
            "augmentation": self.augmentation.variables,
            **{f"{name}_adam": adam.variables for name, adam in self.optimizers.items()},
        }

    def networks(self) -> dict[str, keras.Model]:
        """The networks that a step trains, by name."""
        return {"generator": self.generator, "discriminator": self.discriminator}

    def recompute_statistics(self, batches: int) -> None:
        """Replace the averaged network's normalisation statistics by means over fresh vectors."""
        count = self.config.material_count
        code = tf.constant(one_hot(balanced_labels(count), count))

        def draw(batch: int) -> dict[str, Any]:
            return {"latent": self._latent(code.shape[0], tf.constant(-1 - batch)), "code": code}

        recompute_statistics(self.averaged, map(draw, range(batches)))

    def _seed(self, step: Any, stream: int) -> Any:
        return tf.stack([tf.constant(self.training.seed, tf.int32), step * STREAMS + stream])

    def _latent(self, batch: int, step: Any) -> Any:
        channels, seed = self.config.latent_channels, self._seed(step, 0)
        return drawn_for_my_share(
            lambda rows: tf.random.stateless_normal((rows, channels), seed), batch
        )

    def _offsets(self, batch: int, step: Any, stream: int) -> Any:
        side, seed = self.config.picture_px, self._seed(step, stream)
        return drawn_for_my_share(
            lambda rows: tf.random.stateless_uniform((rows,), seed, 0, side, tf.int32), batch
        )

    def _step(self, image: Any, code: Any, step: Any, penalised: bool) -> Any:
        training, batch = self.training, code.shape[0]
        inputs = {"latent": self._latent(batch, step), "code": code}
        rolls = [self._offsets(batch, step, stream) for stream in (1, 2)]
        with tf.GradientTape() as tape:
            fake = rolled(self.generator(inputs, training=True), *rolls)
            total, parts, report = contest(
                self.discriminator,
                self.optimizers["discriminator"],
                self.augmentation,
                (image, fake),
                code,
                tape=tape,
                training=training,
                step=step,
                penalised=penalised,
                groups=code,
            )
            scaled = self.optimizers["generator"].scale(total)
        variables = self.generator.trainable_variables
        self.optimizers["generator"].apply(tape.gradient(scaled, variables), variables)
        half_life = training.average_images
        follow(self.averaged, self.generator, step=step, batch=batch, half_life=half_life)
        return {
            **report,
            **parts,
            "spread": spread(fake) / (spread(image) + 1e-6),
            "skipped": skipped_steps(tuple(self.optimizers.values())),
        }


def rolled(image: Any, down: Any, across: Any) -> Any:
    """Roll every picture of a batch by its own offsets.

    Args:
        image: (batch, height, width, channels) with fixed height and width.
        down: (batch,) int32 rows.
        across: (batch,) int32 columns.

    Returns:
        The same shape: row r holds what was row r - down, modulo the height; likewise columns.
    """
    height, width = image.shape[1:3]
    rows = (tf.range(height)[None, :] - down[:, None]) % height
    columns = (tf.range(width)[None, :] - across[:, None]) % width
    image = tf.gather(image, rows, axis=1, batch_dims=1)
    return tf.transpose(
        tf.gather(tf.transpose(image, (0, 2, 1, 3)), columns, axis=1, batch_dims=1), (0, 2, 1, 3)
    )
