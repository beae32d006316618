"""SGD: against Keras to the last bit, and in float64 against the sums that its recursion comes to."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from modes import MODES
from optimizer_peer import drawn_gradients, keras_end, our_end
from tolerance import assert_near

from dnn.nn.optimizers.sgd import SGD, sgd_update

RULES = st.fixed_dictionaries(
    {
        "learning_rate": st.sampled_from([1e-5, 0.01, 1.0]) | st.floats(1e-6, 1),
        "momentum": st.sampled_from([0.0, 0.5, 0.9, 1.0]) | st.floats(1e-6, 1),
        "nesterov": st.booleans(),
    }
)
SEEDS = st.integers(0, 2**32 - 1)


def exact_sgd(p, gradients, *, learning_rate, momentum, nesterov):
    """p − Σ η gₖ cₖ, and Σ |η gₖ cₖ|. A gradient is taken in its own step and, times μ, μ², …, in those after it:
    cₖ = 1 + μ + … + μⁿ, where n steps follow. With Nesterov's momentum all but the first 1 come one step early."""
    after = np.arange(len(gradients))[::-1]
    powers = np.array([sum(momentum**i for i in range(n + 1 + (nesterov and momentum > 0))) for n in after])
    terms = learning_rate * gradients.astype(np.float64) * powers[:, None]
    return p - terms.sum(axis=0), np.abs(terms).sum(axis=0)


@settings(max_examples=settings().max_examples // 3)
@given(rule=RULES, seed=SEEDS, steps=st.integers(1, 20))
def test_sgd_is_keras_s_to_the_last_bit(rule, seed, steps):
    gradients = drawn_gradients(seed, steps)
    expected = keras_end(keras.optimizers.SGD(**rule), gradients)
    np.testing.assert_array_equal(our_end(lambda p: SGD(p, **rule), gradients), expected)


@settings(max_examples=settings().max_examples // 2)
@given(rule=RULES, seed=SEEDS, steps=st.integers(1, 20))
def test_a_float64_parameter_ends_where_the_sums_of_all_gradients_say(rule, seed, steps):
    gradients, start = drawn_gradients(seed, steps), np.linspace(-1, 1, 48)
    expected, size = exact_sgd(start, gradients, **rule)
    actual = our_end(lambda p: SGD(p, **rule), gradients, start)
    assert (np.abs(actual - expected) <= 4 * steps * 2.0**-53 * (size + np.abs(start))).all()


@pytest.mark.parametrize(("nesterov", "expected"), [(False, [-0.1, -0.29]), (True, [-0.19, -0.461])])
def test_two_steps_worked_by_hand(nesterov, expected):
    """g = 1, η = 0.1, μ = 0.9. u = 0.1, then 0.9 · 0.1 + 0.1 = 0.19; Nesterov's steps are 0.9 u + 0.1."""
    p = tf.Variable(0.0, dtype=tf.float64)
    optimizer = SGD([p], 0.1, momentum=0.9, nesterov=nesterov)
    for value in expected:
        optimizer.apply([tf.ones((), tf.float64)])
        assert_near(p, value, dtype=np.float64)


@settings(max_examples=settings().max_examples // 5)
@given(SEEDS)
def test_without_momentum_nesterov_says_nothing(seed):
    gradients = drawn_gradients(seed, 3)
    plain, nesterov = (our_end(lambda p, n=n: SGD(p, 0.1, nesterov=n), gradients) for n in (False, True))
    np.testing.assert_array_equal(plain, nesterov)


def test_without_momentum_there_is_no_slot():
    p = tf.Variable([1.0])
    assert {v.name for v in SGD([p]).variables if v is not p} == {"learning_rate:0", "t:0"}
    assert len(SGD([p], momentum=0.1).variables) == 4


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_zero_gradient_leaves_the_parameter(momentum):
    p = tf.Variable([1.5, -0.0])
    optimizer = SGD([p], 1.0, momentum=momentum)
    for _ in range(3):
        optimizer.apply([tf.zeros(2)])
    np.testing.assert_array_equal(p, [1.5, 0])


@pytest.mark.parametrize("mode", MODES)
def test_the_module_takes_the_formula_s_steps_in_every_mode(mode):
    rule = {"learning_rate": 0.01, "momentum": 0.9, "nesterov": True}
    gradients = np.random.default_rng(1).normal(size=(20, 7)).astype(np.float32)
    parameters = [tf.Variable(tf.ones((2, 3))), tf.Variable(tf.ones(1))]
    optimizer = SGD(parameters, **rule)
    apply = MODES[mode](lambda g: optimizer.apply([tf.reshape(g[:6], [2, 3]), g[6:]]))
    for g in gradients:
        apply(tf.constant(g))
    expected, _ = exact_sgd(np.ones(7), gradients, **rule)
    assert_near(np.concatenate([p.numpy().ravel() for p in parameters]), expected, ulps=32)


def test_the_formula_takes_plain_numbers():
    assert sgd_update(1.0, 2.0, learning_rate=0.5, momentum=0.25) == (1.0, 1.0)
    assert sgd_update(1.0, 2.0, learning_rate=0.5, momentum=0.25, nesterov=True) == (0.75, 1.0)


@pytest.mark.parametrize("momentum", [-0.1, 1.1, float("nan")])
def test_a_momentum_out_of_range_is_refused(momentum):
    with pytest.raises(ValueError, match=rf"momentum must be in \[0, 1\], got {momentum}"):
        SGD([tf.Variable(1.0)], momentum=momentum)
