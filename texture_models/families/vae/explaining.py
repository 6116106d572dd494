"""What a trained texture VAE has learnt, as pictures: its codes, its noise, its discriminator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from texture_models.families.vae.config import VaeConfig
from texture_models.families.vae.networks import build_discriminator
from texture_models.labelled_sheet import LabelledRow, loudest_knobs
from texture_models.spatial.explaining import Fields, noise_rows, traversal_sheet

SETTINGS = (-2.0, -1.0, 0.0, 1.0, 2.0)
LOUDEST, PROBED = 4, 16  # directions of the code that are shown, of at most so many
NOTE = (
    "One input of the decoder is changed, all others stay: noise as the seed has it, the code is\n"
    "the material's mean. Directions are those in which the photographs' codes vary."
)
Render = Callable[[Fields], np.ndarray]


def code_and_noise_sheet(
    config: VaeConfig,
    render: Render,
    fields: Fields,
    factor: np.ndarray,
    material: str,
) -> np.ndarray:
    """Draw what the directions of the prior, and then the inputs of noise, do.

    Args:
        config: the model's.
        render: fields -> (height, width, 3) uint8.
        fields: of a picture with the material's mean code; `code` begins with a 1.
        factor: (latent, latent), see `fitted_prior`.
        material: its name.
    """
    # The principal axes of the prior, in deviations: left singular vectors of the factor.
    axes, deviations, _ = np.linalg.svd(factor)
    steps = (axes * deviations).T.astype(np.float32)

    def turned(direction: int, value: float) -> np.ndarray:
        code = fields["code"].copy()
        code[1:] += np.float32(value) * steps[direction]
        return render({**fields, "code": code})

    rows = []
    ends = (SETTINGS[0], SETTINGS[-1])
    for direction, effect in loudest_knobs(turned, min(PROBED, len(steps)), ends, LOUDEST):
        shown = [(f"{value:+g} deviations", turned(direction, value)) for value in SETTINGS]
        label = f"direction {direction + 1} of the code: {effect:.0f} grey levels"
        rows.append(LabelledRow(label, shown))
    return traversal_sheet(material, [*rows, *noise_rows(config, render, fields)], note=NOTE)


def build_judges(config: VaeConfig) -> dict[str, Any]:
    """Return the untrained discriminator by its name; nothing for the plain bound."""
    if config.objective != "statistics":
        return {}
    return {"discriminator": build_discriminator(config)}


def score_map(
    saved: tuple[VaeConfig, Any, Any], judges: Mapping[str, Any], image: np.ndarray, index: int
) -> np.ndarray:
    """Return the discriminator's logits of each place of a picture, (rows, columns) float32.

    Args:
        saved: config, encoder and decoder, measured numbers.
        judges: see `build_judges`.
        image: (1, height, width, 3) float32 in -1..1; judged as a picture of the code that
            the encoder reads off it.
        index: of the material, which the discriminator does not read.
    """
    del index
    code = np.asarray(saved[1].get_layer("encoder")(image, training=False)[0])
    return np.asarray(judges["discriminator"]([image, code], training=False)[0][0], np.float32)
