"""Losses: values and derivatives of both orders against Keras, float64 and finite differences."""

import functools

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from keras_peer import value_and_gradient
from loss_examples import HUGE, PROBABILITIES, SMALL, labels_and_logits, pairs_of_outputs, targets_and_logits
from modes import MODES
from tolerance import assert_losses_near, assert_near

from dnn.nn.losses import binary_cross_entropy, mean_squared_error, softmax_cross_entropy, sparse_softmax_cross_entropy

EPS = float(np.finfo(np.float32).eps)

in_every_mode = pytest.mark.parametrize("mode", MODES)


def exact_loss(targets, logits, dtype=np.float64):
    """Σ_j t_j (logsumexp z − z_j) in float64, by SciPy's logsumexp."""
    z = logits.astype(dtype)
    return (targets * (scipy.special.logsumexp(z, axis=1, keepdims=True) - z)).sum(axis=1)


def one_hot(labels, classes):
    return np.eye(classes)[labels]


@given(labels_and_logits())
def test_the_sparse_loss_and_its_gradient_softmax_minus_one_hot_are_keras_s_and_the_float64_values(example):
    labels, logits = example
    loss, keras_s = sparse_softmax_cross_entropy, keras.losses.sparse_categorical_crossentropy
    value, gradient = value_and_gradient(functools.partial(loss, labels), logits)
    assert_losses_near(value, exact_loss(one_hot(labels, logits.shape[1]), logits), logits)
    formula = scipy.special.softmax(logits.astype(np.float64), axis=1) - one_hot(labels, logits.shape[1])
    assert_near(gradient, formula, absolute=8 * EPS)
    np.testing.assert_allclose(gradient.sum(axis=1, dtype=np.float64), 0, atol=4 * EPS)  # both sum to 1
    assert (value >= 0).all()
    assert not np.signbit(value).any()  # −0.0 would be printed as "-0.0000"
    value_of_keras, gradient_of_keras = value_and_gradient(lambda z: keras_s(labels, z, from_logits=True), logits)
    assert_losses_near(value, value_of_keras, logits)
    assert_near(gradient, gradient_of_keras, absolute=8 * EPS)


@given(targets_and_logits())
def test_the_loss_of_soft_targets_and_its_gradient_softmax_minus_target_are_keras_s_and_the_float64_values(example):
    targets, logits = example
    keras_s = keras.losses.categorical_crossentropy
    value, gradient = value_and_gradient(functools.partial(softmax_cross_entropy, targets), logits)
    assert_losses_near(value, exact_loss(targets, logits), logits, ulps=16)
    assert_near(gradient, scipy.special.softmax(logits.astype(np.float64), axis=1) - targets, absolute=8 * EPS)
    value_of_keras, gradient_of_keras = value_and_gradient(lambda z: keras_s(targets, z, from_logits=True), logits)
    assert_losses_near(value, value_of_keras, logits, ulps=16)
    assert_near(gradient, gradient_of_keras, absolute=8 * EPS)


@given(labels_and_logits())
def test_class_numbers_and_their_one_hot_targets_have_the_same_loss(example):
    labels, logits = example
    np.testing.assert_array_equal(
        sparse_softmax_cross_entropy(labels, logits), softmax_cross_entropy(one_hot(labels, logits.shape[1]), logits)
    )


@given(labels_and_logits())
def test_a_float32_loss_and_its_gradient_are_the_exact_ones_rounded_once(example):
    """However large the logits and however small the loss; SciPy's in np.longdouble, where the machine has one.

    Half an ulp, and a thousandth for the float64 before the rounding. TensorFlow flushes what is below 1e-38 to 0.
    """
    labels, logits = example
    rows, z = np.arange(len(labels)), logits.astype(np.longdouble)
    others = z - z[rows, labels][:, np.newaxis]
    others[rows, labels] = -np.inf
    exact = np.logaddexp(0, scipy.special.logsumexp(others, axis=1))
    slopes = scipy.special.softmax(z, axis=1)
    slopes[rows, labels] = 0
    slopes[rows, labels] = -slopes.sum(axis=1)
    value, gradient = value_and_gradient(functools.partial(sparse_softmax_cross_entropy, labels), logits)
    assert_near(value, exact, ulps=0.501, absolute=1e-37)
    assert_near(gradient, slopes, ulps=0.501, absolute=1e-37)


@in_every_mode
def test_a_masked_class_costs_nothing_as_another_and_all_as_the_label(mode):
    z = np.array([[0, -np.inf, 0], [0, -np.inf, 0], [np.inf, 0, 0], [-np.inf, -np.inf, -np.inf]], np.float32)
    loss = functools.partial(sparse_softmax_cross_entropy, np.array([0, 1, 0, 0]))
    value, gradient = value_and_gradient(MODES[mode](loss), z)
    assert_near(value, [np.log(2), np.inf, np.nan, np.nan])
    np.testing.assert_array_equal(gradient[:2], [[-0.5, 0, 0.5], [0.5, -1, 0.5]])


@given(targets_and_logits(st.integers(-60, 60)), st.integers(-1000, 1000))
def test_a_loss_does_not_change_when_all_logits_move(example, shift):
    """Integers, so that z + shift is exact, and so must be the result."""
    targets, logits = example
    moved = softmax_cross_entropy(targets, logits + np.float32(shift))
    np.testing.assert_array_equal(moved, softmax_cross_entropy(targets, logits))


@settings(max_examples=settings().max_examples // 2)
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
        with tf.GradientTape(persistent=True) as outer:
            outer.watch(z)
            with tf.GradientTape() as inner:
                inner.watch(z)
                loss = sparse_softmax_cross_entropy([1], z)
            slopes = tf.unstack(inner.gradient(loss, z)[0])
        return tf.concat([outer.gradient(slope, z) for slope in slopes], axis=0)

    expected = np.array([[4, -2, -2], [-2, 3, -1], [-2, -1, 3]]) / 16
    assert_near(MODES[mode](hessian)(z), expected, dtype=np.float64, absolute=1e-16)


@in_every_mode
def test_a_loss_and_its_gradient_keep_their_digits_when_they_are_tiny(mode):
    """Of two classes, l = ln(1 + e^−gap) and its derivative ∓1 / (1 + e^gap). Keras gives 0 for gaps from 17 on."""
    gap = np.repeat(np.array([1, 10, 17, 20, 40, 80], np.float32), 16)  # enough rows for the vectorised kernels
    z = np.stack([gap - 7, np.full_like(gap, -7)], axis=1)
    labels = np.zeros(len(gap), np.int32)
    value, gradient = value_and_gradient(MODES[mode](lambda z: sparse_softmax_cross_entropy(labels, z)), z)
    exact_gap = gap.astype(np.float64)
    assert_near(value, np.log1p(np.exp(-exact_gap)), ulps=8)
    slope = 1 / (1 + np.exp(exact_gap))
    assert_near(gradient, np.stack([-slope, slope], axis=1), ulps=8)


@given(st.integers(2, 6), st.integers(2, 6))
def test_logits_that_tie_share_the_gradient_alike(classes, ties):
    ties = min(classes, ties)
    z = np.where(np.arange(classes) < ties, 3, -np.inf).astype(np.float32)[np.newaxis]
    value, gradient = value_and_gradient(lambda z: sparse_softmax_cross_entropy([1], z), z)
    assert_near(value, [np.log(ties)])
    assert_near(gradient[0], np.where(np.arange(classes) < ties, 1 / ties, 0) - np.eye(classes)[1], absolute=EPS)


@in_every_mode
def test_a_nan_logit_is_never_hidden(mode):
    z = np.array([[np.nan, 0, 1], [0, np.nan, 1], [5, 0, np.nan]], np.float32)
    assert np.isnan(MODES[mode](sparse_softmax_cross_entropy)(tf.constant([0, 0, 0]), z)).all()


@in_every_mode
def test_extreme_logits_have_exact_losses_and_gradients(mode):
    """Where the difference of two logits overflows, only its own class loses: ∞."""
    z = [[1e38, -1e38], [1e38, -1e38], [-1e38, -1e38], [1e38, 0], [3e38, -3e38], [3e38, -3e38], [0, -np.inf]]
    labels = np.array([0, 1, 1, 0, 0, 1, 0])
    loss = MODES[mode](lambda z: sparse_softmax_cross_entropy(labels, z))
    value, gradient = value_and_gradient(loss, np.array(z, np.float32))
    assert_near(value, [0, 2e38, np.log(2), 0, 0, np.inf, 0])
    np.testing.assert_array_equal(gradient, [[0, 0], [1, -1], [0.5, -0.5], [0, 0], [0, 0], [1, -1], [0, 0]])


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


@pytest.mark.parametrize(
    ("loss", "targets", "name"),
    [
        (sparse_softmax_cross_entropy, np.zeros(2, np.int32), "logits"),
        (softmax_cross_entropy, np.ones((2, 3)), "logits"),
        (binary_cross_entropy, np.ones((2, 3)), "logits"),
        (mean_squared_error, np.ones((2, 3)), "predictions"),
    ],
)
def test_outputs_that_are_no_floats_are_refused_by_name(loss, targets, name):
    with pytest.raises(TypeError, match=f"{name} must be floats, got int32"):
        loss(targets, np.ones((2, 3), np.int32))


@pytest.mark.parametrize(
    ("loss", "targets"),
    [
        (sparse_softmax_cross_entropy, tf.TensorSpec([None], tf.int32)),
        (softmax_cross_entropy, tf.TensorSpec([None, None])),
        (softmax_cross_entropy, tf.TensorSpec([None, 3])),
    ],
    ids=["class numbers", "targets", "targets of 3 classes"],
)
def test_a_number_of_classes_that_a_trace_does_not_know_is_refused_by_name(loss, targets):
    with pytest.raises(ValueError, match=r"logits must have a known number of classes, got shape \(None, None\)"):
        tf.function(loss, autograph=False).get_concrete_function(targets, tf.TensorSpec([None, None]))


@in_every_mode
def test_a_label_that_is_no_class_costs_nan_and_its_gradient_is_nan_of_its_row_alone(mode):
    labels, logits = np.array([3, 1, -1, -7]), np.float32([[1, 2, 3]] * 4)
    loss = functools.partial(sparse_softmax_cross_entropy, ignore_class=-7)
    losses, gradient = value_and_gradient(MODES[mode](lambda z: loss(labels, z)), logits)
    np.testing.assert_array_equal(np.isnan(losses), [True, False, True, False])
    np.testing.assert_array_equal(np.isnan(gradient).all(axis=1), np.isnan(losses))
    assert np.isfinite(gradient[[1, 3]]).all()


def test_rows_that_do_not_pair_are_refused_also_beside_an_ignored_class():
    with pytest.raises(ValueError, match=r"logits must be \[batch, classes\], got \(2, 3\) beside labels \(1,\)"):
        sparse_softmax_cross_entropy([1], np.zeros((2, 3), np.float32), ignore_class=1)


@pytest.mark.parametrize("loss", [softmax_cross_entropy, binary_cross_entropy, mean_squared_error])
def test_targets_that_are_no_numbers_are_refused(loss):
    with pytest.raises(TypeError, match="targets must be numbers, got string"):
        loss(np.full((2, 3), "no"), np.ones((2, 3), np.float32))


SMOOTHING = st.sampled_from([0.0, 0.1, 0.5, 1.0])


@given(targets_and_logits(SMALL), SMOOTHING)
def test_smoothed_targets_are_keras_s_and_the_mixture_with_the_uniform_distribution(example, smoothing):
    targets, logits = example
    losses = softmax_cross_entropy(targets, logits, label_smoothing=smoothing)
    mixture = (1 - smoothing) * targets.astype(np.float64) + smoothing / targets.shape[1]
    assert_losses_near(losses, exact_loss(mixture, logits), logits, ulps=16)
    keras_s = keras.losses.categorical_crossentropy(targets, logits, from_logits=True, label_smoothing=smoothing)
    assert_losses_near(losses, keras_s, logits, ulps=16)


@given(labels_and_logits(SMALL), SMOOTHING)
def test_smoothed_class_numbers_are_their_smoothed_one_hot_targets(example, smoothing):
    labels, logits = example
    np.testing.assert_array_equal(
        sparse_softmax_cross_entropy(labels, logits, label_smoothing=smoothing),
        softmax_cross_entropy(one_hot(labels, logits.shape[1]), logits, label_smoothing=smoothing),
    )


@pytest.mark.parametrize("smoothing", [-0.1, 1.1, np.nan])
@pytest.mark.parametrize("loss", [softmax_cross_entropy, binary_cross_entropy])
def test_smoothing_out_of_range_is_refused(loss, smoothing):
    with pytest.raises(ValueError, match=r"label_smoothing must be in \[0, 1\], got"):
        loss(np.ones((2, 2)), np.ones((2, 2), np.float32), label_smoothing=smoothing)


@given(labels_and_logits(), st.integers(-1, 6))
def test_rows_of_an_ignored_class_cost_nothing_and_the_others_what_they_cost(example, ignored):
    labels, logits = example
    loss = functools.partial(sparse_softmax_cross_entropy, ignore_class=ignored)
    value, gradient = value_and_gradient(functools.partial(loss, labels), logits)
    plain, plain_gradient = value_and_gradient(lambda z: sparse_softmax_cross_entropy(labels, z), logits)
    used = labels != ignored
    np.testing.assert_array_equal(value, np.where(used, plain, 0))
    np.testing.assert_array_equal(gradient, np.where(used[:, np.newaxis], plain_gradient, 0))
    keras_s = keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True, ignore_class=ignored)
    assert_losses_near(value, keras_s, logits)


@in_every_mode
def test_the_logits_of_an_ignored_row_may_be_anything(mode):
    """And its label too: −1 and 255 are usual."""
    z = np.array([[np.nan, 0], [np.inf, -np.inf], [0, 0]], np.float32)
    loss = functools.partial(sparse_softmax_cross_entropy, np.array([-1, -1, 0]), ignore_class=-1)
    both = MODES[mode](lambda z: tf.stack([loss(z), loss(z, label_smoothing=0.5)]))
    value, gradient = value_and_gradient(both, z)
    assert_near(value, [[0, 0, np.log(2)]] * 2)
    assert_near(gradient, [[0, 0], [0, 0], [-0.5 - 0.25, 0.5 + 0.25]])


def exact_binary_loss(targets, logits):
    """−t ln σ(z) − (1 − t) ln σ(−z), by SciPy in float64; ln σ(∓1e38) beside a target of 0 counts as nothing."""
    t, z = targets.astype(np.float64), logits.astype(np.float64)
    return -np.mean(t * scipy.special.log_expit(z) + (1 - t) * scipy.special.log_expit(-z), axis=1)


@given(pairs_of_outputs(PROBABILITIES), SMOOTHING)
def test_the_binary_loss_and_its_gradient_sigmoid_minus_target_are_keras_s_and_the_float64_values(example, smoothing):
    targets, logits = example
    options, keras_s = {"label_smoothing": smoothing}, keras.losses.binary_crossentropy
    value, gradient = value_and_gradient(lambda z: binary_cross_entropy(targets, z, **options), logits)
    mixture = (1 - smoothing) * targets.astype(np.float64) + smoothing / 2
    assert_losses_near(value, exact_binary_loss(mixture, logits), logits)
    formula = (scipy.special.expit(logits.astype(np.float64)) - mixture) / logits.shape[1]
    assert_near(gradient, formula, absolute=4 * EPS)
    value_of_keras, gradient_of_keras = value_and_gradient(
        lambda z: keras_s(targets, z, from_logits=True, **options), logits
    )
    assert_losses_near(value, value_of_keras, logits)
    assert_near(gradient, gradient_of_keras, absolute=4 * EPS)


@given(pairs_of_outputs(st.sampled_from([0.0, 1.0])))
def test_the_binary_loss_of_hard_targets_is_right_to_the_last_digits_however_small(example):
    """To an ulp of the logit, that is, which exp multiplies by the logit; below 1e-37 TensorFlow flushes to 0."""
    targets, logits = example
    exact = exact_binary_loss(targets, logits)
    assert_near(binary_cross_entropy(targets, logits), exact, ulps=100, absolute=2e-36)


@given(pairs_of_outputs(st.sampled_from([0.0, 0.25, 0.5, 1.0])))
def test_the_other_class_s_target_and_logit_have_the_same_binary_loss(example):
    targets, logits = example
    np.testing.assert_array_equal(binary_cross_entropy(targets, logits), binary_cross_entropy(1 - targets, -logits))


@given(labels_and_logits(SMALL))
def test_the_binary_loss_is_the_softmax_loss_beside_a_logit_of_0(example):
    labels, logits = example
    labels, z = np.minimum(labels, 1), logits[:, :1]
    two = np.hstack([np.zeros_like(z), z])
    assert_near(binary_cross_entropy(labels, z), sparse_softmax_cross_entropy(labels, two), ulps=64)


@in_every_mode
def test_an_infinite_logit_on_the_right_side_costs_nothing_and_on_the_wrong_one_all(mode):
    z = np.array([[np.inf], [-np.inf], [np.inf], [-np.inf], [0]], np.float32)
    t = np.array([[1], [0], [0], [1], [1]], np.float32)
    value, gradient = value_and_gradient(MODES[mode](functools.partial(binary_cross_entropy, t)), z)
    assert_near(value, [0, 0, np.inf, np.inf, np.log(2)])
    np.testing.assert_array_equal(gradient, [[0], [0], [1], [-1], [-0.5]])


@given(pairs_of_outputs(SMALL, SMALL))
def test_the_squared_error_and_its_gradient_are_keras_s_and_the_float64_values(example):
    targets, outputs = example
    value, gradient = value_and_gradient(lambda p: mean_squared_error(targets, p), outputs)
    differences = outputs.astype(np.float64) - targets
    assert_near(value, np.mean(differences**2, axis=1), absolute=60 * 60 * EPS)
    assert_near(gradient, 2 * differences / targets.shape[1], absolute=60 * EPS)
    keras_s = value_and_gradient(lambda p: keras.losses.mean_squared_error(targets, p), outputs)
    assert_near(value, keras_s[0])
    assert_near(gradient, keras_s[1])


@pytest.mark.parametrize("loss", [binary_cross_entropy, mean_squared_error])
def test_one_target_a_row_pairs_with_one_output_a_row(loss):
    outputs = np.array([[0.5], [-2], [3]], np.float32)
    for targets in ([0, 1, 1], [False, True, True], [0.0, 1.0, 1.0]):
        np.testing.assert_array_equal(loss(targets, outputs), loss(np.reshape(targets, (3, 1)), outputs))


@pytest.mark.parametrize(("targets", "outputs"), [((2,), (2, 2)), ((2, 1), (2, 2)), ((2,), (2,)), ((3,), (2, 1))])
@pytest.mark.parametrize("loss", [binary_cross_entropy, mean_squared_error])
def test_outputs_that_do_not_pair_are_refused_rather_than_broadcast(loss, targets, outputs):
    with pytest.raises(ValueError, match=r"targets and outputs must be \[batch, outputs\], got \(.*\) and \(.*\)"):
        loss(np.ones(targets), np.ones(outputs, np.float32))


LABELS = np.array([0, 4, 2, 2])
TABLE = {
    "plain": lambda z: sparse_softmax_cross_entropy(LABELS, z),
    "sparse": lambda z: sparse_softmax_cross_entropy(LABELS, z, ignore_class=4),
    "smoothed": lambda z: sparse_softmax_cross_entropy(LABELS, z, label_smoothing=0.1),
    "binary": lambda z: binary_cross_entropy(np.eye(5)[LABELS], z, label_smoothing=0.1),
    "squared": lambda z: mean_squared_error(np.eye(5)[LABELS], z),
}


def table_of_losses(z):
    """{name: (values, gradient)} of every loss in the table."""
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(z)
        values = {name: loss(z) for name, loss in TABLE.items()}
    return {name: (value, tape.gradient(value, z)) for name, value in values.items()}


COMPILED = [MODES[mode](table_of_losses) for mode in ("graph", "xla")]  # all losses at once


@given(z=hnp.arrays(np.float32, (4, 5), elements=SMALL | HUGE))
def test_every_loss_is_the_same_in_every_mode(z):
    expected = table_of_losses(tf.constant(z))
    for compiled in COMPILED:
        for name, (value, gradient) in compiled(tf.constant(z)).items():
            assert_losses_near(value, expected[name][0], z)
            assert_near(gradient, expected[name][1], ulps=16, absolute=16 * EPS)


@settings(max_examples=settings().max_examples // 3)
@given(z=hnp.arrays(np.float32, (4, 5), elements=st.integers(-90, 90)))
def test_half_precision_logits_have_the_loss_of_the_same_float32_logits(z):
    """The integers to 128 are exact in both; the gradient comes back in the dtype of the logits."""
    expected = table_of_losses(tf.constant(z))
    for dtype in (tf.bfloat16, tf.float16):
        for name, (value, gradient) in table_of_losses(tf.cast(z, dtype)).items():
            assert (value.dtype, gradient.dtype) == (tf.float32, dtype)
            np.testing.assert_array_equal(value, expected[name][0])
            np.testing.assert_array_equal(gradient, tf.cast(expected[name][1], dtype))


@given(z=hnp.arrays(np.float64, (4, 5), elements=st.floats(-30, 30) | st.floats(-1e38, 1e38)))
def test_float64_logits_have_a_loss_right_to_float64_s_digits(z):
    """Against SciPy in the 64-bit mantissa of np.longdouble, where the machine has one."""
    losses = sparse_softmax_cross_entropy(LABELS, z)
    assert losses.dtype == tf.float64
    assert_losses_near(losses, exact_loss(one_hot(LABELS, 5), z, np.longdouble), z)


def test_a_loss_with_its_options_fixed_is_one_that_caches_find_again():
    loss = functools.partial(softmax_cross_entropy, label_smoothing=0.1)
    assert hash(loss) == hash(loss)
    assert loss != functools.partial(softmax_cross_entropy, label_smoothing=0.1)  # so keep the one
