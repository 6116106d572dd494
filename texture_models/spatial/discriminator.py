"""The convolutional trunk of the discriminators that judge patches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from texture_models.layers import LeakyReLU

LEAK_DISCRIMINATOR = 0.2  # DCGAN, https://arxiv.org/abs/1511.06434, section 3


def discriminator_stages(image: Any, widths: Sequence[int], dtype: str) -> tuple[Any, list[Any]]:
    """Halve the resolution once for every width; 4x4 convolutions, leaky ReLU.

    Args:
        image: (batch, height, width, channels) symbolic tensor.
        widths: channels of each stage.
        dtype: Keras policy of the convolutions.

    Returns:
        (features of the last stage, features of every stage): (batch, rows, columns, width) each.

    Same padding is harmless here: nothing the discriminator learns at a border is ever rendered.
    """
    x, features = image, []
    for stage, width in enumerate(widths):
        x = keras.layers.Conv2D(
            width,
            4,
            strides=2,
            padding="same",
            kernel_initializer="he_normal",
            dtype=dtype,
            name=f"stage_{stage}",
        )(x)
        x = LeakyReLU(LEAK_DISCRIMINATOR, dtype=dtype)(x)
        features.append(x)
    return x, features
