"""The plain stack as one trainable thing: networks, optimisers, one step of two losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from texture_models.families.conv_stack.config import ConvStackConfig
from texture_models.families.conv_stack.degradation import degraded_batch
from texture_models.families.conv_stack.networks import build_discriminator, build_generator
from texture_models.layers import as_image
from texture_models.losses import spread
from texture_models.random_patch import random_patch
from texture_models.sizes import nearest_multiples
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
from texture_models.training.replicas import (
    compiled_step,
    replica_count,
    replica_mean,
    row_numbers,
)

STATISTICS_PX = 64  # side of the pictures from which statistics are recomputed
PATCHES = 32  # of each material that they are made of, or one of each photograph


class ConvStack:
    """Generator, its running average, discriminator and both optimisers.

    Attributes:
        config: what the networks are.
        generator: trained network; see `build_generator`.
        averaged: running average of the generator's weights, the network that is kept.
        discriminator: see `build_discriminator`.
        measured: nothing; its colours are weights.
    """

    def __init__(self, config: ConvStackConfig, training: TrainingConfig) -> None:
        if training.batch_size < 2:
            raise ValueError(
                f"batch_size={training.batch_size}: half of a batch is reproduced and half is"
                " generated; set training.batch_size to 2 or more"
            )
        if training.patch_px % config.fold:
            below, above = nearest_multiples(training.patch_px, config.fold)
            raise ValueError(
                f"patch_px={training.patch_px} is not a multiple of model.fold={config.fold}; set"
                f" training.patch_px={below} or {above}"
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
            "generator": adam(training.generator_rate, self.generator),
            "discriminator": adam(training.discriminator_rate, self.discriminator),
        }
        self.augmentation = Augmentation(training)
        self._patches: np.ndarray | None = None  # see `statistics_patches`
        self._compiled = compiled_step(self._step, xla=training.xla)

    def measure(self, photographs: Mapping[str, Sequence[np.ndarray]]) -> None:
        """Read the colours off the photographs, and keep patches of them for the statistics.

        Args:
            photographs: material -> uint8 (height, width, 3) pictures.
        """
        names = self.config.materials or tuple(photographs)
        assign_colours((self.generator, self.averaged), names, photographs)
        self._patches = statistics_patches([photographs[name] for name in names], self.config.fold)

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
            "discriminator": self.discriminator.weights,
            "augmentation": self.augmentation.variables,
            **{f"{name}_adam": adam.variables for name, adam in self.optimizers.items()},
        }

    def networks(self) -> dict[str, keras.Model]:
        """The networks that a step trains, by name."""
        return {"generator": self.generator, "discriminator": self.discriminator}

    def recompute_statistics(self, batches: int) -> None:
        """Replace the averaged network's normalisation statistics by means over fresh inputs.

        Without measured photographs all inputs are random pictures.
        """
        count, patches = self.config.material_count, self._patches
        labels = balanced_labels(count)
        code = tf.constant(one_hot(labels, count))

        def draw(batch: int) -> dict[str, Any]:
            if patches is None:
                image = np.zeros((len(labels), STATISTICS_PX, STATISTICS_PX, 3), np.float32)
            else:
                image = patches[labels, _turns(labels, count, batch) % patches.shape[1]]
            step = tf.constant(-1 - batch, tf.int32)
            return self._inputs(tf.constant(image), code, step, patches is not None)[0]

        recompute_statistics(self.averaged, map(draw, range(batches)))

    def _inputs(self, image: Any, code: Any, step: Any, shown: bool = True) -> tuple[Any, Any]:
        """Return (the generator's inputs, trust): half of the pictures hidden, by turns."""
        rows = image.shape[0]
        # Materials alternate in a batch: halves, not every second, so that each is in both.
        hidden = (row_numbers(rows) >= rows * replica_count() // 2) ^ (step % 2 == 1)
        hidden |= not shown
        seed = tf.stack([tf.constant(self.training.seed, tf.int32), step])
        picture, trust = degraded_batch(image, hidden, self.config.margin_px, seed)
        return {"picture": picture, "code": code}, trust

    def _step(self, image: Any, code: Any, step: Any, penalised: bool) -> Any:
        training = self.training
        inputs, trust = self._inputs(image, code, step)
        with tf.GradientTape() as tape:
            fake = self.generator(inputs, training=True)
            total, parts, report = contest(
                self.discriminator,
                self.optimizers["discriminator"],
                self.augmentation,
                (image, with_given(image, fake, trust)),
                code,
                tape=tape,
                training=training,
                step=step,
                penalised=penalised,
                groups=told_apart(code, trust),
            )
            parts["reproduction"] = reproduction(image, fake, trust)
            total += self.config.reproduction_weight * parts["reproduction"]
            scaled = self.optimizers["generator"].scale(total)
        variables = self.generator.trainable_variables
        self.optimizers["generator"].apply(tape.gradient(scaled, variables), variables)
        follow(
            self.averaged,
            self.generator,
            step=step,
            batch=image.shape[0],
            half_life=training.average_images,
        )
        return {
            **report,
            **parts,
            "spread": spread(fake) / (spread(image) + 1e-6),
            "skipped": skipped_steps(tuple(self.optimizers.values())),
        }


def with_given(image: Any, fake: Any, trust: Any) -> Any:
    """Return what is judged: what was invented, beside the photograph where all of it was given.

    A line along the edge of a hole is then what tells the two kinds of pictures apart.

    Args:
        image: (batch, height, width, 3) what was shown.
        fake: the same shape, what became of it.
        trust: (batch, height, width, 1) 0..1.

    Returns:
        (batch, height, width, 3).
    """
    return tf.where(trust == 1, image, fake)


def told_apart(code: Any, trust: Any) -> Any:
    """Return groups of pictures by material, and by whether anything was shown of them.

    What is given hides, in a mean over all of a material, how unlike it the rest is.

    Args:
        code: (batch, materials) one-hot.
        trust: (batch, height, width, 1) 0..1.

    Returns:
        (batch, 2 * materials) one-hot.
    """
    shown = tf.cast(tf.reduce_max(trust, axis=(1, 2)) > 0, code.dtype)
    return tf.concat([code * shown, code * (1.0 - shown)], axis=1)


def reproduction(image: Any, fake: Any, trust: Any) -> Any:
    """Mean absolute difference where pixels are trusted, a scalar; arguments of `with_given`."""
    # A device's part of the whole batch's ratio: how much is shown differs between devices.
    shown = 3.0 * replica_mean(tf.reduce_sum(trust)) + 1.0 / replica_count()
    return tf.reduce_sum(trust * tf.abs(fake - image)) / shown


def _turns(labels: np.ndarray, count: int, batch: int) -> np.ndarray:
    """How often the material of each row was shown before, in the batches before it included."""
    return (batch * len(labels) + np.arange(len(labels))) // count


def statistics_patches(photographs: Sequence[Sequence[np.ndarray]], fold: int) -> np.ndarray:
    """Return patches from all photographs of every material in turn, always the same ones.

    Args:
        photographs: of every material, uint8 (height, width, 3) pictures.
        fold: of the config; the side is a multiple of it.

    Returns:
        (materials, patches, side, side, 3) float32 in -1..1; from one photograph after the other.
    """
    sides = [length for some in photographs for one in some for length in one.shape[:2]]
    side = min(STATISTICS_PX, *sides) // fold * fold
    count = max(PATCHES, *(len(some) for some in photographs))
    rng = np.random.default_rng(0)
    found = [
        [random_patch(some[number % len(some)], side, rng) for number in range(count)]
        for some in photographs
    ]
    return as_image(np.stack([np.stack(patches) for patches in found]))
