"""The multilayer perceptron: dense layers one after the other, and what may stand between two of them."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import tensorflow as tf

from dnn.nn.activations import relu
from dnn.nn.argument_checks import checked_callable, checked_optional_callable, checked_size
from dnn.nn.dropout import Dropout
from dnn.nn.initializers import glorot_uniform, seed_or_next, zeros
from dnn.nn.layers import Dense, Sequential
from dnn.nn.protocols import ActivationLike, InitializerLike
from dnn.nn.residual import Residual

Layer = Callable[..., Any]


def mlp(
    sizes: Sequence[int],
    *,
    activation: ActivationLike = relu,
    dropout: float = 0.0,
    normalization: Callable[[int], Layer] | None = None,
    residual: bool = False,
    activate_final: bool = False,
    kernel_initializer: InitializerLike = glorot_uniform,
    bias_initializer: InitializerLike = zeros,
    seed: int | None = None,
    dtype: tf.DType = tf.float32,
) -> Sequential:
    """Make a multilayer perceptron: float[batch, sizes[0]] -> logits, float[batch, sizes[-1]].

    Between two layers: the normalization, the activation, the dropout, of those that there are.

    Args:
        sizes: two or more positive widths; [51, 30, 30, 2] has two hidden layers of 30.
        activation: function between the layers, not after the last.
        dropout: share of each hidden layer's units that a training step drops, in [0, 1).
        normalization: width -> what normalizes the sums of a hidden layer before its activation:
            `dnn.BatchNormalization`, `dnn.LayerNormalization`, `dnn.RMSNormalization`, or a function that makes one
            with options. Source: S. Ioffe, C. Szegedy, "Batch Normalization", ICML 2015, section 3.2.
        residual: whether each hidden layer that keeps the width adds its input to its result: `Residual`.
        activate_final: whether the last layer is as a hidden one, for a network that is a part of another.
        kernel_initializer: (shape, seed, dtype) -> the first kernel of each layer.
        bias_initializer: (shape, seed, dtype) -> the first bias of each layer.
        seed: int; layer i draws from the pair (seed, i). None: another seed for each model made without one, as for
            `Dense`.
        dtype: floating dtype of the weights, and of x; a normalization makes weights of its own.

    Returns:
        A `Sequential` of `Dense` layers, and of what stands between them.

    Raises:
        ValueError: If there are fewer than two sizes, or one is not positive; if the dropout is out of its range; or if
            `residual` is asked for, and no hidden layer keeps the width.
        TypeError: If a size is not an integer, or a function cannot be called.

    Example:
        >>> mlp([4, 8, 2], dropout=0.1, normalization=dnn.LayerNormalization)
        Sequential(5 layers, float32, 74 parameters)
          (0) Dense(4 -> 8, float32, 40 parameters)
          (1) LayerNormalization(8, epsilon=0.001, float32, 16 parameters)
          (2) relu
          (3) Dropout(rate=0.1)
          (4) Dense(8 -> 2, float32, 18 parameters)
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes must hold the input and the output width at least, got {list(sizes)}")
    sizes = [checked_size(size, f"sizes[{i}]") for i, size in enumerate(sizes)]
    checked_callable(activation, "activation")
    checked_optional_callable(normalization, "normalization")
    hidden, seed = len(sizes) - 2 + activate_final, seed_or_next(seed)
    inside = activation if normalization is None else None  # where nothing stands between sums and activation
    made: list[list[Layer]] = []
    for i, (inputs, units) in enumerate(pairwise(sizes)):
        chosen = {"kernel_initializer": kernel_initializer, "bias_initializer": bias_initializer, "dtype": dtype}
        layer = Dense(inputs, units, activation=inside if i < hidden else None, seed=(seed, i), **chosen)
        after = _after_hidden(units, activation, normalization, dropout) if i < hidden else ()
        made.append([layer, *after])
    if residual:
        made = _with_skips(made, sizes, hidden)
    return Sequential([layer for block in made for layer in block])


def _after_hidden(
    units: int, activation: ActivationLike, normalization: Callable[[int], Layer] | None, dropout: float
) -> Iterator[Layer]:
    """Yield what follows a hidden layer, which has the activation itself where there is no normalization."""
    if normalization is not None:
        yield normalization(units)
        yield activation
    if dropout:
        yield Dropout(dropout, seed=0)


def _with_skips(blocks: Sequence[list[Layer]], sizes: Sequence[int], hidden: int) -> list[list[Layer]]:
    """Return the blocks, each hidden one after the first that keeps the width within a `Residual`.

    Raises:
        ValueError: If there is none.
    """
    keeps = [0 < i < hidden and sizes[i] == sizes[i + 1] for i in range(len(blocks))]
    if not any(keeps):
        raise ValueError("residual=True needs two hidden layers of the same width, one after the other")
    return [[Residual(_one(block))] if skip else block for block, skip in zip(blocks, keeps, strict=True)]


def _one(block: list[Layer]) -> Layer:
    return block[0] if len(block) == 1 else Sequential(block)
