"""A healthy fit passes tf.debugging.enable_check_numerics(), by which TensorFlow finds where a NaN begins."""

import os
import subprocess
import sys

from modes import THOROUGH

PROGRAM = """
import functools
import numpy as np
import tensorflow as tf
import dnn

tf.debugging.enable_check_numerics()
random = np.random.default_rng(0)
x = random.normal(size=(60, 4)).astype(np.float32)
y = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
weights = random.uniform(0, 2, 60)
def loss(labels, logits):
    return (dnn.sparse_softmax_cross_entropy(labels, logits, label_smoothing=0.1, ignore_class=2)
            + dnn.sparse_softmax_cross_entropy(labels, logits)
            + dnn.softmax_cross_entropy(tf.one_hot(labels, 3), logits)
            + dnn.binary_cross_entropy(labels > 0, logits[:, :1])
            + dnn.mean_squared_error(labels, logits[:, :1]))
activations = [dnn.relu, dnn.gelu, dnn.softplus, dnn.log_softmax]
if {thorough}:
    activations += [dnn.elu, dnn.leaky_relu, dnn.selu, dnn.sigmoid, dnn.silu, dnn.tanh, dnn.softmax,
                    functools.partial(dnn.gelu, approximate=True)]
net = dnn.Sequential([dnn.BatchNormalization(4), dnn.Dense(4, 6, seed=0), dnn.Dropout(0.2), dnn.maxout,
                      dnn.LayerNormalization(3), lambda x: tf.add_n([activation(x) for activation in activations]),
                      dnn.Dense(3, 3, kernel_regularizer=dnn.L1L2(0.1, 0.1), seed=1)])
dnn.fit(net, (x, y, weights), loss=loss, optimizer=dnn.Adam(net.trainable_variables), epochs=2, batch_size=60,
        ignore_class=1)
dnn.predict(net, x)
for make in (lambda p: dnn.Adam(p, amsgrad=True, weight_decay=0.1),
             lambda p: dnn.SGD(p, dnn.CosineDecay(0.1, 10), momentum=0.9, nesterov=True),
             lambda p: dnn.ClipGradients(dnn.RMSprop(p, momentum=0.9, centered=True), global_clipnorm=0.5),
             lambda p: dnn.AverageWeights(dnn.AdamW(p)),
             lambda p: dnn.AccumulateGradients(dnn.Adam(p), 2)):
    variable = tf.Variable([1.0, 2.0])
    optimizer = make([variable])
    for gradient in ([0.0, 0.0], [1.0, 0.5]):
        optimizer.apply([tf.constant(gradient)])
print("healthy")
try:
    dnn.sparse_softmax_cross_entropy([3], [[0.0, 0.0, 0.0]])
except tf.errors.InvalidArgumentError as error:
    print("found" if "had NaN" in str(error) else error)
"""


def test_a_healthy_fit_with_every_kind_of_piece_passes_it_and_a_nan_is_found():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("{thorough}", str(THOROUGH))],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env=os.environ | {"CI": "true"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines() == ["healthy", "found"]
