"""Random weights that depend on the training's seed and on nothing else."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from texture_models.layers import all_layers

SUFFIX = "_initializer"  # `kernel_initializer` is that of the weight `kernel`, as in Keras


def seeded(network: keras.Model, seed: int) -> keras.Model:
    """Draw the random weights of a network anew, and return it.

    Keras takes the seeds of its initialisers from Python's global generator, which any thread of
    the process may use meanwhile (servers' clients do, for their pauses): the same seed would now
    and then begin with other weights. Constant initial weights stay as they are.

    Args:
        network: just built; its name and the order of its layers decide, with the seed.
        seed: of the training.
    """
    drawn = [one for layer in all_layers(network) for one in _drawn(layer)]
    source = np.random.SeedSequence([seed, zlib.crc32(network.name.encode())])
    for (weight, initializer), own in zip(drawn, source.generate_state(len(drawn)), strict=True):
        settings = {**initializer.get_config(), "seed": int(own) % 2**31}
        weight.assign(type(initializer).from_config(settings)(weight.shape))
    return network


def _drawn(layer: keras.layers.Layer) -> Iterator[tuple[Any, Any]]:
    """Weights of a layer with their initialisers, those that draw."""
    for name in sorted(name for name in vars(layer) if name.endswith(SUFFIX)):
        initializer = getattr(layer, name)
        if hasattr(initializer, "get_config") and "seed" in initializer.get_config():
            yield getattr(layer, name.removesuffix(SUFFIX)), initializer
