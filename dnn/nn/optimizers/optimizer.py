"""What all optimizers share: parameters, learning rate, the count of steps, weight decay and half precision."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.argument_checks import checked_not_negative, checked_positive, refuse_variable
from dnn.nn.optimizers.gradient_checks import checked_gradients, checked_parameters, checked_variables
from dnn.nn.optimizers.master import full_value, master_of, subtract
from dnn.nn.optimizers.representation import current, settings, size
from dnn.nn.optimizers.schedules import as_float64
from dnn.nn.precision import at_least_float32
from dnn.nn.protocols import ScheduleLike

Array: TypeAlias = npt.NDArray[np.float64]


class Optimizer(tf.Module, ABC):
    """Abstract: a subclass makes its slots, and says in `step` what to subtract from a parameter; the rest is here.

    For isinstance a wrapper is one too: both have `parameters`, `learning_rate`, `t` and `apply(gradients)`.

    p ← p − p λ η      λ = weight_decay, if there is one; η = learning_rate
    p ← p − step

    The arithmetic is in the parameter's dtype, and in float32 for bfloat16 and float16, whose float32 masters are
    rounded into them after each step: see `master.py`. There, Keras computes in half precision: in bfloat16 its Adam
    does not move, β₂ being 1.
    Source of the decay: I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, algorithm 2, with
    the λ of Keras and PyTorch, which is multiplied by η.

    Args:
        parameters: The variables to train, each once.
        learning_rate: η, > 0; another may be assigned at any time, 0 too, as callbacks do. Or a schedule: a function
            of the number of steps taken, a float64 tensor, that returns the rate of the next step, >= 0. Or one for
            each member of an ensemble, float[members], the first axis of each parameter: then as many may be assigned,
            or one for all.
        weight_decay: λ, >= 0, or one for each member. None: no decay.
        exclude_from_weight_decay: Those of the parameters that do not decay.

    Raises:
        ValueError: If a number is out of its range, if there are no parameters, if one is given twice, or if one to
            exclude is not among them.
        TypeError: If an argument is of another kind.
    """

    def __init__(
        self,
        parameters: Sequence[tf.Variable],
        learning_rate: float | Sequence[float] | ScheduleLike,
        *,
        weight_decay: float | Sequence[float] | None = None,
        exclude_from_weight_decay: Sequence[tf.Variable] = (),
    ) -> None:
        super().__init__()
        self.parameters = checked_parameters(parameters)
        self.t = tf.Variable(0, trainable=False, dtype=tf.int64, name="t")
        self._learning_rate = _variable_or_schedule(learning_rate, self.parameters)
        self.weight_decay = None if weight_decay is None else _checked(weight_decay, "weight_decay", self.parameters)
        self.decayed = _not_excluded(self.parameters, exclude_from_weight_decay)
        self.masters = [master_of(p) for p in self.parameters]

    @abstractmethod
    def step(self, i: int, g: tf.Tensor, t: tf.Tensor, learning_rate: tf.Tensor) -> tf.Tensor:
        """Return what to subtract from a parameter, and assign its slots.

        Args:
            i: The index of the parameter in `parameters`, and of its slots.
            g: Its gradient, float32 at least.
            t: The number of steps taken, this one included, in g's dtype.
            learning_rate: η, in g's dtype.

        Returns:
            The step, of g's shape and dtype.
        """

    def slots(self, name: str) -> list[tf.Variable]:
        """Make a variable for each parameter, 0 at first: of its shape and dtype, but float32 at least.

        Args:
            name: The name of each of them, as checkpoints and `variables` show it.

        Returns:
            The variables, in the order of `parameters`.
        """
        zeros = [tf.zeros_like(p, at_least_float32(p.dtype)) for p in self.parameters]
        return [tf.Variable(zero, trainable=False, name=name) for zero in zeros]

    @property
    def learning_rate(self) -> tf.Variable | tf.Tensor:
        """η, float64: a variable, which may be assigned, in a compiled epoch too; or what the schedule gives now."""
        if callable(self._learning_rate):
            return as_float64(self._learning_rate(as_float64(tf.convert_to_tensor(self.t))))
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float | Sequence[float]) -> None:
        if callable(self._learning_rate):
            raise TypeError("learning_rate follows a schedule and cannot be assigned: make an optimizer with a number")
        value = value.numpy() if isinstance(value, tf.Variable) else value  # what is assigned is its value now
        rate = _checked(value, "learning_rate", self.parameters)
        if np.ndim(rate) > self._learning_rate.shape.rank:
            raise ValueError("learning_rate is one for all: to assign one for each member, make an optimizer with them")
        self._learning_rate.assign(np.broadcast_to(rate, self._learning_rate.shape))

    @property
    def members(self) -> int | None:
        """How many members of an ensemble have a learning rate or a weight decay of their own; None: none has."""
        rate = () if callable(self._learning_rate) else self._learning_rate.shape
        return next((int(shape[0]) for shape in (rate, np.asarray(self.weight_decay).shape) if len(shape)), None)

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        """Take one step.

        Args:
            gradients: One for each parameter, in their order, of their shapes and dtypes.

        Raises:
            ValueError: If they do not fit the parameters, or if the loss does not depend on one. Then nothing moves.
        """
        gradients = checked_gradients(gradients, self.parameters)
        rate = tf.convert_to_tensor(self.learning_rate)  # of the count before this step, as in Keras
        count = tf.convert_to_tensor(self.t.assign_add(1))
        dtypes = {at_least_float32(g.dtype) for g in gradients}
        scalars = {dtype: (tf.cast(count, dtype), tf.cast(rate, dtype)) for dtype in dtypes}
        for i, (p, g, master) in enumerate(zip(self.parameters, gradients, self.masters, strict=True)):
            g = tf.cast(g, at_least_float32(g.dtype))
            t, learning_rate = scalars[g.dtype]
            learning_rate = along_first_axis(learning_rate, g)
            if self.decayed[i] and np.any(self.weight_decay):
                decay = along_first_axis(tf.constant(self.weight_decay, g.dtype), g)
                subtract(p, master, full_value(p, master) * decay * learning_rate)
            subtract(p, master, self.step(i, g, t, learning_rate))

    def __repr__(self) -> str:
        schedule = f" by {self._learning_rate!r}" if callable(self._learning_rate) else ""
        excluded = self.decayed.count(False)
        parts = [
            f"learning_rate={current(lambda: self.learning_rate)}{schedule}",
            *settings(self),
            *([f"exclude_from_weight_decay={excluded} of them"] if excluded else []),
            f"parameters={size(self.parameters)}",
            f"steps={current(lambda: self.t)}",
        ]
        return f"{type(self).__name__}({', '.join(parts)})"


def along_first_axis(values: tf.Tensor, g: tf.Tensor) -> tf.Tensor:
    """Return a scalar as it is, and one value for each member as [members, 1, …], to broadcast with g."""
    return values if values.shape.rank == 0 else tf.reshape(values, [-1] + [1] * (g.shape.rank - 1))


def _variable_or_schedule(learning_rate: Any, parameters: Sequence[tf.Variable]) -> tf.Variable | ScheduleLike:
    """Return a float64 variable for numbers, and the schedule itself. Raises: as `Optimizer`."""
    if callable(learning_rate):
        rate = _first_rate(learning_rate)
        if rate.shape.rank != 0:
            raise ValueError(f"learning_rate must give one number for a step, got shape {rate.shape}")
        checked_not_negative(rate.numpy(), "learning_rate at step 0")
        return learning_rate
    rate = _checked(learning_rate, "learning_rate", parameters, positive=True)
    return tf.Variable(rate, trainable=False, dtype=tf.float64, name="learning_rate")


def _checked(value: Any, name: str, parameters: Sequence[tf.Variable], *, positive: bool = False) -> float | Array:
    """Return a float, or one number for each member of an ensemble, float64[members].

    Raises: as `Optimizer`, also if the parameters are not [members, …] with two axes at least, which the biases of a
    network alone have not.
    """
    check = checked_positive if positive else checked_not_negative
    refuse_variable(value, name)
    if not (isinstance(value, list | tuple | np.ndarray) or tf.is_tensor(value)) or np.ndim(value) == 0:
        return check(value, name)
    values = np.asarray(value, np.float64)
    other = next((p.shape for p in parameters if p.shape.rank < 2 or p.shape[:1] != values.shape), None)
    if values.ndim != 1 or other is not None:
        told = f" beside a parameter of shape {other}, whose first axis is not theirs" if other is not None else ""
        raise ValueError(
            f"{name} must be a number, or one for each member of an ensemble, got shape {values.shape}{told}"
        )
    return np.array([check(each, f"{name}[{i}]") for i, each in enumerate(values)])


def _first_rate(schedule: ScheduleLike) -> tf.Tensor:
    """Return the rate at step 0, in a graph, as it will run. Raises: TypeError that shows why there is none."""
    try:
        return as_float64(tf.function(schedule)(tf.constant(0, tf.float64)))
    except (TypeError, ValueError, tf.errors.OpError) as error:  # a TypeError also for an `if` on the step
        reason = str(error).strip().splitlines()[-1].strip()
        raise TypeError(f"learning_rate must give a number for a float64 step; it failed: {reason}") from error


def _not_excluded(parameters: Sequence[tf.Variable], excluded: Sequence[tf.Variable]) -> tuple[bool, ...]:
    """Return for each parameter whether it decays. Variables are compared as objects, not by value.

    Raises: TypeError if `excluded` is not a sequence of variables, ValueError for one that is not a parameter.
    """
    for i, variable in enumerate(checked_variables(excluded, "exclude_from_weight_decay")):
        if not any(p is variable for p in parameters):
            raise ValueError(f"exclude_from_weight_decay[{i}], {variable.name}, is not one of the parameters")
    return tuple(not any(p is variable for variable in excluded) for p in parameters)
