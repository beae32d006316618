"""Cross-entropy: values and derivatives of both orders against Keras, float64 and finite differences."""

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from keras_peer import value_and_gradient
from modes import MODES
from tolerance import assert_losses_near, assert_near

from dnn.nn.losses import softmax_cross_entropy, sparse_softmax_cross_entropy

EPS = float(np.finfo(np.float32).eps)
SMALL = st.floats(-30, 30, width=32, allow_subnormal=False)
HUGE = st.floats(-(2.0**126), 2.0**126, width=32, allow_subnormal=False)  # ±8.5e37: a difference is still a float32

in_every_mode = pytest.mark.parametrize("mode", MODES)


@st.composite
def labels_and_logits(draw, elements=SMALL | HUGE):
    rows, classes = draw(st.integers(1, 6)), draw(st.integers(2, 6))
    logits = draw(hnp.arrays(np.float32, (rows, classes), elements=elements))
    return draw(hnp.arrays(np.int32, rows, elements=st.integers(0, classes - 1))), logits


@st.composite
def targets_and_logits(draw, elements=SMALL | HUGE):
    """Soft targets: n_j / Σ n, of whole numbers n, some of them 0."""
    labels, logits = draw(labels_and_logits(elements))
    counts = draw(hnp.arrays(np.float32, logits.shape, elements=st.integers(0, 9)))
    counts[np.arange(len(labels)), labels] += 1
    return counts / counts.sum(axis=1, keepdims=True), logits


def exact_loss(targets, logits):
    """Σ_j t_j (logsumexp z − z_j) in float64, by SciPy's logsumexp."""
    z = logits.astype(np.float64)
    return (targets * (scipy.special.logsumexp(z, axis=1, keepdims=True) - z)).sum(axis=1)


def one_hot(labels, classes):
    return np.eye(classes)[labels]


@given(labels_and_logits())
def test_the_sparse_loss_is_keras_s_and_the_float64_value(example):
    labels, logits = example
    losses = sparse_softmax_cross_entropy(labels, logits)
    assert_losses_near(losses, exact_loss(one_hot(labels, logits.shape[1]), logits), logits)
    assert_losses_near(losses, keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True), logits)


@given(targets_and_logits())
def test_the_loss_of_soft_targets_is_keras_s_and_the_float64_value(example):
    targets, logits = example
    losses = softmax_cross_entropy(targets, logits)
    assert_losses_near(losses, exact_loss(targets, logits), logits, ulps=16)
    assert_losses_near(losses, keras.losses.categorical_crossentropy(targets, logits, from_logits=True), logits,
                       ulps=16)  # fmt: skip


@given(labels_and_logits())
def test_the_sparse_gradient_is_softmax_minus_one_hot_and_keras_s(example):
    labels, logits = example
    _, gradient = value_and_gradient(lambda z: sparse_softmax_cross_entropy(labels, z), logits)
    formula = scipy.special.softmax(logits.astype(np.float64), axis=1) - one_hot(labels, logits.shape[1])
    assert_near(gradient, formula, absolute=8 * EPS)
    _, keras_s = value_and_gradient(
        lambda z: keras.losses.sparse_categorical_crossentropy(labels, z, from_logits=True), logits
    )
    assert_near(gradient, keras_s, absolute=8 * EPS)


@given(targets_and_logits())
def test_the_gradient_of_soft_targets_is_softmax_minus_target_and_keras_s(example):
    targets, logits = example
    _, gradient = value_and_gradient(lambda z: softmax_cross_entropy(targets, z), logits)
    assert_near(gradient, scipy.special.softmax(logits.astype(np.float64), axis=1) - targets, absolute=8 * EPS)
    _, keras_s = value_and_gradient(
        lambda z: keras.losses.categorical_crossentropy(targets, z, from_logits=True), logits
    )
    assert_near(gradient, keras_s, absolute=8 * EPS)


@given(labels_and_logits())
def test_class_numbers_and_their_one_hot_targets_have_the_same_loss(example):
    labels, logits = example
    np.testing.assert_array_equal(
        sparse_softmax_cross_entropy(labels, logits), softmax_cross_entropy(one_hot(labels, logits.shape[1]), logits)
    )


@given(targets_and_logits(st.integers(-60, 60)), st.integers(-1000, 1000))
def test_a_loss_does_not_change_when_all_logits_move(example, shift):
    """Integers, so that z + shift is exact, and so must be the result."""
    targets, logits = example
    moved = softmax_cross_entropy(targets, logits + np.float32(shift))
    np.testing.assert_array_equal(moved, softmax_cross_entropy(targets, logits))


@given(labels_and_logits())
def test_a_loss_is_never_negative_and_never_nan(example):
    losses = sparse_softmax_cross_entropy(*example).numpy()
    assert (losses >= 0).all()
    assert not np.signbit(losses).any()  # −0.0 would be printed as "-0.0000"


@given(targets_and_logits(SMALL), st.data())
def test_both_orders_of_derivatives_are_the_finite_differences(example, data):
    """Of Σ l²/2, in float64, by central differences of 1e-5: their error is about 1e-10 times the third derivative."""
    targets, logits = example
    z = logits.astype(np.float64) / 10
    direction = data.draw(hnp.arrays(np.float64, z.shape, elements=st.floats(-1, 1)))

    def half_square(z):
        return tf.reduce_sum(softmax_cross_entropy(targets, z) ** 2) / 2

    def slope(z):
        """Along the direction."""
        z = tf.convert_to_tensor(z)
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = half_square(z)
        return tf.reduce_sum(tape.gradient(value, z) * direction)

    step = 1e-5 * direction
    assert_near(slope(z), (half_square(z + step) - half_square(z - step)) / 2e-5, absolute=1e-6)
    _, curvature = value_and_gradient(slope, z)
    by_differences = (slope(z + step) - slope(z - step)) / 2e-5
    assert_near(np.sum(curvature * direction), by_differences, absolute=1e-6)


@in_every_mode
def test_the_second_derivative_is_the_covariance_of_softmax(mode):
    """∂²l/∂z∂z = diag(p) − p pᵀ: here for p = (1/2, 1/4, 1/4)."""
    z = tf.constant([[np.log(2), 0, 0]], tf.float64)

    def hessian(z):
        with tf.GradientTape() as outer:
            outer.watch(z)
            with tf.GradientTape() as inner:
                inner.watch(z)
                loss = sparse_softmax_cross_entropy([1], z)
            gradient = inner.gradient(loss, z)
        return outer.jacobian(gradient, z)

    expected = np.array([[4, -2, -2], [-2, 3, -1], [-2, -1, 3]]) / 16
    assert_near(tf.squeeze(MODES[mode](hessian)(z)), expected, dtype=np.float64, absolute=1e-16)


@in_every_mode
def test_extreme_logits_have_exact_losses_and_gradients(mode):
    z = np.array([[1e38, -1e38], [1e38, -1e38], [-1e38, -1e38], [1e38, 0]], np.float32)
    labels = np.array([0, 1, 1, 0])
    value, gradient = value_and_gradient(MODES[mode](lambda z: sparse_softmax_cross_entropy(labels, z)), z)
    assert_near(value, [0, 2e38, np.log(2), 0])
    np.testing.assert_array_equal(gradient, [[0, 0], [1, -1], [0.5, -0.5], [0, 0]])


@in_every_mode
def test_where_the_difference_of_logits_overflows_only_its_own_class_loses(mode):
    z = np.array([[3e38, -3e38], [3e38, -3e38], [0, -np.inf]], np.float32)
    value, gradient = value_and_gradient(MODES[mode](lambda z: sparse_softmax_cross_entropy([0, 1, 0], z)), z)
    np.testing.assert_array_equal(value, [0, np.inf, 0])
    np.testing.assert_array_equal(gradient, [[0, 0], [1, -1], [0, 0]])


LABELS = np.array([0, 4, 2, 2])
COMPILED = {name: mode(lambda z: sparse_softmax_cross_entropy(LABELS, z)) for name, mode in MODES.items()}


@in_every_mode
@given(z=hnp.arrays(np.float32, (4, 5), elements=SMALL | HUGE))
def test_every_mode_computes_the_same(mode, z):
    expected, expected_gradient = value_and_gradient(lambda z: sparse_softmax_cross_entropy(LABELS, z), z)
    value, gradient = value_and_gradient(COMPILED[mode], z)
    assert_losses_near(value, expected, z)
    assert_near(gradient, expected_gradient, absolute=16 * EPS)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64])
def test_labels_of_every_integer_dtype_are_the_same_labels(dtype):
    z = np.array([[0, 1, 2], [3, 0, 3]], np.float32)
    expected = sparse_softmax_cross_entropy([2, 0], z)
    np.testing.assert_array_equal(sparse_softmax_cross_entropy(np.array([2, 0], dtype), z), expected)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.bool_])
def test_one_hot_targets_of_every_dtype_are_the_same_targets(dtype):
    """np.eye(2)[labels] is float64, beside float32 logits."""
    z = np.array([[0, 1, 2], [3, 0, 3]], np.float32)
    targets = np.array([[0, 0, 1], [1, 0, 0]], dtype)
    losses = softmax_cross_entropy(targets, z)
    assert losses.dtype == tf.float32
    np.testing.assert_array_equal(losses, sparse_softmax_cross_entropy([2, 0], z))


def test_float64_logits_have_a_float64_loss():
    loss = sparse_softmax_cross_entropy([1], np.array([[1.0, 2.0, 3.0]]))
    assert_near(loss, [np.log(np.exp(1) + np.exp(2) + np.exp(3)) - 2], dtype=np.float64)


@pytest.mark.parametrize("labels", [[0.99999, 1.0], [True, False], ["no", "yes"]])
def test_labels_that_are_no_integers_are_refused(labels):
    with pytest.raises(TypeError, match=r"labels must be integers, got (float32|bool|string)"):
        sparse_softmax_cross_entropy(labels, np.zeros((2, 2), np.float32))


def test_a_column_of_labels_is_refused():
    """Broadcast, [2, 1] labels would give a [2, 2] loss."""
    with pytest.raises(ValueError, match=r"labels must be \[batch\], got \(2, 1\)"):
        sparse_softmax_cross_entropy([[0], [1]], np.zeros((2, 2), np.float32))


@pytest.mark.parametrize("targets", [(2,), (2, 1), (1, 2), (3, 2), (2, 2, 1)])
def test_targets_of_another_shape_are_refused_rather_than_broadcast(targets):
    with pytest.raises(ValueError, match=r"must be \[batch, classes\], got \(.*\) and \(2, 2\)"):
        softmax_cross_entropy(np.ones(targets), np.zeros((2, 2), np.float32))


@pytest.mark.parametrize(("labels", "logits"), [(3, (2, 2)), (2, (2,)), (2, (2, 2, 2))])
def test_labels_that_do_not_pair_with_the_logits_are_refused(labels, logits):
    with pytest.raises(ValueError, match=r"must be \[batch, classes\], got"):
        sparse_softmax_cross_entropy(np.zeros(labels, np.int32), np.zeros(logits, np.float32))
