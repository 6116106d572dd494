"""The periodic spatial GAN as one trainable thing: two networks, their optimisers, one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from texture_models.families.psgan.config import WAVE_LEVELS, PsganConfig
from texture_models.families.psgan.networks import build_discriminator, build_generator
from texture_models.families.psgan.noise import MARGIN, UNIT_VARIANCE
from texture_models.families.psgan.waves import wave_vectors
from texture_models.layers import colour_basis
from texture_models.losses import (
    discriminator_loss,
    generator_loss,
    gram_distance,
)
from texture_models.training.config import TrainingConfig

# Adam without momentum in the first moment: the target moves with the other network
# (StyleGAN2, https://arxiv.org/abs/1912.04958, appendix B).
BETA_1, BETA_2, EPSILON = 0.0, 0.99, 1e-8


class Psgan:
    """Generator, its running average, discriminator and both optimisers.

    Attributes:
        config: what the networks are.
        generator: trained network; see `build_generator`.
        averaged: running average of the generator's weights, the network that is kept.
        discriminator: see `build_discriminator`.
        waves: (materials, waves, 2) wave vectors in cycles per pixel.
    """

    def __init__(self, config: PsganConfig, training: TrainingConfig) -> None:
        self.config = config
        self.training = training
        dtype = self.training.precision
        keras.utils.set_random_seed(self.training.seed)  # the only use: initial weights
        self.generator = build_generator(config, dtype)
        self.averaged = build_generator(config)
        self.averaged.set_weights(self.generator.get_weights())
        self.discriminator = build_discriminator(config, dtype)
        self.waves = np.zeros((config.material_count, config.periodic_channels, 2))
        self.optimizers = {
            "generator": _adam(self.training.generator_rate, self.generator),
            "discriminator": _adam(self.training.discriminator_rate, self.discriminator),
        }
        self._compiled = tf.function(self._step, reduce_retracing=True)

    def measure(self, photographs: Mapping[str, Sequence[np.ndarray]]) -> None:
        """Read waves and colours off the training regions of the photographs.

        Args:
            photographs: material -> uint8 (height, width, 3) pictures.
        """
        for index, material in enumerate(self.config.materials or tuple(photographs)):
            self.waves[index] = wave_vectors(photographs[material], self.config.periodic_channels)
        measured = [
            colour_basis(photographs[name]) for name in self.config.materials or tuple(photographs)
        ]
        for network in (self.generator, self.averaged):
            colour = network.get_layer("colour")
            colour.basis.assign(np.stack([basis for basis, _ in measured]))
            colour.mean.assign(np.stack([mean for _, mean in measured]))

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
        self.optimizers["generator"].learning_rate.assign(
            self.training.generator_rate * rate_factor
        )
        self.optimizers["discriminator"].learning_rate.assign(
            self.training.discriminator_rate * rate_factor
        )
        code = np.eye(self.config.material_count, dtype=np.float32)[material]
        waves = self.waves[material].astype(np.float32)
        penalised = bool(self.training.r1_gamma) and step % self.training.r1_every == 0
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
            **{f"{name}_adam": adam.variables for name, adam in self.optimizers.items()},
        }

    def recompute_statistics(self, batches: int) -> None:
        """Replace the averaged network's normalisation statistics by means over fresh noise.

        The statistics collected while training belong to older weights. Noise is drawn from the
        training's seed, so the result is reproducible.
        """
        norms = [
            layer
            for layer in self.averaged.layers
            if isinstance(layer, keras.layers.BatchNormalization)
        ]
        count, cells = self.config.material_count, 8
        labels = np.arange(max(8, count)) % count
        code = tf.constant(np.eye(count, dtype=np.float32)[labels])
        waves = tf.constant(self.waves[labels].astype(np.float32))
        for batch in range(batches):
            for norm in norms:
                norm.momentum = batch / (batch + 1)  # makes the moving average a plain mean
            fields = self._noise(code, waves, tf.constant(-1 - batch, tf.int32), cells)
            self.averaged({**fields, "code": code}, training=True)

    def _noise(self, code: Any, waves: Any, step: Any, cells: int) -> dict[str, Any]:
        """Fresh noise for a batch of square patches of `cells` cells."""
        config, batch = self.config, code.shape[0]
        fields = {}
        for level in range(config.levels):
            if not config.noise_channels(level):
                continue
            side = cells * 2**level + 2 * MARGIN
            seed = tf.stack([tf.constant(self.training.seed, tf.int32), step * 64 + level])
            own = config.noise_channels(level)
            own -= 2 * config.periodic_channels if level < WAVE_LEVELS else 0
            shape = (batch, side, side, own)
            noise = tf.random.stateless_uniform(shape, seed, -1.0, 1.0)
            if level > 0:
                noise *= UNIT_VARIANCE
            elif config.global_channels:
                noise = _same_everywhere(noise, config.global_channels)
            if config.periodic_channels and level < WAVE_LEVELS:
                noise = tf.concat([noise, self._wave_noise(waves, step, level, side)], axis=-1)
            fields[f"noise_{level}"] = noise
        return fields

    def _wave_noise(self, waves: Any, step: Any, level: int, side: int) -> Any:
        """Waves with a random phase for every picture of the batch, as `waves.wave_field`."""
        size = self.config.pixels_per_cell / 2**level
        line = (tf.range(side, dtype=tf.float32) - MARGIN + 0.5) * size
        seed = tf.stack([tf.constant(self.training.seed, tf.int32), step * 64 + 63])
        phases = tf.random.stateless_uniform(waves.shape[:2], seed)
        cycles = (
            line[None, :, None, None] * waves[:, None, None, :, 0]
            + line[None, None, :, None] * waves[:, None, None, :, 1]
            + phases[:, None, None, :]
        )
        present = tf.cast(tf.reduce_sum(tf.abs(waves), axis=-1) > 0, tf.float32)[:, None, None, :]
        angle = 2 * np.pi * cycles
        return tf.concat([tf.sin(angle) * present, tf.cos(angle) * present], axis=-1)

    def _step(self, image: Any, code: Any, waves: Any, step: Any, penalised: bool) -> Any:
        cells = self.training.patch_px // self.config.pixels_per_cell
        inputs = {**self._noise(code, waves, step, cells), "code": code}
        # The pictures the discriminator has just learnt from are judged again by what it became:
        # one forward pass of the generator serves both moves.
        with tf.GradientTape() as tape:
            fake = self.generator(inputs, training=True)
            with tape.stop_recording():
                losses = self._move_discriminator(image, tf.stop_gradient(fake), code, penalised)
            total, parts = self._generator_losses(image, fake, code)
        self.optimizers["generator"].apply(
            tape.gradient(total, self.generator.trainable_variables),
            self.generator.trainable_variables,
        )
        self._follow(step, code.shape[0])
        return {**losses, **parts, "spread": _spread(fake) / (_spread(image) + 1e-6)}

    def _generator_losses(self, image: Any, fake: Any, code: Any) -> tuple[Any, Any]:
        """Return (weighted sum, parts) of what the generator minimises."""
        logits, *fake_features = self.discriminator([fake, code])
        parts = {"adversarial": generator_loss(logits)}
        total = parts["adversarial"]
        if self.training.gram_weight:
            _, *real_features = self.discriminator([image, code])
            parts["gram"] = gram_distance(fake_features, real_features, code)
            total += self.training.gram_weight * parts["gram"]
        return total, parts

    def _move_discriminator(
        self, image: Any, fake: Any, code: Any, penalised: bool
    ) -> dict[str, Any]:
        """One step of the discriminator; returns its loss and mean logits."""
        variables = self.discriminator.trainable_variables
        with tf.GradientTape() as tape:
            logits = self.discriminator([tf.concat([image, fake], 0), tf.concat([code, code], 0)])
            real_logits, fake_logits = tf.split(logits[0], 2)
            loss = discriminator_loss(real_logits, fake_logits)
        slopes = tape.gradient(loss, variables)
        if penalised:
            extra = self._penalty(image, code)
            slopes = [slope + more for slope, more in zip(slopes, extra, strict=True)]
        self.optimizers["discriminator"].apply(slopes, variables)
        return {
            "discriminator": loss,
            "real_logit": tf.reduce_mean(real_logits),
            "fake_logit": tf.reduce_mean(fake_logits),
        }

    def _penalty(self, image: Any, code: Any) -> list[Any]:
        """Gradients of the lazy R1 penalty; Mescheder et al. 2018, eq. 9; StyleGAN2, appendix B."""
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                inner.watch(image)
                logits = self.discriminator([image, code])[0]
                score = tf.reduce_sum(logits)
            slope = inner.gradient(score, image)
            # Divided by the number of logits: the strength then does not depend on the patch size.
            squares = tf.reduce_sum(slope**2, axis=(1, 2, 3))
            penalty = tf.reduce_mean(squares) / float(logits.shape[1] * logits.shape[2])
            weight = 0.5 * self.training.r1_gamma * self.training.r1_every
            weighted = weight * penalty
        variables = self.discriminator.trainable_variables
        slopes = outer.gradient(weighted, variables)
        # The last bias shifts every logit alike and has no part in the slope.
        return [
            tf.zeros_like(variable) if slope is None else slope
            for slope, variable in zip(slopes, variables, strict=True)
        ]

    def _follow(self, step: Any, batch: int) -> None:
        """Move the running average; its half-life ramps up (StyleGAN2-ADA, ramp 0.05)."""
        seen = tf.cast((step + 1) * batch, tf.float32)
        half_life = tf.minimum(float(self.training.average_images), 0.05 * seen)
        keep = tf.pow(0.5, batch / tf.maximum(half_life, 1e-3))
        for mean, value in zip(self.averaged.weights, self.generator.weights, strict=True):
            mean.assign(value + keep * (mean - value))


def _spread(image: Any) -> Any:
    """How much the pictures of a batch differ from each other, pixel by pixel."""
    return tf.reduce_mean(tf.math.reduce_std(image, axis=0))


def _adam(rate: float, network: keras.Model) -> keras.optimizers.Adam:
    adam = keras.optimizers.Adam(rate, beta_1=BETA_1, beta_2=BETA_2, epsilon=EPSILON)
    adam.build(network.trainable_variables)  # before the first step, or it cannot be restored
    return adam


def _same_everywhere(noise: Any, channels: int) -> Any:
    """Make the last channels of a noise field constant over each picture."""
    code = tf.broadcast_to(noise[:, :1, :1, -channels:], (*noise.shape[:3], channels))
    return tf.concat([noise[..., :-channels], code], axis=-1)
