"""Checkpoints: complete or absent, two kept, a damaged one passed over."""

import errno
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest

from tests.mill_runs import ROOT
from texture_models.training.checkpoint import (
    CheckpointMismatch,
    DiskRefused,
    read_checkpoint,
    write_checkpoint,
)


def variables(value, shape=(3, 2)):
    return {"net": [keras.Variable(np.full(shape, value, np.float32)), keras.Variable(value)]}


def values(state):
    return [variable.numpy() for variable in state["net"]]


def test_what_was_written_is_read(tmp_path):
    write_checkpoint(tmp_path, variables(2.0), {"step": 5, "note": "x"})
    state = variables(0.0)
    assert read_checkpoint(tmp_path, state) == {"step": 5, "note": "x"}
    assert (values(state)[0] == 2.0).all()


def test_an_empty_folder_has_no_checkpoint(tmp_path):
    assert read_checkpoint(tmp_path, variables(0.0)) is None


def test_the_newest_two_are_kept(tmp_path):
    for step in (1, 20, 300):
        write_checkpoint(tmp_path, variables(float(step)), {"step": step})
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "step-00000020.npz",
        "step-00000300.npz",
    ]


@pytest.mark.parametrize("damage", ["cut", "flip", "empty"])
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tmp_path, damage, caplog):
    write_checkpoint(tmp_path, variables(1.0, (50, 50)), {"step": 1})
    newest = write_checkpoint(tmp_path, variables(2.0, (50, 50)), {"step": 2})
    content = bytearray(newest.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flip":
        content[len(content) // 3] ^= 0xFF
    else:
        content = bytearray()
    newest.write_bytes(content)
    state = variables(0.0, (50, 50))
    assert read_checkpoint(tmp_path, state)["step"] == 1
    assert (values(state)[0] == 1.0).all()
    assert f"passed over {newest}, which is damaged: " in caplog.text


def test_whichever_byte_is_another_what_is_read_was_written(tmp_path):
    write_checkpoint(tmp_path, variables(1.0), {"step": 1})
    newest = write_checkpoint(tmp_path, variables(2.0), {"step": 2})
    content, found, state = newest.read_bytes(), [], variables(0.0)
    for place in range(0, len(content), 2):
        damaged = bytearray(content)
        damaged[place] ^= (0x01, 0xFF)[place // 2 % 2]
        newest.write_bytes(damaged)
        meta = read_checkpoint(tmp_path, state)
        assert [float(np.mean(value)) for value in values(state)] == 2 * [meta["step"]]
        found.append(meta["step"])
    assert found.count(1) > found.count(2) > 0  # not every byte means something


def test_a_damaged_checkpoint_is_not_one_of_those_that_are_kept(tmp_path):
    write_checkpoint(tmp_path, variables(1.0), {"step": 200})
    write_checkpoint(tmp_path, variables(2.0), {"step": 300}).write_bytes(b"")
    assert read_checkpoint(tmp_path, variables(0.0))["step"] == 200
    assert (tmp_path / "step-00000300.damaged").exists()
    for step in (220, 240):
        write_checkpoint(tmp_path, variables(float(step)), {"step": step})
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "step-00000220.npz",
        "step-00000240.npz",
    ]


def test_a_checkpoint_that_may_not_be_read_is_not_begun_anew(tmp_path, monkeypatch):
    newest = write_checkpoint(tmp_path, variables(1.0), {"step": 1})

    def refused(path, *mode):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(type(tmp_path), "open", refused)
    with pytest.raises(DiskRefused, match=rf"{newest} cannot be read: Permission denied; allow"):
        read_checkpoint(tmp_path, variables(0.0))


def test_a_folder_that_cannot_be_made_is_said_with_its_reason(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DiskRefused, match=r"step 1 cannot be written to .*: Not a directory; make"):
        write_checkpoint(tmp_path / "file" / "run" / "checkpoints", variables(1.0), {"step": 1})


def test_a_write_that_fails_leaves_the_last_checkpoint(tmp_path):
    write_checkpoint(tmp_path, variables(1.0), {"step": 1})
    (tmp_path / "step-00000002.partial").mkdir()  # the file cannot be opened
    with pytest.raises(OSError, match="step-00000002"):
        write_checkpoint(tmp_path, variables(2.0), {"step": 2})
    assert read_checkpoint(tmp_path, variables(0.0))["step"] == 1


def test_a_process_killed_while_it_writes_leaves_the_last_checkpoint(tmp_path):
    # The process dies by SIGKILL when the newer file is written but not yet in its place.
    script = f"""
import os, pathlib, signal
import numpy as np
from texture_models.training.checkpoint import write_checkpoint
class Number:
    def numpy(self): return np.float32(7)
folder = pathlib.Path({str(tmp_path)!r})
write_checkpoint(folder, {{"net": [Number()]}}, {{"step": 1}})
os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)
write_checkpoint(folder, {{"net": [Number()]}}, {{"step": 2}})
"""
    killed = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    state = {"net": [keras.Variable(0.0)]}
    assert (tmp_path / "step-00000002.partial").is_file()
    assert read_checkpoint(tmp_path, state)["step"] == 1
    assert values(state) == [7.0]
    write_checkpoint(tmp_path, state, {"step": 2})
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".npz", ".npz"]


def test_another_architecture_is_refused_by_name(tmp_path):
    write_checkpoint(tmp_path, variables(1.0), {"step": 1})
    with pytest.raises(CheckpointMismatch, match="net/0000"):
        read_checkpoint(tmp_path, variables(0.0, (4, 2)))
