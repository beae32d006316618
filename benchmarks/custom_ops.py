"""How much faster are the C++ ops of `dnn.ops` than the same from TensorFlow's own ops, in graph mode?

    python -m benchmarks.custom_ops

Both take turns, 21 times; a ratio is that of two neighbours in time.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import statistics
import time

import numpy as np
import tensorflow as tf

import dnn
from dnn.ops.fused_adam import FusedAdam
from dnn.ops.layer_normalization import layer_normalization
from dnn.ops.softmax_cross_entropy import sparse_softmax_cross_entropy

TURNS = 21


def main() -> None:
    print("| what | op by op, ms | fused, ms | times faster (quartiles) |\n| --- | --- | --- | --- |")
    for rows, classes in ((256, 100), (256, 1000), (256, 10_000), (64, 100_000)):
        both = [loss_step(loss, rows, classes)
                for loss in (dnn.sparse_softmax_cross_entropy, sparse_softmax_cross_entropy)]  # fmt: skip
        tell(f"cross-entropy and gradient, {rows:,} rows × {classes:,} classes", *both)
    for rows, size in ((256, 64), (1024, 256), (1024, 1024), (8192, 256)):
        both = [normalization_step(f, rows, size) for f in (dnn.layer_normalization, layer_normalization)]
        tell(f"layer normalization and gradients, {rows:,} × {size:,}", *both)
    for shapes in ([(1000, 1000)] * 10, [(100, 100), (100,)] * 50, [(51, 30), (30,), (30, 30), (30,), (30, 2), (2,)]):
        both = [adam_step(optimizer, shapes) for optimizer in (dnn.Adam, FusedAdam)]
        parameters = sum(int(np.prod(shape)) for shape in shapes)
        tell(f"Adam's step, {parameters:,} parameters in {len(shapes)} variables", *both)


def loss_step(loss, rows, classes):
    logits, labels = tf.random.normal([rows, classes]), tf.random.uniform([rows], 0, classes, tf.int32)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            tape.watch(logits)
            mean = tf.reduce_mean(loss(labels, logits))
        return mean, tape.gradient(mean, logits)

    return step


def normalization_step(normalization, rows, size):
    arguments = [tf.random.normal([rows, size]), tf.ones([size]), tf.zeros([size])]
    y_gradient = tf.random.normal([rows, size])

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            tape.watch(arguments)
            y = normalization(*arguments)
        return tape.gradient(y, arguments, output_gradients=y_gradient)

    return step


def adam_step(make, shapes):
    optimizer = make([tf.Variable(tf.random.normal(shape)) for shape in shapes])
    gradients = [tf.random.normal(shape) for shape in shapes]
    step = tf.function(optimizer.apply)
    return lambda: step(gradients)


def tell(what, one, other) -> None:
    times = np.array([[seconds(one), seconds(other)] for _ in range(TURNS + 2)][2:])  # the first two trace
    low, middle, high = statistics.quantiles(times[:, 0] / times[:, 1], n=4)
    by_op, fused = np.median(times, axis=0) * 1e3
    print(f"| {what} | {by_op:.2f} | {fused:.2f} | {middle:.1f} ({low:.1f} to {high:.1f}) |", flush=True)


def seconds(step) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
