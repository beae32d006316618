"""Penalties on weights, to be added to the loss: each is a function of a tensor that gives a scalar of its dtype."""

from dataclasses import dataclass

import tensorflow as tf

from dnn.nn.argument_checks import checked_not_negative
from dnn.nn.precision import rounded_once


@rounded_once
def l1_penalty(weights, l1: float):
    """l1 Σ |w|. Derivative: l1 times the sign of w, 0 at 0: many weights end there.

    Source: R. Tibshirani, "Regression Shrinkage and Selection via the Lasso", 1996, equation 1.
    """
    return l1 * tf.reduce_sum(tf.abs(weights))


@rounded_once
def l2_penalty(weights, l2: float):
    """l2 Σ w². Derivative: 2 l2 w: twice that of the l2/2 Σ w² of many textbooks, as in Keras.

    Source: A. Krogh, J. Hertz, "A Simple Weight Decay Can Improve Generalization", NIPS 1991, equation 2.
    """
    return l2 * tf.reduce_sum(tf.square(weights))


@rounded_once
def l1_l2_penalty(weights, l1: float, l2: float):
    """l1 Σ |w| + l2 Σ w²: the two above.

    Source: H. Zou, T. Hastie, "Regularization and Variable Selection via the Elastic Net", 2005, equation 3.
    """
    return l1_penalty(weights, l1) + l2_penalty(weights, l2)


@dataclass(frozen=True)
class L1:
    """`l1_penalty` with this factor, >= 0. Raises: ValueError for another, TypeError for no number."""

    l1: float = 0.01

    def __post_init__(self):
        checked_not_negative(self.l1, "l1")

    def __call__(self, weights):
        return l1_penalty(weights, self.l1)


@dataclass(frozen=True)
class L2:
    """`l2_penalty` with this factor, >= 0. Raises: ValueError for another, TypeError for no number."""

    l2: float = 0.01

    def __post_init__(self):
        checked_not_negative(self.l2, "l2")

    def __call__(self, weights):
        return l2_penalty(weights, self.l2)


@dataclass(frozen=True)
class L1L2:
    """`l1_l2_penalty` with these factors, >= 0. Raises: ValueError for others, TypeError for no number."""

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self):
        checked_not_negative(self.l1, "l1")
        checked_not_negative(self.l2, "l2")

    def __call__(self, weights):
        return l1_l2_penalty(weights, self.l1, self.l2)


def penalty(model: tf.Module):
    """Σ of the penalties of a model and of all modules in it: a scalar; 0, float32, where none has any.

    float64 where one of them is, else float32: penalties of several dtypes are added, and none is rounded again.
    A module takes part by a method `penalty()` that counts the variables of its own, not those of modules in it.
    """
    parts = [module.penalty() for module in (model, *model.submodules) if callable(getattr(module, "penalty", None))]
    dtype = tf.float64 if any(part.dtype == tf.float64 for part in parts) else tf.float32
    return tf.add_n([tf.cast(part, dtype) for part in parts]) if parts else tf.zeros((), dtype)
