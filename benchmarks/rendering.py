"""Rendering speed: the folded generator against the plain forward call, in one run.

    python benchmarks/rendering.py

The plain call is the textbook form of the same network with the same weights: nearest upsampling,
3x3 convolution, batch normalisation, FiLM. The folded form computes the same pixels; where they
differ by more than rounding, nothing is timed.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from benchmarks.op_profile import profile_table
from benchmarks.peak import convolution_peak, seconds
from texture_models.families import build_model
from texture_models.families.psgan.config import PsganConfig
from texture_models.film import BOUND
from texture_models.rendering.noise_field import CellWindow
from texture_models.rendering.renderer import Renderer
from texture_models.spatial.folding import folded_generator
from texture_models.spatial.generator import LEAK_GENERATOR
from texture_models.spatial.noise import picture_noise
from texture_models.training.config import TrainingConfig

SIDE_PX = 1024


def main() -> None:
    """Print one table."""
    model = build_model(PsganConfig(materials=("one",)), TrainingConfig())
    model.recompute_statistics(2)
    cells = SIDE_PX // model.config.pixels_per_cell
    window = CellWindow(0, 0, cells, cells, (cells, cells))
    noise = picture_noise(model.config, model.measured["waves"][0], 1, window)
    fields = {name: tf.constant(value[None]) for name, value in noise.items()}
    code = np.ones((1,), np.float32)
    plain = plain_generator(model.averaged, model.config)
    folded = folded_generator(model.config, model.averaged, code)
    inputs = {**fields, "code": tf.constant(code[None])}
    difference = np.abs(np.asarray(plain(inputs)).astype(int) - np.asarray(folded(fields))).max()
    if difference > 1:
        raise SystemExit(f"the forms differ by {difference} grey levels: their times mean nothing")
    renderer = Renderer(model.config, model.averaged, model.measured)

    def plain_with_noise():
        drawn = picture_noise(model.config, model.measured["waves"][0], 1, window)
        tensors = {name: tf.constant(value[None]) for name, value in drawn.items()}
        return plain({**tensors, "code": inputs["code"]}).numpy()

    times = {
        "plain forward call": seconds(lambda: plain(inputs), 7),
        "folded, whole picture": seconds(lambda: folded(fields), 7),
        "plain forward call with its noise": seconds(plain_with_noise, 7),
        "folded, with noise, in blocks, cut to a tile (what is shipped)": seconds(
            lambda: renderer.render(seed=1, height_px=SIDE_PX, width_px=SIDE_PX), 7
        ),
    }
    print_table(times, model.config, difference)
    print(f"\nfolded, whole picture:\n\n{profile_table(lambda: folded(fields), 5)}")


def print_table(times: dict[str, float], config: PsganConfig, difference: int) -> None:
    """Print the times, beside the plain call and the machine's peak."""
    reference = times["plain forward call"]
    megapixels = SIDE_PX**2 / 1e6
    peak = convolution_peak()
    gflop = textbook_gflop(config, SIDE_PX)
    print(f"{SIDE_PX} px, preset {config.preset}; largest difference {difference} grey levels")
    print(f"peak of one convolution: {peak:.0f} GFLOP/s; textbook work {gflop:.0f} GFLOP\n")
    print("| form | s | Mpx/s | times the plain call | share of peak (textbook work) |")
    print("|---|---|---|---|---|")
    for name, time in times.items():
        share = gflop / time / peak
        print(
            f"| {name} | {time:.3f} | {megapixels / time:.1f} | {reference / time:.2f}"
            f" | {share:.2f} |"
        )


def plain_generator(network, config: PsganConfig):
    """Return the textbook form of a generator: upsample, convolve, normalise, modulate."""

    @tf.function
    def call(inputs):
        x = None
        for level in range(config.levels):
            noise = tf.nn.conv2d(
                inputs[f"noise_{level}"],
                network.get_layer(f"noise_conv_{level}").kernel,
                1,
                "VALID",
            )
            if level:
                x = tf.repeat(tf.repeat(x, 2, axis=1), 2, axis=2)
                kernel = network.get_layer(f"conv_{level}").kernel
                noise = noise + tf.nn.conv2d(x, kernel, 1, "VALID")
            x = network.get_layer(f"norm_{level}")(noise, training=False)
            x = tf.clip_by_value(x, -BOUND, BOUND)
            film = network.get_layer(f"film_{level}")
            x = x * (inputs["code"] @ film.scale) + inputs["code"] @ film.shift
            x = tf.nn.leaky_relu(x, LEAK_GENERATOR)
        last = network.get_layer("to_components")
        components = tf.nn.bias_add(tf.nn.conv2d(x, last.kernel, 1, "VALID"), last.bias)
        image = network.get_layer("colour")([components, inputs["code"]])
        image = tf.clip_by_value(image, -1.0, 1.0)
        return tf.cast(tf.round((image + 1.0) * 127.5), tf.uint8)

    return call


def textbook_gflop(config: PsganConfig, side_px: int) -> float:
    """Multiply-adds times two of the 3x3 convolutions at every level."""
    widths = (*config.generator_widths, 3)
    total = 0.0
    for level in range(config.levels):
        pixels = (side_px / 2 ** (config.levels - 1 - level)) ** 2
        inputs = config.noise_channels(level) + (widths[level - 1] if level else 0)
        total += 2 * 9 * pixels * inputs * widths[level]
    total += 2 * 9 * side_px**2 * widths[-2] * 3
    return total / 1e9


if __name__ == "__main__":
    main()
