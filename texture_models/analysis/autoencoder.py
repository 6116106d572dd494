"""Patches squeezed through a small code and back: what a plain autoencoder keeps of a texture.

Sources: Hinton & Salakhutdinov 2006, "Reducing the Dimensionality of Data with Neural Networks",
https://doi.org/10.1126/science.1127647, for the dense one; Masci et al. 2011, "Stacked
Convolutional Auto-Encoders for Hierarchical Feature Extraction",
https://doi.org/10.1007/978-3-642-21735-7_7, for the convolutional one. Departures: all layers are
trained at once, without pooling, with Adam; the convolutional one doubles its places again by
repeating them.

They are for looking and comparing, not for making textures: nothing asks their codes to be drawn
from, and a mean over everything that fits a code is blurred. What a code cannot bring back is
what is unusual about a patch: of a photograph a stain, of a rendering what no photograph showed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from texture_models.analysis.patches import grid_of_patches, mirrored_patch
from texture_models.layers import as_image

Kind = Literal["dense", "convolutional"]

PATCH_PX = 32
CODE = 64  # numbers a patch, of 3072
HIDDEN = 256
WIDTHS = (16, 32, 64)  # of the convolutions, each with stride 2
BATCH, RATE = 32, 1e-3
MOST_PATCHES = 256  # of one picture, when it is examined
FOLDS = 3  # autoencoders that share the examination of a material's photographs


@dataclass(frozen=True)
class Autoencoder:
    """A trained autoencoder of patches of PATCH_PX.

    Attributes:
        network: (batch, PATCH_PX, PATCH_PX, 3) float32 in -1..1 -> the same, not clipped.
    """

    network: Any

    def error(self, pictures: Sequence[np.ndarray]) -> float:
        """Return the mean squared error of patches that are brought back, over their variance.

        Args:
            pictures: uint8 (height, width, 3); patches half a patch apart are looked at, at most
                MOST_PATCHES of each, evenly chosen.

        Returns:
            0 for perfect; 1 for one grey instead of the patch, as far as differences within patches
            go.
        """
        patches = as_image(np.concatenate([_evenly_chosen(one) for one in pictures]))
        back = np.asarray(self.network(patches, training=False))
        within = patches - patches.mean(axis=(1, 2), keepdims=True)
        return float(((back - patches) ** 2).mean() / max((within**2).mean(), 1e-6))


def _evenly_chosen(picture: np.ndarray) -> np.ndarray:
    patches = grid_of_patches(picture, PATCH_PX)
    count = min(len(patches), MOST_PATCHES)
    return patches[np.linspace(0, len(patches) - 1, count).astype(int)]


def unlikeness(
    photographs: Sequence[np.ndarray], *, kind: Kind, steps: int, seed: int
) -> list[float]:
    """Say how strange each photograph is to an autoencoder that knows others of its material.

    Every photograph is examined by an autoencoder that was taught on two thirds of the others:
    cross-validation in FOLDS parts.

    Args:
        photographs: of one material, FOLDS or more, uint8 (height, width, 3).
        kind: of the autoencoders, see `build_autoencoder`.
        steps: of each autoencoder's training.
        seed: decides weights and patches.

    Returns:
        Error of each photograph over the median of all; 1 is usual.

    Raises:
        ValueError: there are fewer than FOLDS, or one is smaller than a patch.
    """
    if len(photographs) < FOLDS:
        raise ValueError(
            f"{len(photographs)} photographs: it takes {FOLDS} to say that one is unlike the others"
        )
    errors = np.zeros(len(photographs))
    for fold in range(FOLDS):
        known = [one for place, one in enumerate(photographs) if place % FOLDS != fold]
        taught = train_autoencoder(known, kind=kind, steps=steps, seed=seed)
        for place in range(fold, len(photographs), FOLDS):
            errors[place] = taught.error([photographs[place]])
    return (errors / max(float(np.median(errors)), 1e-6)).tolist()


def build_autoencoder(kind: Kind, seed: int) -> keras.Model:
    """Return the network patch -> patch, through CODE numbers.

    Args:
        kind: dense, two layers to the code and two back; convolutional, three and three.
        seed: of the first weights.
    """
    seeds = iter(range(seed, seed + 100))

    def initial() -> Any:
        return keras.initializers.GlorotUniform(next(seeds))

    patch = x = keras.Input((PATCH_PX, PATCH_PX, 3), name="patch")
    if kind == "dense":
        x = keras.layers.Flatten()(x)
        x = keras.layers.Dense(HIDDEN, "relu", kernel_initializer=initial())(x)
        code = keras.layers.Dense(CODE, kernel_initializer=initial(), name="code")(x)
        x = keras.layers.Dense(HIDDEN, "relu", kernel_initializer=initial())(code)
        x = keras.layers.Dense(PATCH_PX**2 * 3, kernel_initializer=initial())(x)
        return keras.Model(patch, keras.layers.Reshape((PATCH_PX, PATCH_PX, 3))(x), name=kind)
    for width in WIDTHS:
        x = keras.layers.Conv2D(
            width, 4, 2, "same", activation="relu", kernel_initializer=initial()
        )(x)
    side = PATCH_PX // 2 ** len(WIDTHS)
    code = keras.layers.Conv2D(CODE // side**2, 1, kernel_initializer=initial(), name="code")(x)
    x = code
    for width, activation in ((WIDTHS[1], "relu"), (WIDTHS[0], "relu"), (3, None)):
        x = keras.layers.UpSampling2D()(x)
        x = keras.layers.Conv2D(
            width, 5, padding="same", activation=activation, kernel_initializer=initial()
        )(x)
    return keras.Model(patch, x, name=kind)


def train_autoencoder(
    photographs: Sequence[np.ndarray],
    *,
    kind: Kind,
    steps: int,
    seed: int,
) -> Autoencoder:
    """Teach an autoencoder to bring patches of photographs back.

    Args:
        photographs: uint8 (height, width, 3), none smaller than a patch.
        kind: see `build_autoencoder`.
        steps: of 32 patches each.
        seed: decides weights and patches.

    Raises:
        ValueError: a photograph is smaller than a patch.
    """
    for photograph in photographs:
        if min(photograph.shape[:2]) < PATCH_PX:
            height, width = photograph.shape[:2]
            raise ValueError(
                f"a photograph of {width} x {height} px is smaller than patches of {PATCH_PX} px"
            )
    network = build_autoencoder(kind, seed)
    optimizer = keras.optimizers.Adam(RATE)

    @tf.function(autograph=False, reduce_retracing=True)
    def move(image: Any) -> None:
        with tf.GradientTape() as tape:
            error = tf.reduce_mean(tf.square(network(image, training=True) - image))
        variables = network.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(error, variables), variables, strict=True))

    rng = np.random.default_rng(seed)
    for _ in range(steps):
        patches = np.stack([mirrored_patch(photographs, PATCH_PX, rng) for _ in range(BATCH)])
        move(tf.constant(as_image(patches)))
    return Autoencoder(network)
