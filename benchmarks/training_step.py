"""The training step: time, share of the machine's convolution peak, share waiting for input.

    python -m benchmarks.training_step
    python -m benchmarks.training_step --presets S --precisions float32
    python -m benchmarks.training_step --training '{"imprint_weight": 0}'

The work counted is what the mathematics needs (forward passes, both backward passes), not what the
form chosen happens to execute. Bounds stand beside the step: the machine's best convolution ("of
peak"), and the step's own convolutions, each shape by itself ("of its shapes"), also with the
products of its Gram matrices, which are work as well ("with Gram"). Bounds and step are measured in
turns, and a share is the median over the turns: the speed of a shared machine changes within
seconds. A second table says which operations the time of the default's step goes to.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.convolutions_alone import seconds_alone
from benchmarks.op_profile import profile_table
from benchmarks.peak import convolution_peak, seconds
from data.config import AugmentationConfig, DatasetConfig
from data.crops import CropStream
from data.ingest import prepare
from texture_models.families import build_model
from texture_models.families.psgan.config import PsganConfig
from texture_models.training.config import TrainingConfig
from texture_models.training.replicas import traced_only

STEPS = 60
TURNS = 7


def main() -> None:
    """Print one table, then the profile."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--training", type=json.loads, default={}, help="of TrainingConfig, JSON")
    parser.add_argument("--presets", nargs="+", default=["S", "M"])
    parser.add_argument("--precisions", nargs="+", default=["float32", "mixed_bfloat16"])
    asked = parser.parse_args()
    changes = asked.training
    print(
        "| preset | precision | s/step | s/step with penalty | GFLOP/step | of peak | of its shapes"
        " | with Gram | waiting |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        dataset = prepare(DatasetConfig(), Path(folder))
        for preset in asked.presets:
            for precision in asked.precisions:
                training = TrainingConfig(**{**changes, "precision": precision})
                config = PsganConfig(preset=preset, materials=dataset.materials)
                print(row(dataset, config, training), flush=True)
        print(f"\n{profile(dataset, TrainingConfig(**changes))}")


def row(dataset, config: PsganConfig, training: TrainingConfig) -> str:
    """Measure one configuration."""
    model = build_model(config, training)
    stream = CropStream(
        dataset,
        AugmentationConfig(),
        patch_px=training.patch_px,
        batch_size=training.batch_size,
        seed=1,
    )
    image, label = next(stream)
    dtype = "bfloat16" if training.precision == "mixed_bfloat16" else "float32"
    with traced_only() as graphs:
        model.train_step(image, label, step=1, rate_factor=1.0)
    turns = [
        (
            seconds(lambda: _step(model, image, label, 1), 8),
            convolution_peak(dtype),
            seconds_alone(graphs[0]),
        )
        for _ in range(TURNS)
    ]
    plain = statistics.median(time for time, _, _ in turns)
    work = step_gflop(config, training)
    of_peak = statistics.median(work / time / peak for time, peak, _ in turns)
    of_shapes = statistics.median(alone[0] / time for time, _, alone in turns)
    with_gram = statistics.median(sum(alone) / time for time, _, alone in turns)
    penalised = seconds(lambda: _step(model, image, label, 0), 8)
    waiting, started = 0.0, time.perf_counter()
    for step in range(1, STEPS):
        asked = time.perf_counter()
        image, label = next(stream)
        waiting += time.perf_counter() - asked
        _step(model, image, label, step)
    waiting /= time.perf_counter() - started
    stream.close()
    return (
        f"| {config.preset} | {training.precision} | {plain:.3f} | {penalised:.3f} | {work:.1f}"
        f" | {of_peak:.2f} | {of_shapes:.2f} | {with_gram:.2f} | {waiting:.4f} |"
    )


def profile(dataset, training: TrainingConfig) -> str:
    """Return the table of what the default's step without penalty spends its time on."""
    model = build_model(PsganConfig(materials=dataset.materials), training)
    side = (training.batch_size, training.patch_px, training.patch_px, 3)
    image = np.random.default_rng(1).uniform(-1, 1, side).astype(np.float32)
    label = np.zeros(training.batch_size, np.int32)
    return profile_table(lambda: _step(model, image, label, 1), 10)


def _step(model, image, label, step: int) -> float:
    losses = model.train_step(image, label, step=step, rate_factor=1.0)
    return float(losses["discriminator"])


def step_gflop(config: PsganConfig, training: TrainingConfig) -> float:
    """Convolutions and Gram matrices of one step without penalty; two-tap form, the cheaper one.

    Generator: one forward pass, two of its size backward, one where its noise enters.
    Discriminator: forward of real and generated (2), their backward to weights (2) and features (2,
    none for the first stage); then, as it has become, both forward again (2) and the generator's
    way back through it (1). Gram matrices of every stage: of real and generated (2) and the way
    back of the generated ones (1).
    """
    side, widths = training.patch_px, config.generator_widths
    generator = 0.0
    for level, width in enumerate(widths):
        samples = (side / 2 ** (config.levels - 1 - level) + 2) ** 2
        coarse = 4 * widths[level - 1] if level else 0
        noise = 9 * config.noise_channels(level)
        generator += 2 * samples * width * (3 * coarse + 2 * noise)
    generator += 3 * 2 * side**2 * 9 * widths[-1] * 3
    discriminator, gram, inputs, out = 0.0, 0.0, 3, side
    for stage, width in enumerate(config.discriminator_widths):
        out //= 2
        discriminator += (9 if stage else 7) * 2 * out**2 * 16 * inputs * width
        gram += 3 * 2 * out**2 * width**2
        inputs = width
    discriminator += 9 * 2 * out**2 * 9 * inputs
    return training.batch_size * (generator + discriminator + gram) / 1e9


if __name__ == "__main__":
    main()
