"""The periodic spatial GAN as one trainable thing: two networks, their optimisers, one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from texture_models.families.psgan.config import PsganConfig
from texture_models.families.psgan.networks import build_discriminator, build_generator
from texture_models.losses import spread
from texture_models.spatial.grid_imprint import GridImprint
from texture_models.spatial.measuring import assign_colours, measured_waves, no_waves
from texture_models.spatial.training_noise import training_noise
from texture_models.spatial.value_range import ValueRange
from texture_models.spatial.wave_phase import WavePhase
from texture_models.spectrum_loss import SpectrumLoss
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
from texture_models.training.replicas import compiled_step

STATISTICS_CELLS = 8  # side of the pictures that normalisation statistics are taken from


class Psgan:
    """Generator, its running average, discriminator and both optimisers.

    Attributes:
        config: what the networks are.
        generator: trained network; see `build_generator`.
        averaged: running average of the generator's weights, the network that is kept.
        discriminator: see `build_discriminator`.
        measured: `waves` (materials, waves, 2), wave vectors in cycles per pixel.
    """

    def __init__(self, config: PsganConfig, training: TrainingConfig) -> None:
        self.config = config
        self.training = training
        dtype = self.training.precision
        self.generator = seeded(build_generator(config, dtype), training.seed)
        self.averaged = build_generator(config)
        self.averaged.set_weights(self.generator.get_weights())
        self.discriminator = seeded(build_discriminator(config, dtype), training.seed)
        self.measured = {"waves": no_waves(config)}
        self._spectrum = SpectrumLoss(config.material_count, training.patch_px)
        self._range = ValueRange(config.material_count)
        self._phase = WavePhase(config, training.patch_px)
        self.optimizers = {
            "generator": adam(self.training.generator_rate, self.generator),
            "discriminator": adam(self.training.discriminator_rate, self.discriminator),
        }
        self.augmentation = Augmentation(training)
        self.imprint = GridImprint(config.material_count, config.pixels_per_cell)
        self._compiled = compiled_step(self._step, xla=training.xla)

    def measure(self, photographs: Mapping[str, Sequence[np.ndarray]]) -> None:
        """Read waves, colours, spectra and extremes off the training regions of the photographs.

        Args:
            photographs: material -> uint8 (height, width, 3) pictures.
        """
        self.measured = {"waves": measured_waves(self.config, photographs)}
        names = self.config.materials or tuple(photographs)
        assign_colours((self.generator, self.averaged), names, photographs)
        self._spectrum.measure(names, photographs)
        self._range.measure(names, photographs)
        if self.config.periodic_channels:
            self._phase.measure(names, photographs, self.measured["waves"])

    def train_step(
        self, image: np.ndarray, material: np.ndarray, *, step: int, rate_factor: float
    ) -> dict[str, Any]:
        """Do one step of both networks; return the losses as scalar tensors.

        Args:
            image: (batch, patch, patch, 3) float32 in -1..1.
            material: (batch,) int labels.
            step: index of the step; with the training's seed it decides all noise.
            rate_factor: what the learning rates are multiplied with, 0..1.
        """
        code = one_hot(material, self.config.material_count)
        waves = self.measured["waves"][material].astype(np.float32)
        penalised = begin_step(self.optimizers, self.training, step=step, rate_factor=rate_factor)
        return dict(
            self._compiled(
                tf.constant(image),
                tf.constant(code),
                tf.constant(waves),
                tf.constant(step, tf.int32),
                penalised,
            )
        )

    def state(self) -> dict[str, list[Any]]:
        """Every variable that an exact resume needs, by part."""
        return {
            "generator": self.generator.weights,
            "averaged": self.averaged.weights,
            "discriminator": self.discriminator.weights,
            "augmentation": self.augmentation.variables,
            "imprint": self.imprint.variables,
            **{f"{name}_adam": mover.variables for name, mover in self.optimizers.items()},
        }

    def networks(self) -> dict[str, keras.Model]:
        """The networks that a step trains, by name."""
        return {"generator": self.generator, "discriminator": self.discriminator}

    def recompute_statistics(self, batches: int) -> None:
        """Replace the averaged network's normalisation statistics by means over fresh noise.

        Noise is drawn from the training's seed, so the result is reproducible.
        """
        count = self.config.material_count
        labels = balanced_labels(count)
        code = tf.constant(one_hot(labels, count))
        waves = tf.constant(self.measured["waves"][labels].astype(np.float32))
        steps = (tf.constant(-1 - batch, tf.int32) for batch in range(batches))
        recompute_statistics(
            self.averaged, (self._inputs(code, waves, step, STATISTICS_CELLS) for step in steps)
        )

    def _inputs(self, code: Any, waves: Any, step: Any, cells: int) -> dict[str, Any]:
        """What the generator reads for a batch of square patches of `cells` cells."""
        seed = self.training.seed
        return {
            **training_noise(self.config, waves, seed=seed, step=step, cells=cells),
            "code": code,
        }

    def _step(self, image: Any, code: Any, waves: Any, step: Any, penalised: bool) -> Any:
        training = self.training
        cells = training.patch_px // self.config.pixels_per_cell
        inputs = self._inputs(code, waves, step, cells)
        with tf.GradientTape() as tape:
            fake = self.generator(inputs, training=True)
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
            for name, weight, loss in self._statistics_losses(waves, inputs):
                parts[name] = loss(fake, code)
                total += weight * parts[name]
            scaled = self.optimizers["generator"].scale(total)
        variables = self.generator.trainable_variables
        self.optimizers["generator"].apply(tape.gradient(scaled, variables), variables)
        follow(
            self.averaged,
            self.generator,
            step=step,
            batch=code.shape[0],
            half_life=training.average_images,
        )
        return {
            **report,
            **parts,
            "spread": spread(fake) / (spread(image) + 1e-6),
            "skipped": skipped_steps(tuple(self.optimizers.values())),
        }

    def _statistics_losses(
        self, waves: Any, inputs: Mapping[str, Any]
    ) -> list[tuple[str, float, Callable[..., Any]]]:
        """Return (name, weight, loss of generated pictures and codes) of what no network judges.

        Args:
            waves: (batch, waves, 2) wave vectors of each picture.
            inputs: what the pictures were generated from.
        """
        training, config = self.training, self.config
        cells = training.patch_px // config.pixels_per_cell
        losses: list[tuple[str, float, Callable[..., Any]]] = [
            ("spectrum", training.spectrum_weight, self._spectrum),
            # A patch of one cell has no second place to compare with.
            ("imprint", training.imprint_weight if cells > 1 else 0.0, self.imprint),
            ("beyond", training.range_weight, self._range),
            (
                "phase",
                training.phase_weight if self._phase.asks else 0.0,
                lambda image, code: self._phase(image, waves, inputs["noise_0"], code),
            ),
        ]
        return [one for one in losses if one[1]]
