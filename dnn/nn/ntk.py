"""Layers in the NTK parametrization: the factors that bring sums to one size are outside of the weights.

All weights are then drawn from N(0, 1), and under Adam one learning rate suits layers of any width. A layer may hold a
variable q in place of a parameter p = f q: Adam moves q by about the learning rate, and so p by f times as much. That
is how single parameters get a learning-rate factor f here, with any optimizer, and without groups.
Source: A. Jacot, F. Gabriel, C. Hongler, "Neural Tangent Kernel", NeurIPS 2018, section 2; as RealMLP has it:
D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on Tabular
Data", NeurIPS 2024, section 3 and appendix A.
"""

import math
from collections.abc import Sequence

import tensorflow as tf

from dnn.nn.argument_checks import (
    checked_dense,
    checked_first_values,
    checked_input,
    checked_positive,
    checked_size,
    checked_width,
)
from dnn.nn.initializers import seed_or_next
from dnn.nn.modules import function_name, layer_line
from dnn.nn.numeric_embeddings import key_of
from dnn.nn.protocols import ActivationLike, InitializerLike, TensorLike


def ntk_dense(x: TensorLike, kernel: TensorLike, bias: TensorLike) -> tf.Tensor:
    """Compute x · kernel / √inputs + bias.

    Args:
        x: float[batch, inputs], or with more leading axes.
        kernel: float[inputs, units], of the dtype of x.
        bias: float[units], of the dtype of x.

    Returns:
        float[batch, units], of the dtype of x.

    Example:
        >>> ntk_dense([[1.0, 1.0, 1.0, 1.0]], tf.ones([4, 1]), [0.5]).numpy().tolist()
        [[2.5]]
    """
    kernel = tf.convert_to_tensor(kernel)
    return tf.matmul(x, kernel) / math.sqrt(kernel.shape[-2]) + bias


def standard_normal(shape: Sequence[int], seed: int | Sequence[int], dtype: tf.DType = tf.float32) -> tf.Tensor:
    """Draw weights from N(0, 1): those of the NTK parametrization, whatever the shape.

    Args:
        shape: of the weights.
        seed: int, or pair of ints.
        dtype: floating dtype of the result.

    Returns:
        dtype[shape].
    """
    return tf.random.stateless_normal(shape, key_of(seed, 0), dtype=dtype)


class NTKDense(tf.Module):
    """Apply activation(x · kernel / √inputs + f · bias): float[batch, inputs] -> float[batch, units].

    f = bias_factor: the bias that is added learns f times as fast under Adam. The variable `bias` holds it / f.

    Args:
        inputs: width of x, > 0.
        units: width of the result, > 0.
        activation: function of the sums; None leaves them as they are.
        kernel_initializer: (shape, seed, dtype) -> the first kernel.
        bias_initializer: (shape, seed, dtype) -> the first f · bias.
        bias_factor: f, > 0; 0.1 is RealMLP's.
        seed: int or pair of ints that the initializers draw from. None: another seed for each layer.
        dtype: floating dtype of the weights, and of x.

    Raises:
        ValueError: If a size or the factor is not positive.
        TypeError: If a size is not an integer, or a function cannot be called.

    Example:
        >>> NTKDense(51, 256, activation=dnn.selu)
        NTKDense(51 -> 256, activation=selu, float32, 13,312 parameters)
    """

    def __init__(
        self,
        inputs: int,
        units: int,
        *,
        activation: ActivationLike | None = None,
        kernel_initializer: InitializerLike = standard_normal,
        bias_initializer: InitializerLike = standard_normal,
        bias_factor: float = 0.1,
        seed: int | Sequence[int] | None = None,
        dtype: tf.DType = tf.float32,
    ) -> None:
        super().__init__()
        shape = checked_dense(inputs, units, kernel_initializer, bias_initializer, activation=activation)
        self.activation, self.bias_factor = activation, checked_positive(bias_factor, "bias_factor")
        kernel_seed, bias_seed = two_seeds(seed_or_next(seed))
        kernel = checked_first_values(kernel_initializer, shape, kernel_seed, dtype, "kernel_initializer")
        self.kernel = tf.Variable(kernel, name="kernel")
        bias = checked_first_values(bias_initializer, shape[1:], bias_seed, dtype, "bias_initializer")
        self.bias = tf.Variable(bias / self.bias_factor, name="bias")

    def __call__(self, x: TensorLike) -> tf.Tensor:
        """Return activation(x · kernel / √inputs + f · bias).

        Args:
            x: float[batch, inputs], or with more leading axes, of the kernel's dtype.

        Returns:
            float[batch, units], of the kernel's dtype.

        Raises:
            ValueError: If x has another shape.
            TypeError: If x has another dtype.
        """
        sums = ntk_dense(checked_input(x, self.kernel), self.kernel, self.bias_factor * self.bias)
        return sums if self.activation is None else self.activation(sums)

    def __repr__(self) -> str:
        inputs, units = self.kernel.shape[-2:]
        shown = [] if self.activation is None else [f"activation={function_name(self.activation)}"]
        return layer_line(self, f"{inputs} -> {units}", *shown)


class Scaling(tf.Module):
    """Multiply each column by a learnt number, 1 at first: x ⊙ (f · scale), float[batch, size] -> float[batch, size].

    In front of a network it learns which columns count. f = factor: the numbers learn f times as fast under Adam. The
    variable `scale` holds them / f.
    Source: as the module's, section 3: RealMLP's scaling layer.

    Args:
        size: width of x, > 0.
        factor: f, > 0; 6 is RealMLP's.
        dtype: floating dtype of the weights, and of x.

    Raises:
        ValueError: If the size or the factor is not positive.
        TypeError: If the size is not an integer.

    Example:
        >>> Scaling(2)(tf.constant([[3.0, 4.0]])).numpy().tolist()
        [[3.0, 4.0]]
    """

    def __init__(self, size: int, *, factor: float = 6.0, dtype: tf.DType = tf.float32) -> None:
        super().__init__()
        self.factor = checked_positive(factor, "factor")
        self.scale = tf.Variable(tf.ones([checked_size(size, "size")], dtype) / self.factor, name="scale")

    def __call__(self, x: TensorLike) -> tf.Tensor:
        """Return x ⊙ (f · scale).

        Args:
            x: float[batch, size], or with more leading axes, of the dtype of the weights.

        Returns:
            A tensor of the shape and dtype of x.

        Raises:
            ValueError: If x has another width.
            TypeError: If x has another dtype.
        """
        return checked_columns(x, self.scale) * (self.factor * self.scale)

    def __repr__(self) -> str:
        return layer_line(self, f"{self.scale.shape[-1]}", f"factor={self.factor:g}")


def checked_columns(x: TensorLike, weight: tf.Variable) -> tf.Tensor:
    """Return x as a tensor [batch, size], to multiply with a weight for each column.

    An ensemble's weight is [members, 1, size]. Raises: TypeError if the dtype of x is not the weight's, ValueError for
    another shape.
    """
    size = weight.shape[-1]
    x = checked_width(x, size)
    if x.dtype != weight.dtype:
        raise TypeError(f"x must be {weight.dtype.name}, as the weights are, got {x.dtype.name}")
    if x.shape.rank == 1:
        raise ValueError(f"x must be [batch, {size}], got shape {x.shape}")
    return x


def two_seeds(seed: int | Sequence[int]) -> list[list[int]]:
    """Return two seeds made of one, a kernel's and a bias' say, of which no draw is the other's."""
    return [key_of(seed, number).numpy().tolist() for number in range(2)]
