"""RealMLP: a multilayer perceptron whose parametrization was tuned on many tables, so that it suits others as it is."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import tensorflow as tf

from dnn.nn.activations import selu
from dnn.nn.argument_checks import checked_size
from dnn.nn.dropout import Dropout
from dnn.nn.initializers import seed_or_next, zeros
from dnn.nn.layers import Sequential
from dnn.nn.ntk import NTKDense, Scaling
from dnn.nn.parametric_activation import ParametricActivation
from dnn.nn.protocols import ActivationLike

ACTIVATION_FACTOR = 0.1  # of the learning rate of parametric activations


def realmlp(
    sizes: Sequence[int],
    *,
    activation: ActivationLike = selu,
    parametric: bool = False,
    dropout: float = 0.0,
    seed: int | None = None,
    dtype: tf.DType = tf.float32,
) -> Sequential:
    """Make RealMLP's network: a `Scaling`, hidden `NTKDense` layers, and a last one that begins at 0.

    As it is, it is that of RealMLP-TD-S; with `parametric` and `dropout=0.15` its layers are those of RealMLP-TD, whose
    first weights from the data are not here, and whose embeddings of numbers are `PBLDEmbeddings`. Its training: Adam
    with β₂ = 0.95 and the rate `Coslog(0.04, steps)`, or 0.07 with `mish` for amounts; batches of 256, 256 epochs,
    label smoothing of 0.1, the best epoch. `dnn.Classifier.preset("realmlp")` is all of it, with `RobustScale`.
    Source: D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on
    Tabular Data", NeurIPS 2024, section 3 and appendix A.

    Args:
        sizes: two or more positive widths; [51, 256, 256, 256, 2] is the paper's.
        activation: function after each hidden layer; the paper's is `selu` for classes and `mish` for amounts.
        parametric: whether how much each unit bends is learnt.
        dropout: share of each hidden layer's units that a training step drops, in [0, 1).
        seed: int; layer i draws from the pair (seed, i). None: another seed for each model made without one.
        dtype: floating dtype of the weights, and of x.

    Returns:
        float[batch, sizes[0]] -> float[batch, sizes[-1]].

    Raises:
        ValueError: If there are fewer than two sizes, or one is not positive, or the dropout is out of its range.
        TypeError: If a size is not an integer.

    Example:
        >>> realmlp([51, 256, 2], seed=0)
        Sequential(3 layers, float32, 13,877 parameters)
          (0) Scaling(51, factor=6, float32, 51 parameters)
          (1) NTKDense(51 -> 256, activation=selu, float32, 13,312 parameters)
          (2) NTKDense(256 -> 2, float32, 514 parameters)
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes must hold the input and the output width at least, got {list(sizes)}")
    *hidden, outputs = (checked_size(size, f"sizes[{i}]") for i, size in enumerate(sizes))
    seed = seed_or_next(seed)
    layers: list[Callable[..., Any]] = [Scaling(hidden[0], dtype=dtype)]
    for i, (inputs, units) in enumerate(pairwise(hidden)):
        own = None if parametric else activation
        layers.append(NTKDense(inputs, units, activation=own, seed=(seed, i), dtype=dtype))
        if parametric:
            layers.append(ParametricActivation(units, activation, factor=ACTIVATION_FACTOR, dtype=dtype))
        if dropout:
            layers.append(Dropout(dropout, seed=0))
    last = NTKDense(hidden[-1], outputs, kernel_initializer=zeros, bias_initializer=zeros, seed=0, dtype=dtype)
    return Sequential([*layers, last])
