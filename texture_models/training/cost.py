"""What a training will cost, found out before it starts: sizes, work, time, memory."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import psutil
import tensorflow as tf

from texture_models.families import AnyModelConfig, Trainable, build_model
from texture_models.training.batch_shares import fitting_batch, least_batch
from texture_models.training.config import TrainingConfig
from texture_models.training.devices import asked_devices, first_gpu
from texture_models.training.free_memory import free_bytes
from texture_models.training.graph_cost import arithmetic, most_live_bytes
from texture_models.training.replicas import traced_only

_SURELY = 0.95  # of the room for pictures: not everything in them shrinks as they do
_BESIDE_PX = 20  # margins around patches do not shrink with them; 17 px of a conv_stack, measured
RUNTIME_BYTES = 150_000_000  # threads, kernels and scratch space beside the tensors; measured
SLOW_STEP_S = 2.0  # such a step is measured once
_SAMPLE_S = 0.005
_WIDTH_MULTIPLE = 8
_WIDTHS = ("generator_widths", "discriminator_widths", "encoder_widths", "widths", "width")


class ModelTooLarge(ValueError):  # noqa: N818 - the name says what happened
    """A training needs more memory than there is; the message names sizes that would fit."""


@dataclass(frozen=True)
class MemoryNeed:
    """Memory of a training, by what it grows with.

    Attributes:
        weights_bytes: weights, their average, optimiser slots, gradients: with the widths squared.
        pictures_bytes: other tensors: with batch, area of a patch and widths.
    """

    weights_bytes: int
    pictures_bytes: int

    @property
    def total_bytes(self) -> int:
        """Both, and what the runtime takes beside its tensors."""
        return self.weights_bytes + self.pictures_bytes + RUNTIME_BYTES

    def of(self, copies: int) -> MemoryNeed:
        """Return the need of several such trainings in one memory."""
        return MemoryNeed(copies * self.weights_bytes, copies * self.pictures_bytes)


@dataclass(frozen=True)
class TrainingCost:
    """What one training takes.

    Attributes:
        parameters: network -> numbers that are trained.
        operations: floating-point operations of a step, on average; see `arithmetic`.
        needed_bytes: memory, foretold from the step's graph.
        seconds: of a step, on average, waiting for patches left out.
        peak_bytes: memory of this process, or of the fullest GPU, in the steps that were tried.
        steps: that fit into the budget.
        total_seconds: of all of them.
    """

    parameters: Mapping[str, int]
    operations: float
    needed_bytes: int
    seconds: float
    peak_bytes: int
    steps: int
    total_seconds: float

    def lines(self) -> Iterator[str]:
        """Yield it in words for people, a line a matter."""
        parts = ", ".join(f"{name} {number:,}" for name, number in self.parameters.items())
        yield f"{sum(self.parameters.values()):,} parameters ({parts})"
        yield f"{self.operations / 1e9:.2f} GFLOP and {self.seconds:.2f} s a step"
        yield (
            f"{self.needed_bytes / 1e6:.0f} MB needed by the step, {self.peak_bytes / 1e6:.0f} MB"
            " the most that was used when it was tried"
        )
        yield f"{self.steps} steps in about {_duration(self.total_seconds)}"

    def tags(self) -> dict[str, str]:
        """Return it as text by name, for records of a run."""
        return {
            "cost.parameters": str(sum(self.parameters.values())),
            "cost.gflop_per_step": f"{self.operations / 1e9:.3f}",
            "cost.seconds_per_step": f"{self.seconds:.4f}",
            "cost.needed_mb": f"{self.needed_bytes / 1e6:.0f}",
            "cost.peak_memory_mb": f"{self.peak_bytes / 1e6:.0f}",
            "cost.estimated_steps": str(self.steps),
            "cost.estimated_minutes": f"{self.total_seconds / 60:.1f}",
        }


@dataclass(frozen=True)
class Share:
    """What a model that is tried alone is one device's part of.

    Attributes:
        training: with the batch of all devices.
        devices: that share it.
        together: how many of them have the same memory.
    """

    training: TrainingConfig
    devices: int
    together: int


def measured_cost(
    model: Trainable,
    *,
    replicas: int = 1,
    machines: int = 1,
    available_bytes: int | None = None,
    share: Share | None = None,
) -> TrainingCost:
    """Trace the step, refuse what does not fit, and try a few steps; the model stays as it was.

    Args:
        model: on the devices it will train on.
        replicas: of this machine.
        machines: that train together; all of them have to call this.
        available_bytes: of memory, what the model takes included; None: find out on a CPU, and
            refuse nothing on a GPU.
        share: what the model is a part of; None: it is the whole.

    Raises:
        ModelTooLarge: there is less memory than a step needs.
    """
    training = model.training
    whole = share or Share(training, replicas * machines, 1)
    kinds = _kinds(training)
    with traced_only() as graphs:
        for step, _ in kinds:
            _try_step(model, step)
    need = _need(model, graphs, replicas).of(whole.together)
    available = _available(model) if available_bytes is None else available_bytes
    if available is not None:
        check_fits(need, available, model.config, whole.training, whole.devices)
    times, peak = _tried(model, [step for step, _ in kinds], machines)
    seconds = sum(share * one for (_, share), one in zip(kinds, times, strict=True))
    work = [machines * arithmetic(graph) for graph in graphs]
    steps, total = _budget(training, seconds)
    return TrainingCost(
        parameters=_parameters(model),
        operations=sum(share * one for (_, share), one in zip(kinds, work, strict=True)),
        needed_bytes=need.total_bytes,
        seconds=seconds,
        peak_bytes=peak,
        steps=steps,
        total_seconds=total,
    )


def foretold_cost(config: AnyModelConfig, training: TrainingConfig) -> TrainingCost:
    """Return what a training would take, tried on one device with its share of a batch.

    Several devices are taken to be as fast as one, each with its share; a share below the smallest
    batch there is, two pictures say, is tried with that.

    Raises:
        ModelTooLarge: there is less memory than a step needs.
        DevicesUnavailable: the devices that the training asks for are not there.
        ValueError: the sizes do not fit the model.
    """
    parts = getattr(config, "batch_parts", 1)
    machines, local = asked_devices(training, parts)
    batch = max(training.batch_size // (machines * local), least_batch(1, parts))
    alone = training.model_copy(update={"batch_size": batch, "devices": 1})
    free = first_gpu()
    # Parts of a CPU have one memory, GPUs each its own.
    together = 1 if tf.config.list_physical_devices("GPU") else local
    share = Share(training, machines * local, together)
    cost = measured_cost(build_model(config, alone), available_bytes=free, share=share)
    return replace(cost, operations=training.batch_size / batch * cost.operations)


def check_fits(
    need: MemoryNeed, available_bytes: int, config: Any, training: TrainingConfig, devices: int
) -> None:
    """Refuse a training that needs more memory than there is.

    Raises:
        ModelTooLarge: names a smaller batch, smaller patches and narrower networks that would fit.
    """
    if need.total_bytes <= available_bytes:
        return
    ways = list(_smaller(need, available_bytes, config, training, devices))
    way_out = f"it would fit with {'; or '.join(ways)}"
    if not ways:
        way_out = "free some, or choose a smaller model.preset"
    raise ModelTooLarge(
        f"a step of this {config.family} needs about {need.total_bytes / 1e9:.2f} GB of memory and"
        f" {available_bytes / 1e9:.2f} GB are free; {way_out}"
    )


def _smaller(
    need: MemoryNeed, available: float, config: Any, training: TrainingConfig, devices: int
) -> Iterator[str]:
    available = max(0, available - RUNTIME_BYTES)
    room = max(0.0, _SURELY * (available - need.weights_bytes))
    share, available = room / need.pictures_bytes, need.weights_bytes + room
    parts = getattr(config, "batch_parts", 1)
    if batch := fitting_batch(int(training.batch_size * share), devices, parts):
        yield f"training.batch_size={batch}"
    if config.picture_px is None:
        cell = math.lcm(config.pixels_per_cell, 4)
        side = (training.patch_px + _BESIDE_PX) * math.sqrt(share) - _BESIDE_PX
        patch = int(side) // cell * cell
        if patch >= 16:
            yield f"training.patch_px={patch}"
    # weights f^2 + pictures f = available
    root = math.sqrt(need.pictures_bytes**2 + 4.0 * need.weights_bytes * available)
    factor = (root - need.pictures_bytes) / max(2.0 * need.weights_bytes, 1.0)
    widths = [
        f"model.{name}={_narrower(value, factor)}"
        for name in _WIDTHS
        if (value := getattr(config, name, None))
    ]
    if widths and "=None" not in "".join(widths):
        yield " and ".join(widths)


def _narrower(widths: Any, factor: float) -> Any:
    """Widths times a factor in whole eights; None if nothing is left of one."""
    each = widths if isinstance(widths, Sequence) else (widths,)
    fitting = [int(width * factor) // _WIDTH_MULTIPLE * _WIDTH_MULTIPLE for width in each]
    if not all(fitting):
        return None
    return str(fitting).replace(" ", "") if isinstance(widths, Sequence) else fitting[0]


def _kinds(training: TrainingConfig) -> list[tuple[int, float]]:
    """(index of a step, share of all steps that are like it): with a gradient penalty, without."""
    if not training.r1_gamma:
        return [(0, 1.0)]
    if training.r1_every == 1 or training.steps == 1:
        return [(0, 1.0)]
    return [(0, 1 / training.r1_every), (1, 1 - 1 / training.r1_every)]


def _try_step(model: Trainable, step: int) -> Mapping[str, Any]:
    training = model.training
    shape = (training.batch_size, training.patch_px, training.patch_px, 3)
    image = np.random.default_rng(step).random(shape, dtype=np.float32) * 2 - 1
    label = np.arange(training.batch_size) % model.config.material_count
    return model.train_step(image, label, step=step, rate_factor=1.0)


def _tried(model: Trainable, steps: Sequence[int], machines: int) -> tuple[list[float], int]:
    """Return (seconds of each step, most bytes in use); weights and slots are put back."""
    variables = [variable for part in model.state().values() for variable in part]
    before = [variable.numpy() for variable in variables]
    with _PeakMemory() as memory:
        times = [_seconds_warm(model, step, machines) for step in steps]
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value)
    return times, memory.most


def _seconds_warm(model: Trainable, step: int, machines: int) -> float:
    """Seconds of a step after a first one; the middle of three where three cost little."""
    _seconds(model, step)  # TensorFlow still rearranges the graph: many times as long
    once = _seconds(model, step)
    # Machines have to do the same number of steps, whatever their clocks say.
    if machines == 1 and once > SLOW_STEP_S:
        return once
    return sorted([once, _seconds(model, step), _seconds(model, step)])[1]


def _seconds(model: Trainable, step: int) -> float:
    started = time.perf_counter()
    for value in _try_step(model, step).values():
        float(value)
    return time.perf_counter() - started


class _PeakMemory:
    """Most memory in use while the block runs: of the fullest GPU, or else of this process."""

    def __enter__(self) -> _PeakMemory:
        self._gpus = [f"GPU:{n}" for n, _ in enumerate(tf.config.list_logical_devices("GPU"))]
        for gpu in self._gpus:
            tf.config.experimental.reset_memory_stats(gpu)
        self.most = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()
        return self

    def _sample(self) -> None:
        process = psutil.Process()
        while True:
            self.most = max(self.most, process.memory_info().rss)
            if self._over.wait(_SAMPLE_S):
                return

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()
        if self._gpus:
            used = [tf.config.experimental.get_memory_info(gpu)["peak"] for gpu in self._gpus]
            self.most = max(used)


def _need(model: Trainable, graphs: Sequence[Any], replicas: int) -> MemoryNeed:
    """Memory of the costliest kind of step on one device; parts of a CPU share theirs."""
    trained = sum(_bytes(network.trainable_variables) for network in model.networks().values())
    weights = sum(_bytes(part) for part in model.state().values()) + trained
    live = max(most_live_bytes(graph) for graph in graphs)
    if tf.config.list_logical_devices("GPU"):
        live //= replicas
    else:
        weights *= replicas
    return MemoryNeed(weights, max(live - trained, 1))


def _bytes(variables: Sequence[Any]) -> int:
    return sum(
        math.prod(one.shape) * tf.as_dtype(getattr(one.dtype, "name", one.dtype)).size
        for one in variables
    )


def _available(model: Trainable) -> int | None:
    """Main memory for a training, what its weights and slots take already included."""
    if tf.config.list_logical_devices("GPU"):
        return None
    return free_bytes() + sum(_bytes(part) for part in model.state().values())


def _parameters(model: Trainable) -> dict[str, int]:
    return {
        name: sum(math.prod(one.shape) for one in network.trainable_variables)
        for name, network in model.networks().items()
    }


def _budget(training: TrainingConfig, seconds: float) -> tuple[int, float]:
    """Return (steps that are done, seconds that they take)."""
    if training.minutes is None:
        return training.steps, training.steps * seconds
    steps = min(training.steps, math.ceil(60 * training.minutes / seconds))
    return steps, min(60 * training.minutes, steps * seconds)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
