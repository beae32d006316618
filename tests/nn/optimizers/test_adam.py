"""Adam: against float64 arithmetic from the paper, and against Keras, within bounds that follow from rounding."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from modes import MODES, THOROUGH
from optimizer_peer import drawn_gradients, keras_end, our_end
from tolerance import assert_near

from dnn.nn.optimizers.adam import Adam, adam_update

EPS = float(np.finfo(np.float32).eps)
STEPS = st.integers(1, 200 if THOROUGH else 40)
RULES = st.fixed_dictionaries(
    {
        "learning_rate": st.sampled_from([1e-5, 1e-3, 0.1, 1.0]) | st.floats(1e-6, 1),
        "beta_1": st.sampled_from([0.0, 0.5, 0.9, 0.99]) | st.floats(1e-6, 0.99),  # below, a power of it underflows
        "beta_2": st.sampled_from([0.0, 0.9, 0.999, 0.9999]) | st.floats(1e-6, 0.9999),
        "epsilon": st.sampled_from([1e-8, 1e-7, 1e-3, 1.0]),
    }
)


def exact_adam(p, gradients, *, learning_rate, beta_1, beta_2, epsilon, alpha_error=lambda t: 0.0):
    """(p after the steps, how far a float32 calculation may be from it), in float64, by the paper's section 2.

    The bound follows the rounding errors, step by step: each recursion rounds its old mean and its new value a few
    times, a step divides by √v + ε, and `alpha_error(t)` is the relative error of α that is allowed besides.
    """
    m = v = m_error = v_error = bound = np.zeros_like(p)
    for t, g in enumerate(gradients.astype(np.float64), start=1):
        m_error = beta_1 * m_error + EPS * (2 * beta_1 * np.abs(m) + 3 * (1 - beta_1) * np.abs(g))
        v_error = beta_2 * v_error + EPS * (2 * beta_2 * v + 3 * (1 - beta_2) * g**2)
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
        epsilon_hat = epsilon / np.sqrt(1 - beta_2**t)
        p = p - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon_hat)

        step = learning_rate * np.abs(m_hat) / (np.sqrt(v_hat) + epsilon_hat)
        v_relative = v_error / np.maximum(v, 1e-30)
        m_step = learning_rate * m_error / (1 - beta_1**t) / (np.sqrt(v_hat) + epsilon_hat)
        bound = bound + step * (v_relative + alpha_error(t) + 6 * EPS) + 1.01 * m_step + EPS * np.abs(p)
    return p, bound


def our_adam(p, gradients, alpha=np.float32, **rule):
    """The last parameters, by `adam_update` with α in this dtype."""
    p = tf.constant(p, tf.float32)
    m = v = tf.zeros_like(p)
    for t, g in enumerate(gradients, start=1):
        step, m, v = adam_update(tf.constant(g), m, v, tf.constant(t, alpha), **rule)
        p -= step
    return p.numpy()


def keras_adam(p, gradients, **rule):
    """The last parameters, by Keras's optimizer."""
    return keras_end(keras.optimizers.Adam(**rule), gradients, p.astype(np.float32))


def float32_alpha_error(rule):
    """β₁ and β₂ are rounded to float32, so 1 − βᵗ is off by t βᵗ⁻¹ of that, and by the rounding of the power."""

    def error(t):
        one, two = rule["beta_1"], rule["beta_2"]
        return (t + 2) * EPS * (one**t / (1 - one**t) + two**t / (1 - two**t)) + 4 * EPS

    return error


@pytest.mark.parametrize("alpha", [np.float32, np.float64])
@settings(max_examples=settings().max_examples // 3)
@given(rule=RULES, seed=st.integers(0, 2**32 - 1), steps=STEPS)
def test_adam_stays_within_rounding_of_float64_over_many_steps(alpha, rule, seed, steps):
    gradients, p = drawn_gradients(seed, steps), np.linspace(-1, 1, 48).astype(np.float32)
    errors = {} if alpha == np.float64 else {"alpha_error": float32_alpha_error(rule)}
    expected, bound = exact_adam(p.astype(np.float64), gradients, **rule, **errors)
    assert (np.abs(our_adam(p, gradients, alpha, **rule) - expected) <= bound).all()


@settings(max_examples=settings().max_examples // 4)
@given(
    rule=RULES.filter(lambda rule: min(rule["beta_1"], rule["beta_2"]) >= 0.5),
    seed=st.integers(0, 2**32 - 1),
    steps=STEPS,
)
def test_adam_is_keras_s_to_the_last_bit(rule, seed, steps):
    """For β of 1/2 and more; below, Keras's running means lose what a large gradient leaves (see the next test)."""
    gradients, p = drawn_gradients(seed, steps), np.linspace(-1, 1, 48).astype(np.float32)
    np.testing.assert_array_equal(our_adam(p, gradients, **rule), keras_adam(p, gradients, **rule))


@pytest.mark.parametrize("beta", [0, 1e-9, 1e-3, 0.3])
def test_a_large_gradient_leaves_no_error_in_the_steps_after_it(beta):
    """Three steps of about 1 each. For β = 0 Keras's running mean v becomes 0, and a step g/ε, here 1e12."""
    gradients, rule = np.float32([1e5, 1, 1]), {"learning_rate": 1.0, "beta_1": beta, "beta_2": beta}
    expected, bound = exact_adam(np.zeros(()), gradients, **rule, epsilon=1e-12)
    assert abs(our_adam(np.zeros(()), gradients, **rule, epsilon=1e-12) - expected) <= bound
    if beta == 0:
        assert abs(expected) < 4
        assert abs(keras_adam(np.zeros(()), gradients, **rule, epsilon=1e-12)) > 1e11


def test_a_float64_alpha_is_nearer_to_float64_than_keras_s():
    """With Keras's defaults, over 40 steps: at most a tenth of Keras's error, averaged over all columns."""
    rule = {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
    gradients, p = drawn_gradients(0, 40), np.zeros(48, np.float32)
    expected, _ = exact_adam(p.astype(np.float64), gradients, **rule)
    ours, keras_s = our_adam(p, gradients, np.float64, **rule), keras_adam(p, gradients, **rule)
    assert np.abs(ours - expected).mean() < np.abs(keras_s - expected).mean() / 10


def test_a_float32_alpha_begins_wrong_by_7_in_a_million():
    """With m and v of 1 and no ε to speak of, the step is α; at t = 1 no power is rounded, β₁ and β₂ alone are."""
    exact = np.sqrt(1 - 0.999) / (1 - 0.9)
    for dtype, expected in ((tf.float64, 0), (tf.float32, 6.7e-6)):
        one = tf.ones(())
        step, *_ = adam_update(one, one, one, tf.constant(1, dtype), learning_rate=1.0, epsilon=1e-30)
        assert abs(abs(step.numpy() / exact - 1) - expected) < EPS


def test_the_first_steps_are_those_worked_by_hand():
    """g = 1e-8, η = 1: m = 1e-9, √v = 1e-8 √.001, α = √.001 / .1, so the step is 1e-8 √.001 / (1e-8 √.001 + 1e-7)."""
    root = np.sqrt(0.001)
    step, m, v = adam_update(tf.constant(1e-8), tf.constant(0.0), tf.constant(0.0), tf.constant(1.0), learning_rate=1.0)
    assert_near(step, 1e-8 * root / (1e-8 * root + 1e-7), ulps=64)  # 7 in a million, α being float32
    assert step.numpy() == pytest.approx(0.00315, abs=5e-6)
    assert_near([m, v], [1e-9, 1e-19])


def exact_amsgrad(p, gradients, *, learning_rate, beta_1, beta_2, epsilon):
    """The last p, in float64, with m and v as weighted sums over all gradients so far, and the largest v of all."""
    largest = np.zeros_like(p)
    for t in range(1, len(gradients) + 1):
        g, ages = gradients[:t].astype(np.float64), np.arange(t, dtype=np.float64)[::-1, None]
        m = ((1 - beta_1) * beta_1**ages * g).sum(axis=0)
        largest = np.maximum(largest, ((1 - beta_2) * beta_2**ages * g**2).sum(axis=0))
        alpha = learning_rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        p = p - alpha * m / (np.sqrt(largest) + epsilon)
    return p


@settings(max_examples=settings().max_examples // 4)
@given(rule=RULES, seed=st.integers(0, 2**32 - 1), steps=st.integers(1, 30))
def test_amsgrad_divides_by_the_largest_mean_square_so_far(rule, seed, steps):
    """As sums over all gradients have it in float64, and as Keras has it to the last bit (for β of 1/2 and more)."""
    gradients, start = drawn_gradients(seed, steps), np.linspace(-1, 1, 48)
    actual = our_end(lambda p: Adam(p, amsgrad=True, **rule), gradients, start)
    np.testing.assert_allclose(actual, exact_amsgrad(start, gradients, **rule), rtol=1e-9, atol=1e-9)
    if min(rule["beta_1"], rule["beta_2"]) >= 0.5:
        expected = keras_end(keras.optimizers.Adam(amsgrad=True, **rule), gradients)
        np.testing.assert_array_equal(our_end(lambda p: Adam(p, amsgrad=True, **rule), gradients), expected)


def test_amsgrad_does_not_forget_a_large_gradient():
    """g = 100, then 1, 1, …: Adam's steps grow again; AMSGrad's √v̂ stays 100 √0.5, so they stay at 0.014."""
    steps = {}
    for amsgrad in (False, True):
        p = tf.Variable(0.0, dtype=tf.float64)
        optimizer = Adam([p], 1.0, beta_1=0.5, beta_2=0.5, amsgrad=amsgrad)
        for t in range(30):
            before = p.numpy()
            optimizer.apply([tf.constant(100.0 if t == 0 else 1.0, tf.float64)])
        steps[amsgrad] = before - p.numpy()
    assert steps[False] == pytest.approx(1, rel=1e-3)
    assert steps[True] == pytest.approx(1 / (100 * np.sqrt(0.5)), rel=1e-3)


@settings(max_examples=settings().max_examples // 3)
@given(st.floats(1e-6, 1e6), st.floats(1e-4, 1e-1))
def test_a_constant_gradient_moves_a_parameter_by_the_learning_rate_each_step(size, learning_rate):
    """m̂ = g and √v̂ = |g|, so every step is η, whatever the gradient's size (ε is made negligible)."""
    p = tf.Variable([0.0, 0.0], dtype=tf.float64)
    optimizer = Adam([p], learning_rate, epsilon=1e-30)
    for steps in range(1, 4):
        optimizer.apply([tf.constant([size, -size], tf.float64)])
        assert_near(p, np.array([-1, 1]) * learning_rate * steps, dtype=np.float64, ulps=1024)  # 1 − β₂ᵗ cancels


def test_a_parameter_whose_gradient_was_always_0_stays():
    p = tf.Variable([1.5])
    optimizer = Adam([p], 1.0)
    for _ in range(5):
        optimizer.apply([tf.zeros(1)])
    assert p.numpy() == [1.5]


@pytest.mark.parametrize("mode", MODES)
def test_the_module_takes_the_formula_s_steps_in_every_mode(mode):
    """Against float64, parameters of several shapes and dtypes at once; a float64 parameter is exact to float64."""
    rule = {"learning_rate": 0.01, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-5}
    gradients = np.random.default_rng(1).normal(size=(10, 7)).astype(np.float32)
    parameters = [
        tf.Variable(np.ones((2, 3), np.float32)),
        tf.Variable(np.ones(1, np.float32)),
        tf.Variable(np.ones(7)),
    ]
    optimizer = Adam(parameters, **rule)
    apply = MODES[mode](lambda g: optimizer.apply([tf.reshape(g[:6], [2, 3]), g[6:], tf.cast(g, tf.float64)]))
    for g in gradients:
        apply(tf.constant(g))
    expected, _ = exact_adam(np.ones(7), gradients, **rule)
    assert_near(np.concatenate([p.numpy().ravel() for p in parameters[:2]]), expected, ulps=32)
    assert_near(parameters[2], expected, dtype=np.float64, ulps=32)
    assert optimizer.t.numpy() == 10


def test_slots_and_counter_are_made_in_the_constructor():
    p = tf.Variable(np.ones((2, 3)), dtype=tf.float64)
    optimizer = Adam([p])
    made = {id(v) for v in optimizer.variables}
    assert [(v.dtype, tuple(v.shape)) for v in (optimizer.m[0], optimizer.v[0])] == [(tf.float64, (2, 3))] * 2
    assert list(optimizer.trainable_variables) == [p]
    optimizer.apply([tf.ones((2, 3), tf.float64)])
    assert {id(v) for v in optimizer.variables} == made


def test_a_new_learning_rate_takes_effect_without_a_new_trace():
    p = tf.Variable([0.0], dtype=tf.float64)
    optimizer = Adam([p], 0.1, epsilon=1e-20)
    step = tf.function(lambda: optimizer.apply([tf.ones(1, tf.float64)]))
    step()
    optimizer.learning_rate.assign(0.025)
    step()
    assert_near(p, [-0.125])
    assert step.experimental_get_tracing_count() == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"learning_rate": 0}, "learning_rate must be positive, got 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be positive, got nan"),
        ({"learning_rate": float("inf")}, "learning_rate must be positive, got inf"),
        ({"beta_1": 1}, r"beta_1 must be in \[0, 1\), got 1"),
        ({"beta_2": -0.1}, r"beta_2 must be in \[0, 1\), got -0.1"),
        ({"beta_2": float("nan")}, r"beta_2 must be in \[0, 1\), got nan"),
        ({"epsilon": 0}, "epsilon must be positive, got 0"),
    ],
)
def test_hyperparameters_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Adam([tf.Variable(1.0)], **arguments)


def test_a_parameter_that_the_loss_does_not_depend_on_is_named_and_nothing_moves():
    used, unused = tf.Variable([1.0]), tf.Variable([1.0, 2.0], name="lost")
    optimizer = Adam([used, unused])
    before = [v.numpy() for v in optimizer.variables]
    with pytest.raises(ValueError, match=r"does not depend on the parameter lost:0 of shape \(2,\)"):
        optimizer.apply([tf.ones(1), None])
    for variable, value in zip(optimizer.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_rows_of_an_embedding_are_a_gradient_too():
    """tf.gather's gradient is an IndexedSlices."""
    p = tf.Variable([1.0, 2.0, 3.0])
    optimizer = Adam([p], 0.1)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.gather(p, [2, 2]))
    optimizer.apply(tape.gradient(loss, [p]))
    assert_near(p, [1, 2, 2.9])
