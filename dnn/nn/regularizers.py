"""Regularizers: penalties on weights that `fit` adds to the loss. Each maps a tensor to a scalar of its dtype."""

from dataclasses import dataclass

import tensorflow as tf

from dnn.nn.argument_checks import checked_not_negative
from dnn.nn.precision import rounded_once
from dnn.nn.protocols import TensorLike


@rounded_once
def l1_penalty(weights: tf.Tensor, l1: float) -> tf.Tensor:
    """Compute l1 Σ |w|. Derivative: l1 times the sign of w, 0 at 0: many weights end there.

    Source: R. Tibshirani, "Regression Shrinkage and Selection via the Lasso", 1996, equation 1.
    """
    return l1 * tf.reduce_sum(tf.abs(weights))


@rounded_once
def l2_penalty(weights: tf.Tensor, l2: float) -> tf.Tensor:
    """Compute l2 Σ w². Derivative: 2 l2 w, twice that of the l2/2 Σ w² of many textbooks, as in Keras.

    Source: A. Krogh, J. Hertz, "A Simple Weight Decay Can Improve Generalization", NIPS 1991, equation 2.
    """
    return l2 * tf.reduce_sum(tf.square(weights))


@rounded_once
def l1_l2_penalty(weights: tf.Tensor, l1: float, l2: float) -> tf.Tensor:
    """Compute l1 Σ |w| + l2 Σ w²: the elastic net.

    Source: H. Zou, T. Hastie, "Regularization and Variable Selection via the Elastic Net", 2005, equation 3.
    """
    return l1_penalty(weights, l1) + l2_penalty(weights, l2)


@dataclass(frozen=True)
class L1:
    """Penalize l1 Σ |w|, which drives many weights to 0.

    Derivative: l1 times the sign of w, 0 at 0.
    Source: R. Tibshirani, "Regression Shrinkage and Selection via the Lasso", 1996, equation 1.

    Args:
        l1: factor, finite and >= 0; Keras's default.

    Raises:
        ValueError: If the factor is out of its range.
        TypeError: If it is not a number.

    Example:
        >>> float(L1(0.5)([1.0, -2.0]))
        1.5
    """

    l1: float = 0.01

    def __post_init__(self) -> None:
        checked_not_negative(self.l1, "l1")

    def __call__(self, weights: TensorLike) -> tf.Tensor:
        """Return the penalty.

        Args:
            weights: float, of any shape.

        Returns:
            A scalar of the dtype of `weights`.
        """
        return l1_penalty(weights, self.l1)


@dataclass(frozen=True)
class L2:
    """Penalize l2 Σ w², which keeps weights small.

    Derivative: 2 l2 w, twice that of the l2/2 Σ w² of many textbooks and of PyTorch's weight_decay, as in Keras.
    Source: A. Krogh, J. Hertz, "A Simple Weight Decay Can Improve Generalization", NIPS 1991, equation 2.

    Args:
        l2: factor, finite and >= 0; Keras's default.

    Raises:
        ValueError: If the factor is out of its range.
        TypeError: If it is not a number.

    Example:
        >>> float(L2(0.5)([1.0, -2.0]))
        2.5
    """

    l2: float = 0.01

    def __post_init__(self) -> None:
        checked_not_negative(self.l2, "l2")

    def __call__(self, weights: TensorLike) -> tf.Tensor:
        """Return the penalty.

        Args:
            weights: float, of any shape.

        Returns:
            A scalar of the dtype of `weights`.
        """
        return l2_penalty(weights, self.l2)


@dataclass(frozen=True)
class L1L2:
    """Penalize l1 Σ |w| + l2 Σ w²: the elastic net.

    Derivative: l1 times the sign of w, plus 2 l2 w.
    Source: H. Zou, T. Hastie, "Regularization and Variable Selection via the Elastic Net", 2005, equation 3.

    Args:
        l1: factor of Σ |w|, finite and >= 0.
        l2: factor of Σ w², finite and >= 0.

    Raises:
        ValueError: If a factor is out of its range.
        TypeError: If one is not a number.
    """

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        checked_not_negative(self.l1, "l1")
        checked_not_negative(self.l2, "l2")

    def __call__(self, weights: TensorLike) -> tf.Tensor:
        """Return the penalty.

        Args:
            weights: float, of any shape.

        Returns:
            A scalar of the dtype of `weights`.
        """
        return l1_l2_penalty(weights, self.l1, self.l2)


def penalty(model: tf.Module) -> tf.Tensor:
    """Return the sum of the penalties of a model and of all modules in it; `fit` adds it to the loss.

    A module takes part by a method `penalty()` that counts its own variables, not those of modules in it. Penalties of
    several dtypes are added in the wider one, without rounding any of them again.

    Args:
        model: a layer, a `Sequential`, or any other `tf.Module`.

    Returns:
        A scalar, float64 where one of the penalties is, else float32; 0 where no module has a penalty.
    """
    parts = [module.penalty() for module in (model, *model.submodules) if callable(getattr(module, "penalty", None))]
    dtype = tf.float64 if any(part.dtype == tf.float64 for part in parts) else tf.float32
    return tf.add_n([tf.cast(part, dtype) for part in parts]) if parts else tf.zeros((), dtype)
