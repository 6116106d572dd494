"""Which checkpoints of a training stay, and what a failure says of them.

The newest two, to go on from; and one to go back to. That all pictures look alike is known late,
from previews, while checkpoints go on being written so that an interrupted run loses nothing. So
the one from before the last preview in which they differed stays as well.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from texture_models.training.checkpoint import (
    checkpoint_paths,
    read_checkpoint,
    write_checkpoint,
)
from texture_models.training.health import TrainingFailed
from texture_models.training.made_for import MadeFor, without_budget


class KeptCheckpoints:
    """The checkpoints of one training."""

    def __init__(self, folder: Path, made_for: MadeFor) -> None:
        """Take the folder, which need not exist, and what the training is for."""
        self._folder, self._made_for = folder, made_for
        self._good: str | None = None  # name of the one from before the last good preview
        self._doubted = False  # whether the newest preview was not good

    def read(self, state: Mapping[str, Sequence[Any]]) -> dict[str, Any] | None:
        """Load the newest sound one into `state`; return its bookkeeping, None without one.

        Raises:
            CheckpointMismatch: it belongs to another model or training, the budget apart.
            DiskRefused: it may not be read.
        """
        meta = read_checkpoint(self._folder, state, without_budget(self._made_for))
        if meta is not None:
            self._good, self._doubted = meta["good"], meta["doubted"]
        return meta

    def write(self, state: Mapping[str, Sequence[Any]], meta: Mapping[str, Any]) -> None:
        """Write one, and remove those that need not stay.

        Raises:
            DiskRefused: the disk is full, say; older ones stay.
        """
        kept = {"made_for": self._made_for, "good": self._good, "doubted": self._doubted}
        write_checkpoint(self._folder, state, {**meta, **kept}, spared=self._good)

    def judge(self, *, good: bool) -> None:
        """Take whether the pictures of a new preview differ."""
        self._doubted = not good
        if good and (paths := checkpoint_paths(self._folder)):
            self._good = paths[-1].name

    @contextlib.contextmanager
    def named_in_failures(self) -> Iterator[None]:
        """Add to what a failure in the block says which checkpoint there is to go back to."""
        try:
            yield
        except TrainingFailed as failure:
            failure.args = (f"{failure}; {self._last_good()}",)
            raise

    def _last_good(self) -> str:
        paths = checkpoint_paths(self._folder)
        good = [path for path in paths if path.name == self._good] if self._doubted else paths
        if not good:
            return "there is no checkpoint from before that"
        newer = " once the newer ones beside it are deleted" if good[-1] != paths[-1] else ""
        return (
            f"the last good checkpoint is kept as {good[-1]}: the same training goes on from"
            f" it{newer}, one with other settings begins anew"
        )
