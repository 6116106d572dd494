"""How much memory a training may take on this machine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psutil

# Limit, use and statistics of the control group that this process is in; of a container, its own.
_GROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
# TensorFlow leaves a part of a GPU's memory to the driver and takes the rest.
_SHARE_OF_GPU = 0.92


def free_bytes() -> int:
    """Return the bytes of main memory that are still to be had, in a container those left to it."""
    free = int(psutil.virtual_memory().available)
    for limit, used in _GROUPS:
        try:
            left = int(Path(limit).read_text()) - int(Path(used).read_text())
        except (OSError, ValueError):  # no such group, or no limit: the word `max`
            continue
        free = min(free, max(left, 0))
    return free


def gpu_bytes() -> int:
    """Return what TensorFlow may take of the smallest GPU of this machine.

    Raises:
        OSError: `nvidia-smi` is not there, or says nothing that is understood.
    """
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    try:
        smallest_mib = min(int(line) for line in done.stdout.split())
    except ValueError as error:
        raise OSError(f"nvidia-smi said {done.stdout or done.stderr!r}") from error
    return int(smallest_mib * 2**20 * _SHARE_OF_GPU)
