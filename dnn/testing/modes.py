"""The three ways TensorFlow runs a function, and how near two results must be: what the laws are built from."""

import functools
from types import MappingProxyType

import numpy as np
import tensorflow as tf

MODES = MappingProxyType(
    {"eager": lambda function: function, "graph": tf.function, "xla": functools.partial(tf.function, jit_compile=True)}
)

EPSILON = MappingProxyType({tf.bfloat16: 2.0**-7, tf.float16: 2.0**-10, tf.float32: 2.0**-23, tf.float64: 2.0**-52})


def with_gradients(function, inputs, without=frozenset()) -> dict[str, tf.Tensor]:
    """The results of function(*inputs), and the gradients of Σ r³/3 over all numbers r of them, each by its name.

    Cubes, since the sum of some layers, or that of the squares, hardly depends on x: softmax, normalization.
    function: a tf.Module that gives a dict of tensors. The gradients are those by the last input, and by each
    trainable variable; 0 where nothing depends on it.
    without: names of results that the gradients leave out.
    """
    *others, last = [tf.convert_to_tensor(array) for array in inputs]
    with tf.GradientTape() as tape:
        tape.watch(last)
        results = function(*others, last)
        cubes = [tf.reduce_sum(tf.cast(r, last.dtype) ** 3) for name, r in results.items() if name not in without]
        total = tf.add_n(cubes) / 3
    sources = {"gradient by the last argument": last}
    for place, variable in enumerate(function.trainable_variables):
        sources[f"gradient by variable {place}, {variable.name}"] = variable
    return {**results, **tape.gradient(total, sources, unconnected_gradients=tf.UnconnectedGradients.ZERO)}


def assert_near(actual, expected, what: str, *, ulps: float = 64) -> None:
    """Same dtype and shape, NaN and ±inf in the same places, and every number within `ulps` units in the last place.

    Of the largest number, or of 1, if that is more: what cancels between numbers of the size of 1 loses their digits.
    Raises: AssertionError with the place that is furthest off, and with both numbers.
    """
    actual, expected = (t if tf.is_tensor(t) else tf.constant(np.asarray(t)) for t in (actual, expected))
    if (actual.dtype, actual.shape) != (expected.dtype, expected.shape):
        raise AssertionError(f"{what}: {described(actual)} instead of {described(expected)}")
    unit = EPSILON.get(expected.dtype.real_dtype, 0.0)  # integers, truth values and words are equal
    actual, expected = (np.atleast_1d(tensor.numpy()) for tensor in (actual, expected))
    if not unit:
        return _assert_equal(actual, expected, what)
    actual, expected = (array.astype(np.result_type(array, np.float64)) for array in (actual, expected))
    allowed = ulps * unit * np.max(np.abs(expected), initial=1.0, where=np.isfinite(expected))
    with np.errstate(invalid="ignore"):
        off = np.where((actual == expected) | (np.isnan(actual) & np.isnan(expected)), 0.0, np.abs(actual - expected))
    off = np.where(np.isnan(off), np.inf, off)
    if off.size and off.max() > allowed:
        place = tuple(map(int, np.unravel_index(off.argmax(), off.shape)))
        raise AssertionError(f"{what}: {actual[place]} instead of {expected[place]} at {place}, {allowed:.1e} allowed")


def _assert_equal(actual: np.ndarray, expected: np.ndarray, what: str) -> None:
    places = np.argwhere(actual != expected)
    if len(places):
        place = tuple(map(int, places[0]))
        raise AssertionError(f"{what}: {actual[place]} instead of {expected[place]} at {place}")


def assert_all_near(actual: dict, expected: dict, where: str, *, ulps: float = 64) -> None:
    """`assert_near` for each result of `expected`, found in both by its name."""
    for name, result in expected.items():
        assert_near(actual[name], result, f"{name}, {where}", ulps=ulps)


def described(tensor) -> str:
    """Dtype and shape in one word: float32[7, 3]."""
    return f"{tensor.dtype.name}{list(tensor.shape)}"
