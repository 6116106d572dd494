"""Random weights and masks that depend on the training's seed and on nothing else."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from texture_models.layers import Dropout, all_layers

SUFFIX = "_initializer"  # `kernel_initializer` is that of the weight `kernel`, as in Keras


def seeded(network: keras.Model, seed: int) -> keras.Model:
    """Draw the random weights of a network anew, begin its dropouts anew, and return it.

    Keras takes the seeds of its initialisers from Python's global generator, which any thread of
    the process may use meanwhile (servers' clients do, for their pauses): the same seed would now
    and then begin with other weights. Constant initial weights stay as they are.

    Args:
        network: just built; its name and the order of its layers decide, with the seed.
        seed: of the training.
    """
    drawn = [one for layer in all_layers(network) for one in _drawn(layer)]
    masking = [layer.seed_generator for layer in all_layers(network) if _masks(layer)]
    source = np.random.SeedSequence([seed, zlib.crc32(network.name.encode())])
    seeds = [int(own) % 2**31 for own in source.generate_state(len(drawn) + len(masking))]
    for (weight, initializer), own in zip(drawn, seeds, strict=False):
        settings = {**initializer.get_config(), "seed": own}
        weight.assign(type(initializer).from_config(settings)(weight.shape))
    for generator, own in zip(masking, seeds[len(drawn) :], strict=True):
        generator.state.assign([own, 0])  # the seed, and how many masks were drawn
    return network


def _masks(layer: keras.layers.Layer) -> bool:
    """Whether a layer leaves out features at random; at a rate of 0 it has nothing to draw from."""
    return isinstance(layer, Dropout) and bool(layer.rate)


def _drawn(layer: keras.layers.Layer) -> Iterator[tuple[Any, Any]]:
    """Weights of a layer with their initialisers, those that draw."""
    for name in sorted(name for name in vars(layer) if name.endswith(SUFFIX)):
        initializer = getattr(layer, name)
        if hasattr(initializer, "get_config") and "seed" in initializer.get_config():
            yield getattr(layer, name.removesuffix(SUFFIX)), initializer
