"""Every kernel with every kind of bad input: a program, which the test of the sanitizers runs. It ends with "done"."""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

import dnn
from dnn.ops import fused_adam, layer_normalization, softmax_cross_entropy

FLAGS = sys.argv[1:]


def refused(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except (tf.errors.InvalidArgumentError, tf.errors.FailedPreconditionError, tf.errors.NotFoundError):
        return
    raise AssertionError(f"not refused: {arguments} {named}")


def library(module):
    return dnn.ops.load(Path(module.__file__).with_suffix(".cc"), flags=FLAGS)


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


cross_entropy(library(softmax_cross_entropy).dnn_softmax_cross_entropy)
ops = library(layer_normalization)
normalization(ops.dnn_layer_normalization, ops.dnn_layer_normalization_grad)
adam(library(fused_adam).dnn_fused_adam)
print("done")
