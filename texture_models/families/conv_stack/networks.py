"""The two networks: picture with gaps -> picture, picture -> one score."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from texture_models.families.conv_stack.config import ConvStackConfig
from texture_models.film import BOUND, BoundedFilm
from texture_models.layers import BatchNormalization, ColourLayer
from texture_models.spatial.discriminator import halving_stages

LEAK = 0.2
CHANNELS = 4  # red, green, blue, trust


def build_generator(config: ConvStackConfig, dtype: str = "float32") -> keras.Model:
    """Return the network picture -> picture.

    Inputs, a dict (batch first, float32):
        picture (height + 2 margin_px, width + 2 margin_px, 4): colours in -1..1 and, last, how far
            they can be trusted, 0..1; see `degradation`. Sides are multiples of `fold`.
        code (materials): weights of the materials, one-hot in training.
    Output: image (height, width, 3) float32; black is -1, white 1, not clipped.

    Every convolution is valid and every layer is the same at every place, so a picture that wraps
    gives a picture that wraps.
    """
    picture = keras.Input((None, None, CHANNELS), name="picture")
    code = keras.Input((config.material_count,), name="code")
    x = keras.layers.Lambda(_folded, arguments={"fold": config.fold}, dtype=dtype)(picture)
    for block in range(config.blocks):
        x = keras.layers.Conv2D(
            config.width,
            3,
            use_bias=False,
            kernel_initializer="he_normal",
            dtype=dtype,
            name=f"conv_{block}",
        )(x)
        x = BatchNormalization(momentum=0.9, epsilon=1e-4, dtype=dtype, name=f"norm_{block}")(x)
        x = BoundedFilm(BOUND, LEAK, dtype=dtype, name=f"film_{block}")([x, code])
    x = keras.layers.Conv2D(3 * config.fold**2, 3, dtype=dtype, name="to_components")(x)
    x = keras.layers.Lambda(_unfolded, arguments={"fold": config.fold}, dtype="float32")(x)
    image = ColourLayer(dtype="float32", name="colour")([x, code])
    return keras.Model({"picture": picture, "code": code}, image, name="generator")


def _folded(x: Any, fold: int) -> Any:
    import tensorflow as tf

    return x if fold == 1 else tf.nn.space_to_depth(x, fold)


def _unfolded(x: Any, fold: int) -> Any:
    import tensorflow as tf

    return x if fold == 1 else tf.nn.depth_to_space(x, fold)


def build_discriminator(config: ConvStackConfig, dtype: str = "float32") -> keras.Model:
    """Return the network (image, code) -> (one logit a picture, features of every stage).

    Inputs: image (batch, height, width, 3) in -1..1; code (batch, materials).
    Outputs: logits (batch,) float32; then one (batch, rows, columns, channels) a stage.

    The one score is a linear function of mean features (and of the code, as a projection,
    https://arxiv.org/abs/1802.05637), so it does not depend on where in the picture something is.
    """
    image = keras.Input((None, None, 3), name="image")
    code = keras.Input((config.material_count,), name="code")
    x, features = halving_stages(image, config.discriminator_widths, dtype)
    pooled = ops.mean(ops.cast(x, "float32"), axis=(1, 2))
    logits = keras.layers.Dense(1, dtype="float32", name="logits")(pooled)
    embedded = keras.layers.Dense(
        config.discriminator_widths[-1],
        use_bias=False,
        kernel_initializer="zeros",
        dtype="float32",
        name="projection",
    )(code)
    projected = ops.sum(pooled * embedded, axis=-1)
    return keras.Model([image, code], [logits[:, 0] + projected, *features], name="discriminator")
