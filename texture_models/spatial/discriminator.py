"""The convolutional trunk of every network that looks at pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from texture_models.layers import Dropout, LeakyReLU

LEAK_DISCRIMINATOR = 0.2  # DCGAN, https://arxiv.org/abs/1511.06434, section 3


def halving_stages(
    image: Any, widths: Sequence[int], dtype: str, *, name: str = "stage", dropout: float = 0.0
) -> tuple[Any, list[Any]]:
    """Halve the resolution once for every width; 4x4 convolutions, leaky ReLU.

    Args:
        image: (batch, height, width, channels) symbolic tensor.
        widths: channels of each stage.
        dtype: Keras policy of the convolutions.
        name: of the convolutions, before their number.
        dropout: share of every stage's features that the next one does not see in a step.

    Returns:
        (what follows the last stage, features of every stage): (batch, rows, columns, width) each,
        the latter before anything is left out.

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
            name=f"{name}_{stage}",
        )(x)
        x = LeakyReLU(LEAK_DISCRIMINATOR, dtype=dtype)(x)
        features.append(x)
        if dropout:
            # A seed, so that nothing depends on global random state; `seeded` gives it its own.
            x = Dropout(dropout, seed=stage + 1, dtype=dtype)(x)
    return x, features
