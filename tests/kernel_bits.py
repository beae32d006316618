"""The bits of the kernels' results, a line for each kernel. As a program, its argument is the number of threads."""

import hashlib
import sys

import numpy as np
import tensorflow as tf

import dnn
from dnn.kernels.fused_adam import FusedAdam
from dnn.kernels.layer_normalization import fused_layer_normalization
from dnn.kernels.mlp_adam import MlpAdam
from dnn.kernels.softmax_cross_entropy import fused_sparse_softmax_cross_entropy
from dnn.train.rows import Rows


def with_gradients(function, *arguments):
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        y = function(*arguments)
    return y, *tape.gradient(y, arguments, output_gradients=tf.sin(y))


def adam(p, g):
    optimizer = FusedAdam([tf.Variable(p)])
    optimizer.apply([g])
    return *optimizer.parameters, *optimizer.m, *optimizer.v


def epoch(x, labels):
    model = dnn.mlp([33, 70, 33], dtype=tf.float64, seed=0)
    optimizer = MlpAdam(model)
    order = np.arange(len(labels), dtype=np.int32)
    loss, metrics = dnn.sparse_softmax_cross_entropy, (dnn.accuracy,)
    sums = optimizer.train_epoch(model, loss, metrics, Rows(x, labels), order, 32)
    return sums, *optimizer.parameters, *optimizer.m, *optimizer.v


def ensemble_epoch(x, labels):
    model = dnn.ensemble_mlp([33, 70, 33], 5, dropout=0.2, seed=0)
    optimizer = MlpAdam(model)
    orders = np.tile(np.arange(len(labels), dtype=np.int32), [5, 1])
    rows, loss = Rows(tf.cast(x, tf.float32), labels), dnn.sparse_softmax_cross_entropy
    sums = optimizer.train_epoch(model, loss, (), rows, orders, 32, tf.constant([3, 1]))
    return sums, *optimizer.parameters, *optimizer.m, *optimizer.v


def line(name, results) -> str:
    return f"{name} {hashlib.sha256(b''.join(tensor.numpy().tobytes() for tensor in results)).hexdigest()}"


def bits() -> list[str]:
    random = np.random.default_rng(0)
    matrix, other, *vectors = (tf.constant(random.normal(size=size)) for size in ((1000, 33), (1000, 33), 33, 33))
    labels = random.integers(0, 33, 1000).astype(np.int32)
    return [
        line("cross-entropy", with_gradients(lambda z: fused_sparse_softmax_cross_entropy(labels, z), matrix)),
        line("layer normalization", with_gradients(fused_layer_normalization, matrix, *vectors)),
        line("Adam", adam(matrix, other)),
        line("epoch", epoch(matrix, labels)),
        line("epoch of an ensemble", ensemble_epoch(matrix, labels)),
    ]


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(int(sys.argv[1]))
    print("\n".join(bits()))
