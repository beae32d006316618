"""The fused layer normalization: against NumPy and the package's own in float64, and finite differences."""

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from needs_compiler import needs_compiler
from tolerance import assert_near

import dnn
from dnn.kernels.compiled import compiled_ops
from dnn.kernels.layer_normalization import SOURCE, FusedLayerNormalization, fused_layer_normalization
from dnn.testing import Floats, check_op

pytestmark = needs_compiler


def in_float64(x, gamma, beta, y_gradient, epsilon):
    """(y, ∂x, ∂γ, ∂β) by NumPy, of the matrix whose product with ∂y the derivative by x is."""
    x, gamma, beta, dy = (np.asarray(a, np.float64) for a in (x, gamma, beta, y_gradient))
    d = x - x.mean(axis=-1, keepdims=True)
    d -= d.mean(axis=-1, keepdims=True)
    r = 1 / np.sqrt((d**2).mean(axis=-1, keepdims=True) + epsilon)
    n, size = d * r, x.shape[-1]
    jacobian = r[..., np.newaxis] * (np.eye(size) - 1 / size - n[..., :, np.newaxis] * n[..., np.newaxis, :] / size)
    dx = ((gamma * dy)[..., np.newaxis, :] @ jacobian)[..., 0, :]
    rows = tuple(range(x.ndim - 1))
    return n * gamma + beta, dx, (n * dy).sum(axis=rows), dy.sum(axis=rows)


def fused(x, gamma, beta, y_gradient, epsilon):
    arguments = [tf.constant(a) for a in (x, gamma, beta)]
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        y = fused_layer_normalization(*arguments, epsilon=epsilon)
    return [a.numpy() for a in (y, *tape.gradient(y, arguments, output_gradients=tf.constant(y_gradient)))]


@given(
    shape=st.lists(st.integers(1, 6), max_size=2).map(tuple),
    size=st.integers(1, 70),
    seed=st.integers(0, 2**32 - 1),
    spread=st.sampled_from([0.0, 1e-3, 1.0, 1e4]),
    mean=st.sampled_from([0.0, 1.0, 1e4]),
    epsilon=st.sampled_from([1e-6, 1e-3]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_values_and_gradients_are_those_of_float64(shape, size, seed, spread, mean, epsilon, dtype):
    """A rounded input has no other error than a few units in the last place of what is summed."""
    random = np.random.default_rng(seed)
    x = (mean + spread * random.normal(size=(*shape, size))).astype(dtype)
    gamma, beta, y_gradient = (random.normal(size=s).astype(dtype) for s in (size, size, x.shape))
    expected = in_float64(x, gamma, beta, y_gradient, epsilon)
    rows = int(np.prod(shape))
    slope = 1 / np.sqrt(epsilon)  # at the most of x's
    for ours, exact, scale in zip(fused(x, gamma, beta, y_gradient, epsilon), expected, (4, slope, 4, 4), strict=True):
        assert ours.dtype == dtype
        absolute = 20 * np.finfo(dtype).eps * scale * (1 if exact.shape == x.shape else rows)
        assert_near(ours, exact, ulps=8, dtype=dtype, absolute=absolute)


def test_beside_a_large_mean_it_is_right_to_the_last_digits():
    """The deviations from a mean of 1,000 would be wrong by 3e-5, if the mean were one float32."""
    x = (1000 + np.random.default_rng(0).normal(size=(50, 40))).astype(np.float32)
    gamma, beta = np.ones(40, np.float32), np.zeros(40, np.float32)
    exact = in_float64(x, gamma, beta, x, 1e-3)[0]
    assert_near(fused_layer_normalization(x, gamma, beta), exact, absolute=4 * np.finfo(np.float32).eps)


def test_the_mean_of_float64_is_exact_beyond_its_last_place():
    """Rounded to float64, a mean of 1e12 is wrong by 1e-4: as much as the deviations then were."""
    x = 1e12 + np.random.default_rng(3).normal(size=(20, 37))
    d = np.array([[float(Fraction(value) - sum(map(Fraction, row)) / 37) for value in row] for row in x.tolist()])
    exact = d / np.sqrt((d**2).mean(axis=1, keepdims=True) + 1e-3)
    assert_near(
        fused_layer_normalization(x, np.ones(37), np.zeros(37)), exact, ulps=8, dtype=np.float64, absolute=1e-15
    )


@pytest.mark.parametrize("size", [3, 40])
def test_deviations_whose_squares_overflow_are_divided_by_infinity(size):
    x = np.resize([1e200, -1e200, 1e200], (2, size))
    ones = np.ones(size)
    y, dx, d_gamma, d_beta = fused(x, ones, 5 * ones, np.ones((2, size)), 1e-3)
    np.testing.assert_array_equal(y, dnn.layer_normalization(x, ones, 5 * ones))
    for ours, exact in ((y, 5), (dx, 0), (d_gamma, 0), (d_beta, 2)):
        np.testing.assert_array_equal(ours, np.full_like(ours, exact))


def test_the_gradient_is_that_of_finite_differences():
    random = np.random.default_rng(1)
    arguments = [tf.constant(random.normal(size=shape)) for shape in ((3, 5), 5, 5)]
    theory, numeric = tf.test.compute_gradient(
        lambda x, g, b: tf.sin(fused_layer_normalization(x, g, b)), arguments, 1e-5
    )
    for ours, by_differences in zip(theory, numeric, strict=True):
        np.testing.assert_allclose(ours, by_differences, atol=1e-8)


def test_the_layer_keeps_the_laws_of_a_layer():
    dnn.testing.check_layer(lambda: FusedLayerNormalization(4), xla=False)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_nan_in_its_own_row_alone(value):
    x = np.array([[1, value, 2], [1, 2, 3]], np.float32)
    y = fused_layer_normalization(x, np.ones(3, np.float32), np.zeros(3, np.float32)).numpy()
    assert np.isnan(y[0]).all()
    assert np.isfinite(y[1]).all()


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (0, 0), (0, 2, 4), (2, 0, 4), (0,)])
def test_nothing_gives_nothing(shape):
    vector = np.ones(shape[-1], np.float32)
    y, dx, d_gamma, d_beta = fused(np.zeros(shape, np.float32), vector, vector, np.zeros(shape, np.float32), 1e-3)
    assert y.shape == dx.shape == shape
    np.testing.assert_array_equal([d_gamma, d_beta], np.zeros((2, shape[-1])))


def test_the_shape_is_known_before_the_batch_is():
    for shape in ([None, 4], [None, None, 4], [2, None]):
        signature = [tf.TensorSpec(shape), tf.TensorSpec([4]), tf.TensorSpec([4])]
        traced = tf.function(fused_layer_normalization, input_signature=signature).get_concrete_function()
        assert traced.output_shapes.as_list() == [*shape[:-1], 4]


def test_shapes_that_do_not_fit_are_refused_by_the_shape_function_and_by_the_kernel():
    x, three, four = tf.zeros([2, 3]), tf.zeros([3]), tf.zeros([4])
    unknown = tf.function(fused_layer_normalization, input_signature=[tf.TensorSpec(None)] * 3)
    for gamma, beta in ((four, four), (three, four), (tf.zeros([1, 3]), three)):
        with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match=r"(?i)must be|dimension|rank"):
            tf.function(fused_layer_normalization)(x, gamma, beta)
        for call in (fused_layer_normalization, unknown):
            with pytest.raises(tf.errors.InvalidArgumentError, match=r"x must be \[..., size\], gamma and beta "):
                call(x, gamma, beta)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"y_gradient and x must be \[..., size\]"):
        compiled_ops(SOURCE).dnn_layer_normalization_grad(
            y_gradient=x, x=x, gamma=three, statistics=tf.zeros([2, 2], tf.float64)
        )
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"y_gradient and x must be \[..., size\]"):
        compiled_ops(SOURCE).dnn_layer_normalization_grad(
            y_gradient=tf.zeros([3, 3]), x=x, gamma=three, statistics=tf.zeros([2, 3], tf.float64)
        )


def test_wrong_arguments_are_named():
    with pytest.raises(TypeError, match="x must be float32 or float64, got int32"):
        fused_layer_normalization([1], [1.0], [1.0])
    wide = tf.ones([1], tf.float64)
    for gamma, beta, got in ((wide, [1.0], "float64 and float32"), ([1.0], wide, "float32 and float64")):
        for call in (fused_layer_normalization, tf.function(fused_layer_normalization, autograph=False)):
            with pytest.raises(TypeError, match=f"gamma and beta must be float32, as x, got {got}"):
                call(tf.ones([1, 1]), gamma, beta)
    with pytest.raises(TypeError, match="dtype must be float32 or float64, got float16"):
        FusedLayerNormalization(3, dtype=tf.float16)
    with pytest.raises(TypeError, match="x must be float32, got float64"):
        FusedLayerNormalization(3)(np.ones((1, 3)))
    with pytest.raises(ValueError, match=r"x must be \[..., 3\], got shape \(1, 2\)"):
        FusedLayerNormalization(3)([[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"x must be \[..., size\], got shape \(\)"):
        fused_layer_normalization(1.0, [1.0], [1.0])
    with pytest.raises(ValueError, match="size and epsilon must be positive, got 0 and 0.001"):
        FusedLayerNormalization(0)


def test_a_second_derivative_is_refused():
    x, vector = tf.constant([[1.0, 2.0]]), tf.ones([2])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = fused_layer_normalization(x, vector, vector)
        gradient = inner.gradient(y, x)
    with pytest.raises(LookupError, match="DnnLayerNormalizationGrad"):
        outer.gradient(gradient, x)


def test_many_threads_with_arguments_of_their_own_give_what_each_gives_alone():
    random = np.random.default_rng(2)
    shapes = [((rows, 33), 33, 33, (rows, 33)) for rows in range(385, 417)]
    cases = [[random.normal(size=shape).astype(np.float32) for shape in case] for case in shapes]
    alone = [fused(*case, 1e-3) for case in cases]
    with ThreadPoolExecutor(8) as pool:
        for i, results in enumerate(pool.map(lambda i: fused(*cases[i % 32], 1e-3), range(128))):
            for ours, expected in zip(results, alone[i % 32], strict=True):
                np.testing.assert_array_equal(ours, expected)


def test_it_keeps_the_laws_of_an_op():
    """Of at least two columns: one alone is its own mean."""
    arguments = (
        Floats(["batch", "size"], -9, 9, least=2),
        Floats(["size"], -9, 9, least=2),
        Floats(["size"], -9, 9, least=2),
    )
    check_op(fused_layer_normalization, dnn.layer_normalization, arguments, ulps=1024, calls=512)
