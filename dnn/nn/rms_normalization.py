"""Root mean square normalization: each row over the root of the mean of its squares."""

import tensorflow as tf

from dnn.nn.argument_checks import checked_positive, checked_size, checked_width
from dnn.nn.modules import layer_line
from dnn.nn.precision import rounded_once
from dnn.nn.protocols import TensorLike


@rounded_once
def rms_normalization(x: TensorLike, gamma: TensorLike | None = None, *, epsilon: float = 1e-6) -> tf.Tensor:
    """Compute x γ / √(mean of x² + ε), with the mean of each row.

    Layer normalization without the mean, which is not taken away, and without an offset.
    Source: B. Zhang, R. Sennrich, "Root Mean Square Layer Normalization", NeurIPS 2019, equation 4, with an ε as in
    Keras.

    Args:
        x: float[..., size].
        gamma: scale γ, [size]; None is 1.
        epsilon: ε, > 0, added to the mean; Keras's default. PyTorch's is the dtype's, 1.2e-7 for float32.

    Returns:
        A tensor of the shape and dtype of x.

    Example:
        >>> rms_normalization([[3.0, 4.0]]).numpy().round(4)
        array([[0.8485, 1.1314]], dtype=float32)
    """
    x = tf.convert_to_tensor(x)
    normalized = x * tf.math.rsqrt(tf.reduce_mean(tf.square(x), axis=-1, keepdims=True) + epsilon)
    return normalized if gamma is None else normalized * tf.cast(gamma, x.dtype)


class RMSNormalization(tf.Module):
    """Apply `rms_normalization` with a learnt scale γ, at first 1: float[..., size] -> float[..., size].

    Source: B. Zhang, R. Sennrich, "Root Mean Square Layer Normalization", NeurIPS 2019, equation 4, with an ε as in
    Keras.

    Args:
        size: of the last axis, > 0.
        epsilon: ε, > 0, added to the mean of the squares; Keras's default.
        dtype: floating dtype of γ; x may have another, which the result keeps.

    Raises:
        ValueError: If `size` or `epsilon` is not positive.
        TypeError: If `size` is not an integer, or `epsilon` not a number.

    Example:
        >>> RMSNormalization(30)
        RMSNormalization(30, epsilon=1e-06, float32, 30 parameters)
    """

    def __init__(self, size: int, *, epsilon: float = 1e-6, dtype: tf.DType = tf.float32) -> None:
        super().__init__()
        self.size, self.epsilon = checked_size(size, "size"), checked_positive(epsilon, "epsilon")
        self.gamma = tf.Variable(tf.ones(size, dtype), name="gamma")

    def __call__(self, x: TensorLike) -> tf.Tensor:
        """Return the normalized rows.

        Args:
            x: float[..., size].

        Returns:
            A tensor of the shape and dtype of x.

        Raises:
            ValueError: If the last axis of x is not `size` long.
            TypeError: If x does not hold floats.
        """
        return rms_normalization(checked_width(x, self.size), self.gamma, epsilon=self.epsilon)

    def __repr__(self) -> str:
        return layer_line(self, str(self.size), f"epsilon={self.epsilon}")
