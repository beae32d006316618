"""Laws of a piece that is compiled: it gives what it gives eagerly, and it is compiled once."""

import tensorflow as tf

from dnn.testing.examples import ROWS, with_nan
from dnn.testing.law import law
from dnn.testing.modes import MODES, assert_all_near, described, with_gradients
from dnn.testing.pieces import Activation, Layer, Loss, Piece
from dnn.train.runtime import Compiled, check_xla_kernels, missing_xla_kernels

REMEDY = "pass xla=False, which leaves this law out (`fit` runs it in graph mode)"
TF_FUNCTION = tf.types.experimental.PolymorphicFunction


@law
def one_trace_agrees(piece):
    """Traced once, for batches of any size, it gives what it gives eagerly, call after call, values and gradients."""
    _assert_its_own_functions_are_not_traced_again(piece)  # first: once traced for any size, they stay so
    _assert_agrees(piece, "graph", specs(piece), (ROWS, 1, 2))


@law
def xla_agrees(piece):
    """XLA compiles it, and then it gives what it gives eagerly, call after call, values and gradients.

    What a layer draws in training is other under XLA: of that, dtype and shape are compared.
    """
    try:
        _assert_agrees(piece, "xla", specs(piece, ROWS), (ROWS,) * 3, piece.drawn())
    except tf.errors.OpError as error:
        lacked = missing_xla_kernels(error)
        if not lacked:
            raise
        raise AssertionError(f"XLA has no kernel for {', '.join(lacked)}: {REMEDY}") from None


def specs(piece: Piece, rows: int | None = None) -> list[tf.TensorSpec]:
    """What the examples are, of any number of rows where none is given."""
    return [tf.TensorSpec([rows, *array.shape[1:]], array.dtype) for array in piece.examples]


def _assert_agrees(piece, mode, traced, sizes, drawn=frozenset()):
    """In calls with so many rows each, and then with a NaN, of which the gradients are not compared.

    traced: for what it is traced, once. It is traced before the first call, or TensorFlow would warn of a first call
    that traces, piece after piece.
    """
    has_gradients = isinstance(piece, Activation | Layer | Loss)
    eager, module = piece.fresh(), piece.fresh()

    def called(module, examples):
        return with_gradients(module, examples, drawn) if has_gradients else module(*examples)

    @MODES[mode]
    def compiled(*examples):
        return called(module, examples)

    _trace(compiled, traced, mode)
    for call, rows in enumerate(sizes, start=1):
        batch = [array[:rows] for array in piece.examples]
        actual, expected = compiled(*batch), called(eager, batch)
        for name in drawn:
            if described(actual[name]) != described(expected.pop(name)):
                raise AssertionError(f"{name}, {mode} mode: {described(actual[name])}")
        assert_all_near(actual, expected, f"call {call}, {rows} rows, {mode} mode beside eager")
    if has_gradients:
        nan = with_nan(piece.examples)
        expected = {name: result for name, result in eager(*nan).items() if name not in drawn}
        assert_all_near(compiled(*nan), expected, f"of a NaN, {mode} mode beside eager")
    if compiled.experimental_get_tracing_count() != 1:
        raise AssertionError(f"it was traced {compiled.experimental_get_tracing_count()} times")


def _trace(compiled, specs, mode: str) -> None:
    """Raises: tf.errors.UnimplementedError, where XLA lacks an operation: to try it would fill the log with pages."""
    graph = compiled.get_concrete_function(*specs)
    if mode == "xla":
        check_xla_kernels(Compiled(graph))


def _assert_its_own_functions_are_not_traced_again(piece):
    """From two sizes of a batch, a tf.function of the piece's own can learn that they vary: see `reduce_retracing`."""
    module, counts = piece.fresh(), []
    for sizes in ((3, 4), (5, 6)):
        for rows in sizes:
            module(*(array[:rows] for array in piece.examples))
        counts.append([function.experimental_get_tracing_count() for function in _functions_of(module)])
    if counts[0] != counts[1]:
        raise AssertionError(f"each call traces its own tf.functions again: {counts[0]} traces, then {counts[1]}")


def _functions_of(module):
    """The tf.functions among the attributes and the methods of the module and of those in it."""
    found = []
    for part in (module, *module.submodules):
        methods = [name for name, value in vars(type(part)).items() if isinstance(value, TF_FUNCTION)]
        found += [getattr(part, name) for name in methods]
        found += [value for value in vars(part).values() if isinstance(value, TF_FUNCTION)]
    return found
