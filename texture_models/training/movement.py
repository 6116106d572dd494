"""What a step does in every family: rates, averages, statistics, the discriminator's part."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras
import tensorflow as tf

from texture_models.losses import (
    discriminator_loss,
    generator_loss,
    gram_distance,
    logit_report,
)
from texture_models.training.augmenting import Augmentation
from texture_models.training.config import TrainingConfig
from texture_models.training.optimizer import Adam
from texture_models.training.replicas import assign_on_all, batches_in_a_row, replica_count


def begin_step(
    optimizers: Mapping[str, Adam], training: TrainingConfig, *, step: int, rate_factor: float
) -> bool:
    """Set the learning rates of a step; return whether it has a gradient penalty.

    Args:
        optimizers: `generator` gets the generator's rate, all others the discriminator's.
        training: says both rates, and how often there is a penalty.
        step: index of the step.
        rate_factor: what the rates are multiplied with, 0..1.
    """
    for name, optimizer in optimizers.items():
        own = training.generator_rate if name == "generator" else training.discriminator_rate
        optimizer.learning_rate.assign(own * rate_factor)
    return bool(training.r1_gamma) and step % training.r1_every == 0


def follow(
    averaged: keras.Model, network: keras.Model, *, step: Any, batch: int, half_life: int
) -> None:
    """Move a running average of weights; its half-life ramps up (StyleGAN2-ADA, ramp 0.05).

    Args:
        averaged: network that is moved.
        network: trained network of the same build.
        step: scalar int32 tensor, index of the step.
        batch: pictures a step, on this device.
        half_life: of the average in the end, in pictures.
    """
    batch *= replica_count()
    seen = tf.cast((step + 1) * batch, tf.float32)
    keep = tf.pow(0.5, batch / tf.maximum(tf.minimum(float(half_life), 0.05 * seen), 1e-3))
    assign_on_all(
        [
            (mean.value, value.value + keep * (mean.value - value.value))
            for mean, value in zip(averaged.weights, network.weights, strict=True)
        ]
    )


def recompute_statistics(network: keras.Model, batches: Iterable[Any]) -> None:
    """Replace a network's normalisation statistics by plain means over batches of inputs.

    The statistics collected while training belong to older weights.
    """
    norms = [
        layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)
    ]
    for number, inputs in enumerate(batches):
        for norm in norms:
            norm.momentum = number / (number + 1)  # makes the moving average a plain mean
        network(inputs, training=True)


def penalty_slopes(
    score: Callable[[Any], Any], image: Any, variables: list[Any], weight: Any
) -> list[Any]:
    """Gradients of the R1 penalty with respect to a discriminator's variables.

    Source: Mescheder et al. 2018, https://arxiv.org/abs/1801.04406, eq. 9. Departure: divided by
    the number of logits, so that the strength does not depend on the patch size.

    Args:
        score: picture -> logits (batch, ...).
        image: (batch, height, width, 3) real pictures.
        variables: of the discriminator.
        weight: gamma / 2, scaled as the loss is; when the penalty is lazy, times the steps between
            two of them (StyleGAN2, https://arxiv.org/abs/1912.04958, appendix B).
    """
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(image)
            logits = score(image)
            total = tf.reduce_sum(logits)
        slope = inner.gradient(total, image)
        squares = tf.reduce_sum(slope**2, axis=(1, 2, 3))
        penalty = tf.reduce_mean(squares) / float(math.prod(logits.shape[1:]))
        weighted = weight * penalty
    slopes = outer.gradient(weighted, variables)
    # The last bias shifts every logit alike and has no part in the slope.
    return [
        tf.zeros_like(variable) if slope is None else slope
        for slope, variable in zip(slopes, variables, strict=True)
    ]


def move_discriminator(
    discriminator: keras.Model,
    optimizer: Any,
    pictures: tuple[Any, Any],
    code: Any,
    *,
    penalty: float,
) -> dict[str, Any]:
    """Do one logistic step of a discriminator.

    Args:
        discriminator: [image, code] -> logits first, whatever else after them.
        optimizer: `training.optimizer.adam` of it.
        pictures: (real, generated), (batch, height, width, 3) float32 each.
        code: (batch, materials) of both.
        penalty: weight of `penalty_slopes` in this step; 0 for none.

    Returns:
        Its loss and `logit_report`, scalars.
    """
    real, fake = pictures
    variables = discriminator.trainable_variables
    with tf.GradientTape() as tape:
        both = tf.concat([real, fake], 0)
        with batches_in_a_row(2):
            logits = discriminator([both, tf.concat([code, code], 0)], training=True)[0]
        real_logits, fake_logits = tf.split(tf.cast(logits, tf.float32), 2)
        loss = discriminator_loss(real_logits, fake_logits)
        scaled = optimizer.scale(loss)
    slopes = tape.gradient(scaled, variables)
    if penalty:
        weight = optimizer.scale(penalty)
        extra = penalty_slopes(
            lambda image: discriminator([image, code], training=False)[0], real, variables, weight
        )
        slopes = [slope + more for slope, more in zip(slopes, extra, strict=True)]
    optimizer.apply(slopes, variables)
    return {"discriminator": loss, **logit_report(real_logits, fake_logits)}


def contest(
    discriminator: keras.Model,
    optimizer: Any,
    augmentation: Augmentation,
    pictures: tuple[Any, Any],
    code: Any,
    *,
    tape: tf.GradientTape,
    training: TrainingConfig,
    step: Any,
    penalised: bool,
    groups: Any,
) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Move a discriminator, and let it tell the generator what it then thinks.

    The pictures it has just learnt from are judged again by what it became: one forward pass of the
    generator serves both moves.

    Args:
        discriminator: [image, code] -> logits first, then features of its stages.
        optimizer: `training.optimizer.adam` of it.
        augmentation: of what it is shown, the same in both moves.
        pictures: (real, generated), (batch, height, width, 3) float32 each.
        code: what it is told of both.
        tape: of the generator; does not record the discriminator's move.
        training: weights of gradient penalty and Gram matching, 0 for none.
        step: scalar int32.
        penalised: whether this step has a gradient penalty.
        groups: (batch, groups) one-hot, pictures whose Gram matrices are compared as a mean; None
            for each picture with its own.

    Returns:
        (weighted sum for the generator, its parts, report of the discriminator), scalars.
    """
    shown, shown_fake = augmentation.shown(pictures, step)
    with tape.stop_recording():
        report = move_discriminator(
            discriminator,
            optimizer,
            (shown, tf.stop_gradient(shown_fake)),
            code,
            penalty=training.penalty_weight if penalised else 0.0,
        )
        rows, rate = shown.shape[0], optimizer.learning_rate
        report |= augmentation.adapt(report["real_won"], rows, rate)
    # While training for both: dropout raises second moments.
    logits, *fake_features = discriminator([shown_fake, code], training=True)
    parts = {"adversarial": generator_loss(tf.cast(logits, tf.float32))}
    total = parts["adversarial"]
    if training.gram_weight:
        _, *real_features = discriminator([shown, code], training=True)
        parts["gram"] = gram_distance(fake_features, real_features, groups)
        total += training.gram_weight * parts["gram"]
    return total, parts, report
