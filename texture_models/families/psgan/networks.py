"""The two networks of the periodic spatial GAN."""

from __future__ import annotations

import keras
from keras import ops

from texture_models.families.psgan.config import PsganConfig
from texture_models.spatial.discriminator import halving_stages
from texture_models.spatial.generator import build_generator

__all__ = ["build_discriminator", "build_generator"]


def build_discriminator(config: PsganConfig, dtype: str = "float32") -> keras.Model:
    """Return the network (image, code) -> (map of logits, features of every stage).

    Inputs: image (batch, height, width, 3) in -1..1; code (batch, materials).
    Outputs: logits (batch, rows, columns) float32; then one (batch, r, c, channels) a stage.

    Same padding is harmless here: nothing the discriminator learns at a border is ever rendered.
    Source: projection of the code, Miyato & Koyama 2018, https://arxiv.org/abs/1802.05637, eq. 3.
    """
    image = keras.Input((None, None, 3), name="image")
    code = keras.Input((config.material_count,), name="code")
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
