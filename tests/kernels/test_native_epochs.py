"""The epochs in C++ of all losses, optimizers, activations and options are those of the steps of graph mode."""

import numpy as np
import pytest
import tensorflow as tf
from mlp_epochs import assert_alike
from needs_compiler import needs_compiler

import dnn
from dnn.kernels.native_epochs import in_place_of
from dnn.train.epoch import train_step
from dnn.train.rows import Rows

pytestmark = needs_compiler
RANDOM = np.random.default_rng(0)
X, AMOUNTS, WEIGHTS = RANDOM.normal(size=(30, 4)), RANDOM.normal(size=(30, 2)), RANDOM.uniform(0, 2, 30)
CLASSES, ONE = (AMOUNTS[:, 0] > 0).astype(np.int32), AMOUNTS[:, 1]
WEIGHTS[3] = 0
SOFTMAX, BINARY, SQUARED = dnn.sparse_softmax_cross_entropy, dnn.binary_cross_entropy, dnn.mean_squared_error
L1L2 = dnn.L1L2(0.01, 0.02)


def network(activations, outputs, kernel=None, bias=None, dtype=np.float64):
    of = {"kernel_regularizer": kernel, "bias_regularizer": bias, "dtype": dtype}
    first = dnn.Dense(4, 17, seed=1, activation=activations[0], **of)
    return dnn.Sequential(
        [first, dnn.Dense(17, 5, seed=2, activation=activations[1], **of), dnn.Dense(5, outputs, seed=3, **of)]
    )


CASES = {  # model, optimizer, loss, metric, rows
    "AdamW": (
        lambda: network([dnn.leaky_relu, dnn.elu], 2),
        lambda p: dnn.AdamW(p, 0.01, weight_decay=0.1, exclude_from_weight_decay=p[:1]),
        (SOFTMAX, dnn.accuracy, CLASSES, WEIGHTS),
    ),
    "SGD": (
        lambda: network([dnn.selu, dnn.sigmoid], 1, L1L2, dnn.L1(0.1)),
        lambda p: dnn.SGD(p, 0.1),
        (BINARY, dnn.binary_accuracy, CLASSES, WEIGHTS),
    ),
    "momentum": (
        lambda: network([dnn.tanh, dnn.relu], 2, dnn.L2(0.1)),
        lambda p: dnn.SGD(p, 0.1, momentum=0.9, weight_decay=0.01),
        (BINARY, dnn.binary_accuracy, AMOUNTS > 0, None),
    ),
    "Nesterov's": (
        lambda: network([dnn.gelu, dnn.softplus], 2),
        lambda p: dnn.SGD(p, dnn.CosineDecay(0.1, 9), momentum=0.9, nesterov=True),
        (SQUARED, SQUARED, AMOUNTS, WEIGHTS),
    ),
    "RMSprop": (
        lambda: network([dnn.silu, dnn.mish], 1),
        lambda p: dnn.RMSprop(p, 0.01, momentum=0.5),
        (SQUARED, SQUARED, ONE, None),
    ),
    "centered": (
        lambda: network([dnn.softplus, dnn.tanh], 2, L1L2),
        lambda p: dnn.RMSprop(p, 0.01, centered=True),
        (SOFTMAX, dnn.accuracy, CLASSES, WEIGHTS, CLASSES == 1),
    ),
    "AMSGrad": (
        lambda: network([dnn.sigmoid, dnn.silu], 2),
        lambda p: dnn.Adam(p, lambda step: 0.1 / (1 + step), amsgrad=True),
        (SOFTMAX, dnn.accuracy, CLASSES, None, AMOUNTS[:, 0] > -1),
    ),
    "members": (
        lambda: dnn.ensemble_mlp([4, 6, 2], 3, activation=dnn.tanh, seed=1, combine=dnn.mean_output, dtype=np.float64),
        lambda p: dnn.AdamW(p, [0.1, 0.01, 0.02], weight_decay=[0.0, 0.1, 0.2]),
        (SQUARED, SQUARED, AMOUNTS, WEIGHTS),
    ),
}


def rows_of(y, weights, counted=None):
    return Rows(*(None if part is None else tf.constant(part) for part in (X, y, weights, counted)))


def by_steps(model, loss, optimizer, metrics, rows, orders):
    sums = 0
    for first in range(0, 30, 8):
        batch = rows.at(orders[..., first : first + 8])
        sums += train_step(model, loss, optimizer, metrics, batch, tf.constant([0, 1, 0])).numpy()
    return sums


@pytest.mark.parametrize("name", CASES)
def test_epochs_in_float64_are_those_of_the_steps_of_graph_mode(name):
    """Two epochs of four steps, by which an error of 1e-16 does not become 1e-9."""
    make, optimizer_of, (loss, metric, *rows) = CASES[name]
    ends = []
    for native in (True, False):
        model = make()
        optimizer, sums = optimizer_of(model.trainable_variables), []
        orders = np.stack([np.random.default_rng(i).permutation(30) for i in range(3)]).astype(np.int32)
        for order in (orders if name == "members" else orders[0], orders if name == "members" else orders[1]):
            if native:
                given = model, loss, (metric,), rows_of(*rows), tf.constant(order), 8
                sums.append(in_place_of(optimizer).train_epoch(*given))
            else:
                sums.append(by_steps(model, loss, optimizer, (metric,), rows_of(*rows), order))
        ends.append([*model.variables, *optimizer.variables, *sums])
    assert_alike(*ends, rtol=1e-9, atol=1e-9)
    before = make().variables
    assert all((ours.numpy() != old.numpy()).any() for ours, old in zip(ends[0], before, strict=False))


def test_a_batch_without_a_row_that_counts_makes_no_loss_nan():
    """20 classes are wider than a vector, and no multiple of one: what stands beyond them is in no penalty."""
    labels, counted = np.arange(16, dtype=np.int32), np.arange(16) >= 8
    rows = Rows(tf.constant(X[:16]), tf.constant(labels), None, tf.constant(counted))
    order, ends = tf.range(16), []
    for native in (True, False):
        model = network([dnn.relu, dnn.tanh], 20, L1L2)
        optimizer = dnn.Adam(model.trainable_variables, 0.01)
        if native:
            sums = in_place_of(optimizer).train_epoch(model, SOFTMAX, (dnn.accuracy,), rows, order, 8).numpy()
        else:
            batches = [rows.at(order[first : first + 8]) for first in (0, 8)]
            sums = sum(train_step(model, SOFTMAX, optimizer, (dnn.accuracy,), each, None).numpy() for each in batches)
        ends.append([*model.variables, sums])
    assert np.isfinite(ends[0][-1]).all()
    assert_alike(*ends, rtol=1e-9, atol=1e-9)


def test_a_fit_of_amounts_in_float32_is_that_of_graph_mode():
    ends = []
    for jit_compile in ("native", False):
        model = network([dnn.tanh, dnn.silu], 1, dnn.L2(0.01), dtype=np.float32)
        optimizer = dnn.AdamW(model.trainable_variables, 0.01)
        data = X.astype(np.float32), ONE, WEIGHTS
        options = {"loss": SQUARED, "metrics": {"mse": SQUARED}, "batch_size": 8, "epochs": 3}
        history = dnn.fit(model, data, optimizer=optimizer, jit_compile=jit_compile, **options)
        ends.append([*model.variables, history["loss"], history["mse"]])
    assert_alike(*ends, rtol=1e-3, atol=1e-5)
