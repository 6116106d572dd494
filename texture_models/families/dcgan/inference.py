"""What rendering asks of this family, and the strip that shows its latent space."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.families.dcgan.config import DcganConfig
from texture_models.families.dcgan.explaining import (
    between_sheet,
    build_judges,
    score_map,
    traversal_sheet,
)
from texture_models.families.dcgan.networks import build_generator
from texture_models.labelled_sheet import labelled_sheet, way_row
from texture_models.layers import to_pixels
from texture_models.rendering.noise_field import CellWindow, normal_vector

__all__ = [
    "build_generator",
    "build_judges",
    "compiled_generator",
    "explaining_pictures",
    "interpolation_strip",
    "latent_of_seed",
    "picture_inputs",
    "score_map",
]

STRIP_SEEDS, STRIP_STEPS = (1, 2), 8
_LATENT = 2000  # stream of the hash


def latent_of_seed(config: DcganConfig, seed: int) -> np.ndarray:
    """Return the latent vector that a seed names.

    Returns:
        (latent_channels,) float32, independent standard normal values.
    """
    vector = normal_vector(seed=seed, stream=_LATENT, count=config.latent_channels)
    return vector.astype(np.float32)


def picture_inputs(
    config: DcganConfig,
    measured: Mapping[str, np.ndarray],
    index: int,
    seed: int,
    window: CellWindow,
) -> dict[str, np.ndarray]:
    """Return the latent vector of the picture that `seed` names.

    Args:
        config: the model's.
        measured: nothing for this family.
        index: of the material; the vector does not depend on it.
        seed: names the picture.
        window: one cell, which is the whole picture.

    Returns:
        `latent`: (latent_channels,) float32.
    """
    del measured, index, window
    return {"latent": latent_of_seed(config, seed)}


def compiled_generator(
    config: DcganConfig, network: Any, measured: Mapping[str, np.ndarray], index: int
) -> Callable[[Mapping[str, np.ndarray]], Any]:
    """Compile the generator for one material.

    Args:
        config: the model's.
        network: its generator.
        measured: nothing for this family.
        index: of the material.

    Returns:
        A function {latent: (batch, latent_channels)} -> (batch, picture_px, picture_px, 3) uint8.
    """
    del measured
    code = np.eye(config.material_count, dtype=np.float32)[index]

    @tf.function(autograph=False, reduce_retracing=True)
    def render(fields: Mapping[str, Any]) -> Any:
        latent = tf.convert_to_tensor(fields["latent"])
        codes = tf.tile(tf.constant(code)[None], (tf.shape(latent)[0], 1))
        return to_pixels(network({"latent": latent, "code": codes}, training=False))

    return render


def interpolation_strip(
    config: DcganConfig, network: Any, *, seeds: tuple[int, int], steps: int, index: int = 0
) -> np.ndarray:
    """Show the way from one picture to another through the latent space.

    The way is an arc, not a line: the middle of a line between two normal vectors is shorter than
    any vector the network was trained on (White 2016, https://arxiv.org/abs/1609.04468, section 2).

    Args:
        config: the model's.
        network: its generator.
        seeds: name the first and the last picture.
        steps: pictures in the strip, both ends included; at least 2.
        index: of the material.

    Returns:
        (picture_px, steps * picture_px, 3) uint8.
    """
    if steps < 2:
        raise ValueError(f"steps={steps}; a way has two ends, give 2 or more")
    first, last = (latent_of_seed(config, seed).astype(np.float64) for seed in seeds)
    cosine = first @ last / (np.linalg.norm(first) * np.linalg.norm(last))
    angle = float(np.arccos(np.clip(cosine, -1.0, 1.0)))
    shares = np.linspace(0.0, 1.0, steps)[:, None]
    if angle < 1e-6:
        latents = (1 - shares) * first + shares * last
    else:
        latents = (np.sin((1 - shares) * angle) * first + np.sin(shares * angle) * last) / np.sin(
            angle
        )
    render = compiled_generator(config, network, {}, index)
    return np.hstack(list(np.asarray(render({"latent": latents.astype(np.float32)}))))


def explaining_pictures(
    config: DcganConfig, network: Any, measured: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return `latent-interpolation`, `latent-traversal-<material>`, `interpolation` of several.

    The first is one way between two pictures of every material; the second show the loudest
    numbers of the latent vector one by one; the last goes from material to material.
    """
    rows, pictures = [], {}
    latent = latent_of_seed(config, STRIP_SEEDS[0])
    for index, name in enumerate(config.materials or ("texture",)):
        strip = interpolation_strip(
            config, network, seeds=STRIP_SEEDS, steps=STRIP_STEPS, index=index
        )
        rows.append(way_row(name.replace("_", " "), np.split(strip, STRIP_STEPS, axis=1)))
        render = compiled_generator(config, network, measured, index)

        def draw(latent: np.ndarray, render: Any = render) -> np.ndarray:
            return np.asarray(render({"latent": latent[None]}))[0]

        sheet = traversal_sheet(name, draw, latent)
        pictures[f"latent-traversal-{name.replace('_', '-')}"] = sheet
    way = labelled_sheet("From seed {} to seed {}".format(*STRIP_SEEDS), rows)
    if config.material_count > 1:
        pictures["interpolation"] = between_sheet(config, network, latent)
    return {"latent-interpolation": way, **pictures}
