"""Finite differences of the loss, in float64, by every cell of a step: what its gradients are checked against.

slope = (L(c + h) − L(c − h)) / 2h, for a cell c of any tensor, input, weight or intermediate, all others unchanged.
Source: W. Press et al., "Numerical Recipes", 3rd edition, 2007, section 5.7.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.inspection.operations import Operation, Step, result_of
from dnn.train.runtime import Program, trace

H_OF = {tf.float64: 1e-6, tf.float32: 1e-2}
"""Near the best for a dtype. In float64 rounding, 1e-16 / h, and curvature, h², cost about 1e-10 together."""


def loss_slopes(
    step: Step, values: Mapping[str, tf.Tensor], cells: Mapping[str, npt.NDArray[np.int64]]
) -> dict[str, npt.NDArray[np.float64]]:
    """Return the central difference of the mean loss by each of these cells.

    Args:
        step: the operations.
        values: the tensors of the step by name; of those that an operation returns, only the shape is read.
        cells: for a tensor's name the flat indices of the cells to vary.

    Returns:
        For the same names float64[cells].
    """
    moved = {name: tf.cast(values[name], tf.float64) for name in cells}
    known = {name: tf.cast(values[name], tf.float64) for name in ("x", *step.variables)}
    sizes = [int(tf.size(value)) for value in moved.values()]
    starts = dict(zip(moved, np.cumsum([0, *sizes]), strict=False))
    h = max(H_OF.get(operation.dtype or tf.float64, 0.1) for operation in step.operations)

    def mean_after(cell: tf.Tensor, by: float) -> tf.Tensor:
        def with_offset(name: str, value: tf.Tensor) -> tf.Tensor:
            if name not in moved:
                return value
            offset = tf.one_hot(cell - starts[name], tf.size(moved[name]), on_value=tf.constant(by, tf.float64))
            return value + tf.reshape(offset, value.shape)

        at = {name: with_offset(name, value) for name, value in known.items()}
        for operation in step.operations:
            at[operation.output] = with_offset(operation.output, in_float64(operation, at))
        return at["mean"]

    def all_slopes(chosen: tf.Tensor) -> tf.Tensor:
        def slope(cell: tf.Tensor) -> tf.Tensor:
            return (mean_after(cell, h) - mean_after(cell, -h)) / (2 * h)

        return tf.map_fn(slope, chosen, fn_output_signature=tf.float64)

    chosen = np.concatenate([starts[name] + indices for name, indices in cells.items()])
    traced = trace(Program(all_slopes, (), (tf.TensorSpec([None], tf.int64),)))
    found = traced(tf.constant(chosen, tf.int64)).numpy()
    ends = np.cumsum([len(indices) for indices in cells.values()])[:-1]
    return dict(zip(cells, np.split(found, ends), strict=True))


def in_float64(operation: Operation, values: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """Return what the operation makes of float64 tensors; its variables' own dtype counts inside a user's module."""
    return tf.cast(result_of(operation, *(values[name] for name in operation.inputs)), tf.float64)
