"""Schedules: against Keras's within float32, against Python's own arithmetic within float64, and as laws."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from modes import MODES
from tolerance import assert_near

from dnn.nn.optimizers.schedules import (
    CosineDecay,
    ExponentialDecay,
    PiecewiseConstantDecay,
    cosine_decay,
    exponential_decay,
    linear_warmup,
    piecewise_constant_decay,
)
from dnn.nn.optimizers.sgd import SGD

RATES = st.sampled_from([1e-3, 0.1, 1.0]) | st.floats(1e-6, 10)
STEPS = st.integers(0, 2**24)  # Keras counts in float32
LENGTHS = st.integers(1, 10_000)
SCHEDULES = [
    ExponentialDecay(0.1, 7, 0.5),
    ExponentialDecay(0.1, 7, 0.5, staircase=True),
    CosineDecay(0.1, 10, alpha=0.1),
    CosineDecay(0.0, 10, warmup_target=0.1, warmup_steps=5),
    PiecewiseConstantDecay([3, 6], [0.1, 0.01, 0.001]),
]


@given(STEPS, RATES, LENGTHS, st.floats(0.01, 1), st.booleans())
def test_exponential_decay_is_the_power_and_keras_s(step, rate, decay_steps, decay_rate, staircase):
    actual = ExponentialDecay(rate, decay_steps, decay_rate, staircase)(tf.constant(step, tf.int64))
    exponent = step // decay_steps if staircase else step / decay_steps
    assert actual.dtype == tf.float64
    assert_near(actual, rate * math.exp(exponent * math.log(decay_rate)), dtype=np.float64, ulps=2048, absolute=1e-300)
    if not staircase or step % decay_steps:  # where Keras rounds a step up to the next stair
        expected = keras.optimizers.schedules.ExponentialDecay(rate, decay_steps, decay_rate, staircase)(step)
        np.testing.assert_allclose(actual, expected, rtol=1e-4 * (1 + exponent), atol=1e-30)


@given(STEPS, st.just(0.0) | RATES, LENGTHS, st.floats(0, 1), st.none() | RATES, st.integers(0, 1000))
def test_cosine_decay_is_a_line_and_half_a_wave_and_keras_s(step, rate, decay_steps, alpha, target, warmup_steps):
    arguments = {"alpha": alpha, "warmup_target": target, "warmup_steps": warmup_steps}
    actual = CosineDecay(rate, decay_steps, **arguments)(tf.constant(step, tf.int64))
    peak, after = (rate, step) if target is None else (target, step - warmup_steps)
    if after < 0:
        expected = rate * (1 - step / warmup_steps) + target * (step / warmup_steps)
    else:
        expected = peak * (alpha + (1 - alpha) * math.cos(math.pi / 2 * min(after / decay_steps, 1)) ** 2)
    assert actual.dtype == tf.float64
    assert_near(actual, expected, dtype=np.float64, ulps=16, absolute=1e-15 * max(rate, peak))
    theirs = keras.optimizers.schedules.CosineDecay(rate, decay_steps, **arguments)(step)
    np.testing.assert_allclose(actual, theirs, rtol=1e-4, atol=1e-5 * max(rate, peak))


@given(
    st.integers(0, 40),
    st.sets(st.integers(0, 30), min_size=1, max_size=4).map(sorted),
    st.lists(RATES, min_size=5, max_size=5),
)
def test_piecewise_constant_decay_is_the_first_value_whose_boundary_is_not_passed_and_keras_s(step, boundaries, values):
    values = values[: len(boundaries) + 1]
    expected = next((v for b, v in zip(boundaries, values, strict=False) if step <= b), values[-1])
    assert PiecewiseConstantDecay(boundaries, values)(tf.constant(step, tf.int64)).numpy() == expected
    theirs = keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, values)(step)
    assert_near(theirs, expected)


def test_decays_worked_by_hand():
    step = tf.constant(50, tf.int64)
    assert exponential_decay(step, 8.0, 25, 0.5).numpy() == 2
    assert exponential_decay(step, 8.0, 100, 0.25).numpy() == 4
    assert exponential_decay(step, 8.0, 100, 0.25, staircase=True).numpy() == 8
    assert_near(cosine_decay(step, 8.0, 100), 4, dtype=np.float64)
    assert_near(cosine_decay(step, 8.0, 100, alpha=0.5), 6, dtype=np.float64)
    assert cosine_decay(step, 8.0, 50, alpha=0.25).numpy() == 2
    assert linear_warmup(step, 2.0, 4.0, 100).numpy() == 3
    warmed = CosineDecay(0.0, 2, warmup_target=8.0, warmup_steps=2)
    assert_near([warmed(t) for t in range(6)], [0, 4, 8, 4, 0, 0], dtype=np.float64, absolute=1e-15)
    assert [piecewise_constant_decay(t, [1, 3], [0.3, 0.2, 0.1]).numpy() for t in range(5)] == [0.3, 0.3, 0.2, 0.2, 0.1]
    assert piecewise_constant_decay(step, [], [0.3]).numpy() == 0.3


def test_a_step_larger_than_float32_counts_is_a_step_all_the_same():
    """Keras's float32 cannot tell 2²⁴ + 1 from 2²⁴, so its staircase stays one step too long on the stair."""
    step = tf.constant(2**24 + 1, tf.int64)
    assert ExponentialDecay(1.0, 2**24 + 1, 0.5, staircase=True)(step).numpy() == 0.5
    assert PiecewiseConstantDecay([2**24], [1.0, 0.5])(step).numpy() == 0.5


@pytest.mark.parametrize("mode", MODES)
def test_an_optimizer_follows_a_schedule_in_every_mode(mode):
    """Gradients of 1: the parameter ends at minus the sum of the rates at 0, 1, …, 8."""
    parameters = [tf.Variable(0.0, dtype=tf.float64) for _ in SCHEDULES]
    optimizers = [SGD([p], schedule) for p, schedule in zip(parameters, SCHEDULES, strict=True)]

    @MODES[mode]
    def step():
        for optimizer in optimizers:
            optimizer.apply([tf.ones((), tf.float64)])

    for _ in range(9):
        step()
    for p, optimizer, schedule in zip(parameters, optimizers, SCHEDULES, strict=True):
        rates = [float(schedule(tf.constant(t, tf.int64))) for t in range(9)]
        assert_near(p, -sum(rates), dtype=np.float64, ulps=64)
        assert_near(optimizer.learning_rate, schedule(9), dtype=np.float64, ulps=16)


def test_schedules_of_the_same_arguments_are_equal_and_have_one_hash():
    assert PiecewiseConstantDecay([3, 6], [0.1, 0.01, 0.001]) == SCHEDULES[-1]
    assert hash(PiecewiseConstantDecay([3, 6], [0.1, 0.01, 0.001])) == hash(SCHEDULES[-1])
    assert len({*SCHEDULES, *SCHEDULES}) == len(SCHEDULES)
    with pytest.raises(AttributeError):
        SCHEDULES[0].decay_steps = 8


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ExponentialDecay(0, 1, 0.5), "initial_learning_rate must be positive, got 0"),
        (lambda: ExponentialDecay(0.1, 0, 0.5), "decay_steps must be positive, got 0"),
        (lambda: ExponentialDecay(0.1, 1, -0.5), "decay_rate must be positive, got -0.5"),
        (lambda: CosineDecay(-0.1, 1), "initial_learning_rate must be a number of 0 or more, got -0.1"),
        (lambda: CosineDecay(0.1, 0), "decay_steps must be positive, got 0"),
        (lambda: CosineDecay(0.1, 1, alpha=1.5), r"alpha must be in \[0, 1\], got 1.5"),
        (lambda: CosineDecay(0.1, 1, warmup_target=0), "warmup_target must be positive, got 0"),
        (lambda: CosineDecay(0.1, 1, warmup_steps=-1), "warmup_steps must be a number of 0 or more, got -1"),
        (lambda: PiecewiseConstantDecay([1], [0.1]), "values must be one more than boundaries, got 1 for 1 boundar"),
        (lambda: PiecewiseConstantDecay([2, 2], [0.3, 0.2, 0.1]), r"boundaries must be increasing, got \(2, 2\)"),
        (lambda: PiecewiseConstantDecay([1], [0.1, -0.1]), r"values\[1\] must be a number of 0 or more, got -0.1"),
    ],
)
def test_arguments_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
