"""Epochs of an mlp by MlpAdam, and by dnn.Adam: in `fit`, and step by step."""

import numpy as np

import dnn
from dnn.kernels.mlp_adam import MlpAdam
from dnn.train.epoch import train_step

LOSS, RATE = dnn.sparse_softmax_cross_entropy, 0.01


def drawn(rows, sizes, dtype=np.float32, seed=0):
    """(x, y), of features of several sizes and all classes."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, sizes[0])) * np.geomspace(0.1, 3, sizes[0])
    return x.astype(dtype), random.integers(0, sizes[-1], rows).astype(np.int32)


def state_of(optimizer):
    return [v.numpy() for v in (*optimizer.parameters, *optimizer.m, *optimizer.v, optimizer.t)]


def by_kernel(model, rows, orders, batch_size, metrics=(dnn.accuracy,)):
    """(all variables, the sums of each epoch)"""
    optimizer = MlpAdam(model, RATE)
    sums = [optimizer.train_epoch(model, LOSS, metrics, rows, order, batch_size).numpy() for order in orders]
    return state_of(optimizer), sums


def by_steps(model, rows, orders, batch_size):
    """The same by dnn.Adam, step by step."""
    optimizer, sums = dnn.Adam(model.trainable_variables, RATE), []
    for order in orders:
        batches = np.split(order, range(batch_size, len(order), batch_size)) if len(order) else []
        steps = [train_step(model, LOSS, optimizer, (dnn.accuracy,), rows.at(batch), None) for batch in batches]
        sums.append(np.sum(steps, axis=0))
    return state_of(optimizer), sums


def assert_alike(ours, theirs, **tolerance):
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, **tolerance)


def after_fit(make, dtype, sizes, batch_size, validation=False, rows=50, **options):
    """(model, optimizer, history) after the epochs of `fit`."""
    model, data = dnn.mlp(sizes, seed=2, dtype=dtype), drawn(rows, sizes, dtype)
    optimizer = make(model)
    options = {"loss": LOSS, "optimizer": optimizer, "batch_size": batch_size, "epochs": 3} | options
    history = dnn.fit(model, data, drawn(20, sizes, dtype, 1) if validation else None, **options)
    return model, optimizer, history


def adam(model):
    return dnn.Adam(model.trainable_variables, RATE)


def mlp_adam(model):
    return MlpAdam(model, RATE)
