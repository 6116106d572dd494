"""What a traced step will compute and keep in memory, read off its graph before it runs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

# Types of TensorFlow's operations. The output of these is their input.
_SAME_BYTES = frozenset(
    ("Identity", "IdentityN", "Reshape", "StopGradient", "Squeeze", "ExpandDims", "EnsureShape")
)


def arithmetic(graph: Any) -> int:
    """Return the multiplications and additions of a graph's convolutions and matrix products.

    All else that a step does is little beside them. Counted is what the graph holds, twice the
    number of multiplications, as TensorFlow's own profiler does; it knows no `Einsum`, this does.

    Args:
        graph: with static shapes; what has none counts nothing.
    """
    return sum(_arithmetic_of(operation) for operation in graph.get_operations())


def most_live_bytes(graph: Any) -> int:
    """Return the most bytes that a function's tensors occupy together.

    Variables and what the function is given are left out: they are there in any case.

    Operations are taken one after the other as they were written down, which is first forwards,
    then backwards, and a tensor is given back after its last reader. A runtime that computes
    several at once, and the scratch space of convolutions, may add to it; tensors that are
    overwritten in place take from it.
    """
    operations = graph.get_operations()
    given = {id(tensor) for tensor in graph.inputs}
    roots: dict[int, int] = {}  # tensor -> the tensor whose bytes it shares
    sizes: dict[int, int] = {}
    last: dict[int, int] = {}
    for number, operation in enumerate(operations):
        for tensor in operation.inputs:
            last[roots.get(id(tensor), id(tensor))] = number
        for place, tensor in enumerate(operation.outputs):
            shares = operation.type in _SAME_BYTES and place < len(operation.inputs)
            source = id(operation.inputs[place]) if shares else id(tensor)
            root = roots[id(tensor)] = roots.get(source, source)
            there = id(tensor) in given or operation.type == "ReadVariableOp"
            sizes.setdefault(root, 0 if there else _bytes_of(tensor))
            last[root] = max(last.get(root, number), number)
    given_back: dict[int, int] = {}
    for root, number in last.items():
        given_back[number] = given_back.get(number, 0) + sizes.get(root, 0)
    live = most = 0
    for number, operation in enumerate(operations):
        live += sum(sizes[id(one)] for one in operation.outputs if roots[id(one)] == id(one))
        most = max(most, live)
        live -= given_back.get(number, 0)
    return most


def _bytes_of(tensor: Any) -> int:
    if tensor.dtype in (tf.resource, tf.variant, tf.string):
        return 0
    return (tensor.shape.num_elements() or 0) * int(tensor.dtype.size)


def _arithmetic_of(operation: Any) -> int:
    match operation.type:
        case "Conv2D":
            pairs = (operation.outputs[0].shape, operation.inputs[1].shape)
        case "Conv2DBackpropInput":
            pairs = (operation.inputs[2].shape, operation.inputs[1].shape)
        case "Conv2DBackpropFilter":
            pairs = (operation.inputs[2].shape, operation.outputs[0].shape)
        case "MatMul" | "BatchMatMulV2" | "BatchMatMulV3":
            return _product(operation)
        case "Einsum":
            return 2 * math.prod(_extents(operation).values())
        case _:
            return 0
    positions, kernel = pairs
    if not (positions.is_fully_defined() and kernel.is_fully_defined()):
        return 0
    return int(2 * math.prod(positions) * math.prod(kernel[:3]))


def _product(operation: Any) -> int:
    first, out = operation.inputs[0].shape, operation.outputs[0].shape
    if not (first.is_fully_defined() and out.is_fully_defined()):
        return 0
    turned = operation.get_attr("transpose_a" if operation.type == "MatMul" else "adj_x")
    return int(2 * math.prod(out) * first[-2 if turned else -1])


def _extents(operation: Any) -> dict[str, int]:
    """Index of an einsum -> its length; one of unknown length makes the whole count nothing."""
    terms = operation.get_attr("equation").decode().partition("->")[0].split(",")
    return dict(_lengths(terms, [tensor.shape for tensor in operation.inputs]))


def _lengths(terms: list[str], shapes: list[Any]) -> Iterator[tuple[str, int]]:
    for term, shape in zip(terms, shapes, strict=True):
        if "." in term or len(term) != (shape.rank or 0):
            yield term, 0  # broadcasting, which no family writes
            continue
        for index, length in zip(term, shape, strict=True):
            yield index, int(length or 0)
