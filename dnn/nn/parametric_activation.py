"""A parametric activation: how much each unit bends is learnt."""

import tensorflow as tf

from dnn.nn.activations import relu
from dnn.nn.argument_checks import checked_callable, checked_number, checked_positive, checked_size
from dnn.nn.modules import function_name, layer_line
from dnn.nn.ntk import checked_columns
from dnn.nn.protocols import ActivationLike, TensorLike


def parametric(x: TensorLike, activation: ActivationLike, weight: TensorLike) -> tf.Tensor:
    """Compute x + a (f(x) − x), f the activation and a the weight: f(x) for a = 1, and x for a = 0.

    With f = relu it is PReLU of slope 1 − a below 0.
    Source: D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default", NeurIPS 2024, section 3; PReLU: K. He et
    al., "Delving Deep into Rectifiers", ICCV 2015, equation 1.

    Args:
        x: float[batch, units], or with more leading axes.
        activation: f.
        weight: a, float[units], of the dtype of x.

    Returns:
        A tensor of the shape and dtype of x.

    Example:
        >>> parametric([[-4.0, 2.0]], dnn.relu, [0.75, 0.75]).numpy().tolist()
        [[-1.0, 2.0]]
    """
    x = tf.convert_to_tensor(x)
    return x + weight * (activation(x) - x)


class ParametricActivation(tf.Module):
    """Apply `parametric` with a learnt weight of each unit: float[batch, units] -> float[batch, units].

    The weights learn f = factor times as fast under Adam; the variable `weight` holds them / f.

    Args:
        units: width of x, > 0.
        activation: the function that is bent; `dnn.relu` gives PReLU.
        factor: f, > 0; RealMLP has 0.1.
        initial: the first weights, 1 for the activation as it is; 1 − s for PReLU of slope s.
        dtype: floating dtype of the weights, and of x.

    Raises:
        ValueError: If the units or the factor are not positive.
        TypeError: If the activation cannot be called, or the units are not an integer.

    Example:
        >>> ParametricActivation(2, dnn.relu, initial=0.75)(tf.constant([[-4.0, 2.0]])).numpy().tolist()
        [[-1.0, 2.0]]
    """

    def __init__(
        self,
        units: int,
        activation: ActivationLike = relu,
        *,
        factor: float = 1.0,
        initial: float = 1.0,
        dtype: tf.DType = tf.float32,
    ) -> None:
        super().__init__()
        self.activation, self.factor = checked_callable(activation, "activation"), checked_positive(factor, "factor")
        initial = checked_number(initial, "initial")
        first = tf.fill([checked_size(units, "units")], tf.cast(initial, dtype))
        self.weight = tf.Variable(first / self.factor, name="weight")

    def __call__(self, x: TensorLike) -> tf.Tensor:
        """Return x + a (f(x) − x).

        Args:
            x: float[batch, units], or with more leading axes, of the dtype of the weights.

        Returns:
            A tensor of the shape and dtype of x.

        Raises:
            ValueError: If x has another width.
            TypeError: If x has another dtype.
        """
        return parametric(checked_columns(x, self.weight), self.activation, self.factor * self.weight)

    def __repr__(self) -> str:
        return layer_line(self, f"{self.weight.shape[-1]}", f"activation={function_name(self.activation)}")
