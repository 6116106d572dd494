"""A small training on chosen devices, as a process of its own: devices are chosen at its start."""

import json
import sys
from pathlib import Path

import numpy as np

from texture_models.families import AnyModelConfig
from texture_models.families.psgan.config import PsganConfig
from texture_models.training import loop
from texture_models.training.config import TrainingConfig

STEPS, STOP_AT = 4, 2
MATERIALS = ("brick", "moss")
PHOTOGRAPHS = {
    name: [np.random.default_rng(seed).integers(0, 256, (64, 64, 3), dtype=np.uint8)]
    for seed, name in enumerate(MATERIALS)
}


class UnevenBatches:
    """Batches of four whose materials no two devices get in the same number."""

    def __init__(self, position: int, stop_at: int | None = None) -> None:
        self.position, self.stop_at = position, stop_at

    def __iter__(self):
        while self.position != self.stop_at:
            image = np.random.default_rng(self.position).random((4, 32, 32, 3), dtype=np.float32)
            self.position += 1
            yield image * 2 - 1, np.array([0, 0, 0, 1])
        raise KeyboardInterrupt

    def close(self) -> None:
        pass


def training(**changes) -> TrainingConfig:
    # The penalty in every step: one graph less to trace.
    every = {"steps": STEPS, "batch_size": 4, "r1_every": 1, "augment_strength": 0.5}
    return TrainingConfig.tiny(**{**every, **changes})


def model() -> AnyModelConfig:
    # Two levels and two stages: most of the time goes into tracing them, once a process.
    widths = {"generator_widths": (8, 4), "discriminator_widths": (4, 8)}
    return PsganConfig.tiny(materials=MATERIALS, **widths)


def losses(run_dir: Path) -> dict[int, dict[str, float]]:
    """Step -> losses that a training in `run_dir` has written."""
    lines = [json.loads(line) for line in (run_dir / "history.jsonl").read_text().splitlines()]
    return {line["step"]: {k: v for k, v in line.items() if k != "seconds"} for line in lines}


def main(part: str, run_dir: str, devices: str) -> None:
    """Train in `run_dir`, or join the training of another process."""
    loop.REPORT_STEPS = 1
    inputs = {"open_batches": UnevenBatches, "photographs": PHOTOGRAPHS}
    if part == "join":
        assert loop.join(model(), training(), **inputs) == STEPS
    else:
        loop.fit(model(), training(devices=int(devices)), run_dir=Path(run_dir), **inputs)


if __name__ == "__main__":
    main(*sys.argv[1:])
