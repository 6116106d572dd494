"""What a training says is there is on the disk, and a write that fails leaves what was."""

import errno
import os
from pathlib import Path

import pytest

from texture_models.training.durable import whole_file
from texture_models.training.finished import is_finished, write_finished


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    with whole_file(tmp_path / "history.jsonl") as file:
        file.write(b"all of it")

    def full(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(OSError, match="No space"),
        whole_file(tmp_path / "history.jsonl") as file,
    ):
        file.write(b"half")
    assert [path.name for path in tmp_path.iterdir()] == ["history.jsonl"]
    assert (tmp_path / "history.jsonl").read_text() == "all of it"


def test_a_training_is_finished_when_its_model_is_on_the_disk(tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    for name in ("config.json", "generator.weights.h5"):
        (tmp_path / "model" / name).write_text("x")
    synced = []

    def sync(descriptor):
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        assert not is_finished(tmp_path)

    monkeypatch.setattr(os, "fsync", sync)
    write_finished(tmp_path, {"step": 1})
    assert synced == ["config.json", "generator.weights.h5", "model", "finished.partial"]
    assert is_finished(tmp_path)
