"""The training loop: batches in, a saved generator out, resumable at every moment."""

from __future__ import annotations

import contextlib
import json
import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from texture_models.families import AnyModelConfig, build_model
from texture_models.saved_model import save_generator, save_judges
from texture_models.sizes import nearest_multiples
from texture_models.training.batch_shares import unfit_batch
from texture_models.training.checkpoint import written
from texture_models.training.config import TrainingConfig
from texture_models.training.cost import TrainingCost, measured_cost
from texture_models.training.devices import (
    Devices,
    DevicesUnavailable,
    open_devices,
    what_is_trained,
)
from texture_models.training.durable import whole_file
from texture_models.training.finished import is_finished, read_finished, write_finished
from texture_models.training.health import LEAST_DIVERSITY, Health, TrainingFailed
from texture_models.training.kept_checkpoints import KeptCheckpoints
from texture_models.training.made_for import MadeFor, made_for
from texture_models.training.pace import rate_factor, share_done
from texture_models.training.preview import (
    preview_diversity,
    render_preview,
    write_explanations,
    write_preview,
)
from texture_models.training.progress import Batches, TrainingProgress, TrainingResult
from texture_models.training.warm_start import warm_start, write_record

REPORT_SECONDS = 1.0  # between two calls of on_progress
REPORT_STEPS = 10  # between two lines of the history: reading a loss waits for the step
PREVIEW_STATISTICS_BATCHES = 8


def fit(
    config: AnyModelConfig,
    training: TrainingConfig,
    *,
    open_batches: Callable[[int], Batches],
    photographs: Mapping[str, Sequence[np.ndarray]],
    run_dir: Path,
    start: Path | None = None,
    on_cost: Callable[[TrainingCost], None] | None = None,
    on_progress: Callable[[TrainingProgress], None] | None = None,
) -> TrainingResult:
    """Train a model, or go on where an interrupted training of the same `run_dir` stopped.

    Args:
        config: what to train; its materials are named.
        training: how long, how fast, from which seed.
        open_batches: position -> batches from there on, (image (batch, patch, patch, 3) float32
            in -1..1, label (batch,) int).
        photographs: material -> uint8 training regions, for what is measured before training.
        run_dir: gets checkpoints/, previews/, explanations/, history.jsonl and model/.
        start: saved model whose weights it begins with, see `warm_start`; None for random ones.
        on_cost: called before the first step with what the training will take.
        on_progress: called about once a second.

    Returns:
        Where the model is, and how it went. A finished training is returned as it is.

    Raises:
        ValueError: the patch does not fit the noise cells, or the batch is too small.
        DevicesUnavailable: the devices that the training asks for are not there.
        ModelTooLarge: a step needs more memory than there is.
        TrainingFailed: a loss is no longer a number, or the generator collapsed, for long or at
            the end; it names the last good checkpoint, which stays, if there is one.
        StartMismatch: the weights of `start` do not fit.
        CheckpointMismatch: `run_dir` belongs to another model or training; steps and minutes of
            an unfinished one may differ.
        DiskRefused: the disk is full, say, or a checkpoint may not be read; it stays.
        KeyboardInterrupt: after a checkpoint was written; likewise any exception that is no error,
            such as an orchestrator's cancellation.
    """
    wanted = made_for(config, training, start)
    if not is_finished(run_dir):
        devices = _opened(config, training)
        if not devices.chief:
            raise DevicesUnavailable(
                "TF_CONFIG says that another machine is the chief; start the experiment"
                " join-training here, and this one on the chief"
            )
        run = _Run(config, training, devices, on_progress, run_dir, wanted)
        with run.checkpoints.named_in_failures():
            with devices.together():
                run.prepare(photographs, start)
                run.foretell(on_cost)
                run.train(open_batches)
            run.finish()
    return read_finished(run_dir, wanted)


def join(
    config: AnyModelConfig,
    training: TrainingConfig,
    *,
    open_batches: Callable[[int], Batches],
    photographs: Mapping[str, Sequence[np.ndarray]],
    on_progress: Callable[[TrainingProgress], None] | None = None,
) -> int:
    """Take part in a training of several machines that another one, the chief, keeps.

    Nothing is written here: neither checkpoints nor a model.

    Args:
        config: as for `fit` on the chief; likewise the others.
        training: the same.
        open_batches: the same: every machine reads the whole batch and computes its rows.
        photographs: the same.
        on_progress: called about once a second.

    Returns:
        Steps done when it was over.

    Raises:
        DevicesUnavailable: this is the chief, or the machines were asked for different things.
        TrainingFailed: as in `fit`, on all machines at once; but previews are the chief's, and a
            collapse that they show ends the others with `DevicesUnavailable`.
    """
    devices = _opened(config, training)
    if devices.chief:
        raise DevicesUnavailable(
            "no chief to join: TF_CONFIG has to name several machines, and this one as another"
            " worker than the first; see docs/operators.md"
        )
    run = _Run(config, training, devices, on_progress)
    with devices.together():
        run.prepare(photographs)
        run.foretell(None)
        run.train(open_batches)
    return run.step


def _opened(config: AnyModelConfig, training: TrainingConfig) -> Devices:
    _check_geometry(config, training)
    parts = getattr(config, "batch_parts", 1)
    if unfit := unfit_batch(training.batch_size, 1, parts):
        raise ValueError(unfit)
    shared_out = bool(getattr(config, "several_devices", False))
    return open_devices(
        training,
        parts=parts,
        refused=None if shared_out else config.family,
    )


def _check_geometry(config: AnyModelConfig, training: TrainingConfig) -> None:
    if config.picture_px is not None and training.patch_px != config.picture_px:
        raise ValueError(
            f"patch_px={training.patch_px} is not the size of this {config.family}'s pictures,"
            f" {config.picture_px}; set patch_px={config.picture_px}"
        )
    cell = config.pixels_per_cell
    if training.patch_px % cell:
        below, above = nearest_multiples(training.patch_px, cell)
        raise ValueError(
            f"patch_px={training.patch_px} is not a multiple of {cell}, the pixels of one noise"
            f" cell; the nearest sizes are {below} and {above}"
        )


class _Run:
    """One training between its start, or its checkpoint, and its end."""

    def __init__(
        self,
        config: AnyModelConfig,
        training: TrainingConfig,
        devices: Devices,
        on_progress: Callable[[TrainingProgress], None] | None,
        run_dir: Path = Path(),
        wanted: MadeFor | None = None,
    ) -> None:
        self.devices = devices
        with devices.scope():
            self.model = build_model(config, training)
        self.training = training
        self.run_dir = run_dir  # of the chief alone, as is what the training is for
        self.wanted: MadeFor = wanted or {}
        self.checkpoints = KeptCheckpoints(run_dir / "checkpoints", self.wanted)
        self.on_progress = on_progress
        self.step = 0
        self.seconds = 0.0  # spent training, interrupted attempts included
        self.waiting = 0.0  # of these, waiting for a batch
        self.losses: dict[str, float] = {}  # and the `diversity` of the newest preview
        self._photographs: Mapping[str, Sequence[np.ndarray]] = {}
        self._tensors: Mapping[str, Any] = {}
        self._health = Health(training.precision, getattr(config, "unread", frozenset()))
        self._checkpointed_at = self._previewed_at = 0.0
        self._reported_at = time.monotonic()
        self._preview: Path | None = None

    def prepare(
        self, photographs: Mapping[str, Sequence[np.ndarray]], start: Path | None = None
    ) -> None:
        """Begin, or go on where the newest checkpoint of the chief stands.

        The weights of an earlier model come before the measuring: what is measured, colours say, is
        never that of the earlier model. What the chief has the other machines get from it.
        """
        devices = self.devices
        if devices.machines > 1:
            devices.check_same(what_is_trained(self.model.config, self.training, photographs))
        if start is not None:
            write_record(self.run_dir, warm_start(self.model, start, photographs))
        self.model.measure(photographs)
        self._photographs = photographs
        if devices.chief:
            self._resume()
        self.step = int(devices.from_chief([self.step])[0])
        devices.assign_from_chief([one for part in self.model.state().values() for one in part])

    def foretell(self, on_cost: Callable[[TrainingCost], None] | None) -> None:
        """Try the step and tell what the training takes. All machines have to call this."""
        if share_done(self.training, self.step, self.seconds) >= 1.0:
            return
        machines = self.devices.machines
        cost = measured_cost(
            self.model,
            replicas=self.devices.count // machines,
            machines=machines,
            available_bytes=self.devices.gpu_bytes,
        )
        if on_cost:
            on_cost(cost)

    def _resume(self) -> None:
        """Take up the newest checkpoint, if there is one, and forget the history after it."""
        history = self.run_dir / "history.jsonl"
        meta = self.checkpoints.read(self.model.state())
        if meta is None:
            history.unlink(missing_ok=True)  # of a process that was killed before its first one
            return
        self.step, self.seconds, self.waiting = meta["step"], meta["seconds"], meta["waiting"]
        self.losses = meta["losses"]
        # Checkpoints of before say nothing of previews.
        alike = meta.get("one_picture_since")
        self._health.resume(self.step, self.losses, one_picture_since=alike)
        self._checkpointed_at = self._previewed_at = self.seconds
        if history.is_file():
            lines = history.read_text().splitlines(keepends=True)
            kept = [line for line in lines if _step_of(line) <= self.step]
            with written("the losses", history), whole_file(history) as file:
                file.write("".join(kept).encode())

    def train(self, open_batches: Callable[[int], Batches]) -> None:
        """Step until the budget is spent; a checkpoint is written however it ends."""
        self.run_dir.mkdir(parents=True, exist_ok=True)
        batches = open_batches(self.step)
        stream = iter(batches)
        try:
            while (done := share_done(self.training, self.step, self.seconds)) < 1.0:
                started = time.monotonic()
                image, label = next(stream)
                self.waiting += time.monotonic() - started
                self._one_step(image, label, done)
                self.seconds += time.monotonic() - started
                self._housekeeping()
        except BaseException as stop:
            # Ctrl-C, and the like of an orchestrator that cancels, are no errors of the training.
            if not isinstance(stop, Exception):
                # Python hears of a signal when the compiled step returns: the step is done then,
                # and not counted here.
                self.step = self.model.optimizers["generator"].steps
                with contextlib.suppress(TrainingFailed):
                    self._checkpoint()
            raise
        finally:
            batches.close()
        self._checkpoint()
        self._health.confirm(self.step)

    def finish(self) -> None:
        """Recompute the statistics, save the generator, and say last that it is all there."""
        self.model.recompute_statistics(self.training.statistics_batches)
        self._write_preview()
        self._health.confirm_preview(self.step, self.losses)
        with written("the trained model", self.run_dir / "model"):
            self._write_result()

    def _write_result(self) -> None:
        history = self.run_dir / "history.jsonl"
        shown = {material: pictures[0] for material, pictures in self._photographs.items()}
        write_explanations(self.run_dir / "explanations", self.model, shown, history)
        save_judges(self.run_dir / "model", self.model.networks())
        save_generator(
            self.run_dir / "model", self.model.config, self.model.averaged, self.model.measured
        )
        write_finished(self.run_dir, {**self._bookkeeping(), "made_for": self.wanted})

    def _bookkeeping(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "seconds": self.seconds,
            "waiting": self.waiting,
            "losses": self.losses,
        }

    def _one_step(self, image: np.ndarray, label: np.ndarray, done: float) -> None:
        factor = rate_factor(self.training, done)
        self._tensors = self.model.train_step(image, label, step=self.step, rate_factor=factor)
        self.step += 1
        if self.step % REPORT_STEPS and self.step != self.training.steps:
            return
        self._read_losses()
        if not self.devices.chief:
            return
        line = {"step": self.step, "seconds": round(self.seconds, 3), "rate_factor": factor}
        history = self.run_dir / "history.jsonl"
        with written("the losses", history), history.open("a") as file:
            file.write(json.dumps({**line, **self.losses}) + "\n")

    def _read_losses(self) -> None:
        """Wait for the step's losses; refuse to go on where numbers have long meant nothing."""
        losses = {name: float(value) for name, value in self._tensors.items()}
        self._health.check(self.step, losses)
        # Neither JSON nor a tracking server knows NaN; that there was one, `skipped` says.
        sound = {name: value for name, value in losses.items() if math.isfinite(value)}
        seen = {name: value for name, value in self.losses.items() if name == "diversity"}
        self.losses = {**sound, **seen}

    def _housekeeping(self) -> None:
        """Checkpoint, preview and report, each when its time has come."""
        if self.devices.chief:
            self._keep()
        now = time.monotonic()
        if self.on_progress and now - self._reported_at > REPORT_SECONDS:
            self.on_progress(self._progress())
            self._reported_at, self._preview = now, None

    def _keep(self) -> None:
        if self.seconds - self._checkpointed_at > self.training.checkpoint_seconds:
            self._checkpoint()
        if self.seconds - self._previewed_at > self.training.preview_seconds:
            self.model.recompute_statistics(PREVIEW_STATISTICS_BATCHES)
            self._write_preview()
            self._previewed_at = self.seconds

    def _write_preview(self) -> None:
        """Write a preview; refuse to go on where seeds have long made no difference in it."""
        folder, pictures = self.run_dir / "previews", render_preview(self.model)
        with written("a preview", folder):
            self._preview = write_preview(folder, pictures, self.step)
        diversity = preview_diversity(pictures, self._photographs)
        if diversity is not None:
            self.losses["diversity"] = diversity
            self.checkpoints.judge(good=diversity >= LEAST_DIVERSITY)
            self._health.check_diversity(self.step, self.losses)

    def _checkpoint(self) -> None:
        if self.step and self._tensors:
            self._read_losses()  # nothing that is broken may replace a good checkpoint
        if not self._health.sound or not self.devices.chief:
            return
        doubt = {"one_picture_since": self._health.one_picture_since}
        self.checkpoints.write(self.model.state(), {**self._bookkeeping(), **doubt})
        self._checkpointed_at = self.seconds

    def _progress(self) -> TrainingProgress:
        done = share_done(self.training, self.step, self.seconds)
        return TrainingProgress(
            step=self.step,
            steps=self.training.steps,
            seconds=self.seconds,
            share_done=done,
            seconds_left=self.seconds * (1 - done) / max(done, 1e-9),
            losses=dict(self.losses),
            waiting_share=self.waiting / max(self.seconds, 1e-9),
            preview_path=self._preview,
        )


def _step_of(line: str) -> int:
    try:
        return int(json.loads(line)["step"])
    except ValueError:  # a line torn by a kill belongs to no step
        return sys.maxsize
