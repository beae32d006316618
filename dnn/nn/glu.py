"""Gated linear units: a linear map of x, each number of it multiplied by a gate that another one opens."""

from collections.abc import Sequence

import tensorflow as tf

from dnn.nn.activations import gelu, relu, sigmoid, silu
from dnn.nn.argument_checks import checked_callable, checked_float
from dnn.nn.initializers import glorot_uniform, seed_or_next, zeros
from dnn.nn.layers import Dense
from dnn.nn.modules import function_name, layer_line
from dnn.nn.ntk import two_seeds
from dnn.nn.precision import rounded_once
from dnn.nn.protocols import ActivationLike, InitializerLike, TensorLike


def glu(x: TensorLike) -> tf.Tensor:
    """Compute a · sigmoid(b), a and b the halves of each row: Y. Dauphin et al., 2017, as torch.nn.functional.glu.

    Source: Y. Dauphin, A. Fan, M. Auli, D. Grangier, "Language Modeling with Gated Convolutional Networks", ICML 2017,
    equation 1.

    Args:
        x: float[..., 2 · units]: a, then b.

    Returns:
        float[..., units], of the dtype of x.

    Raises:
        ValueError: If the last axis has no two halves.
        TypeError: If x does not hold floats.

    Example:
        >>> glu([[3.0, 0.0]]).numpy().tolist()
        [[1.5]]
    """
    return _gated_half(x, sigmoid)


def reglu(x: TensorLike) -> tf.Tensor:
    """Compute a · relu(b), a and b the halves of each row: N. Shazeer, 2020.

    Source: N. Shazeer, "GLU Variants Improve Transformer", 2020, equation 5; with the gate second, as in rtdl's ReGLU.

    Args:
        x: float[..., 2 · units]: a, then b.

    Returns:
        float[..., units], of the dtype of x.

    Raises:
        ValueError: If the last axis has no two halves.
        TypeError: If x does not hold floats.

    Example:
        >>> reglu([[3.0, 3.0, 2.0, -2.0]]).numpy().tolist()
        [[6.0, 0.0]]
    """
    return _gated_half(x, relu)


def geglu(x: TensorLike) -> tf.Tensor:
    """Compute a · gelu(b), a and b the halves of each row: N. Shazeer, 2020.

    Source: N. Shazeer, "GLU Variants Improve Transformer", 2020, equation 5; with the gate second, as in rtdl's GEGLU.

    Args:
        x: float[..., 2 · units]: a, then b.

    Returns:
        float[..., units], of the dtype of x.

    Raises:
        ValueError: If the last axis has no two halves.
        TypeError: If x does not hold floats.

    Example:
        >>> geglu([[3.0, 0.0]]).numpy().tolist()
        [[0.0]]
    """
    return _gated_half(x, gelu)


def swiglu(x: TensorLike) -> tf.Tensor:
    """Compute a · silu(b), a and b the halves of each row: N. Shazeer, 2020.

    Source: N. Shazeer, "GLU Variants Improve Transformer", 2020, equation 5 with β = 1. xformers' SwiGLU has the gate
    first.

    Args:
        x: float[..., 2 · units]: a, then b.

    Returns:
        float[..., units], of the dtype of x.

    Raises:
        ValueError: If the last axis has no two halves.
        TypeError: If x does not hold floats.

    Example:
        >>> swiglu([[3.0, 0.0]]).numpy().tolist()
        [[0.0]]
    """
    return _gated_half(x, silu)


@rounded_once
def _gated_half(x: tf.Tensor, gate: ActivationLike) -> tf.Tensor:
    x = checked_float(x, "x")
    if x.shape.rank == 0 or x.shape[-1] is None or x.shape[-1] % 2:
        raise ValueError(f"x must be [..., 2 · units], the values and what opens their gates, got shape {x.shape}")
    values, gates = tf.split(x, 2, axis=-1)
    return values * gate(gates)


class GLU(tf.Module):
    """Apply (x · V + c) · gate(x · W + b), number by number: float[batch, inputs] -> float[batch, units].

    A sigmoid gate is the gated linear unit; `dnn.relu` gives ReGLU, `dnn.gelu` GEGLU, `dnn.silu` SwiGLU. `value` is the
    `Dense` of V and c, and `gate` that of W and b. `dnn.glu` and its kin are the same of two halves of one row.
    Source: N. Shazeer, "GLU Variants Improve Transformer", 2020, equations 4 and 5.

    Args:
        inputs: width of x, > 0.
        units: width of the result, > 0.
        activation: the gate, a function of its sums.
        use_bias: whether there are b and c.
        kernel_initializer: (shape, seed, dtype) -> the first V, and of another seed the first W.
        bias_initializer: (shape, seed, dtype) -> the first c and b.
        seed: int or pair of ints that the initializers draw from. None: another seed for each layer.
        dtype: floating dtype of the weights, and of x.

    Raises:
        ValueError: If a size is not positive.
        TypeError: If a size is not an integer, or a function cannot be called.

    Example:
        >>> GLU(51, 30, activation=dnn.silu)
        GLU(51 -> 30, activation=silu, float32, 3,120 parameters)
    """

    def __init__(
        self,
        inputs: int,
        units: int,
        *,
        activation: ActivationLike = sigmoid,
        use_bias: bool = True,
        kernel_initializer: InitializerLike = glorot_uniform,
        bias_initializer: InitializerLike = zeros,
        seed: int | Sequence[int] | None = None,
        dtype: tf.DType = tf.float32,
    ) -> None:
        super().__init__()
        self.activation = checked_callable(activation, "activation")
        of_value, of_gate = two_seeds(seed_or_next(seed))
        chosen = {"kernel_initializer": kernel_initializer, "bias_initializer": bias_initializer, "dtype": dtype}
        self.value = Dense(inputs, units, use_bias=use_bias, seed=of_value, **chosen)
        self.gate = Dense(inputs, units, activation=activation, use_bias=use_bias, seed=of_gate, **chosen)

    def __call__(self, x: TensorLike) -> tf.Tensor:
        """Return (x · V + c) · gate(x · W + b).

        Args:
            x: float[batch, inputs], or with more leading axes, of the kernels' dtype.

        Returns:
            float[batch, units], of the kernels' dtype.

        Raises:
            ValueError: If x has another shape.
            TypeError: If x has another dtype.
        """
        return self.value(x) * self.gate(x)

    def __repr__(self) -> str:
        inputs, units = self.value.kernel.shape[-2:]
        settings = [f"activation={function_name(self.activation)}"]
        settings += ["use_bias=False"] if self.value.bias is None else []
        return layer_line(self, f"{inputs} -> {units}", *settings)
