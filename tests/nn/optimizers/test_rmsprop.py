"""RMSprop: against Keras to the last bit, and in float64 against weighted sums over all gradients."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from optimizer_peer import START, drawn_gradients, keras_end, our_end
from tolerance import assert_near

from dnn.nn.optimizers.rmsprop import RMSprop, centered_rmsprop_update, rmsprop_update

RULES = st.fixed_dictionaries(
    {
        "learning_rate": st.sampled_from([1e-5, 1e-3, 1.0]) | st.floats(1e-6, 1),
        "rho": st.sampled_from([0.0, 0.5, 0.9, 0.99]) | st.floats(0, 0.99),
        "momentum": st.sampled_from([0.0, 0.9, 1.0]) | st.floats(0, 1),
        "epsilon": st.sampled_from([1e-8, 1e-7, 1e-3, 1.0]),
        "centered": st.booleans(),
    }
)
SEEDS = st.integers(0, 2**32 - 1)


def exact_rmsprop(p, gradients, *, learning_rate, rho, momentum, epsilon, centered):
    """The last p, with v and the variance as weighted sums over all gradients so far, not as recursions.

    For weights w that add up to W and a = Σ w g: Σ w g² − a² = Σ w (g − a)² + a² (1 − W), where nothing cancels.
    """
    velocity = np.zeros_like(p)
    for t in range(1, len(gradients) + 1):
        g = gradients[:t].astype(np.float64)
        weights = ((1 - rho) * rho ** np.arange(t)[::-1].astype(np.float64))[:, None]
        mean = (weights * g).sum(axis=0) if centered else 0.0
        spread = (weights * (g - mean) ** 2).sum(axis=0) + mean**2 * (1 - weights.sum())
        velocity = momentum * velocity + learning_rate * g[-1] / np.sqrt(spread + epsilon)
        p = p - velocity
    return p


@settings(max_examples=settings().max_examples // 3)
@given(rule=RULES, seed=SEEDS, steps=st.integers(1, 20))
def test_rmsprop_is_keras_s_to_the_last_bit(rule, seed, steps):
    """Centered, for gradients that vary: where rounding makes a variance negative, it is 0 here (see below)."""
    gradients = drawn_gradients(seed, steps)
    if rule["centered"]:
        gradients, rule = np.delete(gradients, np.s_[12:24], axis=1), rule | {"rho": max(rule["rho"], 0.25)}
    start = START[: gradients.shape[1]]
    expected = keras_end(keras.optimizers.RMSprop(**rule), gradients, start)
    np.testing.assert_array_equal(our_end(lambda p: RMSprop(p, **rule), gradients, start), expected)


@settings(max_examples=settings().max_examples // 2)
@given(rule=RULES.filter(lambda rule: not rule["centered"]), seed=SEEDS, steps=st.integers(1, 20))
def test_a_float64_parameter_ends_where_the_sums_of_all_gradients_say(rule, seed, steps):
    gradients, start = drawn_gradients(seed, steps), np.zeros(48)
    actual = our_end(lambda p: RMSprop(p, **rule), gradients, start)
    expected = exact_rmsprop(start, gradients, **rule)
    largest = exact_rmsprop(start, -np.abs(gradients), **rule)  # all steps in one direction
    assert (np.abs(actual - expected) <= 16 * steps * 2.0**-53 * largest).all()


@settings(max_examples=settings().max_examples // 2)
@given(rule=RULES, seed=SEEDS, steps=st.integers(1, 20))
def test_a_centered_float64_parameter_ends_there_too(rule, seed, steps):
    """For gradients of about 1 that vary, so the variance is not all rounding."""
    gradients = np.random.default_rng(seed).uniform(-1, 1, (steps, 8)) + np.linspace(-1, 1, 8)
    rule = rule | {"centered": True, "epsilon": max(rule["epsilon"], 1e-3)}
    actual = our_end(lambda p: RMSprop(p, **rule), gradients, np.zeros(8))
    np.testing.assert_allclose(actual, exact_rmsprop(np.zeros(8), gradients, **rule), rtol=1e-9, atol=1e-9)


def test_a_gradient_that_stays_the_same_never_makes_a_centered_step_nan_as_keras_s():
    """Its variance ends as 0, but rounding leaves v a little below a², for some gradients."""
    constant = 10 ** np.random.default_rng(0).uniform(-2, 6, 200).astype(np.float32)
    gradients, start = np.broadcast_to(constant, (40, 200)), np.zeros(200, np.float32)
    ours = our_end(lambda p: RMSprop(p, rho=0.6, centered=True), gradients, start)
    theirs = keras_end(keras.optimizers.RMSprop(rho=0.6, centered=True), gradients, start)
    assert np.isfinite(ours).all()
    assert np.isnan(theirs).any()


def test_the_first_steps_are_those_worked_by_hand():
    """g = 3, ρ = 0.75, η = 1, ε = 0: v = 9/4, the step 3 / (3/2) = 2; centered a = 3/4, 9/4 − 9/16 = 27/16."""
    g, zero = tf.constant(3.0, tf.float64), tf.constant(0.0, tf.float64)
    rule = {"learning_rate": 1.0, "rho": 0.75, "epsilon": 0.0}
    assert_near(rmsprop_update(g, zero, **rule), [2, 9 / 4], dtype=np.float64)
    expected = [3 / np.sqrt(27 / 16), 9 / 4, 3 / 4]
    assert_near(centered_rmsprop_update(g, zero, zero, **rule), expected, dtype=np.float64)


def test_there_is_a_slot_only_for_what_is_asked_for():
    p = tf.Variable([1.0])
    names = [
        sorted(v.name[:-2] for v in RMSprop([p], **options).variables if v.shape == [1] and v is not p)
        for options in ({}, {"momentum": 0.1}, {"centered": True, "momentum": 0.1})
    ]
    assert names == [["v"], ["u", "v"], ["a", "u", "v"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rho": 1.0}, r"rho must be in \[0, 1\), got 1.0"),
        ({"rho": -0.1}, r"rho must be in \[0, 1\), got -0.1"),
        ({"momentum": 1.1}, r"momentum must be in \[0, 1\], got 1.1"),
        ({"epsilon": 0}, "epsilon must be positive, got 0"),
    ],
)
def test_hyperparameters_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        RMSprop([tf.Variable(1.0)], **arguments)
