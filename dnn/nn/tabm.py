"""TabM: an ensemble whose members share their kernels, and differ by factors of each layer's inputs and sums."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal

import tensorflow as tf

from dnn.nn.activations import relu
from dnn.nn.argument_checks import (
    checked_callable,
    checked_count,
    checked_key,
    checked_optional_callable,
    checked_size,
    checked_width,
)
from dnn.nn.dropout import Dropout
from dnn.nn.ensemble import Combine, log_mean_softmax, mean_output
from dnn.nn.initializers import seed_or_next
from dnn.nn.layers import key_at, takes_training
from dnn.nn.modules import counted_noun, function_name, layer_line, tree
from dnn.nn.protocols import ActivationLike, TensorLike

Adapters = Literal["every", "first"]


def batch_ensemble(
    x: TensorLike, kernel: TensorLike, bias: TensorLike, r: TensorLike | None = None, s: TensorLike | None = None
) -> tf.Tensor:
    """Compute s_k ⊙ ((r_k ⊙ x_k) · kernel) + b_k for each member k; a factor that is None is 1.

    Source: Y. Wen, D. Tran, J. Ba, "BatchEnsemble", ICLR 2020, equation 5, with a bias of each member, as
    Y. Gorishniy, A. Kotelnikov, A. Babenko, "TabM", ICLR 2025, section 3.3, has it.

    Args:
        x: float[members, batch, inputs].
        kernel: float[inputs, units], of all members.
        bias: float[members, units], or float[units] of all.
        r: float[members, inputs].
        s: float[members, units].

    Returns:
        float[members, batch, units].
    """
    x = tf.convert_to_tensor(x)
    if r is not None:
        x = x * tf.expand_dims(r, 1)
    units = tf.shape(kernel)[1]
    sums = tf.reshape(tf.matmul(tf.reshape(x, [-1, x.shape[-1]]), kernel), [*tf.unstack(tf.shape(x)[:2]), units])
    if s is not None:
        sums = sums * tf.expand_dims(s, 1)
    bias = tf.convert_to_tensor(bias)
    return sums + (bias if bias.shape.rank == 1 else tf.expand_dims(bias, 1))


class BatchEnsembleDense(tf.Module):
    """Apply activation(`batch_ensemble`): float[members, batch, inputs] -> float[members, batch, units].

    Args:
        inputs: width of x, > 0.
        units: width of the result, > 0.
        members: K, > 0.
        activation: function of the sums.
        first: whether r is drawn from N(0, 1), which makes the members differ; else it is 1 at first.
        adapters: whether there are r and s, and a bias of each member; else kernel and bias are all.
        seed: pair of ints that the first values are drawn from.
        dtype: floating dtype of the weights, and of x.
    """

    def __init__(
        self,
        inputs: int,
        units: int,
        members: int,
        *,
        activation: ActivationLike,
        first: bool,
        adapters: bool,
        seed: Sequence[int],
        dtype: tf.DType,
    ) -> None:
        super().__init__()
        self.activation = activation
        limit = 1 / math.sqrt(inputs)
        kernel_seed, bias_seed, r_seed = ([seed[0], 3 * seed[1] + i] for i in range(3))
        kernel = tf.random.stateless_uniform([inputs, units], kernel_seed, -limit, limit, dtype)
        bias = tf.random.stateless_uniform([units], bias_seed, -limit, limit, dtype)
        self.kernel = tf.Variable(kernel, name="kernel")
        self.bias = tf.Variable(tf.tile(bias[tf.newaxis], [members, 1]) if adapters else bias, name="bias")
        r = tf.random.stateless_normal([members, inputs], r_seed, dtype=dtype) if first else tf.ones([members, inputs])
        self.r = tf.Variable(tf.cast(r, dtype), name="r") if adapters or first else None
        self.s = tf.Variable(tf.ones([members, units], dtype), name="s") if adapters else None

    def __call__(self, x: TensorLike) -> tf.Tensor:
        """Return the activations of each member.

        Args:
            x: float[members, batch, inputs].

        Returns:
            float[members, batch, units].
        """
        return self.activation(batch_ensemble(x, self.kernel, self.bias, self.r, self.s))

    def __repr__(self) -> str:
        inputs, units = self.kernel.shape
        return layer_line(self, f"{inputs} -> {units}", f"activation={function_name(self.activation)}")


class TabM(tf.Module):
    """Predict with K networks that share their kernels: float[batch, features] -> float[batch, outputs].

    h_k ← activation(s_k ⊙ ((r_k ⊙ h_k) · W) + b_k) in each hidden layer, and a head of each member's own after them.
    In training all members see the same rows, and the mean of their losses is made smaller; the prediction is that of
    their mean probability, or their mean amount.
    Source: Y. Gorishniy, A. Kotelnikov, A. Babenko, "TabM: Advancing Tabular Deep Learning with Parameter-Efficient
    Ensembling", ICLR 2025, section 3.3. First values: kernels, biases and heads from U(±1/√inputs), r of the first
    layer from N(0, 1), another for each input, all other r and s 1. The authors' package draws one r for all inputs of
    a column, where they are embedded, and random signs where they are not.

    Args:
        sizes: two or more positive widths; [51, 64, 64, 2] has two hidden layers of 64.
        k: members, >= 2.
        activation: function after each hidden layer.
        dropout: share of each hidden layer's units that a training step drops, in [0, 1), another one in each member.
        adapters: "every" hidden layer has r, s and a bias of each member: TabM; or the "first" alone has r: TabM-mini.
        embeddings: layer before the first, one for all members: it maps rows to float[batch, sizes[0]], as
            `PiecewiseLinearEmbeddings` does. None: there is none.
        combine: float[members, batch, outputs] -> float[batch, outputs]. None: `log_mean_softmax` of two or more
            outputs, `mean_output` of one.
        seed: int. None: another seed for each model made without one.
        dtype: floating dtype of the weights, and of x.

    Raises:
        ValueError: If a size, k or the dropout is out of its range, or `adapters` is another word.
        TypeError: If a size is not an integer.

    Example:
        >>> TabM([51, 64, 64, 2], k=16, seed=0)
        TabM(16 members, float32, 15,376 parameters)
          (0) BatchEnsembleDense(51 -> 64, activation=relu, float32, 6,128 parameters)
          (1) BatchEnsembleDense(64 -> 64, activation=relu, float32, 7,168 parameters)
    """

    independent = False  # members share kernels, so they see the same rows, and the mean of their losses counts

    def __init__(
        self,
        sizes: Sequence[int],
        k: int = 16,
        *,
        activation: ActivationLike = relu,
        dropout: float = 0.0,
        adapters: Adapters = "every",
        embeddings: Callable[..., tf.Tensor] | None = None,
        combine: Combine | None = None,
        seed: int | None = None,
        dtype: tf.DType = tf.float32,
    ) -> None:
        super().__init__()
        if len(sizes) < 2:
            raise ValueError(f"sizes must hold the input and the output width at least, got {list(sizes)}")
        if adapters not in ("every", "first"):
            raise ValueError(f"adapters must be 'every' or 'first', got {adapters!r}")
        *hidden, outputs = (checked_size(size, f"sizes[{i}]") for i, size in enumerate(sizes))
        self.sizes, self.members, self.adapters = (*hidden, outputs), checked_count(k, "k", least=2), adapters
        self.activation, seed = checked_callable(activation, "activation"), seed_or_next(seed)
        self.dropout, self.embeddings = Dropout(dropout, seed=0), checked_optional_callable(embeddings, "embeddings")
        self.layers = tuple(
            BatchEnsembleDense(
                inputs,
                units,
                self.members,
                activation=activation,
                first=i == 0,
                adapters=adapters == "every",
                seed=(seed, i),
                dtype=dtype,
            )
            for i, (inputs, units) in enumerate(pairwise(hidden))
        )
        limit, seeds = 1 / math.sqrt(hidden[-1]), [(seed, 3 * len(hidden) + i) for i in range(2)]
        shapes = [self.members, hidden[-1], outputs], [self.members, outputs]
        kernels, biases = (
            tf.random.stateless_uniform(shape, pair, -limit, limit, dtype)
            for shape, pair in zip(shapes, seeds, strict=True)
        )
        self.head_kernels = tf.Variable(kernels, name="head_kernels")
        self.head_biases = tf.Variable(biases, name="head_biases")
        self.combine = checked_callable(combine or (log_mean_softmax if outputs > 1 else mean_output), "combine")

    def __call__(self, x: TensorLike, training: TensorLike | None = None) -> tf.Tensor:
        """Return what the members' outputs are together.

        Args:
            x: float[batch, features].
            training: None, or the key int32[3] of a training step, (seed, epoch, step).

        Returns:
            float[batch, outputs].

        Raises:
            ValueError: If x has another width.
            TypeError: If x has another dtype, or `training` is True.
        """
        return self.combine(self.member_logits(x, training))

    def member_logits(self, x: TensorLike, training: TensorLike | None = None) -> tf.Tensor:
        """Return the outputs of each member.

        Args:
            x: float[batch, features] for all, or float[members, batch, features].
            training: None, or the key int32[3] of a training step, (seed, epoch, step).

        Returns:
            float[members, batch, outputs].

        Raises:
            ValueError: If x has another width.
            TypeError: If x has another dtype, or `training` is True.
        """
        key = checked_key(training)
        if self.embeddings is not None:
            told = {"training": key_at(key, len(self.layers))} if takes_training(self.embeddings) else {}
            x = self.embeddings(x, **told)
        h = checked_width(x, self.sizes[0])
        if h.dtype != self.head_kernels.dtype:
            raise TypeError(f"x must be {self.head_kernels.dtype.name}, as the kernels are, got {h.dtype.name}")
        if h.shape.rank == 2:
            h = tf.broadcast_to(h, tf.concat([[self.members], tf.shape(h)], axis=0))
        for index, layer in enumerate(self.layers):
            h = self.dropout(layer(h), training=key_at(key, index))
        return tf.matmul(h, self.head_kernels) + tf.expand_dims(self.head_biases, 1)

    def __repr__(self) -> str:
        heading = layer_line(self, counted_noun(self.members, "member"))
        first = [] if self.embeddings is None else [("embeddings", self.embeddings)]
        return tree(heading, [*first, *((str(index), layer) for index, layer in enumerate(self.layers))])
