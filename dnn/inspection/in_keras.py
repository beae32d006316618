"""How far a recorded step is from the same step in Keras, where Keras is installed."""

import random
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.inspection.record import RecordedStep
from dnn.nn.layers import Sequential
from dnn.nn.protocols import LossLike

Array = npt.NDArray[Any]


class UnlikeKeras(NamedTuple):
    """The largest differences by the name of the tensor: values, gradients, new weights; or why there are none."""

    values: dict[str, float]
    gradients: dict[str, float]
    weights: dict[str, float]
    reason: str = ""


def compare_with_keras(
    model: tf.Module, loss: LossLike, optimizer: Any, record: RecordedStep, y: tf.Tensor
) -> UnlikeKeras:
    """Take the step in Keras too, and compare each tensor.

    Args:
        model: the model, with the weights from before the step.
        loss: the loss.
        optimizer: the optimizer, before the step.
        record: the step.
        y: its labels or targets.

    Returns:
        The differences.
    """
    nothing = UnlikeKeras({}, {}, {})
    if not is_installed():
        return nothing._replace(reason="Keras is not installed")
    if type(model) is not Sequential:
        return nothing._replace(reason="the model is not a Sequential")
    if set(record.updates) != set(record.step.variables):
        return nothing._replace(reason="the optimizer does not train all variables of the model")
    take = import_module("dnn.interop.keras_step").keras_step  # here, since it imports Keras
    state = random.getstate()  # from which Keras draws the seeds of its initializers
    try:
        theirs = take(model, loss, optimizer, record.values["x"], y)
    except (ValueError, tf.errors.OpError) as error:
        return nothing._replace(reason=str(error).splitlines()[0])
    finally:
        random.setstate(state)
    layers = [operation.output for operation in record.step.operations if _is_of_a_layer(operation.output)]
    values = {name: _largest(record.values[name], output) for name, output in zip(layers, theirs.outputs, strict=True)}
    values["losses"] = _largest(record.values["losses"], theirs.losses)
    names = list(record.step.variables)
    return UnlikeKeras(
        values,
        {name: _largest(record.gradients[name], g) for name, g in zip(names, theirs.gradients, strict=True)},
        {name: _largest(record.updates[name].after, w) for name, w in zip(names, theirs.weights, strict=True)},
    )


def is_installed() -> bool:
    """Whether Keras can be imported."""
    try:
        return find_spec("keras") is not None
    except ValueError:  # its import is blocked
        return False


def _is_of_a_layer(output: str) -> bool:
    return output.endswith(("/sums", "/outputs"))


def _largest(ours: Any, theirs: Array) -> float:
    return float(np.max(np.abs(np.asarray(ours) - theirs), initial=0))
