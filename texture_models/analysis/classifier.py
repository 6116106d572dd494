"""Which material a picture shows: a small convolutional classifier that knows no layout.

Source: Andrearczyk & Whelan 2016, "Using filter banks in convolutional neural networks for texture
classification", https://arxiv.org/abs/1601.02919, section 3: after a few convolutions every filter
says one number, how strongly it answers over the whole picture. Departures: three convolutions with
strides, trained from nothing on patches of the photographs; the deviation of each answer beside its
mean; brightness and contrast of the patches vary, so that exposure alone tells little.

A classifier is taught on the training regions and examined on the held-out ones, which neither it
nor a generator has seen. What it says of renderings is worth as much as that examination.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from texture_models.analysis.patches import grid_of_patches, mirrored_patch
from texture_models.layers import as_image

WIDTHS = (16, 32, 64)
PATCH_PX, LEAST_PATCH_PX = 64, 20
BATCH, RATE = 24, 2e-3
GAIN, SHIFT = 0.2, 0.2  # contrast is multiplied, brightness moved, by up to this
MOST_PATCHES = 256  # of one material, when something is examined


@dataclass(frozen=True)
class Classifier:
    """A trained classifier.

    Attributes:
        network: (batch, patch_px, patch_px, 3) float32 in -1..1 -> (batch, materials) logits.
        materials: in the order of the logits.
        patch_px: side of the patches that it looks at.
    """

    network: Any
    materials: tuple[str, ...]
    patch_px: int

    def recognised(self, pictures: Mapping[str, Sequence[np.ndarray]]) -> dict[str, float]:
        """Return the share of patches of each material's pictures that are taken for it, 0..1.

        Args:
            pictures: material -> uint8 (height, width, 3); patches half a patch apart are looked
                at, at most MOST_PATCHES of them, evenly chosen.

        Raises:
            ValueError: a material is not one of `materials`, or a picture is too small.
        """
        shares = {}
        for material, some in pictures.items():
            if material not in self.materials:
                known = ", ".join(self.materials)
                raise ValueError(f"{material!r} is not one of this classifier's: {known}")
            patches = np.concatenate([grid_of_patches(picture, self.patch_px) for picture in some])
            evenly = np.linspace(0, len(patches) - 1, min(len(patches), MOST_PATCHES)).astype(int)
            logits = np.asarray(self.network(as_image(patches[evenly]), training=False))
            shares[material] = float(
                (logits.argmax(axis=1) == self.materials.index(material)).mean()
            )
        return shares


def build_classifier(count: int, seed: int) -> keras.Model:
    """Return the network picture of any size -> logits of `count` materials.

    Args:
        count: of materials.
        seed: of the first weights.
    """
    picture = keras.Input((None, None, 3), name="picture")
    x, answers = picture, []
    for stage, width in enumerate(WIDTHS):
        x = keras.layers.Conv2D(
            width,
            5 if stage == 0 else 3,
            strides=2,
            activation="relu",
            kernel_initializer=keras.initializers.HeNormal(seed + stage),
            name=f"filters_{stage}",
        )(x)
        mean = ops.mean(x, axis=(1, 2))
        variance = ops.mean(ops.square(x), axis=(1, 2)) - ops.square(mean)
        answers += [mean, ops.sqrt(ops.maximum(variance, 0.0) + 1e-4)]
    logits = keras.layers.Dense(
        count, kernel_initializer=keras.initializers.GlorotNormal(seed + len(WIDTHS)), name="logits"
    )(ops.concatenate(answers, axis=-1))
    return keras.Model(picture, logits, name="classifier")


def train_classifier(
    photographs: Mapping[str, Sequence[np.ndarray]],
    *,
    steps: int,
    seed: int,
    patch_px: int = PATCH_PX,
) -> Classifier:
    """Teach a classifier which material patches are of; about 10 ms a step on two cores.

    Args:
        photographs: of two materials or more, uint8 (height, width, 3), what may be learnt from.
        steps: of 24 patches each, as many of one material as of another.
        seed: decides weights, patches and their brightness.
        patch_px: side of the patches, 20 or more; less where a photograph is smaller.

    Raises:
        ValueError: there is one material, or a photograph is smaller than 20 px.
    """
    materials = tuple(photographs)
    side = min(patch_px, smallest_side(photographs))
    if len(materials) < 2 or side < LEAST_PATCH_PX:
        raise ValueError(
            f"{len(materials)} materials, patches of {side} px: a classifier tells two or more from"
            f" each other, by patches of {LEAST_PATCH_PX} px or more"
        )
    network = build_classifier(len(materials), seed)
    optimizer = keras.optimizers.Adam(RATE)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function(autograph=False, reduce_retracing=True)
    def move(image: Any, label: Any) -> None:
        with tf.GradientTape() as tape:
            error = loss(label, network(image, training=True))
        variables = network.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(error, variables), variables, strict=True))

    rng = np.random.default_rng(seed)
    for _ in range(steps):
        labels = rng.permutation(np.arange(BATCH) % len(materials))
        patches = [mirrored_patch(photographs[materials[label]], side, rng) for label in labels]
        gain = 1 + rng.uniform(-GAIN, GAIN, (BATCH, 1, 1, 1))
        shift = rng.uniform(-SHIFT, SHIFT, (BATCH, 1, 1, 1))
        image = np.clip(as_image(np.stack(patches)) * gain + shift, -1, 1)
        move(tf.constant(image, tf.float32), tf.constant(labels))
    return Classifier(network, materials, side)


def smallest_side(pictures: Mapping[str, Sequence[np.ndarray]]) -> int:
    """Return the shortest side of all pictures of all materials, in pixels."""
    return min(min(one.shape[:2]) for some in pictures.values() for one in some)
