"""Layer normalization in C++: forward and backward, each in one pass over memory."""

from typing import Any

import tensorflow as tf

from dnn.kernels.compiled import compiled_ops, first_output_alone
from dnn.nn.protocols import TensorLike
from dnn.ops.gradients import gradient

FLOATS = (tf.float32, tf.float64)
SOURCE = "layer_normalization.cc"


def fused_layer_normalization(
    x: TensorLike, gamma: TensorLike, beta: TensorLike, *, epsilon: float = 1e-3
) -> tf.Tensor:
    """Return (x − mean) · γ / √(variance + ε) + β along the last axis: `dnn.layer_normalization`, fused.

    Means and sums are float64: a row of float64 whose squares are too large for that, beyond 1e154, gives β, as there.
    Derivative: with a = γ ∂y and n = (x − mean) r, r = 1 / √(variance + ε): ∂x = r (a − mean a − n mean(a n)),
    ∂γ = Σ n ∂y and ∂β = Σ ∂y over the rows, in an order that does not depend on the number of threads. A second
    derivative is refused with a LookupError, and one through the op's second output, the statistics of the rows, with
    an InvalidArgumentError. XLA cannot compile it.
    Source: J. L. Ba, J. R. Kiros, G. Hinton, "Layer Normalization", 2016, equation 4, with an ε as in Keras.

    Args:
        x: float32[..., size] or float64[..., size].
        gamma: γ, [size], of the dtype of x.
        beta: β, [size], of the dtype of x.
        epsilon: ε, > 0.

    Returns:
        [..., size], of the dtype of x.

    Raises:
        ValueError: If the shapes do not fit.
        InvalidArgumentError: If the shapes do not fit, and are seen in the kernel only.
        TypeError: If `x` is neither float32 nor float64, or `gamma` or `beta` has another dtype.
    """
    x = tf.convert_to_tensor(x)
    gamma, beta = (tf.convert_to_tensor(vector, dtype_hint=x.dtype) for vector in (gamma, beta))
    if x.dtype not in FLOATS:
        raise TypeError(f"x must be float32 or float64, got {x.dtype.name}")
    if not gamma.dtype == beta.dtype == x.dtype:
        raise TypeError(f"gamma and beta must be {x.dtype.name}, as x, got {gamma.dtype.name} and {beta.dtype.name}")
    if x.shape.rank == 0:
        raise ValueError(f"x must be [..., size], got shape {x.shape}")
    epsilon = tf.constant(epsilon, x.dtype)
    return compiled_ops(SOURCE).dnn_layer_normalization(x=x, gamma=gamma, beta=beta, epsilon=epsilon).y


class FusedLayerNormalization(tf.Module):
    """`fused_layer_normalization` with trainable γ, initially 1, and β, initially 0.

    Args:
        size: Of the last axis, > 0.
        epsilon: ε, > 0.
        dtype: float32 or float64.

    Raises:
        ValueError: If `size` or `epsilon` is not positive.
        TypeError: If `dtype` is another.
    """

    def __init__(self, size: int, *, epsilon: float = 1e-3, dtype: tf.DType = tf.float32):
        super().__init__()
        if tf.as_dtype(dtype) not in FLOATS:
            raise TypeError(f"dtype must be float32 or float64, got {tf.as_dtype(dtype).name}")
        if size < 1 or not epsilon > 0:
            raise ValueError(f"size and epsilon must be positive, got {size} and {epsilon}")
        self.size, self.epsilon = size, epsilon
        self.gamma = tf.Variable(tf.ones(size, dtype), name="gamma")
        self.beta = tf.Variable(tf.zeros(size, dtype), name="beta")

    def __call__(self, x: TensorLike) -> tf.Tensor:
        """Return the normalized rows.

        Args:
            x: [..., size], of the layer's dtype.

        Returns:
            [..., size], of the layer's dtype.

        Raises:
            ValueError: If `x` has another shape.
            TypeError: If `x` has another dtype.
        """
        x = tf.convert_to_tensor(x)
        if x.dtype != self.gamma.dtype:
            raise TypeError(f"x must be {self.gamma.dtype.name}, got {x.dtype.name}")
        if x.shape.rank is not None and not x.shape[-1:].is_compatible_with([self.size]):
            raise ValueError(f"x must be [..., {self.size}], got shape {x.shape}")
        return fused_layer_normalization(x, self.gamma, self.beta, epsilon=self.epsilon)


@gradient("DnnLayerNormalization")
def _layer_normalization_gradient(
    op: Any, y_gradient: tf.Tensor, statistics_gradient: tf.Tensor
) -> tuple[tf.Tensor | None, ...]:
    message = "the statistics of the fused layer normalization have no derivative: use tf.nn.moments"
    y_gradient = first_output_alone(y_gradient, statistics_gradient, message)
    x, gamma = op.inputs[:2]
    gradients = compiled_ops(SOURCE).dnn_layer_normalization_grad(
        y_gradient=y_gradient, x=x, gamma=gamma, statistics=op.outputs[1]
    )
    return *gradients, None
