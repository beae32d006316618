"""AverageWeights: against Keras's use_ema, against the weighted sum it stands for, and as laws."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerance import assert_near

from dnn.nn.optimizers.adam import Adam
from dnn.nn.optimizers.adamw import AdamW
from dnn.nn.optimizers.average import AverageWeights
from dnn.nn.optimizers.clip import ClipGradients
from dnn.nn.optimizers.sgd import SGD

MOMENTA = st.sampled_from([0.0, 0.5, 0.99, 1.0]) | st.floats(0, 1)
SEEDS = st.integers(0, 2**32 - 1)
HALVES = [tf.bfloat16, tf.float16]
DTYPES = [tf.float32, tf.float64, *HALVES]


def normal(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def around_clipping(optimizer, **options):
    return AverageWeights(ClipGradients(optimizer, clipvalue=1e3), **options)


class Descent:
    """A user's own optimizer, which has no masters: p ← p − 0.1 g."""

    def __init__(self, parameters):
        self.parameters = parameters

    def apply(self, gradients):
        for p, g in zip(self.parameters, gradients, strict=True):
            p.assign_sub(0.1 * g)


@settings(max_examples=settings().max_examples // 3)
@given(momentum=MOMENTA, frequency=st.none() | st.integers(1, 4), seed=SEEDS, steps=st.integers(1, 8))
def test_weights_and_averages_are_keras_s_to_the_last_bit(momentum, frequency, seed, steps):
    options = {"ema_momentum": momentum, "ema_overwrite_frequency": frequency}
    p, theirs = tf.Variable(normal(9, seed)), keras.Variable(normal(9, seed))
    optimizer, peer = AverageWeights(Adam([p], 0.1), **options), keras.optimizers.Adam(0.1, use_ema=True, **options)
    peer.build([theirs])
    for g in normal((steps, 9), seed + 1):
        optimizer.apply([g])
        peer.apply([tf.constant(g)], [theirs])
        np.testing.assert_array_equal(p, theirs)
        np.testing.assert_array_equal(optimizer.averages[0], peer._model_variables_moving_average[0])
    optimizer.swap()
    peer.finalize_variable_values([theirs])
    np.testing.assert_array_equal(p, theirs)


@settings(max_examples=settings().max_examples // 2)
@given(st.floats(0, 1), SEEDS, st.integers(1, 12))
def test_the_average_is_the_weighted_sum_of_the_weights_after_each_step(momentum, seed, steps):
    """μⁿ⁻¹ p₁ + (1 − μ) Σ μⁿ⁻ᵗ pₜ, t from 2 to n: what was before the first step has no weight."""
    p = tf.Variable(normal(4, seed).astype(np.float64))
    optimizer, after = AverageWeights(SGD([p], 0.1), ema_momentum=momentum), []
    for g in normal((steps, 4), seed + 1).astype(np.float64):
        optimizer.apply([g])
        after.append(p.numpy())
    expected = momentum ** (steps - 1) * after[0]
    expected += sum((1 - momentum) * momentum ** (steps - t) * after[t - 1] for t in range(2, steps + 1))
    assert_near(optimizer.averages[0], expected, dtype=np.float64, ulps=64, absolute=1e-14)


@settings(max_examples=settings().max_examples // 6)
@given(seed=SEEDS)
def test_swapping_shows_the_averages_and_swapping_again_is_as_if_nothing_were(seed):
    parameters = [tf.Variable(tf.cast(normal(9, seed), dtype)) for dtype in DTYPES]
    optimizer = AverageWeights(Adam(parameters, 0.1), ema_momentum=0.9)
    for _ in range(2):
        for g in normal((3, 9), seed + 1):
            optimizer.apply([tf.cast(g, dtype) for dtype in DTYPES])
        before = [(p.numpy(), average.numpy()) for p, average in zip(parameters, optimizer.averages, strict=True)]
        optimizer.swap()
        for p, shown, (weights, average) in zip(parameters, optimizer.averages, before, strict=True):
            np.testing.assert_array_equal(p, tf.cast(average, p.dtype))
            np.testing.assert_array_equal(tf.cast(shown, p.dtype), weights)
        optimizer.swap()
        for p, kept, (weights, average) in zip(parameters, optimizer.averages, before, strict=True):
            np.testing.assert_array_equal(p, weights)
            np.testing.assert_array_equal(kept, average)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.name)
def test_with_momentum_0_the_averages_are_the_weights(dtype):
    p = tf.Variable(tf.cast(normal(9), dtype))
    optimizer = AverageWeights(SGD([p], 0.1), ema_momentum=0.0)
    for g in normal((5, 9), 1):
        optimizer.apply([tf.cast(g, dtype)])
        np.testing.assert_array_equal(tf.cast(optimizer.averages[0], dtype), p)


def test_before_the_first_step_the_averages_are_the_parameters():
    p = tf.Variable([1.0, 2.0])
    optimizer = AverageWeights(SGD([p]))
    optimizer.swap()
    np.testing.assert_array_equal(p, [1, 2])
    np.testing.assert_array_equal(optimizer.averages[0], [1, 2])


def test_the_averages_of_bfloat16_weights_move_where_keras_s_do_not():
    """μ = 0.999 is 1 in bfloat16. After a step to 1 and 40 steps at 2, the average is 2 − μ⁴⁰, and Keras's 1."""
    p, theirs = tf.Variable([0.0], dtype=tf.bfloat16), keras.Variable([0.0], dtype="bfloat16")
    optimizer = AverageWeights(SGD([p], 1.0), ema_momentum=0.999)
    peer = keras.optimizers.SGD(1.0, use_ema=True, ema_momentum=0.999)
    peer.build([theirs])
    for step in [-1.0, -1.0] + [0.0] * 39:
        g = tf.constant([step], tf.bfloat16)
        optimizer.apply([g])
        peer.apply([g], [theirs])
    np.testing.assert_allclose(optimizer.averages[0], [2 - 0.999**40], rtol=1e-5)
    assert float(peer._model_variables_moving_average[0][0]) == 1


@pytest.mark.parametrize("around", [AverageWeights, around_clipping], ids=["at once", "around another wrapper"])
def test_half_precision_is_averaged_and_overwritten_as_a_float32_copy_bit_for_bit(around):
    """Steps of 1e-4, all of which the rounding of the parameter would lose."""
    parameters = [tf.Variable(tf.cast(1 + 0.1 * normal(9), dtype)) for dtype in HALVES]
    copies = [tf.Variable(tf.cast(p, tf.float32)) for p in parameters]
    optimizers = [around(SGD(v, 1e-4), ema_momentum=0.9, ema_overwrite_frequency=5) for v in (parameters, copies)]
    for g in 1 + 0.1 * normal((12, 9), 1):
        halves = [tf.cast(g, dtype) for dtype in HALVES]
        optimizers[0].apply(halves)
        optimizers[1].apply([tf.cast(half, tf.float32) for half in halves])
        for p, copy in zip(parameters, copies, strict=True):
            np.testing.assert_array_equal(p, tf.cast(copy, p.dtype))
        for of_halves, of_copies in zip(*[optimizer.averages for optimizer in optimizers], strict=True):
            np.testing.assert_array_equal(of_halves, of_copies)


@pytest.mark.parametrize(("frequency", "end"), [(1, 0.9899), (100, 0.9090)])
def test_half_precision_moves_though_it_is_overwritten_again_and_again(frequency, end):
    """1,000 steps of 1e-4 from 1, in a loop that XLA compiles."""
    options = {"ema_momentum": 0.9, "ema_overwrite_frequency": frequency}
    parameters = [tf.Variable(tf.ones(1, dtype)) for dtype in (*HALVES, tf.float32)]
    optimizers = [AverageWeights(SGD([p], 1e-4), **options) for p in parameters]

    @tf.function(jit_compile=True)
    def steps():
        for _ in tf.range(1000):
            for optimizer in optimizers:
                optimizer.apply([tf.ones_like(optimizer.parameters[0])])

    steps()
    for p, optimizer in zip(parameters, optimizers, strict=True):
        np.testing.assert_allclose(tf.cast(p, tf.float32), [end], atol=0.002)  # half of a bfloat16's last place
        np.testing.assert_allclose(optimizer.averages[0], optimizers[-1].averages[0], atol=1e-5)


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.name)
def test_two_swaps_are_none_around_an_optimizer_that_keeps_no_masters(dtype):
    p = tf.Variable(tf.cast(normal(9), dtype))
    optimizer = AverageWeights(ClipGradients(Descent([p]), clipvalue=1.0), ema_momentum=0.9)
    for g in tf.cast(normal((4, 9), 1), dtype):
        optimizer.apply([g])
    weights, average = p.numpy(), optimizer.averages[0].numpy()
    assert not np.array_equal(weights, tf.cast(average, dtype))
    optimizer.swap()
    np.testing.assert_array_equal(p, tf.cast(average, dtype))
    optimizer.swap()
    np.testing.assert_array_equal(p, weights)
    np.testing.assert_array_equal(optimizer.averages[0], average)


@pytest.mark.parametrize("dtype", HALVES, ids=lambda dtype: dtype.name)
def test_there_is_one_master_of_a_parameter(dtype):
    p = tf.Variable(tf.ones(2, dtype))
    for inner in (SGD([p]), AdamW([p]), ClipGradients(SGD([p]), clipnorm=1.0), Descent([p])):
        variables = AverageWeights(inner).variables
        assert [v.name for v in variables if "master" in v.name] == ["master:0"]


def test_training_goes_on_after_two_swaps_as_if_there_had_been_none():
    """The float32 masters of the wrapped optimizer are still those of its parameters."""
    ends = []
    for swaps in (0, 2):
        p = tf.Variable(tf.cast(normal(9), tf.bfloat16))
        optimizer = AverageWeights(Adam([p], 1e-3))
        for g in tf.cast(normal((8, 9), 1), tf.bfloat16):
            optimizer.apply([g])
            for _ in range(swaps):
                optimizer.swap()
        ends.append([v.numpy() for v in optimizer.optimizer.variables])
    for one, other in zip(*ends, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ema_momentum": 1.1}, r"ema_momentum must be in \[0, 1\], got 1.1"),
        ({"ema_momentum": -0.1}, r"ema_momentum must be in \[0, 1\], got -0.1"),
        ({"ema_overwrite_frequency": 0}, "ema_overwrite_frequency must be an integer of 1 or more, got 0"),
        ({"ema_overwrite_frequency": 1.5}, "ema_overwrite_frequency must be an integer of 1 or more, got 1.5"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        AverageWeights(SGD([tf.Variable(1.0)]), **arguments)
