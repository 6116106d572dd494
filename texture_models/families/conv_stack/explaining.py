"""What a trained plain stack has learnt: ways between its inputs, and what its judge sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from texture_models.families.conv_stack.config import ConvStackConfig
from texture_models.families.conv_stack.networks import build_discriminator
from texture_models.labelled_sheet import LabelledRow, labelled_sheet, materials_sheet, way_row
from texture_models.rendering.class_activation import parts_of_logit
from texture_models.spatial.explaining import codes_between, compiled_draw

WAY = 6  # pictures from one end to the other


def way_sheets(
    config: ConvStackConfig, network: Any, ends: tuple[np.ndarray, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return `latent-interpolation` of all materials, and `interpolation` of several.

    The first goes from one random picture to another, along an arc: the middle of a line would be
    quieter than any that the network has seen.

    Args:
        config: the model's.
        network: its generator.
        ends: two inputs of it, see `inference.picture_inputs`; of independent noise, without trust.

    Returns:
        Name -> (height, width, 3) uint8.
    """
    codes, draw = np.eye(config.material_count, dtype=np.float32), compiled_draw(network)
    shares = np.linspace(0.0, 1.0, WAY, dtype=np.float32)
    arc = [np.cos(s * np.pi / 2) * ends[0] + np.sin(s * np.pi / 2) * ends[1] for s in shares]

    def row(name: str, code: np.ndarray) -> LabelledRow:
        return way_row(
            name.replace("_", " "), [draw({"picture": one, "code": code}) for one in arc]
        )

    def way(first: int, second: int) -> list[np.ndarray]:
        mixed = codes_between(config.material_count, first, second, WAY)
        return [draw({"picture": ends[0], "code": code}) for code in mixed]

    names = config.materials or ("texture",)
    rows = [row(name, code) for name, code in zip(names, codes, strict=True)]
    sheets = {"latent-interpolation": labelled_sheet("From one random picture to another", rows)}
    if len(names) > 1:
        note = "The same random picture throughout; only the material's code and colours change."
        sheets["interpolation"] = materials_sheet(names, way, note=note)
    return sheets


def build_judges(config: ConvStackConfig) -> dict[str, Any]:
    """Return the untrained discriminator, by the name under which it is kept."""
    return {"discriminator": build_discriminator(config)}


def score_map(
    saved: tuple[ConvStackConfig, Any, Any],
    judges: Mapping[str, Any],
    image: np.ndarray,
    index: int,
) -> np.ndarray:
    """Return what each place of a picture adds to its one logit; see `parts_of_logit`.

    Args:
        saved: config, generator and measured numbers.
        judges: see `build_judges`.
        image: (1, height, width, 3) float32 in -1..1.
        index: of the material it is to show.

    Returns:
        (rows, columns) float32; their mean is the logit.
    """
    code = np.eye(saved[0].material_count, dtype=np.float32)[index : index + 1]
    return parts_of_logit(judges["discriminator"], image, code)
