"""The generator of every spatial family: noise fields and a code in, a picture out."""

from __future__ import annotations

from typing import Any

import keras

from texture_models.film import BOUND, BoundedFilm
from texture_models.layers import ColourLayer, FusedNormalization, NarrowConv2D, UpsampledConv2D
from texture_models.spatial.config import SpatialConfig

LEAK_GENERATOR = 0.1


def build_generator(config: SpatialConfig, dtype: str = "float32") -> keras.Model:
    """Return the network noise -> image.

    Inputs, a dict (batch first, float32):
        noise_0 .. noise_k (2**level rows + 4, 2**level columns + 4, `config.noise_channels(level)`)
            for a picture of `rows` x `columns` cells; a level without noise has no input.
        code (materials): weights of the materials, one-hot in training.
    Output: image (2**k rows, 2**k columns, 3) float32; black is -1, white 1, not clipped.

    Every convolution is valid and every layer is the same at every position, so the network
    commutes with shifts by whole cells: a field that wraps gives a picture that wraps.
    """
    code = keras.Input((config.material_count,), name="code")
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
        x = BoundedFilm(BOUND, LEAK_GENERATOR, dtype=dtype, name=f"film_{level}")([x, code])
    x = NarrowConv2D(3, dtype=dtype, name="to_components")(x)
    x = keras.layers.Activation("linear", dtype="float32")(x)
    image = ColourLayer(dtype="float32", name="colour")([x, code])
    return keras.Model(inputs, image, name="generator")


def level_convolution(coarse: Any, noise: Any, level: int, width: int, dtype: str) -> Any:
    """One resolution's convolution: of the upsampled features and of the level's own noise.

    The convolution of a concatenation is the sum of the convolutions of its parts; kept apart, the
    upsampled part can take its cheaper two-tap form.
    """
    parts = []
    if coarse is not None:
        parts.append(UpsampledConv2D(width, dtype=dtype, name=f"conv_{level}")(coarse))
    if noise is not None:
        own = keras.layers.Conv2D(
            width,
            3,
            use_bias=False,
            kernel_initializer="he_normal",
            dtype=dtype,
            name=f"noise_conv_{level}",
        )
        parts.append(own(noise))
    return parts[0] if len(parts) == 1 else keras.layers.Add(dtype=dtype)(parts)
