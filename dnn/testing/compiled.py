"""Laws of a piece that is compiled: it gives what it gives eagerly, and it is compiled once."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from dnn.ops.calling import MODES
from dnn.ops.comparing import assert_all_near, dtype_and_shape
from dnn.testing.examples import ROWS, with_nan
from dnn.testing.law import law
from dnn.testing.pieces import Activation, Layer, Loss, Piece
from dnn.train.runtime import Compiled, check_xla_kernels, missing_xla_kernels

LEAVE_OUT_XLA = "pass xla=False, which leaves this law out (`fit` runs it in graph mode)"
TF_FUNCTION = tf.types.experimental.PolymorphicFunction


@law
def one_trace_agrees(piece: Piece) -> None:
    """Traced once, for batches of any size, it gives what it gives eagerly, call after call, values and gradients."""
    _assert_its_own_functions_are_not_traced_again(piece)  # first: once traced for any size, they stay so
    _assert_agrees(piece, "graph", piece.specs(), (ROWS, 1, 2), frozenset())


@law
def xla_agrees(piece: Piece) -> None:
    """XLA compiles it, and then it gives what it gives eagerly, call after call, values and gradients.

    A layer draws other random numbers under XLA: of these results in training, dtype and shape are compared.
    """
    try:
        _assert_agrees(piece, "xla", piece.specs(ROWS), (ROWS,) * 3, piece.random_results())
    except tf.errors.OpError as error:
        lacked = missing_xla_kernels(error)
        if not lacked:
            raise
        raise AssertionError(f"XLA has no kernel for {', '.join(lacked)}: {LEAVE_OUT_XLA}") from None


def with_gradients(
    function: Any, inputs: Sequence[Any], without: frozenset[str] | set[str] = frozenset()
) -> dict[str, tf.Tensor]:
    """Return the results of a module, and the gradients of Σ r³ / 3 over all numbers r of them, each by its name.

    Cubes, since the sum of some layers' results, or that of the squares, hardly depends on x: softmax, normalization.

    Args:
        function: A tf.Module that gives a dict of tensors.
        inputs: Its arguments, tensors or arrays.
        without: Names of results that the gradients leave out.

    Returns:
        The results; the gradient by the last input, "gradient by the last argument"; and that by each trainable
        variable, as "gradient by variable 0, kernel:0". It is 0 where nothing depends on it.
    """
    *others, last = [tf.convert_to_tensor(array) for array in inputs]
    with tf.GradientTape() as tape:
        tape.watch(last)
        results = function(*others, last)
        cubes = [tf.reduce_sum(tf.cast(r, last.dtype) ** 3) for name, r in results.items() if name not in without]
        total = tf.add_n(cubes) / 3
    sources = {"gradient by the last argument": last}
    for index, variable in enumerate(function.trainable_variables):
        sources[f"gradient by variable {index}, {variable.name}"] = variable
    return {**results, **tape.gradient(total, sources, unconnected_gradients=tf.UnconnectedGradients.ZERO)}


def _assert_agrees(
    piece: Piece, mode: str, traced_for: Sequence[tf.TensorSpec], sizes: Sequence[int], random: frozenset[str]
) -> None:
    """Compare calls of `sizes` rows, and then one with a NaN, whose gradients are not compared.

    It is traced before the first call, or TensorFlow would warn of a first call that traces, piece after piece.
    """
    has_gradients = isinstance(piece, Activation | Layer | Loss)
    eager, module = piece.fresh(), piece.fresh()

    def call(module: tf.Module, examples: Sequence[Any]) -> dict[str, tf.Tensor]:
        return with_gradients(module, examples, random) if has_gradients else module(*examples)

    @MODES[mode]
    def compiled(*examples: Any) -> dict[str, tf.Tensor]:
        return call(module, examples)

    _trace(compiled, traced_for, mode)
    for number, rows in enumerate(sizes, start=1):
        batch = [array[:rows] for array in piece.examples]
        actual, expected = compiled(*batch), call(eager, batch)
        for name in random:
            if dtype_and_shape(actual[name]) != dtype_and_shape(expected.pop(name)):
                raise AssertionError(f"{name}, {mode} mode: {dtype_and_shape(actual[name])}")
        assert_all_near(actual, expected, f"call {number}, {rows} rows, {mode} mode beside eager")
    if has_gradients:
        nan = with_nan(piece.examples)
        expected = {name: result for name, result in eager(*nan).items() if name not in random}
        assert_all_near(compiled(*nan), expected, f"of a NaN, {mode} mode beside eager")
    if compiled.experimental_get_tracing_count() != 1:
        raise AssertionError(f"it was traced {compiled.experimental_get_tracing_count()} times")


def _trace(compiled: Any, specs: Sequence[tf.TensorSpec], mode: str) -> None:
    """Trace, and refuse what XLA has no kernel for: to try it would fill the log with pages."""
    graph = compiled.get_concrete_function(*specs)
    if mode == "xla":
        check_xla_kernels(Compiled(graph))


def _assert_its_own_functions_are_not_traced_again(piece: Piece) -> None:
    """From two sizes of a batch, a tf.function of the piece's own can learn that they vary: see `reduce_retracing`."""
    module, counts = piece.fresh(), []
    for sizes in ((3, 4), (5, 6)):
        for rows in sizes:
            module(*(array[:rows] for array in piece.examples))
        counts.append([function.experimental_get_tracing_count() for function in _functions_of(module)])
    if counts[0] != counts[1]:
        raise AssertionError(f"each call traces its own tf.functions again: {counts[0]} traces, then {counts[1]}")


def _functions_of(module: tf.Module) -> list[Any]:
    """Return the tf.functions among the attributes and the methods of the module and of those in it."""
    found = []
    for part in (module, *module.submodules):
        methods = [name for name, value in vars(type(part)).items() if isinstance(value, TF_FUNCTION)]
        found += [getattr(part, name) for name in methods]
        found += [value for value in vars(part).values() if isinstance(value, TF_FUNCTION)]
    return found
