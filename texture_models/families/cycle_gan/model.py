"""Two translators and two discriminators as one trainable thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from texture_models.families.cycle_gan.config import FOLD, CycleGanConfig
from texture_models.families.cycle_gan.networks import build_discriminator, build_generator
from texture_models.families.cycle_gan.replay import ReplayPool
from texture_models.families.cycle_gan.source_canvas import kept_exemplars, unmeasured_exemplars
from texture_models.losses import (
    gram_distance,
    least_squares_discriminator_loss,
    least_squares_generator_loss,
    logit_report,
    spread,
)
from texture_models.sizes import nearest_multiples
from texture_models.spatial.measuring import assign_colours
from texture_models.training.augmenting import Augmentation
from texture_models.training.config import TrainingConfig
from texture_models.training.initial_weights import seeded
from texture_models.training.movement import begin_step, follow, penalty_slopes
from texture_models.training.optimizer import adam, skipped_steps
from texture_models.training.replicas import compiled_step

BETA_1, BETA_2 = 0.5, 0.999  # https://arxiv.org/abs/1703.10593, appendix 7.1, and Adam's own


class CycleGan:
    """Both translators, their running average, both discriminators, pools and optimisers.

    Attributes:
        config: what the networks are.
        generator: both trained translators; see `build_generator`.
        averaged: running average of their weights, the network that is kept.
        discriminators: one a material; see `build_discriminator`.
        measured: `exemplars` (2, side, side, 3) in 0..255, what rendering by seed translates.
    """

    def __init__(self, config: CycleGanConfig, training: TrainingConfig) -> None:
        _check(config, training)
        self.config = config
        self.training = training
        dtype = training.precision
        self.generator = seeded(build_generator(config, dtype, borders="mirrored"), training.seed)
        self.averaged = build_generator(config)
        self.averaged.set_weights(self.generator.get_weights())
        self._translators = [self.generator.get_layer(f"to_{target}") for target in (0, 1)]
        self.discriminators = [
            seeded(build_discriminator(config, f"discriminator_{material}", dtype), training.seed)
            for material in (0, 1)
        ]
        self._pools = [ReplayPool(config.replay_pool, training.patch_px) for _ in (0, 1)]
        self.measured: dict[str, np.ndarray] = {"exemplars": unmeasured_exemplars()}
        self.optimizers = {
            name: adam(rate, network, beta_1=BETA_1, beta_2=BETA_2)
            for name, rate, network in (
                ("generator", training.generator_rate, self.generator),
                ("discriminator_0", training.discriminator_rate, self.discriminators[0]),
                ("discriminator_1", training.discriminator_rate, self.discriminators[1]),
            )
        }
        self.augmentation = Augmentation(training)
        self._compiled = compiled_step(self._step, xla=training.xla)

    def measure(self, photographs: Mapping[str, Sequence[np.ndarray]]) -> None:
        """Read the colours off the photographs, and keep a square of one of each material.

        Args:
            photographs: material -> uint8 (height, width, 3) pictures.

        Raises:
            ValueError: there are not two materials.
        """
        names = self.config.materials or tuple(photographs)
        if len(names) != self.config.material_count:
            raise ValueError(
                f"a cycle_gan translates between two materials, these are {', '.join(names)};"
                " choose two with dataset.materials"
            )
        for network in (self.generator, self.averaged):
            for target, name in enumerate(names):
                assign_colours((network.get_layer(f"to_{target}"),), (name,), photographs)
        self.measured = {"exemplars": kept_exemplars(names, photographs)}

    def train_step(
        self, image: np.ndarray, material: np.ndarray, *, step: int, rate_factor: float
    ) -> dict[str, Any]:
        """Do one step of all four networks; return the losses as scalar tensors.

        Args:
            image: (batch, patch, patch, 3) float32 in -1..1.
            material: (batch,) int labels, as many 0 as 1.
            step: index of the step; with the training's seed it decides what the pools return.
            rate_factor: what the learning rates are multiplied with, 0..1.

        Raises:
            ValueError: the labels are not half 0 and half 1.
        """
        halves = [image[np.asarray(material) == label] for label in (0, 1)]
        if 2 * len(halves[0]) != len(image) or len(halves[0]) != len(halves[1]):
            raise ValueError(
                f"labels {np.asarray(material).tolist()}: half of a batch must be material 0 and"
                " half material 1"
            )
        penalised = begin_step(self.optimizers, self.training, step=step, rate_factor=rate_factor)
        first, second = (tf.constant(half) for half in halves)
        return dict(self._compiled(first, second, tf.constant(step, tf.int32), penalised))

    def state(self) -> dict[str, list[Any]]:
        """Every variable that an exact resume needs, by part."""
        return {
            "generator": self.generator.weights,
            "averaged": self.averaged.weights,
            "discriminator_0": self.discriminators[0].weights,
            "discriminator_1": self.discriminators[1].weights,
            "pool_0": self._pools[0].variables,
            "pool_1": self._pools[1].variables,
            "augmentation": self.augmentation.variables,
            **{f"{name}_adam": mover.variables for name, mover in self.optimizers.items()},
        }

    def networks(self) -> dict[str, keras.Model]:
        """The networks that a step trains, by name."""
        return {
            "generator": self.generator,
            "discriminator_0": self.discriminators[0],
            "discriminator_1": self.discriminators[1],
        }

    def recompute_statistics(self, batches: int) -> None:
        """Do nothing: the normalisation knows no statistics."""
        del batches

    def _step(self, first: Any, second: Any, step: Any, penalised: bool) -> Any:
        real = (first, second)
        with tf.GradientTape() as tape:
            fake, same = self._translated(real)
            with tape.stop_recording():
                remembered = self._remembered(fake, step)
            shown = self.augmentation.shown((*real, *fake, *remembered), step)
            with tape.stop_recording():
                losses = self._move_discriminators(shown[:2], shown[4:], penalised)
            total, parts = self._generator_losses(real, fake, same, shown[:4])
            scaled = self.optimizers["generator"].scale(total)
        variables = self.generator.trainable_variables
        self.optimizers["generator"].apply(tape.gradient(scaled, variables), variables)
        follow(
            self.averaged,
            self.generator,
            step=step,
            batch=2 * first.shape[0],
            half_life=self.training.average_images,
        )
        spreads = [spread(f) / (spread(r) + 1e-6) for f, r in zip(fake, real, strict=True)]
        rate = self.optimizers["discriminator_0"].learning_rate
        return {
            **losses,
            **parts,
            **self.augmentation.adapt(losses["real_won"], 2 * first.shape[0], rate),
            "spread": tf.minimum(*spreads),  # one of two may be dead
            "skipped": skipped_steps(tuple(self.optimizers.values())),
        }

    def _translated(self, real: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """Return what the translators make of the other material, and of their own if that counts.

        Both in one pass: slopes of a weight then come from two, this one and the way back, and a
        sum of two is the same in any order. TensorFlow orders larger ones anew whenever it compiles
        a step, so that trainings which go on differ in the last bits more often.
        """
        fake, same = [], []
        for target, translator in enumerate(self._translators):
            own = [real[target]] if self.config.identity_weight else []
            shown = [real[1 - target], *own]
            translated = translator(tf.concat(shown, 0), training=True)
            first, *rest = tf.split(translated, len(shown))
            fake.append(first)
            same += rest
        return fake, same

    def _generator_losses(
        self, real: Sequence[Any], fake: Sequence[Any], same: Sequence[Any], shown: Sequence[Any]
    ) -> tuple[Any, Any]:
        """Return (weighted sum, parts), each the sum over both directions; see `_translated`.

        `shown` are both real pictures and both of `fake`, as discriminators see them.
        """
        parts = {"adversarial": 0.0, "cycle": 0.0, "identity": 0.0, "gram": 0.0}
        ones = tf.ones((real[0].shape[0], 1))
        for target in (0, 1):
            scores, *fake_features = self.discriminators[target](shown[2 + target])
            parts["adversarial"] += least_squares_generator_loss(scores)
            back = self._translators[target](fake[1 - target], training=True)
            parts["cycle"] += self._misfit(back, real[target])
            if same:
                parts["identity"] += self._misfit(same[target], real[target])
            if self.training.gram_weight:
                _, *real_features = self.discriminators[target](shown[target])
                parts["gram"] += gram_distance(fake_features, real_features, ones)
        total = (
            parts["adversarial"]
            + self.config.cycle_weight
            * (parts["cycle"] + self.config.identity_weight * parts["identity"])
            + self.training.gram_weight * parts["gram"]
        )
        return total, {name: part for name, part in parts.items() if tf.is_tensor(part)}

    def _misfit(self, image: Any, wanted: Any) -> Any:
        """Mean absolute difference of means over squares of `layout_px`."""
        side = self.config.layout_px
        difference = tf.nn.avg_pool2d(image - wanted, side, side, "SAME")
        return tf.reduce_mean(tf.abs(difference))

    def _remembered(self, fake: Sequence[Any], step: Any) -> list[Any]:
        """Put translations into the pools; return what they give back."""
        seeds = tf.random.split(tf.stack([tf.constant(self.training.seed, tf.int32), step]), 2)
        return [self._pools[one].swap(fake[one], seeds[one]) for one in (0, 1)]

    def _move_discriminators(
        self, real: Sequence[Any], fake: Sequence[Any], penalised: bool
    ) -> dict[str, Any]:
        """One step of both; returns the sum of their losses and the mean of what they said."""
        said = [
            self._move_discriminator(material, real[material], fake[material], penalised)
            for material in (0, 1)
        ]
        report = {name: (said[0][name] + said[1][name]) / 2.0 for name in said[0]}
        return {**report, "discriminator": 2.0 * report["discriminator"]}

    def _move_discriminator(
        self, material: int, real: Any, fake: Any, penalised: bool
    ) -> dict[str, Any]:
        network = self.discriminators[material]
        mover = self.optimizers[f"discriminator_{material}"]
        variables = network.trainable_variables
        with tf.GradientTape() as tape:
            scores = network(tf.concat([real, fake], 0), training=True)[0]
            real_scores, fake_scores = tf.split(scores, 2)
            loss = least_squares_discriminator_loss(real_scores, fake_scores)
            scaled = mover.scale(loss)
        slopes = tape.gradient(scaled, variables)
        if penalised:
            weight = mover.scale(self.training.penalty_weight)
            extra = penalty_slopes(lambda image: network(image)[0], real, variables, weight)
            slopes = [slope + more for slope, more in zip(slopes, extra, strict=True)]
        mover.apply(slopes, variables)
        # Halfway between what it should say of photographs and of translations.
        return {"discriminator": loss, **logit_report(real_scores - 0.5, fake_scores - 0.5)}


def _check(config: CycleGanConfig, training: TrainingConfig) -> None:
    """Raise ValueError if batches or patches do not fit."""
    if training.batch_size % config.batch_parts:
        raise ValueError(
            f"batch_size={training.batch_size}: half of a batch is one material and half the other;"
            " set training.batch_size to an even number"
        )
    if training.batch_size // 2 > config.replay_pool:
        raise ValueError(
            f"replay_pool={config.replay_pool} is less than the {training.batch_size // 2}"
            f" translations of a step; set model.replay_pool={training.batch_size // 2} or more"
        )
    if training.patch_px % FOLD:
        below, above = nearest_multiples(training.patch_px, FOLD)
        raise ValueError(
            f"patch_px={training.patch_px} is not a multiple of {FOLD}, the side of the squares"
            f" that become channels; set training.patch_px={below} or {above}"
        )
