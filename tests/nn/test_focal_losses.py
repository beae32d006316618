"""Focal losses and the KL divergence: against Keras, torchvision's formula in float64, SciPy and finite differences."""

import keras
import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from keras_peer import value_and_gradient
from loss_examples import PROBABILITIES, SMALL, labels_and_logits, pairs_of_outputs, targets_and_logits
from tolerance import assert_near

from dnn.nn.focal_losses import binary_focal_loss, kl_divergence, sparse_softmax_focal_loss
from dnn.nn.losses import binary_cross_entropy, sparse_softmax_cross_entropy

EPS = float(np.finfo(np.float32).eps)
GAMMA = st.sampled_from([0.0, 0.5, 1.0, 2.0, 5.0])
NEAR = st.floats(-8, 8, width=32, allow_subnormal=False)  # where Keras's clipping at 1e-7 does nothing


def torchvision_s(targets, logits, gamma, alpha):
    """sigmoid_focal_loss of torchvision.ops, its lines in NumPy's float64, averaged over the outputs."""
    t, z = targets.astype(np.float64), logits.astype(np.float64)
    p = scipy.special.expit(z)
    cross_entropy = -(t * scipy.special.log_expit(z) + (1 - t) * scipy.special.log_expit(-z))
    p_t = p * t + (1 - p) * (1 - t)
    return np.mean((1 if alpha is None else alpha * t + (1 - alpha) * (1 - t)) * cross_entropy * (1 - p_t) ** gamma, 1)


@given(pairs_of_outputs(PROBABILITIES, NEAR), GAMMA, st.sampled_from([None, 0.25, 1.0]))
def test_the_binary_focal_loss_is_torchvision_s_and_keras_s(example, gamma, alpha):
    targets, logits = example
    value, gradient = value_and_gradient(lambda z: binary_focal_loss(targets, z, gamma=gamma, alpha=alpha), logits)
    assert_near(value, torchvision_s(targets, logits, gamma, alpha), absolute=EPS)
    options = {"apply_class_balancing": alpha is not None, "alpha": alpha or 0.25, "gamma": gamma, "from_logits": True}
    value_of_keras, gradient_of_keras = value_and_gradient(
        lambda z: keras.losses.binary_focal_crossentropy(targets, z, **options), logits
    )
    assert_near(value, value_of_keras, absolute=64 * EPS)
    if gamma >= 1:  # the derivative of a root, which Keras takes of a difference
        assert_near(gradient, gradient_of_keras, absolute=64 * EPS)


@given(labels_and_logits(NEAR), GAMMA)
def test_the_softmax_focal_loss_is_keras_s_and_that_of_two_classes_is_the_binary_one(example, gamma):
    labels, logits = example
    classes = logits.shape[1]
    value, gradient = value_and_gradient(lambda z: sparse_softmax_focal_loss(labels, z, gamma=gamma), logits)
    value_of_keras, gradient_of_keras = value_and_gradient(
        lambda z: keras.losses.categorical_focal_crossentropy(
            np.eye(classes, dtype=np.float32)[labels], z, alpha=1.0, gamma=gamma, from_logits=True
        ),
        logits,
    )
    assert_near(value, value_of_keras, absolute=64 * EPS)
    if gamma >= 1:
        assert_near(gradient, gradient_of_keras, absolute=64 * EPS)
    two, difference = logits[:, :2], logits[:, 1:2].astype(np.float64) - logits[:, :1]
    bits = np.minimum(labels, 1)
    assert_near(
        sparse_softmax_focal_loss(bits, two, gamma=gamma, alpha=[0.75, 0.25]),
        binary_focal_loss(bits, difference, gamma=gamma, alpha=0.25),
        ulps=16,
        absolute=1e-37,
    )


@given(labels_and_logits())
def test_without_gamma_a_focal_loss_is_the_cross_entropy(example):
    labels, logits = example
    plain = sparse_softmax_cross_entropy(labels, logits)
    np.testing.assert_array_equal(sparse_softmax_focal_loss(labels, logits, gamma=0), plain)
    bits = (logits > 0).astype(np.float32)
    np.testing.assert_array_equal(binary_focal_loss(bits, logits, gamma=0), binary_cross_entropy(bits, logits))


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_sure_rows_keep_their_digits_and_have_finite_gradients(gamma):
    """Of a gap of 20 and 40, 1 − p = e^−gap: Keras, which clips p, has 1e-7 there; beyond float64 all is 0."""
    gap = np.array([20.0, 40.0, 2000.0])
    z = np.stack([gap, 0 * gap], axis=1)
    value, gradient = value_and_gradient(lambda z: sparse_softmax_focal_loss([0, 0, 0], z, gamma=gamma), z)
    miss = scipy.special.expit(-gap)
    assert_near(value, miss**gamma * np.log1p(np.exp(-gap)), ulps=64, dtype=np.float64, absolute=1e-150)
    assert_near(gradient[:2, 1], (miss**gamma * (miss + gamma * np.log1p(np.exp(-gap)) * (1 - miss)))[:2], ulps=4)
    assert np.isfinite(gradient).all()
    binary, slope = value_and_gradient(lambda z: binary_focal_loss([1, 1, 1], z, gamma=gamma), gap[:, np.newaxis])
    assert_near(binary, value, ulps=64, dtype=np.float64, absolute=1e-150)
    assert np.isfinite(slope).all()


@settings(max_examples=settings().max_examples // 2)
@given(targets_and_logits(SMALL))
def test_the_divergence_is_scipy_s_and_keras_s_and_has_the_derivative_of_the_cross_entropy(example):
    targets, logits = example
    value, gradient = value_and_gradient(lambda z: kl_divergence(targets, z), logits)
    t = targets.astype(np.float64)
    p, log_p = (
        scipy.special.softmax(logits.astype(np.float64), axis=1),
        scipy.special.log_softmax(logits.astype(np.float64), axis=1),
    )
    assert_near(value, np.sum(scipy.special.xlogy(t, t) - t * log_p, axis=1), absolute=1e-6)
    assert_near(value, scipy.stats.entropy(t, p, axis=1), absolute=4e-6)
    assert_near(gradient, p - targets, absolute=8 * EPS)
    if p.min() > 1e-6 and targets.min() > 0:  # else Keras clips
        assert_near(value, keras.losses.kl_divergence(targets, p.astype(np.float32)), absolute=1e-5)


def test_what_is_out_of_its_range_is_refused_by_name():
    z = np.zeros((2, 3), np.float32)
    for call, message in (
        (lambda: sparse_softmax_focal_loss([0, 1], z, gamma=-1.0), "gamma must be a number of 0 or more, got -1.0"),
        (
            lambda: sparse_softmax_focal_loss([0, 1], z, alpha=[1.0, 2.0]),
            "alpha must be a number, or one for each of 3",
        ),
        (lambda: sparse_softmax_focal_loss([0, 1], z, alpha=[1.0, 2.0, -1.0]), r"alpha\[2\] must be a number of 0 or"),
        (lambda: binary_focal_loss(z, z, alpha=1.5), r"alpha must be in \[0, 1\], got 1.5"),
        (lambda: binary_focal_loss(z, z, gamma=float("nan")), "gamma must be a number of 0 or more, got nan"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
