"""The conditional GAN as one trainable thing: two networks, their optimisers, one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from texture_models.families.conditional_gan.config import ConditionalGanConfig
from texture_models.families.conditional_gan.mixing import border_shares, cover_distance, laid_over
from texture_models.families.conditional_gan.networks import (
    build_discriminator,
    build_generator,
    with_shares,
)
from texture_models.losses import spread
from texture_models.spatial.measuring import assign_colours, measured_waves, no_waves
from texture_models.spatial.noise import MARGIN
from texture_models.spatial.training_noise import training_noise
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
from texture_models.training.replicas import (
    compiled_step,
    replica_count,
    row_numbers,
    rows_before,
)
from texture_models.training.unread import unread_setting

STATISTICS_CELLS = 8  # side of the pictures that normalisation statistics are taken from
COVER_WEIGHT = (
    20.0  # of `cover_distance`: a share that is off by a fifth weighs as much as the Gram
)
_BORDERS = 61  # stream of the draws of a step that no noise uses


class ConditionalGan:
    """Generator, its running average, discriminator and both optimisers.

    Attributes:
        config: what the networks are.
        generator: trained network; see `build_generator`.
        averaged: running average of the generator's weights, the network that is kept.
        discriminator: see `build_discriminator`.
        measured: `waves` (materials, waves, 2), wave vectors in cycles per pixel.
    """

    def __init__(self, config: ConditionalGanConfig, training: TrainingConfig) -> None:
        # Only here it is known how many materials the photographs are of.
        if unread := unread_setting(config):
            raise ValueError(unread)
        self.config = config
        self.training = training
        dtype = training.precision
        self.generator = seeded(build_generator(config, dtype), training.seed)
        self._drawing = with_shares(self.generator)
        self.averaged = build_generator(config)
        self.averaged.set_weights(self.generator.get_weights())
        self.discriminator = seeded(build_discriminator(config, dtype), training.seed)
        self.measured = {"waves": no_waves(config)}
        self._spectrum = SpectrumLoss(config.material_count, training.patch_px)
        self.optimizers = {
            "generator": adam(training.generator_rate, self.generator),
            "discriminator": adam(training.discriminator_rate, self.discriminator),
        }
        # Not moved: what the discriminator reads beside a picture says what is where in it.
        self.augmentation = Augmentation(training, shifts=False)
        self._compiled = compiled_step(self._step, xla=training.xla)

    def measure(self, photographs: Mapping[str, Sequence[np.ndarray]]) -> None:
        """Read waves, colours and spectra off the training regions of the photographs.

        Args:
            photographs: material -> uint8 (height, width, 3) pictures.
        """
        self.measured = {"waves": measured_waves(self.config, photographs)}
        names = self.config.materials or tuple(photographs)
        assign_colours((self.generator, self.averaged), names, photographs)
        self._spectrum.measure(names, photographs)

    def train_step(
        self, image: np.ndarray, material: np.ndarray, *, step: int, rate_factor: float
    ) -> dict[str, Any]:
        """Do one step of both networks; return the losses as scalar tensors.

        Args:
            image: (batch, patch, patch, 3) float32 in -1..1.
            material: (batch,) int labels.
            step: index of the step; with the training's seed it decides all noise and all borders.
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
            **{f"{name}_adam": mover.variables for name, mover in self.optimizers.items()},
        }

    def networks(self) -> dict[str, keras.Model]:
        """The networks that a step trains, by name."""
        return {"generator": self.generator, "discriminator": self.discriminator}

    def recompute_statistics(self, batches: int) -> None:
        """Replace the averaged network's normalisation statistics by means over fresh noise.

        Noise and borders are drawn from the training's seed, in the same mixture as in training.
        """
        count = self.config.material_count

        def draw(batch: int) -> dict[str, Any]:
            # The last pictures of a batch have borders: by turns of every material.
            labels = (balanced_labels(count) + batch) % count
            codes = _with_partners(tf.constant(one_hot(labels, count)))
            waves = _with_partners(tf.constant(self.measured["waves"][labels].astype(np.float32)))
            return self._inputs(codes, waves, tf.constant(-1 - batch), STATISTICS_CELLS)[0]

        recompute_statistics(self.averaged, map(draw, range(batches)))

    def _inputs(
        self, codes: Sequence[Any], waves: Sequence[Any], step: Any, cells: int
    ) -> tuple[dict[str, Any], Any]:
        """What the generator reads for a batch of square patches, and the share of each's partner.

        The last pictures of the batch are those in which two materials meet: each its own and that
        of the picture before it.

        Args:
            codes: (batch, materials) one-hot, each picture's own and its partner's.
            waves: (batch, waves, 2) of both, likewise.
            step: scalar int32.
            cells: side of the patches in cells.

        Returns:
            (noise and weights by name, (batch, patch, patch, 1) share of the partner's material).
        """
        seed, batch = self.training.seed, codes[0].shape[0]
        noise, partner_noise = (
            training_noise(self.config, some, seed=seed, step=step, cells=cells) for some in waves
        )
        address = tf.stack([tf.constant(seed, tf.int32), step * 64 + _BORDERS])
        shares, share = border_shares(self.config, batch=batch, cells=cells, seed=address)
        mixed = self._mixed(batch)[:, None, None, None]
        own_code, partner_code = (code[:, None, None, :] for code in codes)
        inputs = {}
        for level in range(self.config.levels):
            part = shares[f"weights_{level}"] * mixed
            inputs[f"weights_{level}"] = own_code + part * (partner_code - own_code)
            if f"noise_{level}" in noise:
                own, other = noise[f"noise_{level}"], partner_noise[f"noise_{level}"]
                inputs[f"noise_{level}"] = own + part * (other - own)  # differ in the waves alone
        return inputs, share * mixed

    def _step(self, image: Any, code: Any, waves: Any, step: Any, penalised: bool) -> Any:
        training, batch = self.training, code.shape[0]
        cells = training.patch_px // self.config.pixels_per_cell
        codes = _with_partners(code)
        inputs, share = self._inputs(codes, _with_partners(waves), step, cells)
        weights = inputs[f"weights_{self.config.levels - 1}"][:, MARGIN:-MARGIN, MARGIN:-MARGIN]
        real, on_top = laid_over(*_with_partners(image), share, self.config.height_contrast)
        with tf.GradientTape() as tape:
            fake, *shares = self._drawing(inputs, training=True)
            total, parts, report = contest(
                self.discriminator,
                self.optimizers["discriminator"],
                self.augmentation,
                (real, fake),
                weights,
                tape=tape,
                training=training,
                step=step,
                penalised=penalised,
                groups=self._groups(code),
            )
            if training.spectrum_weight:
                pure = self._groups(code)[:, :-1]  # nothing is known of a border's spectrum
                parts["spectrum"] = self._spectrum(fake, pure)
                total += training.spectrum_weight * parts["spectrum"]
            if self.config.mixed_count(batch * replica_count()):
                parts["cover"] = cover_distance(shares, on_top, codes)
                total += COVER_WEIGHT * parts["cover"]
            scaled = self.optimizers["generator"].scale(total)
        variables = self.generator.trainable_variables
        self.optimizers["generator"].apply(tape.gradient(scaled, variables), variables)
        follow(
            self.averaged, self.generator, step=step, batch=batch, half_life=training.average_images
        )
        return {
            **report,
            **parts,
            "spread": spread(fake) / (spread(real) + 1e-6),
            "skipped": skipped_steps(tuple(self.optimizers.values())),
        }

    def _groups(self, code: Any) -> Any:
        """One-hot codes of what is compared with what: the materials, and all mixed pictures."""
        borders = self._mixed(code.shape[0])[:, None]
        return tf.concat([code * (1.0 - borders), borders], axis=1)

    def _mixed(self, rows: int) -> Any:
        """(rows,) float32: 1 for those of this device's pictures in which two materials meet."""
        batch = rows * replica_count()
        return tf.cast(row_numbers(rows) >= batch - self.config.mixed_count(batch), tf.float32)


def _with_partners(values: Any) -> tuple[Any, Any]:
    """Values of the pictures and of those before them; labels of neighbours differ."""
    return values, rows_before(values)
