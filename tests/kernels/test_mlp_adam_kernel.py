"""The kernel of the epochs in C++: an epoch is taken whole or not at all."""

import numpy as np
import pytest
import tensorflow as tf
from mlp_epochs import LOSS, RATE, drawn, state_of
from needs_compiler import needs_compiler

import dnn
from dnn.kernels.mlp_adam import MlpAdam
from dnn.train.rows import Rows

pytestmark = needs_compiler

SIZES = [4, 20, 3]


def made(sizes=SIZES, dtype=tf.float32):
    model = dnn.mlp(sizes, seed=1, dtype=dtype)
    return model, MlpAdam(model, RATE)


def epoch(model, optimizer, rows, order, batch_size=8):
    return optimizer.train_epoch(model, LOSS, (dnn.accuracy,), rows, np.int32(order), batch_size).numpy()


def assert_same(ours, wanted):
    for one, other in zip(ours, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("what", "wrong", "message"),
    [
        ("label", -1, r"labels must be in \[0, 3\), got -1 in row 29"),
        ("label", 2**31 - 1, "got 2147483647 in row 29"),
        ("index", -1, r"order must hold indices in \[0, 30\), got -1"),
        ("index", 30, "got 30"),
    ],
)
def test_what_is_out_of_range_is_refused_and_changes_nothing(what, wrong, message):
    (x, y), order = drawn(30, SIZES), np.random.default_rng(2).integers(0, 29, 30)
    order[21] = wrong if what == "index" else 29
    bad = np.where(np.arange(30) == 29, wrong if what == "label" else 0, y).astype(np.int32)
    model, optimizer = made()
    before = state_of(optimizer)
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        epoch(model, optimizer, Rows(x, bad), order)
    assert_same(state_of(optimizer), before)


def test_a_tensor_that_was_read_before_stays_as_it_was():
    model, optimizer = made()
    variables = *optimizer.parameters, *optimizer.m, *optimizer.v, optimizer.t
    held, before = [variable.read_value() for variable in variables], state_of(optimizer)
    for _ in range(2):
        epoch(model, optimizer, Rows(*drawn(30, SIZES)), range(30))
    assert_same(held, before)
    for one, other in zip(state_of(optimizer), before, strict=True):
        assert (one != other).any()


def test_in_a_graph_a_value_read_before_the_epoch_stays_too():
    model, optimizer = made()
    rows, order = Rows(*map(tf.constant, drawn(30, SIZES))), tf.range(30)

    @tf.function
    def read_and_train():
        before = [variable.read_value() for variable in optimizer.parameters]
        optimizer.train_epoch(model, LOSS, (), rows, order, 8)
        return before, [variable.read_value() for variable in optimizer.parameters]

    start = [variable.numpy() for variable in optimizer.parameters]
    before, after = read_and_train()
    assert_same(before, start)
    assert_same(after, optimizer.parameters)
    assert all((one.numpy() != other).any() for one, other in zip(after, start, strict=True))


def test_the_rows_may_lie_in_the_memory_of_the_weights_and_the_order_be_the_labels():
    ends = []
    for copied in (False, True):
        model, optimizer = made([3, 3])
        x, y = model.layers[0].kernel.read_value(), tf.constant([0, 2, 1])
        x, order = (tf.constant(x.numpy()), tf.constant(y.numpy())) if copied else (x, y)
        for _ in range(2):
            optimizer.train_epoch(model, LOSS, (), Rows(x, y), order, 1)
        ends.append(state_of(optimizer))
    assert_same(*ends)


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_no_order_takes_no_step_and_batches_may_be_of_any_size(dtype):
    (x, y), (model, optimizer) = drawn(30, SIZES, dtype.as_numpy_dtype), made(dtype=dtype)
    before = state_of(optimizer)
    np.testing.assert_array_equal(epoch(model, optimizer, Rows(x, y), []), [0, 0])
    np.testing.assert_array_equal(epoch(model, optimizer, Rows(x[:0], y[:0]), []), [0, 0])
    assert_same(state_of(optimizer), before)
    other_model, other = made(dtype=dtype)
    for one_model, one, size in ((model, optimizer, 30), (other_model, other, 2**62)):
        epoch(one_model, one, Rows(x, y), range(30), size)
    assert_same(state_of(optimizer), state_of(other))
    assert optimizer.t.numpy() == 1
