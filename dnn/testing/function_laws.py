"""Laws of initializers, regularizers and schedules: functions without a memory, of a shape, of weights, of a step."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from dnn.ops.calling import MODES
from dnn.ops.comparing import assert_near, bits, dtype_and_shape
from dnn.testing.law import law
from dnn.testing.other_kinds import Initializer, Schedule
from dnn.testing.pieces import Piece

DTYPES = (tf.float32, tf.float64, tf.bfloat16)
STEPS = (0, 1, 2, 10, 1000, 10**7)
WEIGHTS = np.array([[0.0, 0.5, -2.0], [1.0, 0.0, -0.25]])


@law
def gives_what_is_asked_for(piece: Initializer) -> None:
    """An initializer gives finite numbers of the shape and the dtype that it is asked for."""
    for shape in piece.shapes:
        for dtype in DTYPES:
            values = tf.convert_to_tensor(piece.subject(shape, 0, dtype))
            if values.dtype != dtype or values.shape != shape:
                got = dtype_and_shape(values)
                raise AssertionError(f"asked for {dtype.name}{list(shape)}, it gives {got}")
            if not np.isfinite(tf.cast(values, tf.float64)).all():
                raise AssertionError(f"a number of {dtype_and_shape(values)} is not finite: {values.numpy().tolist()}")


@law
def is_decided_by_the_seed(piece: Initializer) -> None:
    """From the same seed come the same bits, whatever was drawn before; nothing is drawn from a global generator."""
    shape = piece.shapes[0]
    for seed in (7, (3, 1)):
        tf.random.set_seed(1)
        expected = tf.random.uniform([4])
        tf.random.set_seed(1)
        values, again = (tf.convert_to_tensor(piece.subject(shape, seed, tf.float32)) for _ in range(2))
        if bits([tf.random.uniform([4])]) != bits([expected]):
            raise AssertionError("it draws from TensorFlow's global generator, which other draws then miss")
        if bits([values]) != bits([again]):
            raise AssertionError(
                f"of seed {seed} it gives {values.numpy().tolist()}, and then {again.numpy().tolist()}"
            )


@law
def is_one_number_of_the_dtype(piece: Piece) -> None:
    """A penalty is a finite scalar of the dtype of the weights."""
    for weights in _weights():
        penalty = tf.convert_to_tensor(piece.subject(weights))
        if penalty.dtype != weights.dtype or penalty.shape.rank != 0 or not np.isfinite(float(penalty)):
            got = f"{dtype_and_shape(penalty)}, {penalty.numpy().tolist()}"
            raise AssertionError(f"the penalty of {dtype_and_shape(weights)} is {got}")


@law
def has_a_finite_gradient_by_the_weights(piece: Piece) -> None:
    """The penalty depends on the weights, and its gradient is finite, also where a weight is 0."""
    for weights in _weights():
        with tf.GradientTape() as tape:
            penalty = piece.subject(weights)
        gradient = tape.gradient(penalty, weights)
        if gradient is None or not np.isfinite(tf.cast(gradient, tf.float64)).all():
            got = "none" if gradient is None else gradient.numpy().tolist()
            raise AssertionError(f"the gradient by {weights.numpy().tolist()} is {got}")


@law
def gives_a_rate_for_each_step(piece: Piece) -> None:
    """A rate is a finite number of 0 or more, and depends on the step alone, not on what was asked before."""
    rates = {step: float(piece.subject(_step(step))) for step in STEPS}
    for step, rate in rates.items():
        if not 0 <= rate < np.inf:
            raise AssertionError(f"the rate of step {step} is {rate}")
    for step in reversed(STEPS):
        if (again := float(piece.subject(_step(step)))) != rates[step]:
            raise AssertionError(f"the rate of step {step} is {rates[step]}, and asked for again {again}")


@law
def agrees_when_compiled(piece: Piece) -> None:
    """As a graph and under XLA it gives what it gives eagerly, and is traced once."""
    arguments = [_step(step) for step in STEPS] if isinstance(piece, Schedule) else [next(_weights())]
    for mode in ("graph", "xla") if piece.xla else ("graph",):
        compiled = MODES[mode](lambda argument: tf.convert_to_tensor(piece.subject(argument)))
        for argument in arguments:
            expected = tf.convert_to_tensor(piece.subject(argument))
            assert_near(compiled(argument), expected, f"of {argument.numpy().tolist()}, {mode} mode beside eager")
        if compiled.experimental_get_tracing_count() != 1:
            raise AssertionError(f"it was traced {compiled.experimental_get_tracing_count()} times")


def _weights() -> Iterator[tf.Variable]:
    for dtype in DTYPES:
        for values in (WEIGHTS, WEIGHTS[0]):
            yield tf.Variable(values, dtype=dtype)


def _step(step: int) -> Any:
    return tf.constant(step, tf.float64)
