"""PReLU: relu with a slope below 0 that each unit learns."""

import tensorflow as tf

from dnn.nn.argument_checks import checked_number, checked_size
from dnn.nn.modules import layer_line
from dnn.nn.ntk import checked_columns
from dnn.nn.protocols import TensorLike


def prelu(x: TensorLike, alpha: TensorLike) -> tf.Tensor:
    """Compute x where x > 0, else α x.

    Derivative: by x, 1 where x > 0, else α, also at 0, where Keras's is 0; by α, min(x, 0).
    Source: K. He et al., "Delving Deep into Rectifiers", ICCV 2015, equation 1.

    Args:
        x: float[batch, units], or with more leading axes.
        alpha: α, float[units], of the dtype of x.

    Returns:
        A tensor of the shape and dtype of x.

    Example:
        >>> prelu([[-4.0, -4.0, 2.0]], [0.25, 0.5, 0.25]).numpy().tolist()
        [[-1.0, -2.0, 2.0]]
    """
    x = tf.convert_to_tensor(x)
    return tf.where(x > 0, x, alpha * tf.minimum(x, 0))  # the minimum: or α's gradient is ∞ · 0 at ∞


class PReLU(tf.Module):
    """Apply `prelu` with a learnt slope of each unit: float[batch, units] -> float[batch, units].

    Source: K. He et al., "Delving Deep into Rectifiers", ICCV 2015, equation 1.

    Args:
        units: width of x, > 0.
        initial: the first slopes α: 0.25 in the paper and in PyTorch, 0 in Keras, which begins as relu.
        dtype: floating dtype of the slopes, and of x.

    Raises:
        ValueError: If the units are not positive.
        TypeError: If the units are not an integer, or the first slope not a number.

    Example:
        >>> PReLU(2)(tf.constant([[-4.0, 2.0]])).numpy().tolist()
        [[-1.0, 2.0]]
    """

    def __init__(self, units: int, *, initial: float = 0.25, dtype: tf.DType = tf.float32) -> None:
        super().__init__()
        first = tf.fill([checked_size(units, "units")], tf.cast(checked_number(initial, "initial"), dtype))
        self.alpha = tf.Variable(first, name="alpha")

    def __call__(self, x: TensorLike) -> tf.Tensor:
        """Return x where x > 0, else α x.

        Args:
            x: float[batch, units], or with more leading axes, of the dtype of the slopes.

        Returns:
            A tensor of the shape and dtype of x.

        Raises:
            ValueError: If x has another width.
            TypeError: If x has another dtype.
        """
        return prelu(checked_columns(x, self.alpha), self.alpha)

    def __repr__(self) -> str:
        return layer_line(self, f"{self.alpha.shape[-1]}")
