"""Layers: a free function is the formula, and a tf.Module holds its weights. All are made in the constructor."""

import html
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import tensorflow as tf

from dnn.nn.argument_checks import checked_callable, checked_dense, checked_first_values, checked_input, checked_key
from dnn.nn.initializers import glorot_uniform, seed_or_next, zeros
from dnn.nn.modules import counted_noun, function_name, layer_line, name_by_place, tree
from dnn.nn.protocols import ActivationLike, InitializerLike, RegularizerLike, TensorLike
from dnn.nn.random_bits import hash_of
from dnn.nn.training_calls import noted_calls


def dense(x: TensorLike, kernel: TensorLike, bias: TensorLike | None = None) -> tf.Tensor:
    """Compute x · kernel + bias.

    Args:
        x: float[batch, inputs], or with more leading axes.
        kernel: float[inputs, units], of the dtype of x.
        bias: float[units], of the dtype of x. None: there is none, as before a normalization, which takes it away.

    Returns:
        float[batch, units], of the dtype of x.
    """
    if bias is None:
        return tf.matmul(x, kernel)
    return tf.matmul(x, kernel) + bias


class Dense(tf.Module):
    """Apply activation(x · kernel + bias): float[batch, inputs] -> float[batch, units].

    Its variables, `kernel` and `bias`, are made here; Keras makes them in the first call. `bias` may be None.

    Args:
        inputs: width of x, > 0. Keras finds it out in the first call.
        units: width of the result, > 0.
        activation: function of the sums; None leaves them as they are. Keras takes its name, too.
        use_bias: whether there is a bias.
        kernel_initializer: (shape, seed, dtype) -> the first kernel, for example `he_normal`.
        bias_initializer: (shape, seed, dtype) -> the first bias.
        kernel_regularizer: variable -> scalar that `fit` adds to the loss, for example `dnn.L2(1e-4)`; None for no
            penalty.
        bias_regularizer: the same for the bias.
        seed: int or pair of ints that the initializers draw from; two layers of one shape and one seed begin equal.
            None: another seed for each layer that is made without one, as in Keras. It is drawn from nothing but their
            number in this process, so the same program has the same weights again.
        dtype: floating dtype of the weights, and of x.

    Raises:
        ValueError: If a size is not positive, an initializer gives another shape, a NaN or an infinity, or a
            bias_regularizer is given and there is no bias.
        TypeError: If a size is not an integer, a function cannot be called, or an initializer gives another dtype.

    Example:
        >>> Dense(51, 30, activation=dnn.relu)
        Dense(51 -> 30, activation=relu, float32, 1,560 parameters)
    """

    def __init__(
        self,
        inputs: int,
        units: int,
        *,
        activation: ActivationLike | None = None,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = glorot_uniform,
        bias_initializer: InitializerLike = zeros,
        kernel_regularizer: RegularizerLike | None = None,
        bias_regularizer: RegularizerLike | None = None,
        seed: int | Sequence[int] | None = None,
        dtype: tf.DType = tf.float32,
    ) -> None:
        super().__init__()
        penalties = {"kernel_regularizer": kernel_regularizer, "bias_regularizer": bias_regularizer}
        shape = checked_dense(inputs, units, kernel_initializer, bias_initializer, activation=activation, **penalties)
        self.activation = activation
        self.kernel_regularizer, self.bias_regularizer = kernel_regularizer, bias_regularizer
        if bias_regularizer is not None and not use_bias:
            raise ValueError("bias_regularizer is given, and with use_bias=False there is no bias")
        seed = seed_or_next(seed)
        kernel = checked_first_values(kernel_initializer, shape, seed, dtype, "kernel_initializer")
        self.kernel, self.bias = tf.Variable(kernel, name="kernel"), None
        if use_bias:
            bias = checked_first_values(bias_initializer, shape[1:], seed, dtype, "bias_initializer")
            self.bias = tf.Variable(bias, name="bias")

    def __call__(self, x: TensorLike) -> tf.Tensor:
        """Return activation(x · kernel + bias).

        Args:
            x: float[batch, inputs], or with more leading axes, of the kernel's dtype.

        Returns:
            float[batch, units], of the kernel's dtype.

        Raises:
            ValueError: If x has another shape.
            TypeError: If x has another dtype.
        """
        sums = dense(checked_input(x, self.kernel), self.kernel, self.bias)
        return sums if self.activation is None else self.activation(sums)

    def penalty(self) -> tf.Tensor:
        """Return the sum of the regularizers' penalties on kernel and bias.

        Returns:
            A scalar of the kernel's dtype; 0 without regularizers.
        """
        pairs = [(self.kernel_regularizer, self.kernel), (self.bias_regularizer, self.bias)]
        parts = [regularizer(variable) for regularizer, variable in pairs if regularizer is not None]
        return tf.add_n(parts) if parts else tf.zeros((), self.kernel.dtype)

    def __repr__(self) -> str:
        inputs, units = self.kernel.shape[-2:]
        names = ("activation", "kernel_regularizer", "bias_regularizer")
        functions = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        settings = [f"{name}={function_name(function)}" for name, function in functions.items()]
        return layer_line(self, f"{inputs} -> {units}", *settings, *(["use_bias=False"] if self.bias is None else []))


class Sequential(tf.Module):
    """Apply functions of a tensor one after the other: `layers[-1](… layers[1](layers[0](x)))`.

    Its variables get the names of their places: "layers/0/kernel:0".

    Args:
        layers: layers, models and plain functions. Those with a parameter named `training` are given it; which they
            are is looked up once, here. A module with variables must be a `tf.Module`.

    Raises:
        TypeError: If one cannot be called, or has variables but is not a `tf.Module`.

    Example:
        >>> Sequential([Dense(51, 30, activation=dnn.relu), Dense(30, 2)])
        Sequential(2 layers, float32, 1,622 parameters)
          (0) Dense(51 -> 30, activation=relu, float32, 1,560 parameters)
          (1) Dense(30 -> 2, float32, 62 parameters)
    """

    def __init__(self, layers: Iterable[Callable[..., Any]]) -> None:
        super().__init__()
        self.layers = tuple(layers)
        for index, layer in enumerate(self.layers):
            checked_callable(layer, f"layers[{index}]")
            if not isinstance(layer, tf.Module) and getattr(layer, "trainable_variables", []):
                raise TypeError(f"layers[{index}] must be a tf.Module, or its variables would not train, got {layer!r}")
        self._takes_training = tuple(map(takes_training, self.layers))
        name_by_place(self)

    def __call__(self, x: TensorLike, training: TensorLike | None = None) -> tf.Tensor:
        """Return what the last layer returns.

        Args:
            x: float[batch, features], as the first layer takes it.
            training: None outside training, or the key int32[3] of a training step, (seed, epoch, step). Each layer
                gets the key with a seed of its own, drawn from its index, so that two layers Dropout(0.5) drop
                independently. False, as in Keras, is the same as None.

        Returns:
            float[batch, outputs].

        Raises:
            TypeError: If `training` is True: dropout needs a key to draw from.
        """
        if training is False:
            with noted_calls():  # on purpose: what is noted within is not looked at
                return self(x)
        for index, (layer, takes) in enumerate(zip(self.layers, self._takes_training, strict=True)):
            x = layer(x, training=key_at(training, index)) if takes else layer(x)
        return x

    def __repr__(self) -> str:
        heading = layer_line(self, counted_noun(len(self.layers), "layer"))
        return tree(heading, ((str(index), layer) for index, layer in enumerate(self.layers)))

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the table of `summary`, or the text where the table cannot be made."""
        from dnn.nn.summary import summary_html  # which imports this module

        try:
            return summary_html(self)
        except Exception:  # a cell that only shows a model never fails, whatever error a layer of the user's raises
            return f"<pre>{html.escape(repr(self))}</pre>"


def takes_training(layer: Callable[..., Any]) -> bool:
    """Return whether a layer behaves differently in training: it has a parameter of that name."""
    try:
        return "training" in inspect.signature(layer).parameters
    except ValueError:  # some functions written in C do not tell their parameters
        return False


def key_at(training: TensorLike | None, index: int) -> tf.Tensor | None:
    """Return the key (seed, epoch, step), int32[..., 3], with a seed of its seed and the index; None stays None."""
    training = checked_key(training)
    if training is None:
        return None
    seed = tf.bitcast(hash_of(training[..., 0], index), tf.int32)
    return tf.concat([seed[..., tf.newaxis], training[..., 1:]], axis=-1)
