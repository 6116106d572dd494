"""What a step's convolutions take when nothing else runs: the peak for the shapes that it has.

A layer of few channels, or a gradient of a few rows, is slower on any machine than the best shape:
the sum over the shapes of a step is what its convolutions cannot be faster than. Gram matrices and
their way back are products too, and can be counted with them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from benchmarks.peak import seconds

RUNS = 20
Shape = tuple[int, ...]
# Type of operation, shapes of what it reads but for sizes, shape that it makes, stride, padding.
Convolution = tuple[str, Shape, Shape, Shape, int, str, tf.DType]

Product = tuple[Shape, Shape, bool, bool, tf.DType]  # shapes, whether each is transposed


def seconds_alone(graph: Any) -> tuple[float, float]:
    """Return the time of all products of a graph one after the other, each by itself.

    Args:
        graph: traced, with static shapes; what no result needs is not counted, as nothing runs it.

    Returns:
        Seconds of all convolutions, and of all products of matrices a picture.
    """
    needed = _needed(graph)
    convolutions = Counter(_convolution(one) for one in needed if one.type in _CALLS)
    products = Counter(_product(one) for one in needed if one.type == "BatchMatMulV2")
    return (
        sum(count * seconds(_call(one), RUNS) for one, count in convolutions.items()),
        sum(count * seconds(_product_call(one), RUNS) for one, count in products.items()),
    )


def _needed(graph: Any) -> list[Any]:
    """Operations that a result or an assignment depends on."""
    results = [tensor.op for tensor in graph.outputs] + list(graph.control_outputs)
    wanted = [operation.name for operation in results]
    part = tf.compat.v1.graph_util.extract_sub_graph(graph.as_graph_def(), wanted)
    return [graph.get_operation_by_name(node.name) for node in part.node]


def _convolution(operation: Any) -> Convolution:
    first, second = [t.shape for t in operation.inputs if t.dtype != tf.int32]
    return (
        operation.type,
        tuple(first),
        tuple(second),
        tuple(operation.outputs[0].shape),
        operation.get_attr("strides")[1],
        operation.get_attr("padding").decode(),
        operation.outputs[0].dtype,
    )


def _product(operation: Any) -> Product:
    first, second = (tuple(tensor.shape) for tensor in operation.inputs)
    turned = operation.get_attr("adj_x"), operation.get_attr("adj_y")
    return first, second, *turned, operation.outputs[0].dtype


def _product_call(product: Product) -> Callable[[], Any]:
    first, second, first_turned, second_turned, dtype = product
    x, y = (tf.cast(tf.random.normal(shape), dtype) for shape in (first, second))
    return lambda: tf.raw_ops.BatchMatMulV2(x=x, y=y, adj_x=first_turned, adj_y=second_turned)


def _call(convolution: Convolution) -> Callable[[], Any]:
    kind, first, second, result, stride, padding, dtype = convolution
    values = [tf.cast(tf.random.normal(shape), dtype) for shape in (first, second)]
    options = {"strides": [1, stride, stride, 1], "padding": padding}
    return lambda: _CALLS[kind](*values, result, options)


_CALLS: dict[str, Callable[..., Any]] = {
    "Conv2D": lambda image, kernel, _, options: tf.raw_ops.Conv2D(
        input=image, filter=kernel, **options
    ),
    "Conv2DBackpropInput": lambda kernel, slopes, sizes, options: tf.raw_ops.Conv2DBackpropInput(
        input_sizes=sizes, filter=kernel, out_backprop=slopes, **options
    ),
    "Conv2DBackpropFilter": lambda image, slopes, sizes, options: tf.raw_ops.Conv2DBackpropFilter(
        input=image, filter_sizes=sizes, out_backprop=slopes, **options
    ),
}
