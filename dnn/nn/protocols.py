"""What a user may bring: protocols of a model, a loss, a metric, an optimizer, and of the functions that layers take.

Nothing has to be derived from these classes. They say in types what `fit` and the layers call, so that an editor and a
type checker know it too.
"""

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import numpy.typing as npt
import tensorflow as tf

TensorLike: TypeAlias = tf.Tensor | tf.Variable | npt.ArrayLike
"""A tensor, or what `tf.convert_to_tensor` makes one of."""


class ModelLike(Protocol):
    """A `tf.Module` that maps float[batch, features] to float[batch, outputs]."""

    @property
    def variables(self) -> Sequence[tf.Variable]: ...

    @property
    def trainable_variables(self) -> Sequence[tf.Variable]: ...

    def __call__(self, x: tf.Tensor, /) -> tf.Tensor: ...


class LossLike(Protocol):
    """(labels, logits) -> float[batch]: one number for each row."""

    def __call__(self, labels: tf.Tensor, logits: tf.Tensor, /) -> tf.Tensor: ...


class MetricLike(Protocol):
    """(labels, logits) -> [batch]: a number or a truth value for each row."""

    def __call__(self, labels: tf.Tensor, logits: tf.Tensor, /) -> tf.Tensor: ...


class OptimizerLike(Protocol):
    """Changes its `parameters` by their gradients."""

    @property
    def parameters(self) -> Sequence[tf.Variable]: ...

    def apply(self, gradients: Sequence[tf.Tensor], /) -> None: ...


class ActivationLike(Protocol):
    """float[...] -> float[...] of the same shape and dtype."""

    def __call__(self, x: tf.Tensor, /) -> tf.Tensor: ...


class InitializerLike(Protocol):
    """(shape, seed, dtype) -> the first values of a variable."""

    def __call__(self, shape: Sequence[int], seed: int | Sequence[int], dtype: tf.DType, /) -> tf.Tensor: ...


class RegularizerLike(Protocol):
    """variable -> a scalar that is added to the loss."""

    def __call__(self, variable: tf.Variable, /) -> tf.Tensor: ...


class ScheduleLike(Protocol):
    """step, a float64 scalar that counts from 0 -> the learning rate of that step."""

    def __call__(self, step: tf.Tensor, /) -> Any: ...
