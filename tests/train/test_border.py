"""The border: arrays of every kind become the tensors a compiled loop trusts, or an error that names them."""

from dataclasses import dataclass

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

import dnn
from dnn.nn.argument_checks import checked_count
from dnn.train.border import checked_data, checked_inputs, checked_per_row
from dnn.train.few_rows import copied_tensor

MODEL = dnn.mlp([2, 3], seed=0)
X, Y = np.array([[0, 1], [2, 3]], np.float32), np.array([0, 2])


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.int64, np.float16, np.float64, ">f4", np.uint64])
def test_inputs_of_every_number_dtype_become_the_dtype_of_the_weights(dtype):
    x = checked_inputs(MODEL, X.astype(dtype), "x")
    assert x.dtype == tf.float32
    np.testing.assert_array_equal(x, X)


def test_truth_values_and_lists_are_numbers_too():
    np.testing.assert_array_equal(checked_inputs(MODEL, [[True, False]], "x"), [[1, 0]])
    np.testing.assert_array_equal(checked_inputs(MODEL, [[1, 2.5]], "x"), [[1, 2.5]])


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int32, np.uint32, np.int64, np.uint64])
def test_class_numbers_of_every_integer_dtype_become_int32(dtype):
    y = checked_data(MODEL, (X, Y.astype(dtype)), "data").y
    assert y.dtype == tf.int32
    np.testing.assert_array_equal(y, Y)


@pytest.mark.parametrize("label", [2**31, 2**32, 2**62])
def test_a_class_number_beyond_int32_does_not_wrap_into_range(label):
    with pytest.raises(ValueError, match=rf"^data: labels must be in \[0, 3\), got values from 0 to {label}"):
        checked_data(MODEL, (X, np.array([0, label])), "data")


@given(st.lists(st.integers(-5, 5), min_size=2, max_size=2))
def test_labels_pass_exactly_when_each_is_a_class(labels):
    if all(0 <= label < 3 for label in labels):
        np.testing.assert_array_equal(checked_data(MODEL, (X, labels), "data")[1], labels)
    else:
        with pytest.raises(ValueError, match=f"got values from {min(labels)} to {max(labels)}"):
            checked_data(MODEL, (X, labels), "data")


def test_integers_beside_one_output_are_numbers_and_not_classes():
    """0 and 1 for one logit, or counts: whatever the loss compares with."""
    y = checked_data(dnn.mlp([2, 1], seed=0), (X, np.array([-4, 700])), "data").y
    np.testing.assert_array_equal(y, [-4, 700])


@pytest.mark.parametrize("y", [np.eye(2, 3), np.eye(2, 3).astype(np.int64), np.eye(2, 3).astype(bool)])
def test_one_hot_targets_pass_and_floats_among_them_take_the_dtype_of_the_weights(y):
    passed = checked_data(MODEL, (X, y), "data")[1]
    assert passed.dtype == (np.float32 if y.dtype == np.float64 else y.dtype)
    np.testing.assert_array_equal(passed, y)


@pytest.mark.parametrize(
    "values",
    [
        np.array([[0, 1]], object),
        np.array([["0", "1"]]),
        [["a", "b"]],
        np.array([[1j, 0]]),
        [[None, 1]],
        [[1], [1, 2]],
        np.array([["2020-01-01", "2020-01-02"]], "datetime64[D]"),
    ],
    ids=["object", "strings", "list of strings", "complex", "None", "ragged", "dates"],
)
def test_values_that_are_not_numbers_are_refused_by_name(values):
    with pytest.raises(ValueError, match="^x must be numbers"):
        checked_inputs(MODEL, values, "x")
    with pytest.raises(ValueError, match="^data: y must be numbers"):
        checked_data(MODEL, (X[:1], values), "data")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_a_nan_or_an_infinity_is_told_with_its_row(value):
    """1e300 is an infinity in float32, the dtype of the weights."""
    with pytest.raises(ValueError, match=r"^x has a NaN or an infinity, as float32, in row 1 \(the first is row 0\)"):
        checked_inputs(MODEL, [[0, 0], [0, value]], "x")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_numbers_pass_in_any_order_of_memory_and_one_that_is_not_finite_does_not(dtype):
    """Though the sum of their squares is an infinity."""
    for order in "CF":
        x = np.full([300, 2], 1e30, dtype, order)
        np.testing.assert_array_equal(checked_inputs(MODEL, x, "x"), x.astype(np.float32))
        x[299, 1] = np.nan
        with pytest.raises(ValueError, match="in row 299"):
            checked_inputs(MODEL, x, "x")


@pytest.mark.parametrize("y", [[0, np.nan], [[0, 0], [np.inf, 0]]])
def test_targets_are_finite_too(y):
    with pytest.raises(ValueError, match="^data: y has a NaN or an infinity, as float32, in row 1"):
        checked_data(MODEL, (X, y), "data")


@pytest.mark.parametrize("x", [np.zeros(2), np.zeros((1, 2, 2)), 3.0])
def test_inputs_are_rows_of_features(x):
    with pytest.raises(ValueError, match=r"^x must be \[rows, features\], got shape \("):
        checked_inputs(MODEL, x, "x")


def test_a_number_is_not_a_y():
    with pytest.raises(ValueError, match=r"^data: x has 2 rows, and y has shape \(\)"):
        checked_data(MODEL, (X, 1), "data")


@pytest.mark.parametrize("features", [1, 3])
def test_a_model_takes_its_number_of_features(features):
    with pytest.raises(ValueError, match=f"^x has {features} features, which the model does not take: x must be"):
        checked_inputs(MODEL, np.zeros((2, features)), "x")


def test_a_model_gives_a_row_of_outputs_for_each_row():
    class Flat(dnn.Dense):
        def __call__(self, x):
            return super().__call__(x)[:, 0]

    class Two(dnn.Dense):
        def __call__(self, x):
            return super().__call__(x), x

    with pytest.raises(ValueError, match=r"^the model must give \[rows, outputs\], got \(None,\)"):
        checked_inputs(Flat(2, 3), X, "x")
    with pytest.raises(ValueError, match=r"^the model must give \[rows, outputs\], got \(.*Tensor.*, .*Tensor.*\)"):
        checked_inputs(Two(2, 3), X, "x")


def test_the_dtype_is_that_of_what_trains():
    class Shifted(dnn.Dense):
        def __init__(self):
            super().__init__(2, 3)
            self.an_offset = tf.Variable([1.0, 2.0], trainable=False, dtype=tf.float64)

        def __call__(self, x):
            return super().__call__(x - tf.cast(self.an_offset, x.dtype))

    assert checked_inputs(Shifted(), X, "x").dtype == tf.float32
    assert checked_inputs(dnn.mlp([2, 3], dtype=tf.float64, seed=0), X, "x").dtype == tf.float64


@pytest.mark.parametrize("value", [1, 7, np.int64(3), np.uint8(3)])
def test_counts_are_integers(value):
    assert checked_count(value, "epochs") == value
    assert type(checked_count(value, "epochs")) is int


@pytest.mark.parametrize("value", [0, -1, True, 2.0, "3", None, np.nan])
def test_other_values_than_counts_are_refused_by_name(value):
    with pytest.raises(ValueError, match=f"^epochs must be an integer of 1 or more, got {value!r}"):
        checked_count(value, "epochs")


@pytest.mark.parametrize("frozen", [True, False])
def test_a_loss_that_may_change_under_the_compiled_epoch_is_refused(frozen):
    """A dataclass that is not frozen has no hash: the epoch compiled with its fields could not be told from another."""

    @dataclass(frozen=frozen)
    class Weighted:
        weight: float

        def __call__(self, labels, logits):
            return self.weight * dnn.sparse_softmax_cross_entropy(labels, logits)

    loss = Weighted(2.0)
    if frozen:
        assert checked_per_row(loss, "loss") is loss
    else:
        with pytest.raises(TypeError, match="^loss must have a hash: as a dataclass, Weighted must be frozen"):
            checked_per_row(loss, "loss")


@pytest.mark.parametrize("dtype", [bool, np.uint8, ">i8", ">f4", np.float64, tf.bfloat16.as_numpy_dtype])
@pytest.mark.parametrize("shape", [(), (0, 3), (1,), (5, 7)])
def test_a_copied_tensor_is_that_of_tensorflow(dtype, shape):
    x = np.arange(1, 1 + np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    copy, constant = copied_tensor(x), tf.constant(x)
    x[...] = 0
    assert (copy.dtype, copy.shape, copy.device) == (constant.dtype, constant.shape, constant.device)
    np.testing.assert_array_equal(copy.numpy(), constant.numpy())


def test_the_tensor_shares_the_one_copy_of_an_array(monkeypatch):
    x, y, made, empty = np.zeros((20_000, 12), np.float32), np.zeros(20_000, np.int32), [], np.empty

    def noted(*args):
        made.append(empty(*args))
        return made[-1]

    monkeypatch.setattr(np, "empty", noted)
    rows = checked_data(dnn.mlp([12, 2], seed=0), (x, y), "data")
    assert [np.shares_memory(memory, rows.x._numpy()) for memory in made if memory.nbytes >= x.nbytes] == [True]
    assert not np.shares_memory(x, rows.x._numpy())
