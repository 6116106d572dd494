"""What a trained DCGAN has learnt: its latent vector, and what its discriminator sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from texture_models.families.dcgan.config import DcganConfig
from texture_models.families.dcgan.networks import build_discriminator
from texture_models.labelled_sheet import (
    LabelledRow,
    labelled_sheet,
    loudest_knobs,
    materials_sheet,
)
from texture_models.rendering.class_activation import parts_of_logit
from texture_models.spatial.explaining import codes_between, compiled_draw

SETTINGS = (-2.0, -1.0, 0.0, 1.0, 2.0)
WAY = 8  # pictures from one material to the next
LOUDEST, PROBED = 6, 64  # numbers of the vector that are shown, of at most so many
NOTE = "One number of the latent vector is set, all others stay as the seed has them."
Draw = Callable[[np.ndarray], np.ndarray]


def traversal_sheet(material: str, draw: Draw, latent: np.ndarray) -> np.ndarray:
    """Draw what the loudest numbers of the latent vector do.

    Args:
        material: its name.
        draw: (latent_channels,) float32 -> (picture_px, picture_px, 3) uint8.
        latent: vector that is changed.

    Returns:
        (height, width, 3) uint8; every picture tiled 2 x 2.
    """

    def turned(channel: int, value: float) -> np.ndarray:
        changed = latent.copy()
        changed[channel] = value
        return np.tile(draw(changed), (2, 2, 1))

    rows = []
    count = min(PROBED, len(latent))
    for channel, effect in loudest_knobs(turned, count, (SETTINGS[0], SETTINGS[-1]), LOUDEST):
        shown = [(f"{value:+g}", turned(channel, value)) for value in SETTINGS]
        rows.append(LabelledRow(f"number {channel}: {effect:.0f} grey levels", shown))
    title = f"What the latent vector of {material.replace('_', ' ')} does"
    return labelled_sheet(title, rows, note=NOTE)


def between_sheet(config: DcganConfig, network: Any, latent: np.ndarray) -> np.ndarray:
    """Draw the ways from each material to the next, of one latent vector.

    Args:
        config: the model's; of several materials.
        network: its generator.
        latent: (latent_channels,) float32.

    Returns:
        (height, width, 3) uint8.
    """
    draw = compiled_draw(network)

    def way(first: int, second: int) -> list[np.ndarray]:
        codes = codes_between(config.material_count, first, second, WAY)
        return [draw({"latent": latent, "code": code}) for code in codes]

    note = "The same latent vector throughout; only the material's code and colours change."
    return materials_sheet(config.materials, way, note=note)


def build_judges(config: DcganConfig) -> dict[str, Any]:
    """Return the untrained discriminator, by the name under which it is kept."""
    return {"discriminator": build_discriminator(config)}


def score_map(
    saved: tuple[DcganConfig, Any, Any], judges: Mapping[str, Any], image: np.ndarray, index: int
) -> np.ndarray:
    """Return what each place of a picture adds to its one logit; see `parts_of_logit`.

    Args:
        saved: config, generator and measured numbers.
        judges: see `build_judges`.
        image: (1, picture_px, picture_px, 3) float32 in -1..1.
        index: of the material it is to show.

    Returns:
        (rows, columns) float32; their mean is the logit.
    """
    code = np.eye(saved[0].material_count, dtype=np.float32)[index : index + 1]
    return parts_of_logit(judges["discriminator"], image, code)
