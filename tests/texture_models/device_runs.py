"""Small trainings on chosen devices, as a process of its own: devices are chosen at its start."""

import json
import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np

from texture_models.families import AnyModelConfig
from texture_models.training import loop
from texture_models.training.config import TrainingConfig

STEPS, STOP_AT = 4, 2
MATERIALS = ("brick", "moss")
# The first has a rhythm: what waves bring with them is computed too.
COURSES = 60 * np.sin(2 * np.pi * np.arange(64) / 9.0)[:, None, None]
PHOTOGRAPHS = {
    name: [(np.random.default_rng(seed).integers(60, 196, (64, 64, 3)) + rhythm).astype(np.uint8)]
    for seed, (name, rhythm) in enumerate(zip(MATERIALS, (COURSES, 0), strict=True))
}
# Two levels and two stages: most of the time goes into tracing them, once a process.
FEWER: dict[str, Any] = {
    "generator_widths": (8, 4),
    "discriminator_widths": (4, 8),
    "encoder_widths": (8,),
    "blocks": 2,
}


def smallest(family: Any) -> AnyModelConfig:
    """A family of the union as small as it gets: its `tiny()`, with fewer levels and stages."""
    fewer = {name: value for name, value in FEWER.items() if name in family.model_fields}
    return family.tiny(materials=MATERIALS, **fewer)


MODELS: dict[str, AnyModelConfig] = {
    family.model_fields["family"].default: smallest(family) for family in get_args(AnyModelConfig)
}


class Batches:
    """Batches of four, with labels whose materials no two devices get in the same number."""

    labels = (0, 0, 0, 1)

    def __init__(self, position: int, stop_at: int | None = None) -> None:
        self.position, self.stop_at = position, stop_at

    def __iter__(self):
        while self.position != self.stop_at:
            image = np.random.default_rng(self.position).random((4, 32, 32, 3), dtype=np.float32)
            self.position += 1
            yield image * 2 - 1, np.array(self.labels)
        raise KeyboardInterrupt

    def close(self) -> None:
        pass


class EvenBatches(Batches):
    """The same, half of each material, for a family that takes no others."""

    labels = (0, 1, 0, 1)


def batches_of(family: str) -> type[Batches]:
    parts = getattr(MODELS[family], "batch_parts", 1)
    return Batches if parts == 1 else EvenBatches


def training(**changes) -> TrainingConfig:
    every = {"steps": STEPS, "batch_size": 4, "augment_strength": 0.5}
    return TrainingConfig.tiny(**{**every, **changes})


def losses(run_dir: Path) -> dict[int, dict[str, float]]:
    """Step -> losses that a training in `run_dir` has written."""
    lines = [json.loads(line) for line in (run_dir / "history.jsonl").read_text().splitlines()]
    return {line["step"]: {k: v for k, v in line.items() if k != "seconds"} for line in lines}


def main(part: str, run_dir: str, devices: str, *families: str) -> None:
    """Train in folders of `run_dir`, or join the training of another process."""
    loop.REPORT_STEPS = 1
    for family in families:
        config = MODELS[family]
        inputs = {"open_batches": batches_of(family), "photographs": PHOTOGRAPHS}
        if part == "join":
            assert loop.join(config, training(), **inputs) == STEPS
        else:
            asked = training(devices=int(devices))
            loop.fit(config, asked, run_dir=Path(run_dir) / family, **inputs)


if __name__ == "__main__":
    main(*sys.argv[1:])
