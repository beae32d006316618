"""Every kernel with every kind of bad input: a program that test_sanitizers.py runs. It ends with "done".

Arguments: the source of all kernels, and flags for the compiler.
"""

import sys
from itertools import pairwise

import numpy as np
import tensorflow as tf

import dnn


def refused(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except (tf.errors.InvalidArgumentError, tf.errors.FailedPreconditionError, tf.errors.NotFoundError):
        return
    raise AssertionError(f"not refused: {arguments} {named}")


def cross_entropy(op):
    for dtype in (np.float32, np.float64):
        for rows, classes in ((0, 3), (0, 0), (1, 1), (3, 2), (5, 17), (40, 1001)):
            logits = np.random.default_rng(0).normal(size=(rows, classes)).astype(dtype)
            op(labels=np.zeros(rows, np.int64), logits=logits)
            op(labels=np.zeros(rows, np.int32), logits=np.full_like(logits, np.nan))
            op(labels=np.zeros(rows, np.int32), logits=np.full_like(logits, -np.inf))
            op(labels=np.zeros(rows, np.int32), logits=logits * dtype(1e30))
    op(labels=np.zeros(0, np.int32), logits=tf.reshape(tf.zeros([0]), [0, 2**62]))
    for label in (-1, 3, 2**31 - 1, -(2**31)):
        refused(op, labels=[label], logits=[[0.0, 1.0, 2.0]])
    refused(op, labels=np.int64([2**63 - 1]), logits=[[0.0, 1.0]])
    refused(op, labels=np.int64([-(2**63)]), logits=[[0.0, 1.0]])
    refused(op, labels=np.uint64([2**64 - 1]), logits=[[0.0, 1.0]])
    refused(op, labels=[0], logits=np.zeros((1, 0), np.float32))
    refused(op, labels=[0, 0], logits=[[0.0, 1.0]])
    refused(op, labels=0, logits=0.0)


def normalization(op, gradient):
    for dtype in (np.float32, np.float64):
        for shape in ((0, 3), (2, 0), (0,), (1,), (33,), (3, 5, 17), (1000, 3)):
            x, ones = np.random.default_rng(0).normal(size=shape).astype(dtype), np.ones(shape[-1], dtype)
            for values in (x, x * np.nan, x * dtype(1e38)):
                y, statistics = op(x=values, gamma=ones, beta=ones, epsilon=dtype(1e-3))
                gradient(y_gradient=y, x=values, gamma=ones, statistics=statistics)
    nothing = tf.zeros([0])
    refused(op, x=tf.reshape(nothing, [2**62, 0]), gamma=nothing, beta=nothing, epsilon=0.1)
    x, two = tf.zeros([2, 3]), tf.zeros([2])
    refused(op, x=x, gamma=two, beta=two, epsilon=0.1)
    refused(op, x=x, gamma=tf.zeros([3]), beta=two, epsilon=0.1)
    refused(op, x=x, gamma=tf.zeros([3]), beta=tf.zeros([3]), epsilon=[0.1])
    refused(op, x=0.0, gamma=two, beta=two, epsilon=0.1)
    refused(gradient, y_gradient=x, x=x, gamma=two, statistics=tf.zeros([2, 3], tf.float64))
    refused(gradient, y_gradient=x, x=x, gamma=tf.zeros([3]), statistics=tf.zeros([2, 1], tf.float64))
    refused(gradient, y_gradient=two, x=x, gamma=tf.zeros([3]), statistics=tf.zeros([2, 3], tf.float64))


def adam(op):
    for dtype in (np.float32, np.float64):
        for shapes in ([(0,)], [(3, 7), (), (0, 2), (20_000,)]):
            p, m, v = ([tf.Variable(np.ones(shape, dtype)) for shape in shapes] for _ in range(3))
            held, t = [x.read_value() for x in (*p, *v)], tf.Variable(0, dtype=tf.int64)
            for value in (1, np.nan, 1e38):
                step(op, p, m, v, [np.full(shape, value, dtype) for shape in shapes], t, dtype)
            assert all((np.asarray(x) == 1).all() for x in held)
            assert t.numpy() == 3
    p, m, v = ([tf.Variable(tf.ones([2]))] for _ in range(3))
    refused(step, op, p, p, v, [tf.ones([2])])
    refused(step, op, p, m, v, [tf.ones([3])])
    refused(step, op, p, m, [tf.Variable(tf.ones([3]))], [tf.ones([2])])
    refused(step, op, p, m, [tf.Variable(np.ones(2))], [tf.ones([2])])
    refused(step, op, [tf.Variable([1, 2])], m, v, [tf.ones([2])])
    for t in (np.int64(2**63 - 1), np.int64(-1), np.int32(0), np.float32(0), np.int64([]), np.int64([0])):
        refused(step, op, p, m, v, [tf.ones([2])], tf.Variable(t))
    handles = {name: [x[0].handle] for name, x in {"p": p, "m": m, "v": v}.items()}
    t = tf.Variable(0, dtype=tf.int64).handle
    for rule in ([], [1.0], [[1.0] * 6], 1.0):
        refused(op, **handles, t=t, g=[tf.ones([2])], rule=tf.constant(rule))
    empty = tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[2], shared_name="empty")
    refused(op, **handles | {"p": [empty]}, t=t, g=[tf.ones([2])], rule=tf.ones([6]))
    refused(op, **handles, t=empty, g=[tf.ones([2])], rule=tf.ones([6]))


def step(op, p, m, v, g, t=None, dtype=np.float32):
    handles = {name: [x.handle for x in slot] for name, slot in {"p": p, "m": m, "v": v}.items()}
    t = tf.Variable(0, dtype=tf.int64) if t is None else t
    op(**handles, t=t.handle, g=g, rule=np.array([0.1, 0.9, 0.99, 0.1, 0.01, 1e-7], dtype))


def epochs(ops):
    random = np.random.default_rng(0)
    for dtype, op in ((np.float32, ops.dnn_mlp_epoch_float), (np.float64, ops.dnn_mlp_epoch_double)):
        for members in (0, 1, 2, 7):
            for sizes in ([1, 1], [17, 33, 16, 15, 2], [0, 3], [3, 0, 2], [1, 70, 3]):
                state = [random.normal(size=shape).astype(dtype) for shape in shapes_of(sizes, members)]
                before, order = [each.copy() for each in state], random.integers(0, 9, (members or 1, 21))
                for value in (1, np.nan, np.inf, 1e38):
                    x = value * random.normal(size=(9, sizes[0])).astype(dtype)
                    for kind in range(12):
                        epoch(op, state, x, order, (1, 4, 2**62)[kind % 3], kind=kind)
                epoch(op, state, np.zeros((0, sizes[0]), dtype), order[:, :0], 4)
                assert all((x == y).all() for x, y in zip(state, before, strict=True))
                for wrong in (-1, 9, 2**31 - 1, -(2**31)):
                    order[-1, -1] = wrong
                    refused(epoch, op, state, x, order, 4)
    refused_epochs(ops.dnn_mlp_epoch_float)


def refused_epochs(op):
    p, x, order = (
        [np.ones(shape, np.float32) for shape in shapes_of([3, 4, 2], 0)],
        np.ones((9, 3), np.float32),
        [[0, 8]],
    )
    for label in (-1, 2, 2**31 - 1, -(2**31)):
        refused(epoch, op, p, x, order, labels=[0] * 8 + [label])
    for other in (
        {"labels": [0]},
        {"targets": [0.0], "loss": 1},
        {"weights": [1.0]},
        {"counted": [True]},
        {"seeds": [[1, 2]]},
        {"dropout": [[1.0]]},
        {"dropout": [[np.nan]]},
        {"epoch": [1]},
        {"t": -1},
        {"t": 2**63 - 1},
        {"t": [0]},
        {"rates": [[0.1, 0.1]]},
        {"constants": [0.1]},
        {"factors": np.zeros((1, 3, 3))},
        {"slots": [3]},
        {"activations": [1, 1]},
        {"activations": [11]},
        {"loss": 3},
        {"method": 4},
    ):
        refused(epoch, op, p, x, order, **other)
    for wrong in (
        [p[0], p[0], *p[2:]],
        p[:3],
        [p[0], p[1][:1], *p[2:]],
        [p[0].ravel(), *p[1:]],
        [p[0][np.newaxis], *p[1:]],
    ):
        refused(epoch, op, wrong, x, order)
    for wrong in (x[0], x[:, :2], x[:0]):
        refused(epoch, op, p, wrong, order)
    for wrong in ([0, 1], [[[0]]], [[0], [0]]):
        refused(epoch, op, p, x, wrong)
    nothing = tf.zeros([0])
    for features in (2**62, 2**63 - 1):
        refused(epoch, op, p, tf.reshape(nothing, [0, features]), [[]])
    empty = [tf.reshape(nothing, [2**31 - 1, 0]), nothing]
    refused(epoch, op, empty, tf.reshape(nothing, [0, 2**31 - 1]), [[0] * 8])


def shapes_of(sizes, members):
    """Return the shapes of kernels and biases: of one network for 0 members."""
    shapes = [shape for inputs, units in pairwise(sizes) for shape in ((inputs, units), (units,))]
    return [(members, *(shape if len(shape) == 2 else (1, *shape))) for shape in shapes] if members else shapes


def epoch(op, p, x, order, batch_size=2**62, *, kind=0, **other):
    """Train by the loss, the method and the activations of a kind, 0 to 11; `other` replaces arguments."""
    order, rows, layers = np.int32(order), len(x), len(p) // 2
    members = len(order) if order.ndim else 1
    outputs = p[-1].shape[-1] if len(p[-1].shape) else 0
    slots = other.get("slots", [0, 1, 2][: 3 - kind % 2])
    given = {
        "labels": np.zeros(rows, np.int32),
        "targets": np.ones((rows, outputs)),
        "weights": np.zeros(rows) if kind % 2 else [],
        "counted": np.zeros(rows, bool) if kind % 5 == 1 else [],
        "seeds": np.ones((members, layers - 1), np.int32),
        "dropout": np.full((members, layers - 1), 0.4),
        "epoch": 1,
        "t": 0,
        "rates": np.full((members, -(-order.shape[-1] // batch_size)) if order.ndim else (1, 1), 0.1),
        "constants": [0.9, 0.99, 0.1, 0.01, 1e-7],
        "factors": np.full((members, 2 * layers, 3), 0.1 * (kind % 2)),
        "loss": kind % 3,
        "method": kind % 4,
        "activations": [1 + (kind + i) % 10 for i in range(layers - 1)],
        "threads": 3,
    }
    dtypes = {"epoch": tf.int32, "t": tf.int64, "counted": tf.bool, "labels": tf.int32, "seeds": tf.int32}
    doubles = dict.fromkeys(("targets", "weights", "dropout", "rates", "constants", "factors"), tf.float64)
    given |= {"batch_size": batch_size, "slots": slots} | other
    given |= {name: tf.constant(given[name], dtype) for name, dtype in (dtypes | doubles).items()}
    op(x=x, order=order, state=[*p, *([each * 0 for each in p] * len(slots))], **given)


source, *flags = sys.argv[1:]
ops = dnn.ops.load(source, flags=flags)
cross_entropy(ops.dnn_softmax_cross_entropy)
normalization(ops.dnn_layer_normalization, ops.dnn_layer_normalization_grad)
adam(ops.dnn_fused_adam)
epochs(ops)
print("done")
