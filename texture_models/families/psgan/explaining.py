"""What a trained periodic spatial GAN has learnt, as pictures: its noise turned one knob at a time.

Everything but the knob stays: the same seed, so the same noise in every cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.families.psgan.config import PsganConfig
from texture_models.labelled_sheet import LabelledRow, labelled_sheet
from texture_models.layers import to_pixels
from texture_models.rendering.noise_field import CellWindow
from texture_models.spatial.noise import picture_noise

SEED, CELLS = 1, 8
SETTINGS = (-1.0, -0.5, 0.0, 0.5, 1.0)
LOUDEST, PROBED = 4, 64  # knobs of the cells' noise that are shown, of at most so many
WAY = 7  # pictures from one material to the next
Fields = Mapping[str, np.ndarray]
Render = Callable[[Fields], np.ndarray]
Draw = Callable[[Fields, np.ndarray], np.ndarray]


def explaining_pictures(
    config: PsganConfig, network: Any, measured: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return `latent-traversal-<material>` of every material, and `interpolation` of several.

    Args:
        config: the model's.
        network: its generator.
        measured: `waves` (materials, waves, 2), cycles per pixel.

    Returns:
        Name -> (height, width, 3) uint8.
    """
    names = config.materials or ("texture",)
    draw = _drawing(network)
    pictures = {
        f"latent-traversal-{name.replace('_', '-')}": _traversal(config, draw, measured, index)
        for index, name in enumerate(names)
    }
    if len(names) > 1:
        pictures["interpolation"] = _interpolation(config, draw, measured)
    return pictures


def score_map(config: PsganConfig, judge: Any, pixels: np.ndarray, index: int) -> np.ndarray:
    """Return the discriminator's logits of each place of a picture, (rows, columns) float32.

    Args:
        config: the model's.
        judge: its discriminator.
        pixels: (height, width, 3) uint8.
        index: of the material it is to show.
    """
    image = pixels[None].astype(np.float32) / np.float32(127.5) - np.float32(1.0)
    code = np.eye(config.material_count, dtype=np.float32)[index : index + 1]
    return np.asarray(judge([image, code], training=False)[0][0], dtype=np.float32)


def _traversal(
    config: PsganConfig, draw: Draw, measured: Mapping[str, np.ndarray], index: int
) -> np.ndarray:
    code = np.eye(config.material_count, dtype=np.float32)[index]

    def render(fields: Fields) -> np.ndarray:
        return draw(fields, code)

    fields = _fields(config, measured, index)
    rows = [*_cell_noise_rows(config, render, fields), *_wave_rows(config, render, fields)]
    if config.fine_channels:
        shown = [
            (f"x {factor:g}", render(_louder(config, fields, factor)))
            for factor in (0.0, 0.5, 1.0, 1.5, 2.0)
        ]
        rows.append(LabelledRow("fine noise, all levels, as loud as", shown))
    name = (config.materials or ("texture",))[index].replace("_", " ")
    note = (
        "One input of the generator is set in every cell, all others stay as the seed has them.\n"
        "The middle of a row of noise is 0, not what the seed has."
    )
    return labelled_sheet(f"What the inputs of {name} do", rows, note=note)


def _cell_noise_rows(config: PsganConfig, render: Render, fields: Fields) -> Iterator[LabelledRow]:
    """The channels of the cells' noise that change the picture most."""
    effects = {}
    for channel in range(min(PROBED, config.own_channels(0))):
        low, high = (render(_with_channel(fields, channel, value)) for value in (-1.0, 1.0))
        effects[channel] = np.abs(low.astype(np.float32) - high).mean()
    loudest = sorted(effects, key=lambda channel: -effects[channel])[:LOUDEST]
    for channel in loudest:
        shown = [
            (f"{value:+g}", render(_with_channel(fields, channel, value))) for value in SETTINGS
        ]
        label = f"noise channel {channel} of the cells: {effects[channel]:.0f} grey levels"
        yield LabelledRow(f"{label} from -1 to 1", shown)


def _wave_rows(config: PsganConfig, render: Render, fields: Fields) -> Iterator[LabelledRow]:
    """The periodic channels, moved along by shares of their period."""
    for wave in range(config.periodic_channels):
        if not np.abs(fields["noise_0"][..., config.own_channels(0) + wave]).max() > 0:
            continue  # the photograph has no such wave
        shown = [
            (f"{share:g} periods", render(_moved_wave(config, fields, wave, share)))
            for share in (0.0, 0.2, 0.4, 0.6, 0.8)
        ]
        yield LabelledRow(f"phase of wave {wave + 1}", shown)


def _interpolation(
    config: PsganConfig, draw: Draw, measured: Mapping[str, np.ndarray]
) -> np.ndarray:
    """The way from each material to the next: the code goes along a line, waves fade over."""
    count = config.material_count
    codes = np.eye(count, dtype=np.float32)
    each = [_fields(config, measured, index) for index in range(count)]
    rows = []
    for first in range(count if count > 2 else 1):
        second = (first + 1) % count
        shown = []
        for share in np.linspace(0.0, 1.0, WAY, dtype=np.float32):
            code = codes[first] + share * (codes[second] - codes[first])
            fields = {
                name: field + share * (each[second][name] - field)
                for name, field in each[first].items()
            }
            shown.append((f"{share:.0%}", draw(fields, code)))
        one, other = (config.materials[index].replace("_", " ") for index in (first, second))
        rows.append(LabelledRow(f"{one} to {other}", shown))
    note = "The same noise throughout; only the material's vector, colours and waves change."
    return labelled_sheet("Between materials", rows, note=note)


def _drawing(network: Any) -> Draw:
    """Compile the generator once for every material and every mixture of them."""

    @tf.function(reduce_retracing=True)
    def draw(inputs: Mapping[str, Any]) -> Any:
        return to_pixels(network(inputs, training=False))

    def drawn(fields: Fields, code: np.ndarray) -> np.ndarray:
        inputs = {name: tf.constant(field[None]) for name, field in fields.items()}
        return np.asarray(draw({**inputs, "code": tf.constant(code[None])}))[0]

    return drawn


def _fields(config: PsganConfig, measured: Mapping[str, np.ndarray], index: int) -> Fields:
    window = CellWindow(0, 0, CELLS, CELLS, (CELLS, CELLS))
    return picture_noise(config, measured["waves"][index], SEED, window)


def _with_channel(fields: Fields, channel: int, value: float) -> Fields:
    cells = fields["noise_0"].copy()
    cells[..., channel] = value
    return {**fields, "noise_0": cells}


def _louder(config: PsganConfig, fields: Fields, factor: float) -> Fields:
    """Fine noise times a factor; cells and waves as they are."""
    changed = dict(fields)
    for level in range(1, config.levels):
        field = fields[f"noise_{level}"].copy()
        field[..., : config.own_channels(level)] *= np.float32(factor)
        changed[f"noise_{level}"] = field
    return changed


def _moved_wave(config: PsganConfig, fields: Fields, wave: int, share: float) -> Fields:
    """Turn sine and cosine of one wave, on every level that has it."""
    turn = 2 * np.pi * share
    changed = dict(fields)
    for level in range(config.levels):
        if not config.wave_channels(level):
            continue
        field = fields[f"noise_{level}"].copy()
        sine = config.own_channels(level) + wave
        cosine = sine + config.periodic_channels
        field[..., sine], field[..., cosine] = (
            field[..., sine] * np.cos(turn) + field[..., cosine] * np.sin(turn),
            field[..., cosine] * np.cos(turn) - field[..., sine] * np.sin(turn),
        )
        changed[f"noise_{level}"] = field
    return changed
