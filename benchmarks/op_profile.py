"""Where the time of a call goes, by kind of operation, as TensorFlow's own profiler sees it."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

# What an operation's type says about it; the first that fits. oneDNN prefixes its own.
KINDS = (
    ("convolutions", ("Conv2D",)),
    ("matrix products (Gram, colours, codes)", ("MatMul", "Einsum")),
    ("Fourier transforms (spectrum)", ("FFT",)),
    ("batch normalisation", ("FusedBatchNorm",)),
    ("random numbers", ("Random",)),
    ("moving pixels", ("DepthToSpace", "SpaceToDepth", "Concat", "Slice", "Pad", "Transpose")),
    ("moving pixels", ("Reshape", "Tile", "Gather", "Split", "Pack", "Cast")),
    ("weights", ("Adam", "Assign", "ReadVariable")),
)
OTHER = "one value at a time (activations, clips, FiLM, losses, sums)"


def time_by_kind(work: Callable[[], Any], runs: int) -> list[tuple[str, float]]:
    """Return (kind of operation, share of the time of all operations), largest first.

    Args:
        work: called before once, so that nothing is traced or planned in what is measured.
        runs: calls that are measured.
    """
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    work()
    with tempfile.TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        for _ in range(runs):
            work()
        tf.profiler.experimental.stop()
        space = xplane_pb2.XSpace()
        space.ParseFromString(next(Path(folder).rglob("*.xplane.pb")).read_bytes())
    spent: Counter[str] = Counter()
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                if operation := _operation(plane.event_metadata[event.metadata_id].name):
                    spent[_kind(operation)] += event.duration_ps
    total = sum(spent.values())
    return [(kind, picoseconds / total) for kind, picoseconds in spent.most_common()]


def profile_table(work: Callable[[], Any], runs: int) -> str:
    """Return `time_by_kind` as a table in Markdown."""
    rows = [f"| {kind} | {share:.1%} |" for kind, share in time_by_kind(work, runs)]
    return "\n".join(["| operations | share of their time |", "|---|---|", *rows])


def _operation(event: str) -> str:
    """The type of an operation that ran; nothing for the spans of executors, which hold others."""
    node, _, operation = event.rpartition(":")
    return "" if "::" in event or "__inference" in event or not node else operation


def _kind(operation: str) -> str:
    return next((kind for kind, parts in KINDS if any(part in operation for part in parts)), OTHER)
