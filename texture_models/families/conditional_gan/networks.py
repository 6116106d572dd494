"""The two networks of the conditional GAN; both read how much of which material is where."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from texture_models.families.conditional_gan.config import ConditionalGanConfig
from texture_models.film import BOUND, BoundedFilm
from texture_models.layers import FusedNormalization
from texture_models.spatial.discriminator import halving_stages
from texture_models.spatial.generator import LEAK_GENERATOR, level_convolution

HIGHEST = 4.0  # a height beyond this changes nothing any more; exp(8) between two is enough


class PlaceFilm(BoundedFilm):
    """`BoundedFilm` by what the weights of the materials say at each place.

    Call: [(batch, rows, columns, channels), (batch, rows, columns, materials)] float -> same shape
    as the first. Where one weight is 1 it is `BoundedFilm` with that material's code. A class of
    its own, because layers of `with_shares` and of files of weights are found by it.
    """


class PlaceColour(keras.layers.Layer):
    """Components of every material -> colours, weighted by how much of it is at each place.

    Call: [(batch, rows, columns, 3 materials), (batch, rows, columns, materials)] float32 ->
    (batch, rows, columns, 3): black is -1 and white 1; not clipped. The weights are measured as
    those of `ColourLayer`: `basis` (materials, 3, 3), `mean` (materials, 3).
    """

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:  # noqa: D102
        materials = input_shape[1][-1]
        self.basis = self.add_weight(
            name="basis",
            shape=(materials, 3, 3),
            initializer=lambda shape, dtype=None: ops.broadcast_to(
                0.5 * ops.eye(3, dtype=dtype), shape
            ),
            trainable=False,
        )
        self.mean = self.add_weight(
            name="mean", shape=(materials, 3), initializer="zeros", trainable=False
        )

    def call(self, inputs: list[Any]) -> Any:  # noqa: D102
        components, weights = inputs
        materials = weights.shape[-1]
        weighted = components * ops.repeat(weights, 3, axis=-1)
        # One product for all materials: weighted components times their bases, one below another.
        colours = ops.matmul(weighted, ops.reshape(self.basis, (3 * materials, 3)))
        return colours + ops.matmul(weights, self.mean)


def build_generator(config: ConditionalGanConfig, dtype: str = "float32") -> keras.Model:
    """Return the network noise, weights -> image.

    Inputs, a dict (batch first, float32):
        noise_0 .. noise_k (2**level rows + 4, 2**level columns + 4, `config.noise_channels(level)`)
            for a picture of `rows` x `columns` cells; a level without noise has no input.
        weights_0 .. weights_k (2**level rows + 4, 2**level columns + 4, materials): how much of
            which material is where, adding up to 1.
    Output: image (2**k rows, 2**k columns, 3) float32; black is -1, white 1, not clipped.

    Every convolution is valid and every layer is the same at every position, so noise and weights
    that wrap give a picture that wraps.
    """
    inputs: dict[str, Any] = {}
    x, height = None, None
    for level, width in enumerate(config.generator_widths):
        noise = None
        if channels := config.noise_channels(level):
            noise = inputs[f"noise_{level}"] = keras.Input(
                (None, None, channels), name=f"noise_{level}"
            )
        weights = inputs[f"weights_{level}"] = keras.Input(
            (None, None, config.material_count), name=f"weights_{level}"
        )
        x = level_convolution(x, noise, level, width, dtype)
        x = FusedNormalization(momentum=0.9, epsilon=1e-4, dtype=dtype, name=f"norm_{level}")(x)
        height = _doubled(height)
        shares = _shares(weights[:, 1:-1, 1:-1], height)
        x = PlaceFilm(BOUND, LEAK_GENERATOR, dtype=dtype, name=f"film_{level}")([x, shares])
        height = _grown(x, height, config.material_count, level)
    x = keras.layers.Conv2D(3 * config.material_count, 3, dtype=dtype, name="to_components")(x)
    x = keras.layers.Activation("linear", dtype="float32")(x)
    shares = _shares(weights[:, 1:-1, 1:-1], height)[:, 1:-1, 1:-1]
    image = PlaceColour(dtype="float32", name="colour")([x, shares])
    return keras.Model(inputs, image, name="generator")


def with_shares(generator: keras.Model) -> keras.Model:
    """Return the generator with the sharpened shares of every level behind its picture.

    Outputs: image, then one (batch, rows, columns, materials) for every modulation after the first
    level, and the one that chooses the colours.
    """
    films = [layer for layer in generator.layers if isinstance(layer, PlaceFilm)][1:]
    shares = [layer.input[1] for layer in (*films, generator.get_layer("colour"))]
    return keras.Model(generator.inputs, [generator.output, *shares])


def _shares(weights: Any, height: Any) -> Any:
    """Weights of the materials, sharpened by their heights; 0 and 1 stay what they are."""
    if height is None or weights.shape[-1] == 1:
        return weights
    lifted = weights * ops.exp(ops.clip(height, -HIGHEST, HIGHEST))
    return lifted / ops.sum(lifted, axis=-1, keepdims=True)


def _doubled(height: Any) -> Any:
    """Heights at twice the resolution, cut to the places of the next level's features."""
    if height is None:
        return None
    return keras.layers.UpSampling2D(2, dtype="float32")(height)[:, 1:-1, 1:-1]


def _grown(x: Any, height: Any, materials: int, level: int) -> Any:
    """Add what this level's features say about the heights; none of a single material."""
    if materials == 1:
        return None
    more = keras.layers.Conv2D(
        materials, 1, use_bias=False, kernel_initializer="zeros", dtype="float32", name=f"h_{level}"
    )(ops.cast(x, "float32"))
    return more if height is None else height + more


def build_discriminator(config: ConditionalGanConfig, dtype: str = "float32") -> keras.Model:
    """Return the network (image, weights) -> (map of logits, features of every stage).

    Inputs: image (batch, height, width, 3) in -1..1; weights (batch, height, width, materials).
    Outputs: logits (batch, rows, columns) float32; then one (batch, r, c, channels) a stage.

    Source: projection of the code, Miyato & Koyama 2018, https://arxiv.org/abs/1802.05637, eq. 3;
    departure: of the mean weights of the pixels below each logit.
    """
    image = keras.Input((None, None, 3), name="image")
    weights = keras.Input((None, None, config.material_count), name="weights")
    x, features = halving_stages(image, config.discriminator_widths, dtype)
    logits = keras.layers.Conv2D(1, 3, padding="same", dtype="float32", name="logits")(x)
    below = keras.layers.AveragePooling2D(
        2 ** len(config.discriminator_widths), padding="same", dtype="float32"
    )(weights)
    embedded = keras.layers.Dense(
        config.discriminator_widths[-1],
        use_bias=False,
        kernel_initializer="zeros",
        dtype="float32",
        name="projection",
    )(below)
    projected = ops.sum(ops.cast(x, "float32") * embedded, axis=-1)
    return keras.Model(
        [image, weights], [logits[..., 0] + projected, *features], name="discriminator"
    )
