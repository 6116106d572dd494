"""What is free: to this process in its control groups, and of the GPUs that it uses."""

import re
import subprocess
import sys

import pytest

from texture_models.training import devices
from texture_models.training.config import TrainingConfig
from texture_models.training.free_memory import free_bytes, gpu_bytes

MB = 1_000_000


def machine(root, cgroup, **groups):
    """Files as the kernel shows them: its own group, and (limit, used, statistics) of several."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(cgroup)
    for path, (names, limit, used, statistics) in groups.items():
        folder = root / "sys/fs/cgroup" / path
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in zip(names, (limit, used), strict=True):
            (folder / name).write_text(f"{value}\n")
        (folder / "memory.stat").write_text(statistics)
    return root


NEW = ("memory.max", "memory.current")
OLD = ("memory.limit_in_bytes", "memory.usage_in_bytes")


def test_pages_of_files_that_were_read_count_as_free(tmp_path):
    statistics = f"anon {30 * MB}\nfile {60 * MB}\ninactive_file {50 * MB}\nactive_file {10 * MB}\n"
    root = machine(tmp_path, "0::/\n", **{".": (NEW, 100 * MB, 95 * MB, statistics)})
    assert free_bytes(root) == 55 * MB


def test_pages_of_files_count_as_free_in_groups_of_the_first_version(tmp_path):
    statistics = f"inactive_file {1 * MB}\ntotal_inactive_file {40 * MB}\n"
    root = machine(
        tmp_path,
        "4:memory:/docker/0123\n0::/\n",  # the host's name of what is the topmost group here
        **{"memory": (OLD, 100 * MB, 95 * MB, statistics)},
    )
    assert free_bytes(root) == 45 * MB


@pytest.mark.parametrize(("job", "step", "left"), [(70, "max", 60), (70, 50, 40), ("max", 90, 80)])
def test_the_group_with_the_least_left_decides(tmp_path, job, step, left):
    def limit(value):
        return value if value == "max" else value * MB

    root = machine(
        tmp_path,
        "0::/slurm/job_7/step_0\n",
        **{
            "slurm": (NEW, 1000 * MB, 10 * MB, ""),
            "slurm/job_7": (NEW, limit(job), 10 * MB, ""),
            "slurm/job_7/step_0": (NEW, limit(step), 10 * MB, ""),
        },
    )
    assert free_bytes(root) == left * MB


def test_a_group_that_is_not_seen_from_here_leaves_the_topmost(tmp_path):
    root = machine(tmp_path, "0::/../beside\n", **{".": (NEW, 100 * MB, 90 * MB, "")})
    assert free_bytes(root) == 10 * MB
    assert free_bytes(tmp_path / "nothing") > 100 * MB


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """Put a command of this name on the path, that says what it is given."""

    def says(text, status=0):
        command = tmp_path / "nvidia-smi"
        command.write_text(f"#!{sys.executable}\nprint({text!r})\nraise SystemExit({status})\n")
        command.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("CUDA_DEVICE_ORDER", raising=False)
    return says


SAME = "0, GPU-aa1, A100, 4000\n1, GPU-bb2, A100, 3000\n2, GPU-ab3, A100, 1000"


@pytest.mark.parametrize(
    ("visible", "count", "mib"),
    [
        (None, 1, 4000),
        (None, 3, 1000),
        ("1,0", 1, 3000),
        ("1,0", 2, 3000),
        (" 0, 2", 2, 1000),
        ("GPU-b", 1, 3000),
        ("0,7", 1, 4000),
    ],
)
def test_what_is_free_of_the_gpus_that_are_used_counts(
    nvidia_smi, monkeypatch, visible, count, mib
):
    nvidia_smi(SAME)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpu_bytes(count) == int(mib * 2**20 * 0.92)


@pytest.mark.parametrize(
    ("says", "status", "visible", "warning"),
    [
        ("0, GPU-aa1, Orin, [N/A]", 0, "0", "invalid literal"),
        ("NVIDIA-SMI has failed", 9, "0", "exit status 9"),
        ("No devices were found", 0, "0", "range"),
        (SAME, 0, "MIG-11", "names 'MIG-11' in a way that nvidia-smi does not"),
        (SAME, 0, "GPU-a", "names 'GPU-a'"),  # two of them
        (f"{SAME}\n3, GPU-cc4, T4, 9", 0, "0", "names '0' .*CUDA_DEVICE_ORDER=PCI_BUS_ID"),
    ],
)
def test_what_is_not_known_of_gpus_refuses_nothing_and_is_said(
    nvidia_smi, monkeypatch, caplog, says, status, visible, warning
):
    nvidia_smi(says, status)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpu_bytes(1) is None
    assert len(caplog.records) == 1
    assert caplog.records[0].levelname == "WARNING"
    assert re.search(f"is not known, .*{warning}", caplog.text)


def test_a_machine_without_nvidia_smi_refuses_nothing(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_bytes(1) is None
    assert "No such file" in caplog.text


@pytest.fixture
def two_gpus(monkeypatch, nvidia_smi):
    """TensorFlow that sees two GPUs; returns those it was told to see."""
    seen = []
    configured = devices.tf.config
    monkeypatch.setattr(configured, "list_physical_devices", lambda kind: ["first", "second"])
    monkeypatch.setattr(configured, "set_visible_devices", lambda some, kind: seen.append(some))
    devices._free_of_gpus.cache_clear()
    nvidia_smi("0, GPU-aa1, A100, 4000\n1, GPU-bb2, A100, 3000")
    yield seen
    devices._free_of_gpus.cache_clear()


def test_one_device_leaves_the_other_gpus_alone_and_is_asked_once_what_is_free(
    two_gpus, monkeypatch
):
    monkeypatch.setattr(devices, "has_computed", lambda: False)
    opened = devices.open_devices(TrainingConfig.tiny())
    assert (opened.strategy, opened.count) == (None, 1)
    assert opened.gpu_bytes == int(4000 * 2**20 * 0.92)
    monkeypatch.setattr(devices, "has_computed", lambda: True)
    assert devices.open_devices(TrainingConfig.tiny()) == opened
    assert two_gpus == [["first"], ["first"]]


def test_devices_that_are_open_already_are_no_reason_to_refuse_a_training(
    two_gpus, monkeypatch, caplog
):
    def too_late(some, kind):
        raise RuntimeError("Visible devices cannot be modified after being initialized")

    monkeypatch.setattr(devices.tf.config, "set_visible_devices", too_late)
    monkeypatch.setattr(devices, "has_computed", lambda: True)
    assert devices.open_devices(TrainingConfig.tiny()).gpu_bytes is None
    assert "had taken the GPU's memory before" in caplog.text


def test_whether_tensorflow_has_computed_is_known():
    script = """
import tensorflow as tf
from texture_models.training.devices import has_computed
assert not has_computed() and not has_computed()
tf.zeros(1)
assert has_computed()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
