"""Laws of what a piece gives: values, dtypes, rows, gradients and NaN. Nothing is compiled for them."""

import numpy as np
import tensorflow as tf

from dnn.ops.calling import error_text
from dnn.ops.comparing import EPSILON, assert_near, dtype_and_shape
from dnn.testing.examples import ROWS, with_nan
from dnn.testing.law import first_result, law, names_one_of
from dnn.testing.pieces import Activation, Layer, Loss, Metric, Piece
from dnn.testing.score_piece import Score

CAST = (
    "Cast what it has no kernel for to float32, and the result back, as dnn/ops/README.md does (In C++, step 5): "
    "networks train in half precision too."
)
OTHER_DTYPE = (
    "Cast to the dtype of x, or refuse another with a TypeError that names x, as Dense does (dnn.nn.argument_checks)."
)


@law
def can_be_called(piece: Piece) -> None:
    """It can be made, and called with the examples, and gives tensors.

    A score gives a number or an array. This law is the first: what fails in it would fail in all the others.
    """
    if not callable(piece.subject):
        raise AssertionError(f"it must be {piece.requirement}, got {piece.subject!r}")
    try:
        module = piece.fresh()
    except Exception as error:
        raise AssertionError(f"it must be {piece.requirement}; {piece.subject!r} gives {error_text(error)}") from error
    examples = ", ".join(map(dtype_and_shape, piece.examples))
    try:
        results = module(*piece.examples)
    except Exception as error:
        raise AssertionError(f"it cannot be called with the examples, {examples}: {error_text(error)}") from error
    for name, result in results.items():
        if not tf.is_tensor(result) and not isinstance(piece, Score):
            raise AssertionError(f"the {name} must be a tensor, got {type(result).__name__}")


@law
def keeps_the_dtype(piece: Piece) -> None:
    """The result has the dtype of the argument; that of an activation has its shape too.

    A layer may instead refuse, by name, what is not of the dtype of its weights.
    """
    remedy = OTHER_DTYPE if isinstance(piece, Layer) else CAST
    for dtype in EPSILON:
        x = tf.cast(piece.examples[-1], dtype)
        try:
            results = piece.fresh()(x)
        except Exception as error:
            refused = isinstance(error, TypeError | ValueError) and names_one_of(piece.names()[-1], error)
            if isinstance(piece, Layer) and refused:
                continue
            raise AssertionError(f"{dtype_and_shape(x)} gives {error_text(error)}\n{remedy}") from error
        for name, result in results.items():
            if result.dtype != dtype or (isinstance(piece, Activation) and result.shape != x.shape):
                raise AssertionError(f"{name} of {dtype_and_shape(x)} is {dtype_and_shape(result)}\n{remedy}")


@law
def treats_each_row_alone(piece: Piece) -> None:
    """Outside training, what a row gives does not depend on the other rows, nor on whether there are others.

    A loss or a metric gives one number for each row.
    """
    expected = first_result(piece, piece.examples)
    if isinstance(piece, Loss | Metric) and expected.shape != [ROWS]:
        got = dtype_and_shape(expected)
        raise AssertionError(f"a loss or a metric gives one number for each row, [{ROWS}], got {got}")
    for rows in (1, 2):
        result = first_result(piece, [array[:rows] for array in piece.examples])
        assert_near(result, expected[:rows], f"{rows} of {ROWS} rows")


@law
def has_finite_gradients(piece: Piece) -> None:
    """Every trainable variable and the last argument have a gradient, and it is finite."""
    module, (*others, last) = piece.fresh(), [tf.constant(array) for array in piece.examples]
    sources = {f"variable {index}, {v.name}": v for index, v in enumerate(module.trainable_variables)}
    sources[piece.names()[-1][0]] = last
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(last)
        results = module(*others, last)
    for result_name, result in results.items():
        for name, gradient in tape.gradient(result, sources).items():
            if gradient is None:
                raise AssertionError(f"the {result_name} has no gradient by {name}")
            gradient = tf.convert_to_tensor(gradient).numpy()
            if not np.isfinite(gradient).all():
                raise AssertionError(f"the gradient of the {result_name} by {name} is not finite: {gradient.tolist()}")


@law
def keeps_nan(piece: Piece) -> None:
    """A NaN in a row gives a NaN in the result of that row and of no other, so that a network that diverged is seen."""
    is_nan = np.isnan(first_result(piece, with_nan(piece.examples))).reshape(ROWS, -1).any(axis=1)
    if is_nan.tolist() != [True] + [False] * (ROWS - 1):
        raise AssertionError(f"row 0 of {ROWS} has a NaN; in the result these have one: {np.flatnonzero(is_nan)}")
