"""The fused Adam: the same bits and checkpoints as dnn.Adam, and tensors that were read before stay as they were."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from needs_compiler import needs_compiler
from optimizer_peer import START, drawn_gradients

import dnn
from dnn.kernels.fused_adam import FusedAdam

pytestmark = needs_compiler

RULES = st.fixed_dictionaries(
    {
        "learning_rate": st.sampled_from([1e-5, 1e-3, 1.0]) | st.floats(1e-6, 1),
        "beta_1": st.sampled_from([0.5, 0.9]) | st.floats(0.5, 0.99),
        "beta_2": st.sampled_from([0.5, 0.999]) | st.floats(0.5, 0.9999),
        "epsilon": st.sampled_from([1e-8, 1e-7, 1.0]),
    }
)
SHAPES = [(3, 7), (7,), (), (0, 4), (300, 70)]


def steps_of(make, gradients, dtype=tf.float32):
    """Return all variables of an optimizer of two parameters after a step with each gradient."""
    parameters = [tf.Variable(START[:30].reshape(5, 6), dtype=dtype), tf.Variable(START[30:], dtype=dtype)]
    optimizer = make(parameters)
    for g in gradients:
        optimizer.apply([tf.constant(g[:30].reshape(5, 6), dtype), tf.constant(g[30:], dtype)])
    return [v.numpy() for v in (*parameters, *optimizer.m, *optimizer.v, optimizer.t)]


@given(rule=RULES, seed=st.integers(0, 2**32 - 1), dtype=st.sampled_from([tf.float32, tf.float64]))
def test_parameters_and_slots_are_those_of_adam_to_the_last_bit(rule, seed, dtype):
    """With gradients of every size, from those whose squares underflow to those whose squares overflow."""
    gradients = drawn_gradients(seed, 6)
    fused = steps_of(lambda p: FusedAdam(p, **rule), gradients, dtype)
    for ours, wanted in zip(fused, steps_of(lambda p: dnn.Adam(p, **rule), gradients, dtype), strict=True):
        np.testing.assert_array_equal(ours, wanted)


def test_in_a_graph_the_bits_are_the_same_for_many_shapes_and_every_thread():
    ends = []
    for make in (FusedAdam, dnn.Adam):
        parameters = [tf.Variable(tf.random.stateless_normal(shape, [1, i])) for i, shape in enumerate(SHAPES)]
        gradients = [tf.random.stateless_normal(shape, [2, i]) for i, shape in enumerate(SHAPES)]
        optimizer = make(parameters)
        step = tf.function(optimizer.apply)
        for _ in range(3):
            step(gradients)
        ends.append([p.numpy() for p in parameters])
    for ours, wanted in zip(*ends, strict=True):
        np.testing.assert_array_equal(ours, wanted)


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_the_bits_are_the_same_after_any_number_of_steps(dtype):
    for t in (*range(100), *np.geomspace(100, 2**62, 50).astype(np.int64)):
        ends = []
        for make in (FusedAdam, dnn.Adam):
            optimizer = make([tf.Variable(0.0, dtype=dtype)])
            optimizer.t.assign(t)
            optimizer.apply([tf.constant(0.3, dtype)])
            ends.append(optimizer.parameters[0].numpy())
        assert ends[0] == ends[1]


def test_nan_and_infinity_pass_as_in_adam():
    gradients = [np.resize([np.nan, np.inf, -np.inf, 0, 1e-40, 1e38, -0.0], 48).astype(np.float32)] * 2
    for ours, wanted in zip(steps_of(FusedAdam, gradients), steps_of(dnn.Adam, gradients), strict=True):
        np.testing.assert_array_equal(ours, wanted)


def test_a_tensor_that_was_read_before_stays_as_it_was():
    p = tf.Variable(tf.ones([1000]))
    optimizer = FusedAdam([p], 0.1)
    before, m_before = p.read_value(), optimizer.m[0].read_value()  # share the variables' memory
    optimizer.apply([before])  # and so does this gradient
    np.testing.assert_array_equal(before, np.ones(1000))
    np.testing.assert_array_equal(m_before, np.zeros(1000))
    assert abs(p.numpy() - 0.9).max() < 1e-5
    assert abs(optimizer.m[0].numpy() - 0.1).max() < 1e-6


def test_in_a_graph_a_value_read_before_the_step_stays_too():
    p = tf.Variable(tf.ones([1000]))
    optimizer = FusedAdam([p], 0.1)

    @tf.function
    def step():
        before = p.read_value()
        optimizer.apply([tf.ones([1000])])
        return before, p.read_value()

    before, after = step()
    assert (before.numpy() == 1).all()
    assert abs(after.numpy() - 0.9).max() < 1e-5


@pytest.mark.parametrize(("old", "new"), [(FusedAdam, dnn.Adam), (dnn.Adam, FusedAdam)])
def test_each_reads_the_checkpoint_of_the_other(old, new, tmp_path):
    ends, gradient = [], tf.constant([[0.5, -2.0]])
    first = old([tf.Variable([[1.0, 2.0]])], 0.1)
    first.apply([gradient])
    path = tf.train.Checkpoint(optimizer=first).write(str(tmp_path / "checkpoint"))
    second = new([tf.Variable([[0.0, 0.0]])], 0.9)
    tf.train.Checkpoint(optimizer=second).read(path).assert_consumed()
    for optimizer in (first, second):
        optimizer.apply([gradient])
        ends.append(optimizer.parameters[0].numpy())
    np.testing.assert_array_equal(*ends)


def test_a_schedule_gives_the_steps_of_adam():
    ends = []
    for make in (FusedAdam, dnn.Adam):
        optimizer = make([tf.Variable([[1.0, 2.0]])], dnn.ExponentialDecay(0.1, 2, 0.5))
        step = tf.function(optimizer.apply)
        for g in (0.5, -2.0, 3.0):
            step([tf.constant([[g, g]])])
        ends.append(optimizer.parameters[0].numpy())
    np.testing.assert_array_equal(*ends)


def test_it_keeps_the_laws_of_an_optimizer():
    dnn.testing.check_optimizer(lambda parameters: FusedAdam(parameters, 0.1), xla=False)


def test_fit_trains_with_it_as_with_adam():
    """In float64: an epoch may have its sums in another order, and Adam divides what that does by its ε of 1e-7."""
    random = np.random.default_rng(3)
    x, y = random.normal(size=(200, 4)), random.integers(0, 3, 200).astype(np.int32)
    histories = []
    for make in (FusedAdam, dnn.Adam):
        model = dnn.mlp([4, 8, 3], dtype=np.float64, seed=0)
        optimizer = make(model.trainable_variables, 0.01)
        history = dnn.fit(
            model,
            (x, y),
            (x, y),
            loss=dnn.sparse_softmax_cross_entropy,
            optimizer=optimizer,
            batch_size=32,
            epochs=2,
            seed=0,
        )
        histories.append(history["val_loss"])
    np.testing.assert_allclose(*histories, rtol=1e-8)


def test_what_adam_alone_computes_is_refused_when_it_is_set():
    optimizer = FusedAdam([tf.Variable([1.0])])
    optimizer.weight_decay = 0.1
    with pytest.raises(ValueError, match="FusedAdam has no weight decay and no AMSGrad: use dnn.Adam"):
        optimizer.apply([tf.constant([1.0])])


def test_wrong_arguments_are_named():
    p = tf.Variable([1.0])
    with pytest.raises(ValueError, match=r"beta_1 and beta_2 must be in \[0.5, 1\), got 0.3 and 0.999"):
        FusedAdam([p], 0.1, beta_1=0.3)
    with pytest.raises(ValueError, match=r"parameters\[1\], .*, is given twice"):
        FusedAdam([p, p])
    with pytest.raises(TypeError, match="parameters must be all float32 or all float64, got float32, float64"):
        FusedAdam([p, tf.Variable(np.float64(1))])
    with pytest.raises(ValueError, match="learning_rate must be a number of 0 or more, got -1"):
        FusedAdam([p]).learning_rate = -1
