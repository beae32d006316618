"""What `benchmarks.custom_ops` times: the same step by the package's formula, by TensorFlow's own ops, and fused."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import tensorflow as tf

import dnn
from dnn.bench.traffic import traffic
from dnn.kernels.fused_adam import FusedAdam
from dnn.kernels.layer_normalization import fused_layer_normalization
from dnn.kernels.softmax_cross_entropy import fused_sparse_softmax_cross_entropy


@dataclass(frozen=True)
class Step:
    """A step to be timed.

    Args:
        run: Calls it in graph mode; it was traced before.
        traffic: Bytes.
        changes: The variables that it changes.
    """

    run: Callable[[], object]
    traffic: int
    changes: list[tf.Variable]


def traced(function: Callable[..., Any], *arguments: Any, changes: Sequence[tf.Variable] = ()) -> Step:
    """Return a call of the function, traced."""
    concrete = tf.function(function, autograph=False).get_concrete_function(*arguments)
    return Step(partial(concrete, *arguments), traffic(concrete, changes), list(changes))


def loss_step(loss: Callable[..., tf.Tensor], rows: int, classes: int) -> Step:
    """Return the mean of the losses and its gradient by the logits, as a step."""

    def step(labels: tf.Tensor, logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(logits)
            mean = tf.reduce_mean(loss(labels, logits))
        return mean, tape.gradient(mean, logits)

    labels = tf.random.stateless_uniform([rows], [0, 0], 0, classes, tf.int32)
    return traced(step, labels, tf.random.stateless_normal([rows, classes], [0, 1]))


def normalization_step(normalization: Callable[..., tf.Tensor], rows: int, size: int) -> Step:
    """Return the gradients by x, γ and β, as a step."""

    def step(*arguments: tf.Tensor) -> list[tf.Tensor]:
        *sources, y_gradient = arguments
        with tf.GradientTape() as tape:
            tape.watch(sources)
            y = normalization(*sources)
        return tape.gradient(y, sources, output_gradients=y_gradient)

    x, y_gradient = (tf.random.stateless_normal([rows, size], [0, seed]) for seed in (0, 1))
    return traced(step, x, tf.ones([size]), tf.zeros([size]), y_gradient)


def adam_step(make: Callable[[list[tf.Variable]], Any], shapes: Sequence[tuple[int, ...]]) -> Step:
    """Return a step of all parameters, with gradients that stay the same."""
    optimizer = make([tf.Variable(tf.random.stateless_normal(shape, [0, i])) for i, shape in enumerate(shapes)])
    gradients = [tf.random.stateless_normal(shape, [1, i]) for i, shape in enumerate(shapes)]
    return traced(optimizer.apply, gradients, changes=optimizer.variables)


def of_tensorflow(x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) -> tf.Tensor:
    """Return the layer normalization that Keras calls."""
    mean, variance = tf.nn.moments(x, [-1], keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)


class TensorFlowAdam(tf.Module):
    """TensorFlow's own fused Adam, called for each variable."""

    def __init__(self, parameters: Sequence[tf.Variable]) -> None:
        super().__init__()
        self.parameters, self.t = parameters, tf.Variable(0, dtype=tf.int64)
        self.m, self.v = ([tf.Variable(tf.zeros_like(p)) for p in parameters] for _ in range(2))

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        """Take a step."""
        t = tf.cast(self.t.assign_add(1), tf.float32)
        for p, m, v, g in zip(self.parameters, self.m, self.v, gradients, strict=True):
            tf.raw_ops.ResourceApplyAdam(
                var=p.handle,
                m=m.handle,
                v=v.handle,
                grad=g,
                lr=1e-3,
                beta1=0.9,
                beta2=0.999,
                epsilon=1e-7,
                beta1_power=0.9**t,
                beta2_power=0.999**t,
            )


LOSSES = (
    dnn.sparse_softmax_cross_entropy,
    tf.nn.sparse_softmax_cross_entropy_with_logits,
    fused_sparse_softmax_cross_entropy,
)
NORMALIZATIONS = (dnn.layer_normalization, of_tensorflow, fused_layer_normalization)
ADAM = (dnn.Adam, TensorFlowAdam, FusedAdam)
