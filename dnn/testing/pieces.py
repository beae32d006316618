"""What can be checked: six kinds of pieces, and how a piece of each kind is called."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.initializers import default_seeds_anew
from dnn.nn.layers import takes_training
from dnn.testing.examples import LABELS, LOGITS, ROWS, X

KEY, OTHER_KEY = np.array([1, 2, 3], np.int32), np.array([1, 2, 4], np.int32)  # (seed, epoch, step)


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece of a network or of its training, to be held to laws. Made as one of the six kinds derived from it.

    Args:
        name: What errors call it.
        subject: The function itself; for a layer and an optimizer, a function that makes a new one.
        examples: An array of 7 rows for each argument. Smaller batches are their first rows.
        any_shape: Whether it takes examples of any shape, so that none is wrong.
        xla: Whether XLA must compile it. Say False for a custom op that has no kernel there.
        refuses: Whether it must refuse wrong arguments by name. Say False where they are the caller's care.

    Raises:
        ValueError: If examples have another number of rows.
    """

    name: str
    subject: Callable[..., Any]
    examples: tuple[npt.NDArray[Any], ...] = (X,)
    any_shape: bool = False
    xla: bool = True
    refuses: bool = True

    requirement: ClassVar[str] = "a function of the examples"  # what its subject must be

    def __post_init__(self) -> None:
        shapes = [np.shape(example) for example in self.examples]
        if any(shape[:1] != (ROWS,) for shape in shapes):
            raise ValueError(f"examples must have {ROWS} rows each, got shapes {shapes}")

    def fresh(self) -> tf.Module:
        """Make the piece anew.

        Returns:
            A tf.Module that holds all variables of the piece; called with the examples, it gives a dict of results.
        """
        return _Result(self.subject)

    def specs(self, rows: int | None = None) -> list[tf.TensorSpec]:
        """Return the specs of the examples.

        Args:
            rows: Their number of rows; None leaves it open.

        Returns:
            A tf.TensorSpec for each argument.
        """
        return [tf.TensorSpec([rows, *array.shape[1:]], array.dtype) for array in self.examples]

    def names(self) -> list[tuple[str, ...]]:
        """Return what an error may call each argument.

        Returns:
            For each argument the name it has in the piece, and those of this package, to which a piece may pass it on.
        """
        own = [*inspect.signature(self._function()).parameters][: len(self.examples)]
        here = [("labels", "targets")] * (len(own) - 1) + [("x", "logits", "predictions")]
        return [(name, *others) for name, others in zip(own, here, strict=True)]

    def random_results(self) -> frozenset[str]:
        """Return the names of the results that are left to chance: for one key, XLA draws other numbers.

        Returns:
            Keys of the dict that `fresh()` gives when it is called.
        """
        return frozenset()

    def _function(self) -> Callable[..., Any]:
        """Return what has the examples as arguments."""
        return self.subject


class Activation(Piece):
    """An activation: tensor -> tensor of the same shape and dtype.

    Args:
        name: What errors call it.
        subject: The activation.
        examples: The argument, an array of 7 rows.
        any_shape: Not used for an activation.
        xla: Whether XLA must compile it. Say False for a custom op that has no kernel there.
        refuses: Not used for an activation: no law asks what it refuses.
    """


class Layer(Piece):
    """A layer: float[batch, …] -> a tensor, with an argument `training` if it has a parameter of this name.

    Args:
        name: What errors call it.
        subject: () -> a new layer each time.
        examples: The argument, an array of 7 rows.
        any_shape: Whether it takes x of any shape, so that none is wrong.
        xla: Whether XLA must compile it. Say False for a custom op that has no kernel there.
        refuses: Whether it must refuse a wrong rank, dtype or width by name. Say False where that is the caller's care.
    """

    requirement = "made by a function of no argument that makes a new layer each time, `lambda: MyLayer(4)`"

    def fresh(self) -> tf.Module:
        with default_seeds_anew():  # a layer made by defaults begins with other weights each time in a process
            return _LayerResults(self.subject())

    def random_results(self) -> frozenset[str]:
        with default_seeds_anew():
            one = _LayerResults(self.subject(), KEY)(*self.examples)
        with default_seeds_anew():
            other = _LayerResults(self.subject(), OTHER_KEY)(*self.examples)
        return frozenset(name for name in one if not np.array_equal(one[name], other[name], equal_nan=True))

    def _function(self) -> Callable[..., Any]:
        layer: Callable[..., Any] = self.subject()
        return layer


@dataclass(frozen=True, eq=False)
class Loss(Piece):
    """A loss: (labels, logits) -> float[batch].

    Args:
        name: What errors call it.
        subject: The loss.
        examples: Labels or targets, and logits or predictions, of 7 rows each.
        any_shape: Whether it takes examples of any shape, so that none is wrong.
        xla: Whether XLA must compile it. Say False for a custom op that has no kernel there.
        refuses: Whether it must refuse wrong arguments by name. Say False where they are the caller's care.
    """

    examples: tuple[npt.NDArray[Any], ...] = (LABELS, LOGITS)


@dataclass(frozen=True, eq=False)
class Metric(Piece):
    """A metric that `fit` takes: (labels, logits) -> a number or a truth value for each row, [batch].

    Args:
        name: What errors call it.
        subject: The metric.
        examples: Labels or targets, and logits or predictions, of 7 rows each.
        any_shape: Whether it takes examples of any shape, so that none is wrong.
        xla: Whether XLA must compile it. Say False for a custom op that has no kernel there.
        refuses: Whether it must refuse wrong arguments by name. Say False where they are the caller's care.
    """

    examples: tuple[npt.NDArray[Any], ...] = (LABELS, LOGITS)


class OptimizerPiece(Piece):
    """An optimizer, with `apply(gradients)`.

    Args:
        name: What errors call it.
        subject: parameters -> a new optimizer each time.
        examples: The rows of a regression, whose gradients it applies, an array [7, 4].
        any_shape: Not used for an optimizer.
        xla: Whether XLA must compile a step. Say False for a custom op that has no kernel there.
        refuses: Whether it must refuse wrong parameters and gradients by name. Say False where they are the caller's
            care.
    """

    requirement = (
        "made by a function of parameters that makes a new optimizer, `lambda parameters: MyOptimizer(parameters)`"
    )

    def fresh(self) -> tf.Module:
        return _Step(self.subject)


class _Result(tf.Module):
    def __init__(self, function: Callable[..., Any], as_argument: Callable[[Any], Any] = tf.convert_to_tensor) -> None:
        super().__init__()
        self.function, self.as_argument = function, as_argument

    def __call__(self, *examples: Any) -> Mapping[str, Any]:
        return {"result": self.function(*map(self.as_argument, examples))}


class _LayerResults(tf.Module):
    def __init__(self, layer: Callable[..., Any], key: npt.NDArray[np.int32] = KEY) -> None:
        super().__init__()
        self.layer, self.key, self.takes_training = layer, key, takes_training(layer)

    def __call__(self, x: Any) -> Mapping[str, Any]:
        x = tf.convert_to_tensor(x)
        results = {"output": self.layer(x)}
        if self.takes_training:
            results["output in training"] = self.layer(x, training=tf.constant(self.key))
        return results


class _Step(tf.Module):
    """One step of an optimizer on the mean over the rows of |x · kernel + bias − 1|² / 2."""

    def __init__(self, make: Callable[..., Any]) -> None:
        super().__init__()
        self.kernel = tf.Variable(np.linspace(-1, 1, 12).reshape(4, 3), dtype=tf.float32, name="kernel")
        self.bias = tf.Variable(np.zeros(3), dtype=tf.float32, name="bias")
        self.optimizer = make([self.kernel, self.bias])

    def __call__(self, x: Any) -> Mapping[str, Any]:
        self.optimizer.apply(self.gradients(x))
        return {"kernel": self.kernel.read_value(), "bias": self.bias.read_value()}

    def gradients(self, x: Any) -> Sequence[tf.Tensor]:
        with tf.GradientTape() as tape:
            half_squares = (tf.matmul(x, self.kernel) + self.bias - 1) ** 2 / 2
            mean = tf.reduce_mean(tf.reduce_sum(half_squares, axis=1))
        gradients: Sequence[tf.Tensor] = tape.gradient(mean, [self.kernel, self.bias])
        return gradients
