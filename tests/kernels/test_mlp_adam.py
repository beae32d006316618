"""The epochs in C++ have the parameters, slots and sums of dnn.Adam's epochs, and of Keras's."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from mlp_epochs import RATE, assert_alike, by_kernel, by_steps, drawn
from modes import THOROUGH
from needs_compiler import needs_compiler

import dnn
from dnn.kernels.fused_adam import FusedAdam
from dnn.kernels.mlp_adam import MlpAdam
from dnn.train.rows import Rows

pytestmark = needs_compiler


@settings(max_examples=500 if THOROUGH else 10)
@given(
    sizes=st.lists(st.integers(1, 70), min_size=1, max_size=5),
    classes=st.integers(2, 70),
    rows=st.integers(1, 40),
    batch_size=st.sampled_from([1, 7, 16, 1000]),
    of_order=st.integers(1, 60),
    seed=st.integers(0, 1000),
)
def test_float64_epochs_are_those_of_adam(sizes, classes, rows, batch_size, of_order, seed):
    """For any layers and any order, in which a row may occur twice or never.

    Sums in another order differ by some 1e-16, and a step by that over Adam's ε of 1e-7: six steps by less than 1e-9.
    """
    sizes, random = [*sizes, classes], np.random.default_rng(seed)
    tensors = Rows(*map(tf.constant, drawn(rows, sizes, np.float64, seed)))
    orders = random.integers(0, rows, (2, min(of_order, 3 * batch_size))).astype(np.int32)
    ours, theirs = (
        by(dnn.mlp(sizes, seed=seed, dtype=tf.float64), tensors, orders, batch_size) for by in (by_kernel, by_steps)
    )
    assert_alike(ours[0], theirs[0], rtol=1e-9, atol=1e-9)
    assert_alike(ours[1], theirs[1], rtol=1e-9, atol=1e-9)


def in_numpy(model, x, y):
    """Return (z, [(gradient, mean of its absolute terms), …]): the logits, and for each kernel and bias the gradient of
    the mean loss, and the size of its terms. In float64.
    """
    inputs = [x.astype(np.float64)]
    for layer in model.layers:
        z = inputs[-1] @ layer.kernel.numpy() + layer.bias.numpy()
        inputs.append(np.maximum(z, 0))
    p = np.exp(z - z.max(axis=1, keepdims=True))
    d, found = p / p.sum(axis=1, keepdims=True) - np.eye(z.shape[1])[y], []
    for layer, h in zip(model.layers[::-1], inputs[-2::-1], strict=True):
        found[:0] = [(h.T @ d / len(x), np.abs(h).T @ np.abs(d) / len(x)), (d.mean(axis=0), np.abs(d).mean(axis=0))]
        d = (d @ layer.kernel.numpy().T.astype(np.float64)) * (h > 0)
    return z, found


FEW = [([3, 2], 1), ([3, 2], 50), ([17, 33, 5, 16, 4], 1), ([17, 33, 5, 16, 4], 50), ([70] * 5 + [10], 50)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("sizes", "batch_size"), [*FEW, ([51, 30, 30, 2], 50), ([51, 30, 30, 2], 20_000)])
def test_a_gradient_and_a_loss_are_numpy_s_within_a_few_roundings(sizes, batch_size, dtype):
    """After a step the gradient is m / (1 − β₁). It is a mean of products of an activation and a derivative, each a sum
    of up to 70 terms, and so off by some roundings. One running sum of 20,000 terms would be off by 33.
    """
    model, (x, y) = dnn.mlp(sizes, seed=1, dtype=dtype), drawn(batch_size, sizes, dtype)
    if batch_size == 20_000:
        y[:] = 0  # terms of one sign, whose sum grows with every row
    eps = np.finfo(dtype).eps * (16 if dtype == np.float32 else 200)  # of float64, NumPy's own running sums are off
    z, gradients = in_numpy(model, x, y)
    optimizer = MlpAdam(model, RATE)
    order = np.arange(batch_size, dtype=np.int32)
    sums = optimizer.train_epoch(model, dnn.sparse_softmax_cross_entropy, (), Rows(x, y), order, batch_size)
    moments = {id(p): m for p, m in zip(optimizer.parameters, optimizer.m, strict=True)}
    variables = [variable for layer in model.layers for variable in (layer.kernel, layer.bias)]
    for variable, (gradient, size) in zip(variables, gradients, strict=True):
        ours = moments[id(variable)].numpy() / dtype(1 - 0.9)
        np.testing.assert_allclose(ours, gradient, rtol=0, atol=eps * size.max())
    losses = np.log(np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1)) + z.max(axis=1) - z[order, y]
    np.testing.assert_allclose(sums, [losses.sum()], rtol=0, atol=batch_size * eps * (1 + np.abs(z).max()))


def keras_s(sizes):
    """Return Keras's network in float64, compiled with Adam."""
    relus = [keras.layers.Dense(units, "relu", dtype="float64") for units in sizes[1:-1]]
    layers = [keras.Input(sizes[:1], dtype="float64"), *relus, keras.layers.Dense(sizes[-1], dtype="float64")]
    network = keras.Sequential(layers)
    network.compile(keras.optimizers.Adam(RATE), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return network


def test_the_bank_s_network_is_trained_as_by_keras():
    """Keras computes the square root and the powers of α in float32: where 1 − 0.999ᵗ is small, its steps of 0.01 are
    off by up to 3e-7 / t, and 21 of them together by some 1e-6.
    """
    sizes, batch_size = [51, 30, 30, 2], 20
    keras.utils.set_random_seed(1)
    theirs, model, (x, y) = keras_s(sizes), dnn.mlp(sizes, dtype=tf.float64), drawn(130, sizes, np.float64)
    for variable, weights in zip(dnn.weights(model), theirs.get_weights(), strict=True):
        variable.assign(weights)
    losses = theirs.fit(x, y, batch_size=batch_size, epochs=3, shuffle=False, verbose=0).history["loss"]
    _, sums = by_kernel(model, Rows(x, y), [np.arange(130, dtype=np.int32)] * 3, batch_size)
    assert_alike(dnn.weights(model), theirs.get_weights(), rtol=0, atol=5e-6)
    np.testing.assert_allclose([sum_of_losses / 130 for sum_of_losses, _ in sums], losses, rtol=1e-4)


def test_the_sums_are_those_before_each_step_and_of_equal_logits_the_first_is_taken():
    model = dnn.mlp([2, 3], seed=0)
    for variable in model.variables:
        variable.assign(tf.zeros_like(variable))
    rows, order = Rows(np.eye(2, dtype=np.float32), np.int32([0, 2])), np.int32([0, 1])
    _, (sums,) = by_kernel(model, rows, [order], 2)
    np.testing.assert_allclose(sums, [2 * np.log(3), 1], rtol=1e-6)
    _, (one, none) = by_kernel(model, rows, [order, order[:0]], 1, metrics=())
    assert one.shape == (1,)
    np.testing.assert_array_equal(none, [0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", ["x", "kernel", "bias", "last kernel", "last bias", "both logits"])
def test_nan_and_infinity_go_where_they_go_in_adam(place, bad, dtype):
    """In float32 the finite numbers are not compared: Adam amplifies the rounding of tiny gradients."""
    ends = []
    for by in (by_kernel, by_steps):
        model, (x, y) = dnn.mlp([17, 5, 18, 3], seed=4, dtype=dtype), drawn(9, [17, 3], dtype)
        if place == "x":
            x[4, 3] = bad
        first, last = model.layers[0], model.layers[-1]
        wrong = {
            "kernel": first.kernel[2, 1],
            "bias": first.bias[1],
            "last kernel": last.kernel[2, 1],
            "last bias": last.bias[0],
            "both logits": last.bias[:2],
        }.get(place)
        if wrong is not None:
            wrong.assign(np.full(wrong.shape, bad, dtype))
        variables, sums = by(model, Rows(*map(tf.constant, (x, y))), [np.arange(9, dtype=np.int32)] * 2, 4)
        ends.append([*variables, *sums])
    if dtype == np.float32:
        ends = [[np.where(np.isfinite(value), 0, value) for value in end] for end in ends]
    assert_alike(*ends, rtol=1e-9, atol=1e-9)


def test_it_takes_single_steps_as_the_fused_adam():
    model, other = dnn.mlp([2, 3], seed=1), dnn.mlp([2, 3], seed=1)
    for optimizer in (MlpAdam(model), FusedAdam(other.trainable_variables)):
        optimizer.apply([tf.ones(p.shape) for p in optimizer.parameters])
    for one, theirs in zip(model.variables, other.variables, strict=True):
        np.testing.assert_array_equal(one, theirs)
