"""What the training loop reads, reports and leaves behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np


class Batches(Protocol):
    """What the loop reads: batches by position, so that a resumed run sees the same ones."""

    position: int

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Batches from `position` on, without end."""

    def close(self) -> None:
        """Stop whatever prepares further batches."""


@dataclass(frozen=True)
class TrainingProgress:
    """Where a training stands; handed to `on_progress` about once a second.

    Attributes:
        step: steps done.
        steps: steps planned.
        seconds: time spent training, interrupted attempts included.
        share_done: 0..1, by steps or by minutes, whichever is further.
        seconds_left: estimate.
        losses: name -> value at this step.
        waiting_share: share of the time spent waiting for batches, 0..1.
        preview_path: picture written since the last report, if any.
    """

    step: int
    steps: int
    seconds: float
    share_done: float
    seconds_left: float
    losses: Mapping[str, float]
    waiting_share: float
    preview_path: Path | None = None


@dataclass(frozen=True)
class TrainingResult:
    """What a finished training leaves behind.

    Attributes:
        model_dir: saved generator, see `texture_models.saved_model`.
        steps: steps done.
        seconds: time spent training.
        waiting_share: share of it spent waiting for batches, 0..1.
        losses: last values.
        preview_paths: pictures at fixed seeds, oldest first.
        explanation_paths: what the family shows of what it has learnt; see `write_explanations`.
        began_as: material -> material of the model it started from; empty without one.
    """

    model_dir: Path
    steps: int
    seconds: float
    waiting_share: float
    losses: Mapping[str, float]
    preview_paths: Sequence[Path]
    explanation_paths: Sequence[Path] = ()
    began_as: Mapping[str, str] = field(default_factory=dict)
