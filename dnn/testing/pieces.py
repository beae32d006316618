"""What can be checked: six kinds of pieces, and how a piece of each kind is called."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from dnn.nn.layers import takes_training
from dnn.testing.examples import LABELS, LOGITS, ROWS, X

KEY, OTHER_KEY = np.array([1, 2, 3], np.int32), np.array([1, 2, 4], np.int32)  # (seed, epoch, step)


@dataclass(frozen=True, eq=False)
class Piece:
    """subject: the function itself; for a layer and an optimizer, what makes a new one.
    examples: an array of 7 rows for each argument; smaller batches are their first rows.
    any_shape: it takes examples of any shape, so that none is wrong.
    xla: XLA must compile it. Say False for a custom op that has no kernel there.
    refuses: it checks its arguments. Say False where wrong ones are the caller's care.
    Raises: ValueError for examples of another number of rows.
    """

    name: str
    subject: Callable
    examples: tuple[np.ndarray, ...] = (X,)
    any_shape: bool = False
    xla: bool = True
    refuses: bool = True

    wanted = "a function of the examples"  # what its subject must be

    def __post_init__(self):
        shapes = [np.shape(example) for example in self.examples]
        if any(shape[:1] != (ROWS,) for shape in shapes):
            raise ValueError(f"examples must have {ROWS} rows each, got shapes {shapes}")

    def fresh(self) -> tf.Module:
        """A function of the examples that gives a dict of results, and holds all variables of the piece, made anew."""
        return _Result(self.subject)

    def called(self) -> Callable:
        """What has the examples for arguments."""
        return self.subject

    def names(self) -> list[tuple[str, ...]]:
        """Of each argument, its own name, and those that it has here, where a piece may hand it on."""
        own = [*inspect.signature(self.called()).parameters][: len(self.examples)]
        here = [("labels", "targets")] * (len(own) - 1) + [("x", "logits", "predictions")]
        return [(name, *others) for name, others in zip(own, here, strict=True)]

    def drawn(self) -> frozenset[str]:
        """The results that are left to chance: from one key, XLA draws other numbers."""
        return frozenset()


class Activation(Piece):
    """tensor -> tensor of the same shape and dtype."""


class Layer(Piece):
    """subject: () -> a layer, a function of float[batch, …] and, if it has such a parameter, of `training`."""

    wanted = "made by a function of no argument that makes a new layer each time, `lambda: MyLayer(4)`"

    def fresh(self) -> tf.Module:
        return _LayerResults(self.subject())

    def called(self) -> Callable:
        return self.subject()

    def drawn(self) -> frozenset[str]:
        one, other = (_LayerResults(self.subject(), key)(*self.examples) for key in (KEY, OTHER_KEY))
        return frozenset(name for name in one if not np.array_equal(one[name], other[name], equal_nan=True))


@dataclass(frozen=True, eq=False)
class Loss(Piece):
    """(labels, logits) -> float[batch]."""

    examples: tuple[np.ndarray, ...] = (LABELS, LOGITS)


@dataclass(frozen=True, eq=False)
class Metric(Piece):
    """(labels, logits) -> a number or a truth value for each row, [batch]: what `fit` takes as a metric."""

    examples: tuple[np.ndarray, ...] = (LABELS, LOGITS)


@dataclass(frozen=True, eq=False)
class Score(Piece):
    """(labels, logits) -> a number or an array for all rows at once, in NumPy."""

    examples: tuple[np.ndarray, ...] = (LABELS, LOGITS)

    def fresh(self) -> tf.Module:
        return _Result(self.subject, np.asarray)


class Optimizer(Piece):
    """subject: parameters -> an optimizer, with `apply(gradients)`."""

    wanted = "made by a function of parameters that makes a new optimizer, `lambda parameters: MyOptimizer(parameters)`"

    def fresh(self) -> tf.Module:
        return _Step(self.subject)


class _Result(tf.Module):
    def __init__(self, function, as_argument=tf.convert_to_tensor):
        super().__init__()
        self.function, self.as_argument = function, as_argument

    def __call__(self, *examples):
        return {"result": self.function(*map(self.as_argument, examples))}


class _LayerResults(tf.Module):
    def __init__(self, layer, key=KEY):
        super().__init__()
        self.layer, self.key, self.takes_training = layer, key, takes_training(layer)

    def __call__(self, x):
        x = tf.convert_to_tensor(x)
        results = {"output": self.layer(x)}
        if self.takes_training:
            results["output in training"] = self.layer(x, training=tf.constant(self.key))
        return results


class _Step(tf.Module):
    """One step of an optimizer on the mean over the rows of |x · kernel + bias − 1|² / 2."""

    def __init__(self, make):
        super().__init__()
        self.kernel = tf.Variable(np.linspace(-1, 1, 12).reshape(4, 3), dtype=tf.float32, name="kernel")
        self.bias = tf.Variable(np.zeros(3), dtype=tf.float32, name="bias")
        self.optimizer = make([self.kernel, self.bias])

    def __call__(self, x):
        self.optimizer.apply(self.gradients(x))
        return {"kernel": self.kernel.read_value(), "bias": self.bias.read_value()}

    def gradients(self, x):
        with tf.GradientTape() as tape:
            half_squares = (tf.matmul(x, self.kernel) + self.bias - 1) ** 2 / 2
            mean = tf.reduce_mean(tf.reduce_sum(half_squares, axis=1))
        return tape.gradient(mean, [self.kernel, self.bias])
