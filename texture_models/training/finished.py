"""What a training says last, when all of it is there; read instead of training again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from texture_models.training.checkpoint import check_made_for
from texture_models.training.durable import sync_files, whole_file
from texture_models.training.made_for import MadeFor
from texture_models.training.progress import TrainingResult
from texture_models.training.warm_start import read_record

_NAME = "finished.json"


def is_finished(run_dir: Path) -> bool:
    """Return whether a training in this folder came to its end."""
    return (run_dir / _NAME).is_file()


def write_finished(run_dir: Path, record: Mapping[str, Any]) -> None:
    """Say that a training came to its end.

    Args:
        run_dir: folder of the training, in which everything else lies already; its model is on
            the disk before this says so.
        record: JSON-ready: `step`, `seconds`, `waiting`, `losses` and `made_for`.
    """
    sync_files(run_dir / "model")
    with whole_file(run_dir / _NAME) as file:
        file.write(json.dumps(dict(record)).encode())


def read_finished(run_dir: Path, made_for: MadeFor) -> TrainingResult:
    """Return where the model is, and how its training went.

    Raises:
        CheckpointMismatch: the training was another one than `made_for` says.
    """
    record = json.loads((run_dir / _NAME).read_text())
    check_made_for(run_dir / _NAME, record.get("made_for"), made_for)
    return TrainingResult(
        model_dir=run_dir / "model",
        steps=record["step"],
        seconds=record["seconds"],
        waiting_share=record["waiting"] / max(record["seconds"], 1e-9),
        losses=record["losses"],
        preview_paths=sorted((run_dir / "previews").glob("step_*.png")),
        explanation_paths=sorted((run_dir / "explanations").glob("*.png")),
        began_as=read_record(run_dir),
    )
