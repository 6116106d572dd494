"""Encoder, decoder and discriminator of the texture VAE."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from texture_models.families.vae.config import VaeConfig
from texture_models.film import BOUND, BoundedFilm
from texture_models.layers import ColourLayer, FusedNormalization, LeakyReLU
from texture_models.spatial.discriminator import LEAK_DISCRIMINATOR, halving_stages
from texture_models.spatial.generator import LEAK_GENERATOR, level_convolution

LEAST_LOG_VARIANCE, LARGEST_LOG_VARIANCE = -8.0, 4.0
CODE_BOUND = 3.0  # deviations of the prior
SPREAD = 0.05  # deviation of the first weights that read the code: little at first, but not nothing


class FirstRow(keras.initializers.Initializer):
    """A constant in the first row, small normal values in the others.

    Args:
        value: of the first row.
        eye: whether that is `value` times the unit matrix.
        seed: of the others.
    """

    def __init__(self, value: float, *, eye: bool = False, seed: int = 0) -> None:
        self.value, self.eye, self.seed = value, eye, seed

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:  # noqa: D102
        row = self.value * (ops.eye(shape[-1], dtype=dtype) if self.eye else 1.0)
        rest = keras.random.normal(
            (shape[0] - 1, *shape[1:]), stddev=SPREAD, dtype=dtype, seed=self.seed
        )
        return ops.concatenate([ops.broadcast_to(row, (1, *shape[1:])), rest], axis=0)

    def get_config(self) -> dict[str, Any]:  # noqa: D102 (Keras' hook)
        return {"value": self.value, "eye": self.eye, "seed": self.seed}


class CodeFilm(BoundedFilm):
    """`BoundedFilm` whose code is a 1 and then a latent code: the 1 brings scale 1 and shift 0."""

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:  # noqa: D102
        channels, code = input_shape[0][-1], input_shape[1][-1]
        self.scale_initializer, self.shift_initializer = FirstRow(1.0), FirstRow(0.0)
        self.scale = self.add_weight(
            name="scale", shape=(code, channels), initializer=self.scale_initializer
        )
        self.shift = self.add_weight(
            name="shift", shape=(code, channels), initializer=self.shift_initializer
        )


class CodeColour(ColourLayer):
    """`ColourLayer` whose code is a 1 and then a latent code; learnt, not measured."""

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:  # noqa: D102
        code = input_shape[1][-1]
        self.basis_initializer, self.mean_initializer = FirstRow(0.5, eye=True), FirstRow(0.0)
        self.basis = self.add_weight(
            name="basis", shape=(code, 3, 3), initializer=self.basis_initializer
        )
        self.mean = self.add_weight(name="mean", shape=(code, 3), initializer=self.mean_initializer)


def build_generator(config: VaeConfig, dtype: str = "float32") -> keras.Model:
    """Return encoder and decoder as one network; its layers `encoder` and `decoder` are networks.

    Called as a whole it decodes a picture's mean code, with the noise that it is given.
    """
    encoder, decoder = build_encoder(config, dtype), build_decoder(config, dtype)
    picture = keras.Input((None, None, 3), name="picture")
    noise = {
        name: keras.Input(tensor.shape[1:], name=name)
        for name, tensor in decoder.input.items()
        if name != "code"
    }
    mean = encoder(picture)[0]
    code = ops.concatenate([ops.ones_like(mean[:, :1]), mean], axis=1)
    return keras.Model(
        {"picture": picture, **noise}, decoder({**noise, "code": code}), name="generator"
    )


def build_encoder(config: VaeConfig, dtype: str = "float32") -> keras.Model:
    """Return the network picture -> what it is, and what lies where.

    Input: (batch, height, width, 3) in -1..1, whole cells.
    Outputs, float32: mean and log variance of the code, (batch, latent_channels) each; mean and log
    variance of the encoded channels of every cell, (batch, rows, columns, spatial_channels) each.

    Means and deviations of every stage over all places make the code: it says nothing of where.
    """
    picture = keras.Input((None, None, 3), name="picture")
    x, features = halving_stages(picture, config.encoder_widths, dtype, name="encode")
    pooled = [moment for seen in (picture, *features) for moment in _moments(seen)]
    statistics = ops.concatenate(pooled, axis=-1)
    hidden = keras.layers.Dense(
        2 * config.latent_channels, dtype="float32", kernel_initializer="he_normal", name="hidden"
    )(statistics)
    hidden = LeakyReLU(LEAK_DISCRIMINATOR, dtype="float32")(hidden)
    mean = keras.layers.Dense(config.latent_channels, dtype="float32", name="code_mean")(hidden)
    # A code far from all others would scale the features of five resolutions beyond any picture.
    mean = CODE_BOUND * ops.tanh(mean / CODE_BOUND)
    spread = keras.layers.Dense(
        config.latent_channels,
        dtype="float32",
        kernel_initializer="zeros",
        name="code_log_variance",
    )(hidden)
    outputs = [mean, _limited(spread)]
    if config.spatial_channels:
        places = [
            keras.layers.Conv2D(config.spatial_channels, 1, dtype="float32", name=f"local_{name}")(
                ops.cast(x, "float32")
            )
            for name in ("mean", "log_variance")
        ]
        outputs += [places[0], _limited(places[1])]
    return keras.Model(picture, outputs, name="encoder")


def _moments(x: Any) -> tuple[Any, Any]:
    """Mean and deviation of each channel over all places, float32."""
    x = ops.cast(x, "float32")
    mean = ops.mean(x, axis=(1, 2))
    variance = ops.mean(ops.square(x - mean[:, None, None, :]), axis=(1, 2))
    return mean, ops.sqrt(variance + 1e-4)


def _limited(log_variance: Any) -> Any:
    return ops.clip(log_variance, LEAST_LOG_VARIANCE, LARGEST_LOG_VARIANCE)


def build_decoder(config: VaeConfig, dtype: str = "float32") -> keras.Model:
    """Return the network noise, code -> image: the spatial generator, modulated by the code.

    Inputs as those of `spatial.generator.build_generator`; `code` is (1 + latent_channels), a 1 and
    then the latent code. Output: image (2**k rows, 2**k columns, 3) float32, not clipped.
    """
    code = keras.Input((1 + config.latent_channels,), name="code")
    inputs: dict[str, Any] = {"code": code}
    x = None
    for level, width in enumerate(config.generator_widths):
        noise = None
        if channels := config.noise_channels(level):
            noise = inputs[f"noise_{level}"] = keras.Input(
                (None, None, channels), name=f"noise_{level}"
            )
        x = level_convolution(x, noise, level, width, dtype)
        x = FusedNormalization(momentum=0.9, epsilon=1e-4, dtype=dtype, name=f"norm_{level}")(x)
        x = CodeFilm(BOUND, LEAK_GENERATOR, dtype=dtype, name=f"film_{level}")([x, code])
    x = keras.layers.Conv2D(3, 3, dtype=dtype, name="to_components")(x)
    x = keras.layers.Activation("linear", dtype="float32")(x)
    image = CodeColour(dtype="float32", name="colour")([x, code])
    return keras.Model(inputs, image, name="decoder")


def build_discriminator(config: VaeConfig, dtype: str = "float32") -> keras.Model:
    """Return the network (image, code) -> (map of logits, features of every stage).

    Inputs: image (batch, height, width, 3) in -1..1; code (batch, latent_channels), without the 1.
    Source: projection of the code, Miyato & Koyama 2018, https://arxiv.org/abs/1802.05637, eq. 3.
    """
    image = keras.Input((None, None, 3), name="image")
    code = keras.Input((config.latent_channels,), name="code")
    x, features = halving_stages(image, config.discriminator_widths, dtype)
    logits = keras.layers.Conv2D(1, 3, padding="same", dtype="float32", name="logits")(x)
    embedded = keras.layers.Dense(
        config.discriminator_widths[-1],
        use_bias=False,
        kernel_initializer="zeros",
        dtype="float32",
        name="projection",
    )(code)
    projected = ops.sum(ops.cast(x, "float32") * embedded[:, None, None, :], axis=-1)
    return keras.Model([image, code], [logits[..., 0] + projected, *features], name="discriminator")
