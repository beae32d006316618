"""Optimizers: a free function is the paper's formula for one array, and a tf.Module holds the slots of all."""

from collections.abc import Sequence

import tensorflow as tf


def adam_update(g, m, v, t, *, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """(step, m, v): the next moments, and the step to take from the parameter.

    m ← β₁ m + (1 − β₁) g        the running mean of the gradient
    v ← β₂ v + (1 − β₂) g²       the running mean of its square
    α = η √(1 − β₂ᵗ) / (1 − β₁ᵗ)   corrects both for beginning at 0
    step = α m / (√v + ε)

    g, m, v: float[shape]. t: a float tensor, steps taken, this one included; α is computed in its dtype.
    learning_rate: η, a float or a variable.
    Source: D. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, the form at the end of
    section 2, as Keras has it. The paper's Algorithm 1 (PyTorch, Optax) adds ε to the corrected √v̂ instead: for
    g = 1e-8, η = 1 the first step is 0.00315 here and 0.0909 there. With a float32 t, as in Keras, the
    rounding of β₁ and β₂ makes the first α wrong by 7 in a million, and the second by 10.
    """
    m = running_mean(m, g, beta_1)
    v = running_mean(v, g * g, beta_2)
    alpha = tf.cast(learning_rate, t.dtype) * tf.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    step = m * tf.cast(alpha, g.dtype) / (tf.sqrt(v) + epsilon)
    return step, m, v


def running_mean(mean, value, beta: float):
    """β mean + (1 − β) value, written so that rounding does no harm at either end of β.

    Keras writes mean + (value − mean)(1 − β) for every β. That is right for β near 1, where a float32 β is off by
    1e-8, which the sum of many steps multiplies by 1 / (1 − β). For β near 0 it takes the old mean away from itself:
    after a large gradient, v would be 0 beside an m that is not, and the step without bound.
    """
    if beta < 0.5:
        return beta * mean + (1 - beta) * value
    return mean + (value - mean) * (1 - beta)


class Adam(tf.Module):
    """p ← p − step, with `adam_update`'s step, for every parameter p.

    α is float64 for float64 parameters, and float32 for all others, which gives Keras's steps to the last bit. A
    float64 α beside float32 weights would be nearer to the truth, and so, after three epochs, some 6e-7 from Keras:
    enough, now and then, for a relu to be on in one and off in the other, and then the two part.
    """

    def __init__(
        self,
        parameters: Sequence[tf.Variable],
        learning_rate: float = 1e-3,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ):
        """parameters: the variables to train. learning_rate: > 0; it may be assigned between epochs.
        beta_1, beta_2: in [0, 1). epsilon: > 0.
        Raises: ValueError for one out of its range, TypeError for parameters that are no variables.
        """
        super().__init__()
        for name, beta in (("beta_1", beta_1), ("beta_2", beta_2)):
            if not 0 <= beta < 1:
                raise ValueError(f"{name} must be in [0, 1), got {beta}")
        self.parameters = checked_parameters(parameters)
        rate = checked_positive(learning_rate, "learning_rate")
        self._learning_rate = tf.Variable(rate, trainable=False, dtype=tf.float64, name="learning_rate")
        self.epsilon = checked_positive(epsilon, "epsilon")
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.t = tf.Variable(0, trainable=False, dtype=tf.int64, name="t")
        self.m = [tf.Variable(tf.zeros_like(p), trainable=False) for p in self.parameters]
        self.v = [tf.Variable(tf.zeros_like(p), trainable=False) for p in self.parameters]

    @property
    def learning_rate(self) -> tf.Variable:
        """η, a float64 variable: what is assigned to it holds from the next step, in a compiled epoch too."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate.assign(checked_positive(value, "learning_rate"))

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        """Take one step. gradients: one for each parameter, in their order, of their shapes and dtypes.

        Raises: ValueError for a parameter that the loss does not depend on.
        """
        for p, g in zip(self.parameters, gradients, strict=True):
            if g is None:
                raise ValueError(f"the loss does not depend on the parameter {p.name} of shape {p.shape}")
        t = self.t.assign_add(1)
        for p, g, m, v in zip(self.parameters, gradients, self.m, self.v, strict=True):
            step, new_m, new_v = adam_update(
                tf.convert_to_tensor(g), m, v, tf.cast(t, tf.float64 if p.dtype == tf.float64 else tf.float32),
                learning_rate=self.learning_rate, beta_1=self.beta_1, beta_2=self.beta_2, epsilon=self.epsilon,
            )  # fmt: skip
            m.assign(new_m)
            v.assign(new_v)
            p.assign_sub(step)


def checked_parameters(parameters: Sequence[tf.Variable]) -> tuple[tf.Variable, ...]:
    """The parameters. Raises: TypeError for what is no sequence of variables, ValueError for none."""
    if not isinstance(parameters, Sequence) or not all(isinstance(p, tf.Variable) for p in parameters):
        raise TypeError(f"parameters must be variables, such as model.trainable_variables, got {parameters!r}")
    if not parameters:
        raise ValueError("there are no parameters to train")
    return tuple(parameters)


def checked_positive(value: float, name: str) -> float:
    """The value. Raises: TypeError for what is no number, ValueError for one that is not positive and finite."""
    if isinstance(value, bool | str) or not hasattr(value, "__float__"):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not 0 < value < float("inf"):
        raise ValueError(f"{name} must be positive, got {value}")
    return float(value)
