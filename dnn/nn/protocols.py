"""What a user may bring: protocols of a model, a loss, a metric, an optimizer, and of the functions that layers take.

No class has to be derived from these. They state in types what `fit` and the layers call, so that editors and type
checkers know it too.
"""

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import numpy.typing as npt
import tensorflow as tf

TensorLike: TypeAlias = tf.Tensor | tf.Variable | npt.ArrayLike
"""A tensor, or anything that `tf.convert_to_tensor` takes."""


class ModelLike(Protocol):
    """A `tf.Module` that maps float[batch, features] to float[batch, outputs].

    A model that behaves differently in training, such as one with dropout, takes a second argument `training`: None,
    or the key int32[3] of the step, (seed, epoch, step).
    """

    @property
    def variables(self) -> Sequence[tf.Variable]:
        """All variables: those that are trained, and those that are only kept."""

    @property
    def trainable_variables(self) -> Sequence[tf.Variable]:
        """The variables that an optimizer changes."""

    def __call__(self, x: tf.Tensor, /) -> tf.Tensor:
        """Return the outputs for a batch.

        Args:
            x: float[batch, features].

        Returns:
            float[batch, outputs], for example logits.
        """

    def __hash__(self) -> int:
        """Return its hash, by which a compiled function of the model is found again."""


class LossLike(Protocol):
    """A function of labels and logits that gives one loss per row; `fit` averages over the rows."""

    def __call__(self, labels: tf.Tensor, logits: tf.Tensor, /) -> tf.Tensor:
        """Return the loss of each row.

        Args:
            labels: [batch] or [batch, outputs], of any dtype.
            logits: float[batch, outputs], the outputs of the model.

        Returns:
            float[batch].
        """


class MetricLike(Protocol):
    """A function of labels and logits that gives one value per row; `fit` averages over the rows."""

    def __call__(self, labels: tf.Tensor, logits: tf.Tensor, /) -> tf.Tensor:
        """Return the value of each row.

        Args:
            labels: [batch] or [batch, outputs], of any dtype.
            logits: float[batch, outputs], the outputs of the model.

        Returns:
            [batch], of numbers or of bools, such as whether the row was predicted correctly.
        """


class OptimizerLike(Protocol):
    """A `tf.Module` that changes its `parameters` by their gradients."""

    @property
    def parameters(self) -> Sequence[tf.Variable]:
        """The variables that it changes."""

    def apply(self, gradients: Sequence[tf.Tensor], /) -> None:
        """Change the parameters by one step.

        Args:
            gradients: one for each of `parameters`, in their order, with their shapes.
        """


class ActivationLike(Protocol):
    """A function of a layer's sums, such as `relu`."""

    def __call__(self, x: tf.Tensor, /) -> tf.Tensor:
        """Return the activations.

        Args:
            x: float[batch, units].

        Returns:
            float[batch, units], of the same dtype.
        """


class InitializerLike(Protocol):
    """A function that gives a variable its first values, such as `glorot_uniform`."""

    def __call__(self, shape: Sequence[int], seed: int | Sequence[int], dtype: tf.DType, /) -> tf.Tensor:
        """Return the first values.

        Args:
            shape: of the variable, for example (inputs, units).
            seed: an int, or a pair of ints; the same seed must give the same values.
            dtype: of the variable.

        Returns:
            dtype[shape].
        """


class RegularizerLike(Protocol):
    """A function that gives the penalty on a variable, such as `L2(1e-4)`; `fit` adds it to the loss."""

    def __call__(self, variable: tf.Variable, /) -> tf.Tensor:
        """Return the penalty.

        Args:
            variable: float, of any shape.

        Returns:
            A scalar of the variable's dtype.
        """


class ScheduleLike(Protocol):
    """A function that gives the learning rate of each step, such as `CosineDecay(0.1, 1000)`."""

    def __call__(self, step: tf.Tensor, /) -> Any:
        """Return the learning rate.

        Args:
            step: a float64 scalar that counts from 0.

        Returns:
            A scalar tensor or a number.
        """
