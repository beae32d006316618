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


def epochs(op):
    random = np.random.default_rng(0)
    for dtype in (np.float32, np.float64):
        for sizes in ([1, 1], [17, 33, 16, 15, 2], [0, 3], [3, 0, 2], [1, 70, 3]):
            p = [tf.Variable(random.normal(size=size).astype(dtype)) for size in shapes_of(sizes)]
            held, order = [x.read_value() for x in p], random.integers(0, 9, 21)
            before = [x.numpy() for x in held]
            for value in (1, np.nan, np.inf, 1e38):
                for batch_size in (1, 4, 2**62):
                    epoch(op, p, value * random.normal(size=(9, sizes[0])).astype(dtype), order, batch_size)
            epoch(op, p, np.zeros((0, sizes[0]), dtype), [], 4)
            assert all((x.numpy() == y).all() for x, y in zip(held, before, strict=True))
        ensembles(op, dtype, random)
    p = [tf.Variable(tf.ones(size)) for size in shapes_of([3, 4, 2])]
    x, order = tf.ones([9, 3]), [0, 8]
    for label in (-1, 2, 2**31 - 1, -(2**31)):
        refused(epoch, op, p, x, order, labels=[0] * 8 + [label])
    for index in (-1, 9, 2**31 - 1, -(2**31)):
        refused(epoch, op, p, x, [0] * 7 + [index], batch_size=4)
    refused(epoch, op, p, x[:0], [0], labels=[])
    nothing = tf.zeros([0])
    for features in (2**62, 2**63 - 1):
        refused(epoch, op, p, tf.reshape(nothing, [0, features]), [], labels=[])
    empty = [tf.Variable(tf.reshape(nothing, [2**31 - 1, 0])), tf.Variable(nothing)]
    epoch(op, empty, tf.reshape(nothing, [0, 2**31 - 1]), [], labels=[])
    refused(epoch, op, empty, tf.reshape(nothing, [0, 2**31 - 1]), [0] * 8, labels=[])
    refused(epoch, op, p, x, order, labels=[0])
    refused(epoch, op, p, x[0], order)
    refused(epoch, op, p, x, [order])
    refused(epoch, op, p, x[:, :2], order)
    refused(epoch, op, p[:3], x, order)
    refused(epoch, op, p, x, order, activations=["relu", "relu"])
    refused(epoch, op, [p[0], p[0]], x, order)
    refused(epoch, op, [p[0], p[2]], x, order)
    refused(epoch, op, [p[0], tf.Variable(np.ones(4))], x, order)
    for t in (2**63 - 1, 2**63 - 2, -1):
        refused(epoch, op, p, x, order, batch_size=1, t=tf.Variable(np.int64(t)))
    epoch(op, p, x, order, batch_size=1, t=tf.Variable(np.int64(2**63 - 3)))


def ensembles(op, dtype, random):
    for members in (1, 2, 7):
        for sizes in ([1, 1], [17, 33, 16, 2], [0, 3], [3, 0, 2]):
            shapes = [(members, *(shape if len(shape) == 2 else (1, *shape))) for shape in shapes_of(sizes)]
            p = [tf.Variable(random.normal(size=shape).astype(dtype)) for shape in shapes]
            x, order = random.normal(size=(9, sizes[0])).astype(dtype), random.integers(0, 9, (members, 21))
            for batch_size in (1, 4, 2**62):
                epoch(op, p, x, order, batch_size)
            for wrong in (-1, 9, 2**31 - 1):
                order[-1, -1] = wrong
                refused(epoch, op, p, x, order, 4)
            refused(epoch, op, p, x, order[:, :, np.newaxis])
            refused(epoch, op, p, x, np.zeros((members + 1, 21)))
            refused(epoch, op, p, x, np.zeros((0, 21)))
            refused(epoch, op, p, x, order[0])


def shapes_of(sizes):
    return [shape for inputs, units in pairwise(sizes) for shape in ((inputs, units), (units,))]


def epoch(op, p, x, order, batch_size=2**62, *, labels=None, t=None, activations=None):
    m, v = ([tf.Variable(tf.zeros_like(x)) for x in p] for _ in range(2))
    handles = {name: [x.handle for x in slot] for name, slot in {"p": p, "m": m, "v": v}.items()}
    t = tf.Variable(0, dtype=tf.int64) if t is None else t
    labels = np.zeros(len(x), np.int32) if labels is None else np.int32(labels)
    rule = np.array([0.1, 0.9, 0.99, 0.1, 0.01, 1e-7], x.dtype if isinstance(x, np.ndarray) else np.float32)
    order = np.int32(order)
    dropout = [*order.shape[:-1], len(p) // 2 - 1] if order.ndim else []
    rule = np.broadcast_to(rule, [*order.shape[:-1], 6]) if order.ndim else rule
    seeds, rates = np.ones(dropout, np.int32), np.full(dropout, 0.4)
    op(
        x=x,
        labels=labels,
        order=order,
        seeds=seeds,
        rates=rates,
        epoch=1,
        **handles,
        t=t.handle,
        rule=rule,
        batch_size=batch_size,
        activations=activations or (["gelu", "relu"] * len(p))[: max(len(p) // 2 - 1, 0)],
    )


source, *flags = sys.argv[1:]
ops = dnn.ops.load(source, flags=flags)
cross_entropy(ops.dnn_softmax_cross_entropy)
normalization(ops.dnn_layer_normalization, ops.dnn_layer_normalization_grad)
adam(ops.dnn_fused_adam)
epochs(ops.dnn_mlp_adam)
print("done")
