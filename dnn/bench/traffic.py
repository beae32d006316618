"""The traffic of memory that a graph makes, in bytes: counted, not timed, so the same on every machine."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

# They pass a tensor on, or a view of it, without a look at its numbers.
PASSING = frozenset(
    {
        "Const",
        "ExpandDims",
        "Identity",
        "NoOp",
        "Placeholder",
        "PreventGradient",
        "ReadVariableOp",
        "AssignVariableOp",
        "Reshape",
        "Shape",
        "Squeeze",
        "StopGradient",
    }
)
UNCOUNTED = frozenset({"PartitionedCall", "StatefulPartitionedCall", "While", "StatelessWhile", "If", "StatelessIf"})


def traffic(function: Any, variables: Sequence[tf.Variable] = ()) -> int:
    """Return the bytes that the operations of a traced function read and write, each its inputs and its outputs once.

    Only operations count on which the results or the variables depend, before TensorFlow's optimizer has seen them. A
    variable that an operation changes is read and written. What an operation keeps to itself, and what a cache saves,
    is not seen: for one that makes several passes over a large input it is too little, for small tensors too much.
    A size that the trace does not know, or a function inside of it, such as a loop, is a ValueError.

    function: a tf.types.experimental.ConcreteFunction. variables: all that it changes.
    """
    graph, handles = function.graph, _handles(function, variables)
    counted = [operation for operation in _needed(graph) if operation.type not in PASSING]
    inner = sorted({operation.type for operation in counted} & UNCOUNTED)
    if inner:
        raise ValueError(f"the traffic of an inner function is not counted: {', '.join(inner)}")
    tensors = (tensor for operation in counted for tensor in (*operation.inputs, *operation.outputs))
    return sum(2 * _size(handles[tensor.name]) if tensor.name in handles else _size(tensor) for tensor in tensors)


def _handles(function: Any, variables: Sequence[tf.Variable]) -> dict[str, tf.Variable]:
    """Return the variables by the names that their handles have in the graph."""
    of_handle = {id(variable.handle): variable for variable in variables}
    return {inner.name: of_handle[id(outer)] for outer, inner in function.graph.captures if id(outer) in of_handle}


def _needed(graph: tf.Graph) -> set[tf.Operation]:
    """Return the operations on which the outputs of a graph, or what it changes, depend."""
    found: set[tf.Operation] = set()
    following = [tensor.op for tensor in graph.outputs] + list(graph.control_outputs)
    while following:
        operation = following.pop()
        if operation not in found:
            found.add(operation)
            following += [tensor.op for tensor in operation.inputs] + list(operation.control_inputs)
    return found


def _size(tensor: Any) -> int:
    """Return the bytes of a tensor or a variable."""
    numbers: int | None = tensor.shape.num_elements()
    if numbers is None or tensor.dtype == tf.resource:
        raise ValueError(f"the size of {tensor.name} is not known: {tensor.dtype.name} of shape {tensor.shape}")
    return numbers * int(tensor.dtype.size)
