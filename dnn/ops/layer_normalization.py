"""Layer normalization in C++: forward and backward, each in one pass over memory."""

import functools
from pathlib import Path

import tensorflow as tf

from dnn.ops.library import load
from dnn.ops.no_derivative import through_first

FLOATS = (tf.float32, tf.float64)


def layer_normalization(x, gamma, beta, *, epsilon: float = 1e-3):
    """(x − mean) · γ / √(variance + ε) + β along the last axis: `dnn.layer_normalization`, fused.

    x: float32 or float64[..., size]. gamma, beta: [size], of the same dtype. Means and sums are float64: a row of
    float64 whose squares are too large for that, beyond 1e154, gives β, as there.
    Derivative: with a = γ ∂y and n = (x − mean) r, r = 1 / √(variance + ε): ∂x = r (a − mean a − n mean(a n)),
    ∂γ = Σ n ∂y and ∂β = Σ ∂y over the rows, in an order that does not depend on the number of threads. A second
    derivative is refused with a LookupError, and one through the op's second output, the statistics of the rows, with
    an InvalidArgumentError.
    Source: J. L. Ba, J. R. Kiros, G. Hinton, "Layer Normalization", 2016, equation 4, with an ε as in Keras.
    Raises: ValueError or InvalidArgumentError for other shapes, TypeError for another dtype, and for tensors of two.
    XLA cannot compile it.
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
    return _library().dnn_layer_normalization(x=x, gamma=gamma, beta=beta, epsilon=epsilon).y


class LayerNormalization(tf.Module):
    """`layer_normalization` with γ, at first 1, and β, at first 0, to be learnt."""

    def __init__(self, size: int, *, epsilon: float = 1e-3, dtype=tf.float32):
        """size: of the last axis, > 0. epsilon: > 0. dtype: float32 or float64.
        Raises: ValueError for other numbers, TypeError for another dtype.
        """
        super().__init__()
        if tf.as_dtype(dtype) not in FLOATS:
            raise TypeError(f"dtype must be float32 or float64, got {tf.as_dtype(dtype).name}")
        if size < 1 or not epsilon > 0:
            raise ValueError(f"size and epsilon must be positive, got {size} and {epsilon}")
        self.size, self.epsilon = size, epsilon
        self.gamma = tf.Variable(tf.ones(size, dtype), name="gamma")
        self.beta = tf.Variable(tf.zeros(size, dtype), name="beta")

    def __call__(self, x):
        """x: [..., size], of the layer's dtype. Raises: ValueError for another shape, TypeError for another dtype."""
        x = tf.convert_to_tensor(x)
        if x.dtype != self.gamma.dtype:
            raise TypeError(f"x must be {self.gamma.dtype.name}, got {x.dtype.name}")
        if x.shape.rank is not None and not x.shape[-1:].is_compatible_with([self.size]):
            raise ValueError(f"x must be [..., {self.size}], got shape {x.shape}")
        return layer_normalization(x, self.gamma, self.beta, epsilon=self.epsilon)


@tf.RegisterGradient("DnnLayerNormalization")
def _gradient(op, y_gradient, statistics_gradient):
    message = "the statistics of the fused layer normalization have no derivative: use tf.nn.moments"
    y_gradient = through_first(y_gradient, statistics_gradient, message)
    x, gamma = op.inputs[:2]
    gradients = _library().dnn_layer_normalization_grad(
        y_gradient=y_gradient, x=x, gamma=gamma, statistics=op.outputs[1]
    )
    return *gradients, None


@functools.cache
def _library():
    return load(Path(__file__).with_suffix(".cc"))
