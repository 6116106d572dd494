"""How much memory a training may take on this machine."""

from __future__ import annotations

import csv
import logging
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

# TensorFlow leaves a part of a GPU's memory to the driver and takes the rest.
_SHARE_OF_GPU = 0.92
_ASK = ["nvidia-smi", "--query-gpu=index,uuid,name,memory.free", "--format=csv,noheader,nounits"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Hierarchy:
    """Where a version of control groups says what a group may take, and what it has taken.

    Attributes:
        controller: as /proc/self/cgroup names it.
        mount: folder of the topmost group that is seen from here; in a container its own.
        limit: file with the bytes that a group may take.
        used: file with those it has taken, what it keeps of files it has read included.
        reclaimable: line of memory.stat: those that the kernel gives back as they are needed.
    """

    controller: str
    mount: str
    limit: str
    used: str
    reclaimable: str


_HIERARCHIES = (
    _Hierarchy("", "sys/fs/cgroup", "memory.max", "memory.current", "inactive_file"),
    _Hierarchy(
        "memory",
        "sys/fs/cgroup/memory",
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_inactive_file",
    ),
)


def free_bytes(root: Path = Path("/")) -> int:
    """Return the bytes of main memory that this process may still take.

    It is in a chain of control groups, of a container, a job of Slurm or a unit of systemd, say;
    the one with the least left decides.

    Args:
        root: folder below which /proc and /sys lie.
    """
    free = int(psutil.virtual_memory().available)
    for hierarchy in _HIERARCHIES:
        for group in _groups(root, hierarchy):
            try:
                limit = int((group / hierarchy.limit).read_text())
                used = int((group / hierarchy.used).read_text())
            except (OSError, ValueError):  # no such group, or no limit: the word `max`
                continue
            free = min(free, max(limit - used + _reclaimable(group, hierarchy), 0))
    return free


def _groups(root: Path, hierarchy: _Hierarchy) -> Iterator[Path]:
    """The groups that this process is in, innermost first; from here not all need be seen."""
    own = Path()
    try:
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if hierarchy.controller in controllers.split(","):
                own = Path(path.lstrip("/"))
    except OSError:  # no Linux, or /proc is hidden
        pass
    if ".." in own.parts:  # a group beside the topmost one that is seen from here
        own = Path()
    for group in (own, *own.parents):
        yield root / hierarchy.mount / group


def _reclaimable(group: Path, hierarchy: _Hierarchy) -> int:
    try:
        lines = (group / "memory.stat").read_text().splitlines()
    except OSError:
        return 0
    named = (line.split() for line in lines)
    return next((int(value) for name, value in named if name == hierarchy.reclaimable), 0)


def gpu_bytes(count: int) -> int | None:
    """Return what TensorFlow may take of the fullest of the first GPUs that CUDA shows.

    To be asked before TensorFlow computes: it then takes all there is, as others might have done.

    Args:
        count: GPUs that are used.

    Returns:
        Bytes; None, and a warning in the log, where they cannot be known.
    """
    try:
        done = subprocess.run(_ASK, capture_output=True, text=True, check=True, timeout=30)
        gpus = list(csv.reader(done.stdout.splitlines(), skipinitialspace=True))
        free_mib = min(int(gpu[3]) for gpu in _first_shown(gpus, count))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        logger.warning(
            "what is free of the GPU's memory is not known, so a training that is too large for it"
            " is not refused before it starts: %s",
            error,
        )
        return None
    return int(free_mib * 2**20 * _SHARE_OF_GPU)


def _first_shown(gpus: Sequence[Sequence[str]], count: int) -> list[Sequence[str]]:
    """Return the first GPUs that CUDA shows, of all (index, uuid, name, free memory).

    Raises:
        ValueError: it cannot be told which ones these are.
    """
    asked = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = [gpu[0] for gpu in gpus] if asked is None else asked.replace(" ", "").split(",")
    # By default CUDA counts from the fastest on, and nvidia-smi as they are plugged in.
    same = len({gpu[2] for gpu in gpus}) == 1
    counted = same or os.environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
    shown = []
    for name in names[:count]:
        by_number = [gpu for gpu in gpus if gpu[0] == name] if counted else []
        by_uuid = [gpu for gpu in gpus if name.startswith("GPU-") and gpu[1].startswith(name)]
        if len(found := by_number + by_uuid) != 1:
            raise ValueError(
                f"CUDA_VISIBLE_DEVICES={asked} names {name!r} in a way that nvidia-smi does not; it"
                " knows numbers, with CUDA_DEVICE_ORDER=PCI_BUS_ID, and GPU-..."
            )
        shown += found
    return shown
