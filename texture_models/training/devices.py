"""On which devices a training runs: one, several of this machine, or those of several machines.

Two engines of TensorFlow do the work, `MirroredStrategy` on one machine and
`MultiWorkerMirroredStrategy` on several; `replicas` says what a step has to mind. Every machine
reads the whole batch, which is cheap, and computes its rows; so no machine's part depends on how
many there are.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from texture_models.families import AnyModelConfig
from texture_models.training.batch_shares import unfit_batch
from texture_models.training.config import TrainingConfig
from texture_models.training.free_memory import gpu_bytes

# What a machine hears when another one, on which it waits, has ended.
_GONE = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
)
_DIGEST_PARTS = 4  # numbers below 2**24, so that a float32 holds them exactly

logger = logging.getLogger(__name__)


class DevicesUnavailable(ValueError):  # noqa: N818 - the name says what happened
    """The devices that a training asks for are not there, or cannot share its batch."""


@dataclass(frozen=True)
class Devices:
    """The devices of one training.

    Attributes:
        strategy: of TensorFlow; None on one device.
        machines: processes that train together.
        chief: whether this process writes checkpoints, previews and the model.
        gpu_bytes: what each GPU still has to give; None without one, or where it is not known.
    """

    strategy: Any
    machines: int
    chief: bool
    gpu_bytes: int | None = None

    @property
    def count(self) -> int:
        """Devices of all machines together."""
        return 1 if self.strategy is None else int(self.strategy.num_replicas_in_sync)

    def scope(self) -> Any:
        """Return the context in which networks and optimisers are made."""
        return contextlib.nullcontext() if self.strategy is None else self.strategy.scope()

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Say it in words when another machine ends while the block runs.

        Raises:
            DevicesUnavailable: in place of an error of the network.
        """
        try:
            yield
        except _GONE as error:
            if self.machines == 1:
                raise
            raise DevicesUnavailable(
                "another machine of this training ended or cannot be reached; look there for the"
                " reason, stop all that still run and start all of them again: they go on from the"
                " chief's newest checkpoint"
            ) from error

    def from_chief(self, values: Sequence[float]) -> list[float]:
        """Return the chief's numbers, on every machine. All of them have to call this."""
        if self.machines == 1:
            return list(values)
        return self._exchanged(values, _of_first_replica)

    def assign_from_chief(self, variables: Sequence[Any]) -> None:
        """Give variables the values they have on the chief. All machines have to call this."""
        if self.machines == 1:
            return

        @tf.function(autograph=False)
        def exchange() -> Any:
            return self.strategy.run(
                lambda: [_of_first_replica(tf.convert_to_tensor(one)) for one in variables]
            )

        for variable, value in zip(variables, exchange(), strict=True):
            variable.assign(self._local(value))

    def check_same(self, what: str) -> None:
        """Refuse to train when the machines were asked for different things.

        Args:
            what: everything that has to be the same, as text; compared by digest.

        Raises:
            DevicesUnavailable: on all of them, if one was asked for something else.
        """
        digest = hashlib.sha256(what.encode()).digest()
        mine = [
            float(int.from_bytes(digest[3 * part : 3 * part + 3], "big"))
            for part in range(_DIGEST_PARTS)
        ]
        if self.machines == 1:
            return
        differs = float(self.from_chief(mine) != mine)
        if self._exchanged([differs], _summed)[0]:
            raise DevicesUnavailable(
                "the machines were given different models, trainings or photographs; start all of"
                " them with the same parameters and the same data"
            )

    def _exchanged(self, values: Sequence[float], collect: Any) -> list[float]:
        mine = tf.constant(list(values), tf.float32)

        @tf.function(autograph=False)
        def exchange() -> Any:
            return self.strategy.run(lambda: collect(mine))

        return [float(value) for value in self._local(exchange()).numpy()]

    def _local(self, value: Any) -> Any:
        return self.strategy.experimental_local_results(value)[0]


def open_devices(
    training: TrainingConfig, *, parts: int = 1, refused: str | None = None
) -> Devices:
    """Return the devices that a training runs on. Called before TensorFlow computes anything.

    Args:
        training: says how many; the variable TF_CONFIG names the machines, if there are several.
        parts: of a batch, each of which is shared out for itself; `batch_parts` of a config.
        refused: name of the family, if its step cannot be shared out.

    Raises:
        DevicesUnavailable: there are too few, the batch cannot be shared out evenly, or the model
            or the budget does not allow it.
    """
    machines, chief = _machines()
    if machines == 1 and training.devices == 1:
        return Devices(None, 1, True, first_gpu())
    if refused is not None:
        raise DevicesUnavailable(
            f"a step of {refused} cannot be shared out by several devices or machines; set"
            " training.devices=1 and unset TF_CONFIG"
        )
    if machines > 1 and training.minutes is not None:
        raise DevicesUnavailable(
            f"training.minutes={training.minutes:g}, but machines whose clocks differ would end at"
            " different steps; set training.minutes= (nothing) and training.steps"
        )
    _, local = asked_devices(training, parts)
    try:
        gpus = tf.config.list_physical_devices("GPU")
        free = _free_of_gpus(local) if gpus else None
        names = _taken(gpus, local)
        if machines > 1:
            return Devices(tf.distribute.MultiWorkerMirroredStrategy(), machines, chief, free)
        return Devices(_sharing(tuple(names)) if local > 1 else None, 1, True, free)
    except RuntimeError as error:
        raise DevicesUnavailable(
            f"TensorFlow had begun to compute before it knew its devices ({error}); train in a"
            " process of its own, or set training.devices=1"
        ) from error


def first_gpu() -> int | None:
    """Leave all GPUs but the first to others: TensorFlow takes the memory of every one it sees.

    Returns:
        Bytes that the first one still has to give; None without one, or where it is not known.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return None
    free = _free_of_gpus(1)
    with contextlib.suppress(RuntimeError):  # TensorFlow has computed: it holds all of them already
        _taken(gpus, 1)
    return free


@functools.cache
def _free_of_gpus(count: int) -> int | None:
    """What each GPU had to give before this process took any; None if that is not known.

    Found out once: later it would be what this process itself has left.
    """
    if has_computed():
        logger.warning(
            "TensorFlow had taken the GPU's memory before it was asked what is free of it, so a"
            " training that is too large is not refused before it starts"
        )
        return None
    return gpu_bytes(count)


def has_computed() -> bool:
    """Return whether TensorFlow has opened its devices, as it does when it first computes."""
    threads = tf.config.threading.get_inter_op_parallelism_threads()
    try:  # nothing else that is public tells: this may be changed until then
        tf.config.threading.set_inter_op_parallelism_threads(threads + 1)
    except RuntimeError:
        return True
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    return False


@functools.cache
def _sharing(names: tuple[str, ...]) -> Any:
    """One for all trainings of a process: each numbers its collective operations from the start.

    A second one would meet the shapes of the first under the same numbers.
    """
    return tf.distribute.MirroredStrategy(names)


def asked_devices(training: TrainingConfig, parts: int = 1) -> tuple[int, int]:
    """Return (machines, devices of each) that a training asks for; reserves none.

    Args:
        training: as for `open_devices`.
        parts: likewise.

    Raises:
        DevicesUnavailable: there are too few, or the batch cannot be shared out evenly.
    """
    machines, _ = _machines()
    local = _local_count(training, len(tf.config.list_physical_devices("GPU")))
    if unfit := unfit_batch(training.batch_size, local * machines, parts):
        raise DevicesUnavailable(unfit)
    if training.xla and local * machines > 1:
        raise DevicesUnavailable(
            f"training.xla=true compiles for one device, and these are {local * machines}; set"
            " training.xla=false, or training.devices=1"
        )
    return machines, local


def what_is_trained(
    config: AnyModelConfig, training: TrainingConfig, photographs: Mapping[str, Sequence[Any]]
) -> str:
    """Everything that machines which train together must have in common, as text."""
    digest = hashlib.sha256()
    for pictures in photographs.values():
        for pixels in pictures:
            digest.update(np.ascontiguousarray(pixels).tobytes())
    shared = training.decisive().model_dump_json()
    return f"{config.model_dump_json()} {shared} {list(photographs)} {digest.hexdigest()}"


def _machines() -> tuple[int, bool]:
    """Return (processes that TF_CONFIG names, whether this one is the chief)."""
    try:
        resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        cluster = resolver.cluster_spec().as_dict()
        job, index = resolver.task_type, resolver.task_id
    except ValueError as error:
        raise DevicesUnavailable(f"TF_CONFIG is no JSON: {error}; see docs/operators.md") from error
    workers = len(cluster.get("worker", ())) + len(cluster.get("chief", ()))
    if workers <= 1:
        return 1, True
    if job not in ("worker", "chief") or index is None:
        raise DevicesUnavailable(
            f"TF_CONFIG says this machine is {job!r} number {index}; its task must be a worker or"
            " the chief, see docs/operators.md"
        )
    return workers, job == "chief" or ("chief" not in cluster and index == 0)


def _local_count(training: TrainingConfig, gpus: int) -> int:
    """Number of this machine's devices that take part."""
    if training.devices == "all":
        return max(1, gpus)
    if gpus and training.devices > gpus:
        raise DevicesUnavailable(
            f"training.devices={training.devices}, but this machine shows {gpus} GPU(s); set it to"
            f" {gpus} or to all"
        )
    return training.devices


def _taken(gpus: Sequence[Any], count: int) -> list[str]:
    """Reserve this machine's devices and return their names.

    Without a GPU the CPU is split into logical devices: nothing gets faster, everything can be
    tried.

    Raises:
        RuntimeError: TensorFlow has computed already, with fewer devices.
    """
    if gpus:
        if count < len(gpus):
            tf.config.set_visible_devices(gpus[:count], "GPU")
        return [f"/gpu:{number}" for number in range(count)]
    if count > 1:
        cpu = tf.config.list_physical_devices("CPU")[0]
        if len(tf.config.get_logical_device_configuration(cpu) or ()) != count:
            parts = [tf.config.LogicalDeviceConfiguration()] * count
            tf.config.set_logical_device_configuration(cpu, parts)
    return [f"/cpu:{number}" for number in range(count)]


def _of_first_replica(value: Any) -> Any:
    """Sum over all devices of what only the first one, which is the chief's, contributes."""
    first = tf.equal(tf.distribute.get_replica_context().replica_id_in_sync_group, 0)
    return _summed(tf.where(first, value, tf.zeros_like(value)))


def _summed(value: Any) -> Any:
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, value)
