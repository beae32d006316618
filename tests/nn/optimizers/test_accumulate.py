"""AccumulateGradients, and wrappers around one another: against Keras's optimizer with the same options."""

import functools
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from modes import MODES
from tolerance import assert_near

from dnn.nn.optimizers.accumulate import AccumulateGradients
from dnn.nn.optimizers.adam import Adam
from dnn.nn.optimizers.average import AverageWeights
from dnn.nn.optimizers.clip import ClipGradients
from dnn.nn.optimizers.sgd import SGD

SEEDS = st.integers(0, 2**32 - 1)
WAYS = {"graph": MODES["graph"], "xla": MODES["xla"], "autograph": tf.function}  # beside eager calls


def normal(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


class Descent:
    """A user's own optimizer, not a tf.Module: p ← p − rate · g."""

    def __init__(self, parameters, learning_rate):
        self.parameters, self.learning_rate = parameters, learning_rate

    def apply(self, gradients):
        for p, g in zip(self.parameters, gradients, strict=True):
            p.assign_sub(self.learning_rate * g)


@pytest.mark.parametrize("clip", ["clipvalue", "clipnorm", "global_clipnorm"])
@settings(max_examples=settings().max_examples // 12)
@given(steps=st.integers(2, 4), seed=SEEDS)
def test_accumulated_clipped_and_decayed_is_keras_s(clip, steps, seed):
    """To the last bit with clipvalue; a norm is rounded otherwise here (see test_clip.py)."""
    start, options = normal(9, seed), {"weight_decay": 0.1}
    p, theirs = tf.Variable(start), keras.Variable(start)
    optimizer = AccumulateGradients(ClipGradients(Adam([p], 0.1, **options), **{clip: 0.5}), steps)
    peer = keras.optimizers.Adam(0.1, **options, **{clip: 0.5}, gradient_accumulation_steps=steps)
    peer.build([theirs])
    for g in normal((2 * steps, 9), seed + 1):
        optimizer.apply([g])
        peer.apply([tf.constant(g)], [theirs])
        if clip == "clipvalue":
            np.testing.assert_array_equal(p, theirs)
        assert_near(p, theirs, ulps=64, absolute=1e-5)


@settings(max_examples=settings().max_examples // 8)
@given(steps=st.integers(2, 4), seed=SEEDS)
def test_a_schedule_of_the_calls_gives_keras_s_rates(steps, seed):
    def schedule(t):
        return 0.5 ** tf.cast(t, tf.float32)  # exact in float32

    class Halves(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            return schedule(step)

    p, theirs = tf.Variable(normal(5, seed)), keras.Variable(normal(5, seed))
    optimizer = AccumulateGradients(SGD([p], lambda t: schedule(t * steps + steps - 1)), steps)
    peer = keras.optimizers.SGD(Halves(), gradient_accumulation_steps=steps)
    peer.build([theirs])
    for g in normal((2 * steps, 5), seed + 1):
        optimizer.apply([g])
        peer.apply([tf.constant(g)], [theirs])
        np.testing.assert_array_equal(p, theirs)


@settings(max_examples=settings().max_examples // 8)
@given(steps=st.integers(2, 4), momentum=st.floats(0, 1), seed=SEEDS)
def test_averages_within_accumulation_are_those_that_keras_has_before_each_step(steps, momentum, seed):
    p, theirs = tf.Variable(normal(5, seed)), keras.Variable(normal(5, seed))
    optimizer = AccumulateGradients(AverageWeights(SGD([p], 0.1), ema_momentum=momentum**steps), steps)
    peer = keras.optimizers.SGD(0.1, gradient_accumulation_steps=steps, use_ema=True, ema_momentum=momentum)
    peer.build([theirs])
    for call, g in enumerate(normal((4 * steps, 5), seed + 1), start=1):
        if call > steps and call % steps == 0:
            expected = peer._model_variables_moving_average[0]
            assert_near(optimizer.optimizer.averages[0], expected, ulps=64, absolute=1e-6)
        optimizer.apply([g])
        peer.apply([tf.constant(g)], [theirs])
        np.testing.assert_array_equal(p, theirs)


@settings(max_examples=settings().max_examples // 3)
@given(steps=st.integers(1, 5), seed=SEEDS)
def test_some_equal_gradients_are_one_step_with_their_value(steps, seed):
    """Bit for bit where the sum and its division are exact: gradients of few digits."""
    g = np.round(normal(6, seed) * 64) / 64
    p, once = tf.Variable(tf.zeros(6)), tf.Variable(tf.zeros(6))
    optimizer, plain = AccumulateGradients(Adam([p], 0.1), steps), Adam([once], 0.1)
    for _ in range(2):
        for _ in range(steps):
            optimizer.apply([g])
        plain.apply([g])
        np.testing.assert_array_equal(p, once)
    assert optimizer.optimizer.t.numpy() == 2


def test_one_step_is_taken_with_the_mean_and_the_sums_begin_again():
    """(1 + 2 + 6) / 3 = 3, then (3 + 3 + 0) / 3 = 2; between, nothing moves."""
    p, seen = tf.Variable(0.0), []
    optimizer = AccumulateGradients(Descent([p], 1.0), 3)
    for g in (1.0, 2.0, 6.0, 3.0, 3.0, 0.0, 5.0):
        optimizer.apply([tf.constant(g)])
        seen.append(p.numpy())
    assert seen == [0, 0, -3, -3, -3, -5, -5]
    assert optimizer.sums[0].numpy() == 5


def test_gradients_of_half_precision_are_summed_in_float32():
    """Two of 128 and 30 of 1, of mean 286 / 32. A bfloat16 sum would stay at 256, and the mean be 8."""
    p = tf.Variable([0.0], dtype=tf.bfloat16)
    optimizer = AccumulateGradients(SGD([p], 1.0), 32)
    for g in [128.0] * 2 + [1.0] * 30:
        optimizer.apply([tf.constant([g], tf.bfloat16)])
    np.testing.assert_array_equal(p, tf.cast([-286 / 32], tf.bfloat16))


@pytest.mark.parametrize("way", WAYS)
def test_all_within_one_another_take_the_same_steps_in_every_way_of_running(way):
    def made():
        p = tf.Variable(tf.constant(normal(7)))
        clipped = ClipGradients(Adam([p], 0.1, weight_decay=0.1), global_clipnorm=1.0)
        return p, AccumulateGradients(AverageWeights(clipped, ema_momentum=0.5, ema_overwrite_frequency=2), 3)

    (p, optimizer), (expected, one_by_one) = made(), made()
    gradients = tf.constant(normal((12, 7), 1))

    step = WAYS[way](lambda g: optimizer.apply([g]))
    for g in gradients:
        step(g)
        one_by_one.apply([g])
    assert_near(p, expected, ulps=32, absolute=1e-6)
    assert_near(optimizer.optimizer.averages[0], one_by_one.optimizer.averages[0], ulps=32, absolute=1e-6)
    assert [optimizer.calls.numpy(), optimizer.optimizer.t.numpy()] == [12, 4]


def test_an_optimizer_of_the_user_s_own_gets_all_of_it():
    p = tf.Variable([1.0, 2.0])
    optimizer = AccumulateGradients(AverageWeights(ClipGradients(Descent([p], 0.5), clipvalue=2.0)), 2)
    assert optimizer.parameters == [p]
    optimizer.learning_rate = 0.25
    assert optimizer.learning_rate == 0.25
    for _ in range(2):
        optimizer.apply([tf.constant([4.0, -1.0])])
    np.testing.assert_array_equal(p, [0.5, 2.25])


def test_an_assigned_learning_rate_reaches_the_innermost_without_a_new_trace():
    p = tf.Variable([0.0])
    wrap = functools.partial(AverageWeights, ema_momentum=0.9)
    optimizer = AccumulateGradients(wrap(ClipGradients(SGD([p], 1.0), clipvalue=10.0)), 1)
    step = tf.function(lambda: optimizer.apply([tf.ones(1)]))
    step()
    optimizer.learning_rate = 0.25
    step()
    np.testing.assert_array_equal(p, [-1.25])
    assert step.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16], ids=lambda dtype: dtype.name)
def test_a_checkpoint_in_the_middle_of_an_accumulation_goes_on_exactly(dtype, tmp_path):
    def made(rate):
        p = tf.Variable(tf.cast(normal(5), dtype))
        return AccumulateGradients(AverageWeights(ClipGradients(Adam([p], rate), clipnorm=1.0)), 3)

    optimizer, other, gradients = made(0.1), made(0.2), tf.cast(normal((8, 5), 1), dtype)
    for g in gradients[:5]:
        optimizer.apply([g])
    path = tf.train.Checkpoint(optimizer=optimizer).write(str(tmp_path / "checkpoint"))
    tf.train.Checkpoint(optimizer=other).read(path).assert_consumed()
    for g in gradients[5:]:
        optimizer.apply([g])
        other.apply([g])
    for v, w in zip(optimizer.variables, other.variables, strict=True):
        np.testing.assert_array_equal(v, w)


@pytest.mark.parametrize(
    "make",
    [functools.partial(AccumulateGradients, steps=2), AverageWeights, functools.partial(ClipGradients, clipnorm=1.0)],
    ids=["accumulate", "average", "clip"],
)
def test_what_is_no_optimizer_is_refused_and_so_is_a_missing_gradient(make):
    for wrong in ("adam", Adam, None):
        with pytest.raises(TypeError, match="optimizer must have parameters and apply"):
            make(wrong)
    optimizer = make(SGD([tf.Variable(1.0, name="lost")]))
    before = [v.numpy() for v in optimizer.variables]
    with pytest.raises(ValueError, match="does not depend on the parameter lost:0"):
        optimizer.apply([None])
    with pytest.raises(ValueError, match="gradients must be one for each of 1 parameters, got 2"):
        optimizer.apply([tf.ones(()), tf.ones(())])
    assert [v.numpy() for v in optimizer.variables] == before


@pytest.mark.parametrize(
    "steps", [0, -1, 1.5, 2.0, True, "2", None, np.float32(2), np.array([2])], ids=lambda steps: repr(steps)
)
def test_steps_that_are_no_count_are_refused(steps):
    with pytest.raises(ValueError, match=f"^steps must be an integer of 1 or more, got {re.escape(repr(steps))}$"):
        AccumulateGradients(SGD([tf.Variable(1.0)]), steps)


def test_an_integer_of_numpy_is_a_count():
    assert AccumulateGradients(SGD([tf.Variable(1.0)]), np.int64(2)).steps == 2
