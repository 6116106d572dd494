"""The command line as a person starts it: a process of its own, a home folder of its own."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Small enough for a minute on two cores, and a gate that lets anything through.
TINY = (
    "training.steps=120",
    "training.minutes=",
    "training.batch_size=2",
    "training.patch_px=32",
    "training.statistics_batches=2",
    "training.checkpoint_seconds=0.5",
    "training.preview_seconds=1000",
    "model.generator_widths=[8,8,4]",
    "model.discriminator_widths=[4,8]",
    "model.local_channels=4",
    "model.fine_channels=2",
    "model.periodic_channels=2",
    "rendering.sizes_px=[64,128]",
    "rendering.seeds_per_material=2",
    "evaluation.tiles_per_material=2",
    "evaluation.tile_px=128",
    "evaluation.crop_px=64",
    "evaluation.classifier_steps=5",
    "gate={set_ratio: 1e9, pair_ratio: 1e9, top_octave_db: 1e9, checkerboard_db: 1e9,"
    " phase_imprint: 1e9, wrap_seam_z: 1e9, wrap_seam_ratio: 1e9, diversity_min: 0,"
    " diversity_max: 1e9, spatial_anchoring: 1e9, blobs_per_tile: 1e9, repeat_excess: 1e9,"
    " blob_locked_share: 1e9,"
    " refuse_memorised: false}",
)


@dataclass(frozen=True)
class Finished:
    """What a run of the command line left on the screen."""

    status: int
    output: str
    errors: str

    def value(self, label: str) -> str:
        """What stands behind `label` in the closing lines."""
        found = re.search(rf"^{label}\s+(.*)$", self.output, re.MULTILINE)
        assert found, f"no line {label!r} in {self.output!r} {self.errors!r}"
        return found[1]


def clean_environment(home: Path, changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a newcomer, with a home folder and `changes`."""
    ours = ("TEXTURE_MILL_", "PREFECT_", "MLFLOW_", "AWS_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    places = {"TEXTURE_MILL_HOME": str(home), "TEXTURE_MILL_REQUIRED_FREE_MB": "10"}
    return {**kept, **places, **(changes or {})}


def start_mill(
    *arguments: str, home: Path, changes: Mapping[str, str] | None = None
) -> "subprocess.Popen[str]":
    """Start the command line in a process group of its own, as a terminal does."""
    return subprocess.Popen(
        [sys.executable, "-m", "flows.cli", *arguments],
        cwd=ROOT,
        env=clean_environment(home, changes),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=_hear_ctrl_c,
    )


def _hear_ctrl_c() -> None:
    """What a shell starts in the background ignores Ctrl-C, and so do its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def running_mill(
    *arguments: str, home: Path, changes: Mapping[str, str] | None = None
) -> "Iterator[subprocess.Popen[str]]":
    """The command line at work; whatever is left of it at the end is killed."""
    with start_mill(*arguments, home=home, changes=changes) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def run_mill(*arguments: str, home: Path, changes: Mapping[str, str] | None = None) -> Finished:
    """Run the command line to its end."""
    with start_mill(*arguments, home=home, changes=changes) as process:
        try:
            output, errors = process.communicate(timeout=400)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return Finished(process.returncode, output, errors)


def tiny(*changes: str) -> list[str]:
    """Options that make a run small, then `changes`."""
    return [part for change in (*TINY, *changes) for part in ("--set", change)]


def reports(home: Path) -> list[dict[str, float]]:
    """What the only training below `home` has reported, in the order it was written."""
    histories = list(home.glob("runs/*/history.jsonl"))
    if not histories:
        return []
    lines = histories[0].read_text().splitlines()
    return [json.loads(line) for line in lines if line.endswith("}")]


def trained_steps(home: Path) -> list[int]:
    """Steps that the only training below `home` has reported, in the order they were written."""
    return [int(report["step"]) for report in reports(home)]


def newest_checkpoint(home: Path) -> int:
    """Step of the newest checkpoint of the only training below `home`, 0 without one."""
    found = home.glob("runs/*/checkpoints/step-*.npz")
    return max((int(path.stem.removeprefix("step-")) for path in found), default=0)


def checkpointed_reports(home: Path) -> list[dict[str, float]]:
    """Those reports that a training which goes on from its newest checkpoint has behind it."""
    newest = newest_checkpoint(home)
    return [report for report in reports(home) if report["step"] <= newest]


def wait_for_checkpoint(process: "subprocess.Popen[str]", home: Path, step: int) -> None:
    """Wait until the training below `home` has a checkpoint later than `step`."""
    deadline = time.monotonic() + 400
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        if newest_checkpoint(home) > step:
            return
        time.sleep(0.05)
    raise AssertionError(f"no checkpoint later than step {step} in time")


def processes_naming(text: str) -> list[int]:
    """Ids of the processes whose environment or command line holds `text`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            known = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if text.encode() in known and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found
