"""Laws of what a piece computes and remembers: nothing is compiled for them."""

import warnings

import numpy as np
import tensorflow as tf

from dnn.testing.examples import ROWS, with_nan
from dnn.testing.law import first_result, law, names_one_of, told
from dnn.testing.modes import EPSILON, assert_all_near, assert_near, described
from dnn.testing.pieces import Activation, Layer, Loss, Metric, Optimizer

CAST = (
    "Cast what it has no kernel for to float32, and the result back, as dnn/ops/README.md does (In C++, step 5): "
    "networks train in half precision too."
)
OTHER_DTYPE = (
    "Cast to the dtype of x, or refuse another with a TypeError that names x, as Dense does (dnn.nn.argument_checks)."
)


@law
def begins_the_same_each_time(piece):
    """Made twice, a piece begins with the same variables: their values come from a seed, and none is made later.

    A variable that is made by the first call is in no checkpoint before it, and makes a tf.function trace twice.
    """
    one, other = piece.fresh(), piece.fresh()
    if isinstance(piece, Layer | Optimizer) and {id(v) for v in one.variables} & {id(v) for v in other.variables}:
        raise AssertionError("make gave the same object twice; it must give a new one, with new variables, each time")
    for place, (a, b) in enumerate(zip(one.variables, other.variables, strict=True)):
        assert_near(a, b, f"variable {place}, {a.name}, when made for the second time", ulps=0)
    before = {id(variable) for variable in one.variables}
    one(*piece.examples)
    later = [variable.name for variable in one.variables if id(variable) not in before]
    if later:
        raise AssertionError(f"the first call made variables, which belong in the constructor: {later}")


@law
def remembers_in_variables_alone(piece):
    """From the same variables the same call gives the same bits: no count in a Python number, no global generator."""
    module = piece.fresh()
    before = [variable.numpy() for variable in module.variables]
    expected = module(*piece.examples)
    for variable, value in zip(module.variables, before, strict=True):
        variable.assign(value)
    assert_all_near(module(*piece.examples), expected, "called a second time", ulps=0)


@law
def keeps_the_dtype(piece):
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
            raise AssertionError(f"{described(x)} gives {told(error)}\n{remedy}") from error
        for name, result in results.items():
            if result.dtype != dtype or (isinstance(piece, Activation) and result.shape != x.shape):
                raise AssertionError(f"{name} of {described(x)} is {described(result)}\n{remedy}")


@law
def treats_each_row_alone(piece):
    """Outside training a row gives the same whatever rows are beside it, one for each row, and also if it is alone."""
    expected = first_result(piece, piece.examples)
    if isinstance(piece, Loss | Metric) and expected.shape != [ROWS]:
        raise AssertionError(f"a loss or a metric gives one number for each row, [{ROWS}], got {described(expected)}")
    for rows in (1, 2):
        result = first_result(piece, [array[:rows] for array in piece.examples])
        assert_near(result, expected[:rows], f"{rows} of {ROWS} rows")


@law
def has_finite_gradients(piece):
    """Every trainable variable and the last argument have a gradient, and it is finite."""
    module, (*others, last) = piece.fresh(), [tf.constant(array) for array in piece.examples]
    sources = {f"variable {place}, {v.name}": v for place, v in enumerate(module.trainable_variables)}
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
def keeps_nan(piece):
    """A NaN in a row gives a NaN in the result of that row and of no other, so that a network that diverged is seen."""
    is_nan = np.isnan(first_result(piece, with_nan(piece.examples))).reshape(ROWS, -1).any(axis=1)
    if is_nan.tolist() != [True] + [False] * (ROWS - 1):
        raise AssertionError(f"row 0 of {ROWS} has a NaN; in the result these have one: {np.flatnonzero(is_nan)}")


@law
def moves_every_parameter(piece):
    """Four steps change every parameter, and leave finite numbers."""
    step = piece.fresh()
    before = [step.kernel.numpy(), step.bias.numpy()]
    for _ in range(4):
        after = step(*piece.examples)
    for (name, value), old in zip(after.items(), before, strict=True):
        if np.equal(value, old).all():
            raise AssertionError(f"{name} is as it was at first: {old.tolist()}")
        if not np.isfinite(value).all():
            raise AssertionError(f"{name} is {value.numpy().tolist()}")


@law
def scores_one_row(piece):
    """One row has a score, of the shape that seven have; it may be NaN, and come with a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, all_rows = (np.asarray(piece.subject(*(array[:rows] for array in piece.examples))) for rows in (1, ROWS))
    if one.shape != all_rows.shape:
        raise AssertionError(f"the score of 1 row has shape {one.shape}, that of {ROWS} rows {all_rows.shape}")


@law
def scores_rows_in_any_order(piece):
    """The score of the rows in another order is the same."""
    order = np.random.default_rng(0).permutation(ROWS)
    result = piece.subject(*(array[order] for array in piece.examples))
    assert_near(result, piece.subject(*piece.examples), f"the score of rows {order.tolist()}")
