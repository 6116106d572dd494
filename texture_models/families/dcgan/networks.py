"""The two networks: latent vector -> picture that wraps, picture -> one score."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from texture_models.families.dcgan.config import DcganConfig
from texture_models.film import FilmLayer
from texture_models.layers import BatchNormalization, ColourLayer, LeakyReLU, UpsampledConv2D
from texture_models.spatial.discriminator import halving_stages

LEAK = 0.2  # https://arxiv.org/abs/1511.06434, section 3


def build_generator(config: DcganConfig, dtype: str = "float32") -> keras.Model:
    """Return the network (latent vector, material) -> image.

    Inputs, a dict (batch first, float32):
        latent (latent_channels): standard normal in training.
        code (materials): weights of the materials, one-hot in training.
    Output: image (picture_px, picture_px, 3) float32; black is -1, white 1, not clipped. Its last
    row continues into its first and its last column into its first.
    """
    latent = keras.Input((config.latent_channels,), name="latent")
    code = keras.Input((config.material_count,), name="code")
    side, width = config.stem_side, config.generator_widths[0]
    x = keras.layers.Concatenate(dtype=dtype)([latent, code])
    x = keras.layers.Dense(side * side * width, use_bias=False, dtype=dtype, name="stem")(x)
    x = keras.layers.Reshape((side, side, width), dtype=dtype)(x)
    x = _normalised(x, code, 0, dtype)
    for level, width in enumerate(config.generator_widths[1:], start=1):
        x = keras.layers.Lambda(_wrapped_by_one, dtype=dtype)(x)
        x = UpsampledConv2D(width, dtype=dtype, name=f"conv_{level}")(x)
        x = x[:, 1:-1, 1:-1]  # what the wrapped border grew into beyond the picture
        x = _normalised(x, code, level, dtype)
    x = keras.layers.Lambda(_wrapped_by_one, dtype=dtype)(x)
    x = keras.layers.Conv2D(3, 3, dtype=dtype, name="to_components")(x)
    x = keras.layers.Activation("linear", dtype="float32")(x)
    image = ColourLayer(dtype="float32", name="colour")([x, code])
    return keras.Model({"latent": latent, "code": code}, image, name="generator")


def _normalised(x: Any, code: Any, level: int, dtype: str) -> Any:
    x = BatchNormalization(momentum=0.9, epsilon=1e-4, dtype=dtype, name=f"norm_{level}")(x)
    x = FilmLayer(dtype=dtype, name=f"film_{level}")([x, code])
    return LeakyReLU(LEAK, dtype=dtype)(x)


def _wrapped_by_one(x: Any) -> Any:
    """Add one row and column on every side, taken from the opposite side."""
    x = ops.concatenate([x[:, -1:], x, x[:, :1]], axis=1)
    return ops.concatenate([x[:, :, -1:], x, x[:, :, :1]], axis=2)


def build_discriminator(config: DcganConfig, dtype: str = "float32") -> keras.Model:
    """Return the network (image, code) -> (one logit a picture, features of every stage).

    Inputs: image (batch, picture_px, picture_px, 3) in -1..1; code (batch, materials).
    Outputs: logits (batch,) float32; then one (batch, rows, columns, channels) a stage.
    """
    side = config.picture_px
    image = keras.Input((side, side, 3), name="image")
    code = keras.Input((config.material_count,), name="code")
    x, features = halving_stages(image, config.discriminator_widths, dtype, dropout=config.dropout)
    flat = keras.layers.Flatten(dtype="float32")(x)
    logits = keras.layers.Dense(1, dtype="float32", name="logits")(flat)
    embedded = keras.layers.Dense(
        config.discriminator_widths[-1],
        use_bias=False,
        kernel_initializer="zeros",
        dtype="float32",
        name="projection",
    )(code)
    pooled = ops.mean(ops.cast(x, "float32"), axis=(1, 2))
    projected = ops.sum(pooled * embedded, axis=-1)
    return keras.Model([image, code], [logits[:, 0] + projected, *features], name="discriminator")
