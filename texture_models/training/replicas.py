"""One training step over several devices: who computes which part, and what they tell each other.

A family writes its step for one batch. Where a number belongs to the whole batch (a mean over it,
normalisation statistics, a Gram matrix), it asks `replica_mean`, which is the number itself on one
device; noise for the batch is drawn whole and `my_share` takes the device's part. The same global
batch then gives the same losses on any number of devices, within rounding.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import tensorflow as tf

_traced: ContextVar[list[Any] | None] = ContextVar("traced", default=None)
_batches_in_a_row: ContextVar[int] = ContextVar("batches_in_a_row", default=1)


def replica_count() -> int:
    """Return how many devices share the batch of the step that is being computed."""
    context = tf.distribute.get_replica_context()
    return 1 if context is None else int(context.num_replicas_in_sync)


def replica_mean(values: Any) -> Any:
    """Return the mean over all devices of a nest of tensors; may be differentiated."""
    if replica_count() == 1:
        return values
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, values)


def my_share(batch: Any) -> Any:
    """Return this device's rows of a tensor of the whole batch.

    Args:
        batch: (global batch, ...), of known size; a multiple of the number of devices. Of several
            batches in a row, see `batches_in_a_row`, those of each.
    """
    count, batches = replica_count(), _batches_in_a_row.get()
    if count == 1:
        return batch
    if batches == 1:
        return _rows_of(batch, count)
    return tf.concat([_rows_of(one, count) for one in tf.split(batch, batches)], axis=0)


def _rows_of(batch: Any, count: int) -> Any:
    rows = batch.shape[0] // count
    start = tf.distribute.get_replica_context().replica_id_in_sync_group * rows
    share = tf.slice(batch, [start] + [0] * (batch.shape.rank - 1), [rows, *batch.shape[1:]])
    return tf.ensure_shape(share, [rows, *batch.shape[1:]])


@contextlib.contextmanager
def batches_in_a_row(count: int) -> Iterator[None]:
    """Say that tensors in the block hold several batches, one behind another.

    Real pictures and generated ones, say. A device then has rows of each of them, which lie apart
    in what is drawn for all.
    """
    token = _batches_in_a_row.set(count)
    try:
        yield
    finally:
        _batches_in_a_row.reset(token)


def drawn_for_my_share(draw: Callable[[int], Any], rows: int) -> Any:
    """Return this device's rows of what is drawn for the whole batch.

    Args:
        draw: rows -> (rows, ...) tensor, the same on every device: from a seed.
        rows: of this device.
    """
    return my_share(draw(rows * replica_count()))


def row_numbers(rows: int) -> Any:
    """Return (rows,) int32: where this device's rows stand in the whole batch, from 0."""
    return drawn_for_my_share(tf.range, rows)


def rows_before(batch: Any) -> Any:
    """Return for each of this device's rows the one before it in the whole batch.

    Only each device's last row travels. May not be differentiated.

    Args:
        batch: (rows, ...), of known size.

    Returns:
        The same shape; before the first row of the batch is its last.
    """
    count = replica_count()
    if count == 1:
        return tf.roll(batch, 1, axis=0)
    before = (tf.distribute.get_replica_context().replica_id_in_sync_group + count - 1) % count
    first = tf.ensure_shape(tf.gather(gathered(batch[-1:]), [before]), batch[-1:].shape)
    return tf.concat([first, batch[:-1]], axis=0)


def gathered(rows: Any) -> Any:
    """Return the rows of all devices, one device's behind another's; may not be differentiated.

    Args:
        rows: (rows, ...), of known size.

    Returns:
        (devices * rows, ...).
    """
    count = replica_count()
    if count == 1:
        return rows
    together = tf.distribute.get_replica_context().all_gather(rows, axis=0)
    return tf.ensure_shape(together, (count * rows.shape[0], *rows.shape[1:]))


def assign_on_all(changes: Sequence[tuple[Any, Any]]) -> None:
    """Assign to variables from inside a step; every device must have computed the same values.

    Args:
        changes: (`tf.Variable`, new value).
    """
    change_on_all(lambda local, new: local.assign(new), [(old, (new,)) for old, new in changes])


def remember_on_all(changes: Sequence[tuple[Any, Any]]) -> None:
    """Assign as `assign_on_all`, but not what is no number: a broken batch is not remembered.

    Optimisers skip such a batch; a mean that took one up would be no number for ever.

    Args:
        changes: (`tf.Variable`, new value); where that is not finite, the old one stays.
    """
    assign_on_all([(old, tf.where(tf.math.is_finite(new), new, old)) for old, new in changes])


def change_on_all(
    change: Callable[..., Any], targets: Sequence[tuple[Any, tuple[Any, ...]]]
) -> None:
    """Change variables from inside a step, on every device in the same way.

    Args:
        change: called with a variable and what belongs to it, as this device holds them.
        targets: (`tf.Variable`, what belongs to it: other variables, or tensors that are equal on
            all devices).
    """
    if replica_count() == 1:
        for variable, belongings in targets:
            change(variable, *belongings)
        return
    variables = [variable for variable, _ in targets]
    belongings_of = [belongings for _, belongings in targets]

    def merged(strategy: Any, belongings_of: Sequence[tuple[Any, ...]]) -> None:
        for variable, belongings in zip(variables, belongings_of, strict=True):
            strategy.extended.update(variable, change, args=belongings)

    tf.distribute.get_replica_context().merge_call(merged, args=(belongings_of,))


def compiled_step(step: Callable[..., Any], *, xla: bool) -> Callable[..., Any]:
    """Compile a training step for the devices of the strategy in whose scope this is called.

    Args:
        step: takes tensors and Python values, returns a dict of scalar losses. Tensors with an axis
            hold the whole batch along the first; each device gets its share. Scalars and Python
            values reach every device as they are. It branches on Python values alone: autograph
            is off, which would take seconds a start and leave files behind.
        xla: compile with XLA; on one device only.

    Returns:
        A function of the same arguments; its losses are means over the devices.
    """
    function = _compiled(step, xla=xla)

    def call(*arguments: Any) -> Any:
        graphs = _traced.get()
        if graphs is None:
            return function(*arguments)
        graphs.append(function.get_concrete_function(*arguments).graph)
        return {}

    return call


@contextlib.contextmanager
def traced_only() -> Iterator[list[Any]]:
    """Let compiled steps be traced and not run while the block does; their losses are missing.

    Yields:
        The graphs, filled in the block. The next real call of such a step is not traced again.
    """
    graphs: list[Any] = []
    token = _traced.set(graphs)
    try:
        yield graphs
    finally:
        _traced.reset(token)


def _compiled(step: Callable[..., Any], *, xla: bool) -> Any:
    strategy = tf.distribute.get_strategy()
    if strategy.num_replicas_in_sync == 1:
        return tf.function(
            step, jit_compile=True if xla else None, autograph=False, reduce_retracing=True
        )

    def local(*arguments: Any) -> Any:
        return step(*(_share_of(argument) for argument in arguments))

    @tf.function(autograph=False, reduce_retracing=True)
    def everywhere(*arguments: Any) -> Any:
        losses = strategy.run(local, args=arguments)
        return {
            name: strategy.reduce(tf.distribute.ReduceOp.MEAN, value, axis=None)
            for name, value in losses.items()
        }

    return everywhere


def _share_of(argument: Any) -> Any:
    return my_share(argument) if tf.is_tensor(argument) and argument.shape.rank else argument
