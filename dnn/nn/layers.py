"""Layers: a free function is the formula, and a tf.Module holds its weights. All are made in the constructor."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import tensorflow as tf

from dnn.nn.activations import relu
from dnn.nn.argument_checks import checked_callable, checked_input, checked_key, checked_optional_callable, checked_size
from dnn.nn.initializers import glorot_uniform, zeros


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
        bias_initializer: Callable = zeros,
        kernel_regularizer: Callable | None = None,
        bias_regularizer: Callable | None = None,
        seed: int | Sequence[int] = 0,
        dtype=tf.float32,
    ):
        """inputs, units: > 0. activation: tensor -> tensor; None leaves the sums as they are.
        kernel_initializer, bias_initializer: (shape, seed, dtype) -> the first values.
        kernel_regularizer, bias_regularizer: variable -> scalar, for `penalty`: `dnn.L2(1e-4)`, or None.
        Raises: ValueError for a size that is not positive, TypeError for one that is no integer, and for what should be
        a function and is not.
        """
        super().__init__()
        shape = checked_size(inputs, "inputs"), checked_size(units, "units")
        self.activation = checked_optional_callable(activation, "activation")
        self.kernel_regularizer = checked_optional_callable(kernel_regularizer, "kernel_regularizer")
        self.bias_regularizer = checked_optional_callable(bias_regularizer, "bias_regularizer")
        initial_kernel = checked_callable(kernel_initializer, "kernel_initializer")
        initial_bias = checked_callable(bias_initializer, "bias_initializer")
        self.kernel = tf.Variable(initial_kernel(shape, seed, dtype), name="kernel")
        self.bias = tf.Variable(initial_bias(shape[1:], seed, dtype), name="bias")

    def __call__(self, x):
        """x: [batch, inputs], in the kernel's dtype. Raises: ValueError for another shape, TypeError for a dtype."""
        sums = dense(checked_input(x, self.kernel), self.kernel, self.bias)
        return sums if self.activation is None else self.activation(sums)

    def penalty(self):
        """What the regularizers say of kernel and bias together: a scalar of their dtype; 0 without any."""
        pairs = [(self.kernel_regularizer, self.kernel), (self.bias_regularizer, self.bias)]
        parts = [regularizer(variable) for regularizer, variable in pairs if regularizer is not None]
        return tf.add_n(parts) if parts else tf.zeros((), self.kernel.dtype)


class Sequential(tf.Module):
    """layers[-1](… layers[1](layers[0](x))): any functions of a tensor, one after the other."""

    def __init__(self, layers: Iterable[Callable]):
        """layers: those with a parameter called `training` get it; which do is looked up once, here.
        Raises: TypeError for one that cannot be called.
        """
        super().__init__()
        self.layers = tuple(layers)
        for place, layer in enumerate(self.layers):
            checked_callable(layer, f"layers[{place}]")
            if not isinstance(layer, tf.Module) and getattr(layer, "trainable_variables", ()):
                raise TypeError(f"layers[{place}] must be a tf.Module, or its variables would not train, got {layer!r}")
        self._takes_training = tuple(map(takes_training, self.layers))

    def __call__(self, x, training=None):
        """training: None, or the key int32[3] of a training step: (seed, epoch, step).

        Each layer gets the key with a seed of its place, so that two of Dropout(0.5) drop independently.
        """
        for place, (layer, takes) in enumerate(zip(self.layers, self._takes_training, strict=True)):
            x = layer(x, training=key_at(training, place)) if takes else layer(x)
        return x


def takes_training(layer: Callable) -> bool:
    """Whether a layer behaves differently in training: it has a parameter of that name."""
    try:
        return "training" in inspect.signature(layer).parameters
    except ValueError:  # some functions written in C do not tell their parameters
        return False


def key_at(training, place: int):
    """The key (seed, epoch, step), int32[3], with a seed drawn from its seed and the place; None stays None."""
    training = checked_key(training)
    if training is None:
        return None
    pair = tf.stack([training[0], place])
    seed = tf.random.stateless_uniform([1], pair, minval=None, maxval=None, dtype=tf.int32)
    return tf.concat([seed, training[1:]], axis=0)


def weights(model: tf.Module) -> list[tf.Variable]:
    """The variables in the order of Keras's `get_weights`: kernel before bias, the first layer before the second.

    Of each module first its own, as they were assigned in its constructor, those to be trained before the others;
    then those of the modules in it. `model.variables` are the same ones, with attributes sorted by name: bias first.
    """
    parts = tf.nest.flatten([value for name, value in vars(model).items() if not name.startswith("_self_")])
    own = [part for part in parts if isinstance(part, tf.Variable)]
    own.sort(key=lambda variable: not variable.trainable)
    inner = [variable for part in parts if isinstance(part, tf.Module) for variable in weights(part)]
    return list({id(variable): variable for variable in own + inner}.values())


def mlp(sizes: Sequence[int], *, activation: Callable = relu, seed: int = 0, dtype=tf.float32) -> Sequential:
    """A multilayer perceptron: [batch, sizes[0]] -> logits [batch, sizes[-1]], `activation` between the layers.

    sizes: two or more positive widths; [51, 30, 30, 2] has two hidden layers of 30.
    seed: int; layer i draws from the pair (seed, i).
    Raises: ValueError for fewer sizes or one that is not positive, TypeError for one that is no integer.
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes must hold the input and the output width at least, got {list(sizes)}")
    sizes = [checked_size(size, f"sizes[{i}]") for i, size in enumerate(sizes)]
    last = len(sizes) - 2
    return Sequential(
        Dense(inputs, units, activation=None if i == last else activation, seed=(seed, i), dtype=dtype)
        for i, (inputs, units) in enumerate(pairwise(sizes))
    )
