"""What this machine can do at best, measured in the same run as what is compared with it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import tensorflow as tf

# (side, channels in, channels out, kernel, stride): the heaviest convolutions of preset S at 64 px.
SHAPES = ((34, 64, 192, 2, 1), (18, 96, 192, 2, 1), (32, 48, 96, 4, 2), (16, 96, 128, 4, 2))
BATCH = 16


def seconds(work: Callable[[], Any], runs: int = 15) -> float:
    """Return the median time of one call, after two calls that do not count."""
    times = []
    for run in range(runs + 2):
        started = time.perf_counter()
        work()
        if run >= 2:
            times.append(time.perf_counter() - started)
    return statistics.median(times)


def convolution_peak(dtype: str = "float32") -> float:
    """Return the best GFLOP/s of a single convolution among the layer shapes of the networks."""
    best = 0.0
    for side, inputs, outputs, kernel, stride in SHAPES:
        image = tf.cast(tf.random.normal((BATCH, side, side, inputs)), dtype)
        weights = tf.cast(tf.random.normal((kernel, kernel, inputs, outputs)), dtype)
        run = tf.function(lambda x=image, w=weights, s=stride: tf.nn.conv2d(x, w, s, "VALID"))
        out = (side - kernel) // stride + 1
        flops = 2 * BATCH * out * out * kernel * kernel * inputs * outputs
        best = max(best, flops / seconds(run) / 1e9)
    return best
