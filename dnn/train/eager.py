"""A program that is not traced: Python runs each of its operations, so that `print`, a debugger and `.numpy()` work.

It takes the place of a traced one while TensorFlow runs functions eagerly: `fit(…, run_eagerly=True)` switches that on,
and `tf.config.run_functions_eagerly(True)` does too. The operations are those of graph mode, in the same order.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import tensorflow as tf

from dnn.nn.modules import once
from dnn.train.variable_values import variables_of


@contextmanager
def functions_run_eagerly(switch: bool) -> Iterator[None]:
    """Let TensorFlow run functions eagerly within the block, in all threads, if `switch` is True."""
    before = tf.config.functions_run_eagerly()
    try:
        if switch:
            tf.config.run_functions_eagerly(True)
        yield
    finally:
        if switch:
            tf.config.run_functions_eagerly(before)


class EagerFunction:
    """What `Compiled` needs of a concrete function, of one that stays Python.

    Args:
        program: a `dnn.train.runtime.Program`.
    """

    def __init__(self, program: Any) -> None:
        self.program = program
        self.inputs = [spec for spec in tf.nest.flatten(program.specs) if spec is not None]

    def __call__(self, *arguments: Any) -> Any:
        """Call it with tensors or arrays, in tuples like those of the specs."""
        tensors = tf.nest.map_structure(lambda part: None if part is None else tf.convert_to_tensor(part), arguments)
        return self.program.function(*self.program.constants, *tensors)

    @cached_property
    def structured_outputs(self) -> Any:
        """What it gives for a row of zeros."""
        zeros = tf.nest.map_structure(
            lambda spec: tf.zeros([n or 1 for n in spec.shape], spec.dtype), self.program.specs
        )
        with tf.GradientTape() as tape:
            outputs = self(*zeros)
        self.trainable_variables = list(tape.watched_variables())
        return outputs

    @property
    def outputs(self) -> list[tf.Tensor]:
        """The same, flat."""
        return tf.nest.flatten(self.structured_outputs)

    @cached_property
    def trainable_variables(self) -> list[tf.Variable]:
        """Those that a call computed with; none is known of a training step before it is taken."""
        return []

    @property
    def variables(self) -> list[tf.Variable]:
        """All of the model and of the optimizer."""
        model, *others = self.program.constants
        return once(
            [*model.variables, *(v for each in others if hasattr(each, "parameters") for v in variables_of(each))]
        )
