"""What a trained spatial generator has learnt, as pictures: its inputs turned one knob at a time.

Everything but the knob stays: the same seed, so the same noise in every cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.labelled_sheet import (
    LabelledRow,
    labelled_sheet,
    loudest_knobs,
    materials_sheet,
)
from texture_models.layers import to_pixels
from texture_models.rendering.noise_field import CellWindow
from texture_models.spatial.config import SpatialConfig
from texture_models.spatial.noise import picture_noise

SEED, CELLS = 1, 8
SETTINGS = (-1.0, -0.5, 0.0, 0.5, 1.0)
LOUDEST, PROBED = 4, 64  # knobs of the cells' noise that are shown, of at most so many
WAY = 7  # pictures from one material to the next
NOTE = (
    "One input of the generator is set in every cell, all others stay as the seed has them.\n"
    "The middle of a row of noise is 0, not what the seed has."
)
Fields = Mapping[str, np.ndarray]
Render = Callable[[Fields], np.ndarray]
Draw = Callable[[Fields, np.ndarray], np.ndarray]


def compiled_draw(network: Any) -> Callable[[Mapping[str, np.ndarray]], np.ndarray]:
    """Compile a generator once for all codes: inputs without a batch -> (height, width, 3) uint8.

    Its folded form is faster, and is for one code.
    """

    @tf.function(autograph=False, reduce_retracing=True)
    def draw(inputs: Mapping[str, Any]) -> Any:
        return to_pixels(network(inputs, training=False))

    return lambda inputs: np.asarray(
        draw({name: tf.constant(value[None]) for name, value in inputs.items()})
    )[0]


def explaining_sheets(
    config: SpatialConfig, draw: Draw, measured: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return `latent-traversal-<material>` of every material, and `interpolation` of several.

    Args:
        config: the model's.
        draw: (noise fields, (materials,) weights of the materials) -> (height, width, 3) uint8.
        measured: `waves` (materials, waves, 2), cycles per pixel.

    Returns:
        Name -> (height, width, 3) uint8.
    """
    codes = np.eye(config.material_count, dtype=np.float32)
    pictures = {}
    for index, name in enumerate(config.materials or ("texture",)):

        def render(fields: Fields, code: np.ndarray = codes[index]) -> np.ndarray:
            return draw(fields, code)

        rows = noise_rows(config, render, seed_fields(config, measured["waves"][index]))
        pictures[f"latent-traversal-{name.replace('_', '-')}"] = traversal_sheet(name, rows)
    if config.material_count > 1:
        pictures["interpolation"] = _interpolation(config, draw, measured["waves"])
    return pictures


def traversal_sheet(material: str, rows: Sequence[LabelledRow], *, note: str = NOTE) -> np.ndarray:
    """Draw rows under the title that every sheet of this kind has.

    Args:
        material: its name.
        rows: at least one.
        note: what stays, and what the settings mean.
    """
    title = f"What the inputs of {material.replace('_', ' ')} do"
    return labelled_sheet(title, rows, note=note)


def seed_fields(config: SpatialConfig, waves: np.ndarray) -> dict[str, np.ndarray]:
    """Return the noise of one small tile, always the same seed's; see `picture_noise`."""
    return picture_noise(config, waves, SEED, CellWindow(0, 0, CELLS, CELLS, (CELLS, CELLS)))


def noise_rows(config: SpatialConfig, render: Render, fields: Fields) -> list[LabelledRow]:
    """Return a row for each of the loudest channels, for each wave, and for the fine noise.

    Args:
        config: the model's.
        render: fields -> (height, width, 3) uint8.
        fields: of the picture that is changed.
    """
    rows = [*_cell_noise_rows(config, render, fields), *_wave_rows(config, render, fields)]
    if config.fine_channels:
        shown = [
            (f"x {factor:g}", render(_louder(config, fields, factor)))
            for factor in (0.0, 0.5, 1.0, 1.5, 2.0)
        ]
        rows.append(LabelledRow("fine noise, all levels, as loud as", shown))
    return rows


def _cell_noise_rows(
    config: SpatialConfig, render: Render, fields: Fields
) -> Iterator[LabelledRow]:
    """The channels of the cells' noise that change the picture most."""

    def turned(channel: int, value: float) -> np.ndarray:
        return render(_with_channel(fields, channel, value))

    count = min(PROBED, config.own_channels(0))
    for channel, effect in loudest_knobs(turned, count, (-1.0, 1.0), LOUDEST):
        shown = [(f"{value:+g}", turned(channel, value)) for value in SETTINGS]
        label = f"noise channel {channel} of the cells: {effect:.0f} grey levels"
        yield LabelledRow(f"{label} from -1 to 1", shown)


def _wave_rows(config: SpatialConfig, render: Render, fields: Fields) -> Iterator[LabelledRow]:
    """The periodic channels, moved along by shares of their period."""
    for wave in range(config.periodic_channels):
        if not np.abs(fields["noise_0"][..., config.own_channels(0) + wave]).max() > 0:
            continue  # the photograph has no such wave
        shown = [
            (f"{share:g} periods", render(_moved_wave(config, fields, wave, share)))
            for share in (0.0, 0.2, 0.4, 0.6, 0.8)
        ]
        yield LabelledRow(f"phase of wave {wave + 1}", shown)


def _interpolation(config: SpatialConfig, draw: Draw, waves: np.ndarray) -> np.ndarray:
    """The way from each material to the next: the code goes along a line, waves fade over."""
    each = [seed_fields(config, own) for own in waves]

    def way(first: int, second: int) -> list[np.ndarray]:
        pictures = []
        for code in codes_between(config.material_count, first, second, WAY):
            share = code[second]
            fields = {
                name: field + share * (each[second][name] - field)
                for name, field in each[first].items()
            }
            pictures.append(draw(fields, code))
        return pictures

    note = "The same noise throughout; only the material's vector, colours and waves change."
    return materials_sheet(config.materials, way, note=note)


def codes_between(count: int, first: int, second: int, steps: int) -> np.ndarray:
    """Return the codes along the line from one material to another.

    Args:
        count: of the materials.
        first: number of the one.
        second: number of the other.
        steps: codes, both ends included.

    Returns:
        (steps, count) float32; where it goes to is its share of the second.
    """
    codes = np.eye(count, dtype=np.float32)
    shares = np.linspace(0.0, 1.0, steps, dtype=np.float32)[:, None]
    return codes[first] + shares * (codes[second] - codes[first])


def _with_channel(fields: Fields, channel: int, value: float) -> Fields:
    cells = fields["noise_0"].copy()
    cells[..., channel] = value
    return {**fields, "noise_0": cells}


def _louder(config: SpatialConfig, fields: Fields, factor: float) -> Fields:
    """Fine noise times a factor; cells and waves as they are."""
    changed = dict(fields)
    for level in range(1, config.levels):
        field = fields[f"noise_{level}"].copy()
        field[..., : config.own_channels(level)] *= np.float32(factor)
        changed[f"noise_{level}"] = field
    return changed


def _moved_wave(config: SpatialConfig, fields: Fields, wave: int, share: float) -> Fields:
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
