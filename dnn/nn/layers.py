"""Layers: a free function is the formula, and a tf.Module holds its weights. All are made in the constructor."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import tensorflow as tf

from dnn.nn.activations import relu
from dnn.nn.initializers import glorot_uniform


def dense(x, kernel, bias):
    """x · kernel + bias. x: float[batch, inputs], kernel: float[inputs, units], bias: float[units]."""
    return tf.matmul(x, kernel) + bias


class Dense(tf.Module):
    """activation(x · kernel + bias), float[batch, units]."""

    def __init__(
        self,
        inputs: int,
        units: int,
        *,
        activation: Callable | None = None,
        kernel_initializer: Callable = glorot_uniform,
        seed: int | Sequence[int] = 0,
        dtype=tf.float32,
    ):
        """inputs, units: > 0. activation: tensor -> tensor of the same shape; None leaves the sums as they are.
        kernel_initializer: (shape, seed, dtype) -> the first kernel; the bias begins at 0.
        Raises: ValueError for a size that is not positive, TypeError for an activation that is not a function.
        """
        super().__init__()
        if inputs < 1 or units < 1:
            raise ValueError(f"inputs and units must be positive, got {inputs} and {units}")
        if activation is not None and not callable(activation):
            raise TypeError(f"activation must be a function, got {activation!r}")
        self.kernel = tf.Variable(kernel_initializer((inputs, units), seed, dtype), name="kernel")
        self.bias = tf.Variable(tf.zeros(units, dtype), name="bias")
        self.activation = activation

    def __call__(self, x):
        sums = dense(x, self.kernel, self.bias)
        return sums if self.activation is None else self.activation(sums)


class Sequential(tf.Module):
    """layers[-1](… layers[1](layers[0](x))): any functions of a tensor, one after the other."""

    def __init__(self, layers: Iterable[Callable]):
        super().__init__()
        self.layers = list(layers)

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def mlp(sizes: Sequence[int], *, activation: Callable = relu, seed: int = 0, dtype=tf.float32) -> Sequential:
    """A multilayer perceptron: [batch, sizes[0]] -> logits [batch, sizes[-1]], `activation` between the layers.

    sizes: two or more positive widths; [51, 30, 30, 2] has two hidden layers of 30.
    seed: int; layer i draws from the pair (seed, i).
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes must hold the input and the output width at least, got {list(sizes)}")
    last = len(sizes) - 2
    return Sequential(
        Dense(inputs, units, activation=None if i == last else activation, seed=(seed, i), dtype=dtype)
        for i, (inputs, units) in enumerate(pairwise(sizes))
    )
