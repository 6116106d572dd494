"""The texture VAE as one trainable thing: encoder, decoder, discriminator, one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from texture_models.families.vae.beginning import (
    begin_with_colours,
    begin_with_statistics,
    is_untrained,
)
from texture_models.families.vae.config import VaeConfig
from texture_models.families.vae.divergence import beyond_free_bits, divergence, drawn
from texture_models.families.vae.networks import build_discriminator, build_generator
from texture_models.families.vae.prior import fitted_prior, unfitted_prior
from texture_models.losses import spread
from texture_models.spatial.measuring import measured_waves, no_waves
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
from texture_models.training.optimizer import Adam, adam, skipped_steps
from texture_models.training.replicas import compiled_step, replica_count, row_numbers

STATISTICS_CELLS = 8  # side of the pictures that normalisation statistics are taken from
LOW_PASS_PX = 4  # squares whose mean a reconstruction has to get right
CELL_DEVIATION = 1 / np.sqrt(3.0)  # of the uniform noise whose place encoded cells take
# Of the generator's slopes, in their usual length. One photograph whose code is far from the others
# sent the decoder off for a hundred steps (docs/experiments-families.md).
LONGEST = 4.0
_CODE, _CELLS = 60, 61  # streams of the draws of a step that no noise uses


class Vae:
    """Encoder and decoder, their running average, and a discriminator for `statistics`.

    Attributes:
        config: what the networks are.
        generator: trained encoder and decoder; see `build_generator`.
        averaged: running average of their weights, the network that is kept.
        measured: `waves` (materials, waves, 2), cycles per pixel; `prior_mean` (materials, latent)
            and `prior_factor` (materials, latent, latent) of the codes of each material; `patch_px`
            (1), the size that pictures are encoded in.
    """

    def __init__(self, config: VaeConfig, training: TrainingConfig) -> None:
        self.config = config
        self.training = training
        dtype = training.precision
        self.generator = seeded(build_generator(config, dtype), training.seed)
        self.averaged = build_generator(config)
        self.averaged.set_weights(self.generator.get_weights())
        self.optimizers: dict[str, Adam] = {
            "generator": adam(
                training.generator_rate,
                self.generator,
                slower=None
                if config.objective == "elbo"
                else (self.generator.get_layer("encoder"), config.encoder_rate),
                longest=LONGEST,
            )
        }
        self.discriminator: keras.Model | None = None
        if config.objective == "statistics":
            self.discriminator = seeded(build_discriminator(config, dtype), training.seed)
            self.optimizers["discriminator"] = adam(training.discriminator_rate, self.discriminator)
        self.measured = {
            "waves": no_waves(config),
            "patch_px": np.array([float(training.patch_px)]),
            **unfitted_prior(config),
        }
        self._photographs: list[Sequence[np.ndarray]] = []
        self._spectrum = SpectrumLoss(config.material_count, training.patch_px)
        self.augmentation = Augmentation(training)
        self._compiled = compiled_step(self._step, xla=training.xla)

    def measure(self, photographs: Mapping[str, Sequence[np.ndarray]]) -> None:
        """Read waves and spectra off the training regions, and the colours to begin with.

        Args:
            photographs: material -> uint8 (height, width, 3) pictures; kept, for the prior.
        """
        names = self.config.materials or tuple(photographs)
        self.measured["waves"] = measured_waves(self.config, photographs)
        self._photographs = [photographs[name] for name in names]
        self._spectrum.measure(names, photographs)
        # What an earlier model has learnt to read and to colour is not begun anew.
        if is_untrained(self.generator):
            if self.discriminator is None:
                begin_with_colours(self.generator, self._photographs)
            else:
                begin_with_statistics(self.generator, self._photographs, self.training.patch_px)
            self.averaged.set_weights(self.generator.get_weights())

    def train_step(
        self, image: np.ndarray, material: np.ndarray, *, step: int, rate_factor: float
    ) -> dict[str, Any]:
        """Do one step of all networks; return the losses as scalar tensors.

        Args:
            image: (batch, patch, patch, 3) float32 in -1..1.
            material: (batch,) int labels; they choose waves and spectra, codes come from pictures.
            step: index of the step; with the training's seed it decides every draw.
            rate_factor: what the learning rates are multiplied with, 0..1.
        """
        label = one_hot(material, self.config.material_count)
        waves = self.measured["waves"][material].astype(np.float32)
        penalised = begin_step(self.optimizers, self.training, step=step, rate_factor=rate_factor)
        return dict(
            self._compiled(
                tf.constant(image),
                tf.constant(label),
                tf.constant(waves),
                tf.constant(step, tf.int32),
                penalised,
            )
        )

    def state(self) -> dict[str, list[Any]]:
        """Every variable that an exact resume needs, by part."""
        return {
            "averaged": self.averaged.weights,
            "augmentation": self.augmentation.variables,
            **{name: network.weights for name, network in self.networks().items()},
            **{f"{name}_adam": mover.variables for name, mover in self.optimizers.items()},
        }

    def networks(self) -> dict[str, keras.Model]:
        """The networks that a step trains, by name."""
        if self.discriminator is None:
            return {"generator": self.generator}
        return {"generator": self.generator, "discriminator": self.discriminator}

    def recompute_statistics(self, batches: int) -> None:
        """Fit the prior to the averaged encoder's codes, then the decoder's statistics to it."""
        if self._photographs:
            self.measured |= fitted_prior(
                self.averaged.get_layer("encoder"), self._photographs, self.training.patch_px
            )
        count = self.config.material_count
        labels = balanced_labels(count)
        waves = tf.constant(self.measured["waves"][labels].astype(np.float32))
        mean = tf.constant(self.measured["prior_mean"][labels].astype(np.float32))
        factor = tf.constant(self.measured["prior_factor"][labels].astype(np.float32))

        def draw(batch: int) -> dict[str, Any]:
            step = tf.constant(-1 - batch, tf.int32)
            normal = tf.random.stateless_normal(mean.shape, self._seed(step, _CODE))
            code = mean + tf.einsum("bij,bj->bi", factor, normal)
            return {**self._noise(waves, step, STATISTICS_CELLS), "code": _with_one(code)}

        recompute_statistics(self.averaged.get_layer("decoder"), map(draw, range(batches)))

    def _seed(self, step: Any, stream: int) -> Any:
        return tf.stack([tf.constant(self.training.seed, tf.int32), step * 64 + stream])

    def _noise(self, waves: Any, step: Any, cells: int) -> dict[str, Any]:
        return training_noise(self.config, waves, seed=self.training.seed, step=step, cells=cells)

    def _step(self, image: Any, label: Any, waves: Any, step: Any, penalised: bool) -> Any:
        with tf.GradientTape() as tape:
            encoded = self.generator.get_layer("encoder")(image, training=True)
            code = drawn(encoded[0], encoded[1], self._seed(step, _CODE))
            own = self._own_cells(image.shape[0])
            inputs = {**self._with_cells(encoded, own, waves, step), "code": _with_one(code)}
            fake = self.generator.get_layer("decoder")(inputs, training=True)
            if self.discriminator is None:
                total, parts = self._bound(image, fake, encoded)
                report: dict[str, Any] = {}
            else:
                total, parts, report = contest(
                    self.discriminator,
                    self.optimizers["discriminator"],
                    self.augmentation,
                    (image, fake),
                    tf.stop_gradient(encoded[0]),
                    tape=tape,
                    training=self.training,
                    step=step,
                    penalised=penalised,
                    groups=None,  # a code is of one picture: no means over several
                )
                weighted, more = self._unlikeness(image, fake, label, own)
                total, parts = total + weighted, parts | more
                nats = self._divergences(encoded)
                parts |= {"divergence": tf.add_n([beyond_free_bits(some) for some in nats])}
                total += self._kl_weight(step) * parts["divergence"]
            scaled = self.optimizers["generator"].scale(total)
        variables = self.generator.trainable_variables
        self.optimizers["generator"].apply(tape.gradient(scaled, variables), variables)
        follow(
            self.averaged,
            self.generator,
            step=step,
            batch=image.shape[0],
            half_life=self.training.average_images,
        )
        return {
            **report,
            **parts,
            "spread": spread(fake) / (spread(image) + 1e-6),
            "skipped": skipped_steps(tuple(self.optimizers.values())),
        }

    def _own_cells(self, rows: int) -> Any:
        """(rows, 1, 1, 1): 1 where a picture is decoded with its own cells, 0 with fresh ones."""
        batch = rows * replica_count()
        first = batch if self.discriminator is None else batch // 2
        return tf.cast(row_numbers(rows) < first, tf.float32)[:, None, None, None]

    def _with_cells(
        self, encoded: Sequence[Any], own: Any, waves: Any, step: Any
    ) -> dict[str, Any]:
        """Noise of the batch; some channels of the cells are encoded for the pictures in `own`."""
        config = self.config
        cells = self.training.patch_px // config.pixels_per_cell
        noise = self._noise(waves, step, cells)
        if not config.spatial_channels:
            return noise
        told = CELL_DEVIATION * drawn(encoded[2], encoded[3], self._seed(step, _CELLS))
        around = ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0))
        # Around the picture nothing is encoded: there the cells are drawn in any case.
        inside = tf.pad(tf.ones_like(told) * own, around)
        first = noise["noise_0"][..., : config.spatial_channels]
        first += inside * (tf.pad(told, around) - first)
        rest = noise["noise_0"][..., config.spatial_channels :]
        return {**noise, "noise_0": tf.concat([first, rest], axis=-1)}

    def _divergences(self, encoded: Sequence[Any]) -> list[Any]:
        pairs = zip(encoded[::2], encoded[1::2], strict=True)
        return [divergence(mean, log_variance) for mean, log_variance in pairs]

    def _kl_weight(self, step: Any) -> Any:
        share = tf.cast(step, tf.float32) / float(max(1, self.config.warm_up_steps))
        return self.config.kl_weight * tf.clip_by_value(share, 0.0, 1.0)

    def _bound(self, image: Any, fake: Any, encoded: Sequence[Any]) -> tuple[Any, Any]:
        """Return (negative evidence lower bound a colour value, parts), up to a constant.

        Source: https://arxiv.org/abs/1312.6114, equation 10, with a Gaussian of fixed deviation.
        """
        values = float(np.prod(image.shape[1:]))
        error = tf.reduce_mean(tf.square(fake - image)) / (2 * self.config.pixel_deviation**2)
        batch = float(image.shape[0])
        nats = tf.add_n([tf.reduce_sum(some) for some in self._divergences(encoded)])
        parts = {"reconstruction": error, "divergence": nats / batch}
        return error + nats / (batch * values), parts

    def _unlikeness(
        self, image: Any, fake: Any, label: Any, own: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Return (weighted sum, parts) of how far decoded pictures are, where no network judges.

        Args:
            image: (batch, patch, patch, 3) what was encoded.
            fake: the same shape, what was decoded.
            label: (batch, materials) one-hot, whose spectra count.
            own: (batch, 1, 1, 1), see `_own_cells`.
        """
        coarse = tf.nn.avg_pool2d(fake - image, LOW_PASS_PX, LOW_PASS_PX, "SAME")
        parts = {"low_pass": tf.reduce_mean(tf.abs(coarse) * own) * 2.0}
        total = parts["low_pass"]
        if self.training.spectrum_weight:
            parts["spectrum"] = self._spectrum(fake, label)
            total += self.training.spectrum_weight * parts["spectrum"]
        return total, parts


def _with_one(code: Any) -> Any:
    """A latent code as the decoder reads it: a 1 first."""
    return tf.concat([tf.ones_like(code[:, :1]), code], axis=1)
