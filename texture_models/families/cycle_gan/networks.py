"""The two kinds of networks: picture -> picture of the other material, picture -> map of scores."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from texture_models.families.cycle_gan.config import FOLD, CycleGanConfig
from texture_models.film import FilmLayer
from texture_models.layers import ColourLayer, LeakyReLU, UpsampledConv2D
from texture_models.spatial.discriminator import halving_stages

LEAK = 0.2
Borders = Literal["valid", "mirrored"]


class UnitFeatures(keras.layers.Layer):
    """Divide the feature vector of every place by its root mean square.

    Call: (batch, rows, columns, channels) float -> the same shape. No place knows of another.

    Source: Karras et al. 2018, https://arxiv.org/abs/1710.10196, section 4.2.
    """

    def call(self, inputs: Any) -> Any:  # noqa: D102 (said by the class)
        wide = ops.cast(inputs, "float32")
        length = ops.rsqrt(ops.mean(wide * wide, axis=-1, keepdims=True) + 1e-6)
        return ops.cast(wide * length, inputs.dtype)


def build_generator(
    config: CycleGanConfig, dtype: str = "float32", borders: Borders = "valid"
) -> keras.Model:
    """Return both translators as one network, its parts `to_0` and `to_1` by their target.

    Inputs: two pictures, of material 1 and of material 0; see `build_translator`.
    Outputs: the first as material 0, the second as material 1.
    """
    pictures = [keras.Input((None, None, 3), name=f"picture_{target}") for target in (0, 1)]
    parts = [build_translator(config, f"to_{target}", dtype, borders) for target in (0, 1)]
    images = [part(picture) for part, picture in zip(parts, pictures, strict=True)]
    return keras.Model(pictures, images, name="generator")


def build_translator(
    config: CycleGanConfig, name: str, dtype: str = "float32", borders: Borders = "valid"
) -> keras.Model:
    """Return the network picture -> the same layout in one material.

    Input: picture (batch, rows, columns, 3) float32 in -1..1; sides are multiples of FOLD.
    Output: image, 2 margin_px smaller with "valid" borders, of the same size with "mirrored" ones;
    black is -1 and white 1, not clipped.

    Every layer is the same at every place, so a picture that wraps gives a picture that wraps; the
    weights do not depend on the borders.
    """
    quarter, half, full = config.widths
    picture = keras.Input((None, None, 3), name="picture")
    # One code for the one material: the affine part of the normalisation.
    code = ops.ones_like(picture[:, 0, 0, :1])
    pad = _mirror if borders == "mirrored" else None
    x = keras.layers.Lambda(_folded, dtype=dtype)(picture)
    x = _convolution(x, quarter, dtype, pad, "first")
    for block in range(config.blocks):
        y = _activated(x, code, dtype, f"block_{block}_a")
        y = _convolution(y, quarter, dtype, pad, f"block_{block}_conv_a")
        y = _activated(y, code, dtype, f"block_{block}_b")
        y = _convolution(y, quarter, dtype, pad, f"block_{block}_conv_b", scale=0.2)
        x = (x if pad else x[:, 2:-2, 2:-2]) + y
    for width, level in ((half, "half"), (full, "full")):
        x = _activated(x, code, dtype, level)
        x = UpsampledConv2D(width, dtype=dtype, name=f"{level}_conv")(pad(x) if pad else x)
        x = x[:, 1:-1, 1:-1] if pad else x
    x = _activated(x, code, dtype, "last")
    x = keras.layers.Conv2D(3, 3, dtype=dtype, name="to_components")(pad(x) if pad else x)
    image = ColourLayer(dtype="float32", name="colour")([ops.cast(x, "float32"), code])
    return keras.Model(picture, image, name=name)


def _folded(x: Any) -> Any:
    import tensorflow as tf

    return tf.nn.space_to_depth(x, FOLD)


def _mirror(x: Any) -> Any:
    return ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="reflect")


def _convolution(x: Any, width: int, dtype: str, pad: Any, name: str, *, scale: float = 2.0) -> Any:
    x = pad(x) if pad else x
    initial = keras.initializers.VarianceScaling(scale)
    return keras.layers.Conv2D(
        width, 3, use_bias=False, kernel_initializer=initial, dtype=dtype, name=name
    )(x)


def _activated(x: Any, code: Any, dtype: str, name: str) -> Any:
    x = UnitFeatures(dtype=dtype, name=f"{name}_unit")(x)
    x = FilmLayer(dtype=dtype, name=f"{name}_film")([x, code])
    return LeakyReLU(LEAK, dtype=dtype, name=f"{name}_leak")(x)


def build_discriminator(config: CycleGanConfig, name: str, dtype: str = "float32") -> keras.Model:
    """Return the network image -> (map of scores, features of every stage).

    Input: image (batch, height, width, 3) in -1..1.
    Outputs: scores (batch, rows, columns) float32, 1 for a photograph and 0 for a translation;
    then one (batch, r, c, channels) a stage.
    """
    image = keras.Input((None, None, 3), name="image")
    x, features = halving_stages(image, config.discriminator_widths, dtype)
    scores = keras.layers.Conv2D(1, 3, padding="same", dtype="float32", name="scores")(x)
    return keras.Model(image, [scores[..., 0], *features], name=name)
