"""What rendering asks of this family, and what only codes can do: encode, decode, go between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.families.vae.config import VaeConfig
from texture_models.families.vae.explaining import build_judges, code_and_noise_sheet, score_map
from texture_models.families.vae.networks import build_generator
from texture_models.labelled_sheet import materials_sheet
from texture_models.layers import as_image, to_pixels
from texture_models.rendering.noise_field import CellWindow, normal_vector
from texture_models.spatial.noise import picture_noise
from texture_models.spatial.waves import wave_vectors

__all__ = [
    "build_generator",
    "build_judges",
    "compiled_generator",
    "encoded",
    "explaining_pictures",
    "look_inputs",
    "picture_inputs",
    "score_map",
]

_CODE = 3000  # stream of the hash; one more for each material
MOST_PATCHES = 64  # of a photograph; their codes' mean is the photograph's
STRIP_STEPS, STRIP_CELLS = 7, 8
STRIP_SEED = 1


def picture_inputs(
    config: VaeConfig,
    measured: Mapping[str, np.ndarray],
    index: int,
    seed: int,
    window: CellWindow,
) -> dict[str, np.ndarray]:
    """Return noise and code of one window of a picture drawn from a material's fitted prior.

    Args:
        config: the model's.
        measured: waves and prior, see `Vae.measured`.
        index: of the material.
        seed: names the picture: its code and its noise.
        window: which part of it.
    """
    normal = normal_vector(seed=seed, stream=_CODE + index, count=config.latent_channels)
    code = measured["prior_mean"][index] + measured["prior_factor"][index] @ normal
    return look_inputs(config, code, measured["waves"][index], seed, window)


def look_inputs(
    config: VaeConfig, code: np.ndarray, waves: np.ndarray, seed: int, window: CellWindow
) -> dict[str, np.ndarray]:
    """Return noise and code of one window of a picture that looks as a code says.

    Args:
        config: the model's.
        code: (latent_channels,), see `encoded`.
        waves: (waves, 2) wave vectors, cycles per pixel.
        seed: names the picture: its noise.
        window: which part of it.

    Returns:
        As `picture_noise`, and `code` (1 + latent_channels,) float32.
    """
    fields = picture_noise(config, waves, seed, window)
    return {**fields, "code": np.concatenate([[1.0], code]).astype(np.float32)}


def compiled_generator(
    config: VaeConfig, network: Any, measured: Mapping[str, np.ndarray], index: int
) -> Callable[[Mapping[str, np.ndarray]], Any]:
    """Compile the decoder; the same for every material, because the code is an input.

    Returns:
        A function: fields of `picture_inputs`, with a batch axis -> (batch, height, width, 3)
        uint8.
    """
    del config, measured, index
    decoder = network.get_layer("decoder")

    @tf.function(autograph=False, reduce_retracing=True)
    def render(fields: Mapping[str, Any]) -> Any:
        tensors = {name: tf.convert_to_tensor(value) for name, value in fields.items()}
        return to_pixels(decoder(tensors, training=False))

    return render


def encoded(
    config: VaeConfig, network: Any, measured: Mapping[str, np.ndarray], pixels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return what a photograph looks like: the mean code of its patches, and its waves.

    Args:
        config: the model's.
        network: encoder and decoder.
        measured: see `Vae.measured`.
        pixels: (height, width, 3) uint8, at the scale of the photographs trained on.

    Returns:
        (code (latent_channels,) float64, waves (waves, 2) cycles per pixel).

    Raises:
        ValueError: the photograph is smaller than a patch.
    """
    side = int(measured["patch_px"][0])
    height, width = pixels.shape[:2]
    if min(height, width) < side:
        raise ValueError(
            f"the photograph is {width} x {height} px, smaller than the patches of {side} px that"
            " this model looks at; give a larger one, or scale it up"
        )
    places = _grid(height, width, side)
    patches = np.stack([pixels[top : top + side, left : left + side] for top, left in places])
    image = as_image(patches)
    codes = np.asarray(network.get_layer("encoder")(image, training=False)[0], dtype=np.float64)
    return codes.mean(axis=0), wave_vectors([pixels], config.periodic_channels)


def _grid(height: int, width: int, side: int) -> list[tuple[int, int]]:
    """Corners of patches spread over a picture, at most `MOST_PATCHES`."""
    most = int(np.sqrt(MOST_PATCHES))
    lines = [
        np.linspace(0, length - side, min(most, -(-length // side))).astype(int).tolist()
        for length in (height, width)
    ]
    return [(top, left) for top in lines[0] for left in lines[1]]


def interpolation_strip(
    config: VaeConfig,
    network: Any,
    looks: tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
    *,
    seed: int,
    steps: int,
) -> np.ndarray:
    """Show the way from one look to another; the noise stays, codes go along a line.

    The waves of both fade into each other: a frequency in between belongs to neither.

    Args:
        config: the model's.
        network: encoder and decoder.
        looks: (code, waves) of both ends, as `encoded` returns them.
        seed: names the noise.
        steps: pictures in the strip, both ends included; at least 2.

    Returns:
        (side, steps * side, 3) uint8; every picture tiles by itself.
    """
    if steps < 2:
        raise ValueError(f"steps={steps}; a way has two ends, give 2 or more")
    window = CellWindow(0, 0, STRIP_CELLS, STRIP_CELLS, (STRIP_CELLS, STRIP_CELLS))
    first, last = (look_inputs(config, *look, seed, window) for look in looks)
    render = compiled_generator(config, network, {}, 0)
    shares = np.linspace(0.0, 1.0, steps, dtype=np.float32)
    pictures = []
    for share in shares:  # one at a time: memory, and one shape to compile
        between = {name: first[name] + share * (last[name] - first[name]) for name in first}
        pictures.append(np.asarray(render({name: f[None] for name, f in between.items()}))[0])
    return np.hstack(pictures)


def explaining_pictures(
    config: VaeConfig, network: Any, measured: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return `latent-traversal-<material>` of every material, and `interpolation` of several.

    The latter are the ways from each material's mean code to the next one's.
    """
    count = config.material_count
    looks = [(measured["prior_mean"][i], measured["waves"][i]) for i in range(count)]
    draw = compiled_generator(config, network, measured, 0)

    def render(fields: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.asarray(draw({name: field[None] for name, field in fields.items()}))[0]

    window = CellWindow(0, 0, STRIP_CELLS, STRIP_CELLS, (STRIP_CELLS, STRIP_CELLS))
    pictures = {}
    for index, name in enumerate(config.materials or ("texture",)):
        fields = look_inputs(config, *looks[index], STRIP_SEED, window)
        sheet = code_and_noise_sheet(config, render, fields, measured["prior_factor"][index], name)
        pictures[f"latent-traversal-{name.replace('_', '-')}"] = sheet
    if count < 2:
        return pictures

    def way(first: int, second: int) -> list[np.ndarray]:
        ends = looks[first], looks[second]
        strip = interpolation_strip(config, network, ends, seed=STRIP_SEED, steps=STRIP_STEPS)
        return np.split(strip, STRIP_STEPS, axis=1)

    note = "Codes go along a line from mean to mean, waves fade over; the noise stays."
    return {**pictures, "interpolation": materials_sheet(config.materials, way, note=note)}
