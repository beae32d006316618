"""One training step with all its numbers: values, gradients, what the optimizer made of them; and the real step beside.

The model and the optimizer are as before when the record is made: a step is taken, recorded and undone.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.inspection.maps import shown_cells
from dnn.inspection.operations import Step, operations_of
from dnn.inspection.slopes import loss_slopes
from dnn.inspection.sources import FunctionSource, run_and_note
from dnn.nn.modules import once
from dnn.nn.optimizers.wrapper import Wrapper
from dnn.nn.protocols import LossLike, OptimizerLike
from dnn.nn.softmax import softmax
from dnn.train.epoch import train_step
from dnn.train.rows import Rows

Array = npt.NDArray[Any]


class Update(NamedTuple):
    """What a step made of one parameter: its values before and after, and its slots, such as m and v, by name."""

    before: Array
    after: Array
    slots_before: dict[str, Array]
    slots_after: dict[str, Array]


class RecordedStep(NamedTuple):
    """A step with its numbers.

    values: by name, "x", variables and what the operations returned. gradients: of the mean loss, by name, for those
    that it depends on. slopes: finite differences of the cells that a page shows, by name, flat; none where
    calling the model changes its variables. updates: by the name
    of the variable. scalars: of the optimizer. unlike_step: the largest difference of a weight from the one that
    `train_step` gives. sources: the functions that ran, by the name of what the operation returned, and "step".
    """

    step: Step
    optimizer: OptimizerLike
    values: dict[str, tf.Tensor]
    gradients: dict[str, Array]
    slopes: dict[str, Array]
    updates: dict[str, Update]
    scalars: dict[str, float]
    unlike_step: float
    sources: dict[str, list[FunctionSource]]


def record_steps(
    model: tf.Module, loss: LossLike, optimizer: OptimizerLike, batches: Sequence[Rows], seed: int
) -> list[RecordedStep]:
    """Take a step on each batch in turn, record them, and put back the model and the optimizer.

    Args:
        model: the model.
        loss: the loss, for each row.
        optimizer: of the model's variables.
        batches: the rows of each step.
        seed: that of `fit`, for what is left to chance.

    Returns:
        A record for each batch.
    """
    with restored([*model.variables, *variables_of(optimizer)]):
        keys = [tf.constant([seed, 1, index], tf.int32) for index in range(len(batches))]
        return [record_step(model, loss, optimizer, batch, key) for batch, key in zip(batches, keys, strict=True)]


def record_step(
    model: tf.Module, loss: LossLike, optimizer: OptimizerLike, batch: Rows, key: tf.Tensor
) -> RecordedStep:
    """Take a step, and record it: model and optimizer are then one step on."""
    step = operations_of(model, loss, batch, key)
    leaves = {"x": batch.x} | {name: tf.convert_to_tensor(variable) for name, variable in step.variables.items()}
    boxed = {f"{operation.output}/{i}": v for operation in step.operations for i, v in enumerate(operation.inside)}
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([leaf for leaf in leaves.values() if leaf.dtype.is_floating])
        state = [variable.numpy() for variable in model.variables]
        with restored(model.variables):
            values, sources = values_and_sources(step, leaves)
            changes = any(
                not np.array_equal(variable, value) for variable, value in zip(model.variables, state, strict=True)
            )
    gradients = {name: tape.gradient(values["mean"], value) for name, value in values.items()}
    gradients |= {name: tape.gradient(values["mean"], variable) for name, variable in boxed.items()}
    by_variable = {variable.ref(): gradients[name] for name, variable in [*step.variables.items(), *boxed.items()]}
    names = {variable.ref(): name for name, variable in [*step.variables.items(), *boxed.items()]}
    known = {name: tf.convert_to_tensor(value).numpy() for name, value in gradients.items() if value is not None}
    with restored(model.variables):
        differences = (
            {} if changes else loss_slopes(step, values, shown_cells({n: v.shape for n, v in values.items()}, known))
        )
    before, slots = numbers_of_parameters(optimizer), slots_of(optimizer)
    slots_before = [{name: variable.numpy() for name, variable in each.items()} for each in slots]
    with restored([*model.variables, *variables_of(optimizer)]):
        flowing = [by_variable[parameter.ref()] for parameter in optimizer.parameters]
        _, sources["step"] = run_and_note(optimizer.apply, flowing)
        by_hand = numbers_of_parameters(optimizer)
    train_step(model, loss, optimizer, (), batch, key)
    after = numbers_of_parameters(optimizer)
    updates = {
        names[parameter.ref()]: Update(
            before[i], after[i], slots_before[i], {name: variable.numpy() for name, variable in slots[i].items()}
        )
        for i, parameter in enumerate(optimizer.parameters)
    }
    unlike = max(float(np.max(np.abs(a - b), initial=0)) for a, b in zip(after, by_hand, strict=True))
    return RecordedStep(step, optimizer, values, known, differences, updates, scalars_of(optimizer), unlike, sources)


def values_and_sources(
    step: Step, leaves: Mapping[str, tf.Tensor]
) -> tuple[dict[str, tf.Tensor], dict[str, list[FunctionSource]]]:
    """Run the operations one after the other; return all tensors, and the functions that each operation ran."""
    values, sources = dict(leaves), {}
    for operation in step.operations:
        arguments = (values[name] for name in operation.inputs)
        values[operation.output], sources[operation.output] = run_and_note(operation.run, *arguments)
    return values, sources


def class_probabilities(record: RecordedStep) -> dict[str, Array]:
    """Return the shifted logits, z − max z, and their softmax."""
    logits = record.values[record.step.logits]
    shifted = logits - tf.reduce_max(logits, axis=-1, keepdims=True)
    return {"shifted": shifted.numpy(), "probabilities": softmax(logits).numpy()}


def numbers_of_parameters(optimizer: OptimizerLike) -> list[Array]:
    """Return the parameters' values."""
    parameters = map(tf.convert_to_tensor, optimizer.parameters)
    return [(tf.cast(p, tf.float32) if p.dtype.size < 4 else p).numpy() for p in parameters]


def slots_of(optimizer: OptimizerLike) -> list[dict[str, tf.Variable]]:
    """Return for each parameter what the optimizer and its wrappers remember of it, by the name of the attribute."""
    count = len(optimizer.parameters)
    slots: list[dict[str, tf.Variable]] = [{} for _ in range(count)]
    for part in nested(optimizer):
        for name, value in vars(part).items():
            if name == "parameters" or not isinstance(value, list | tuple) or len(value) != count:
                continue
            for slot, variable in zip(slots, value, strict=True):
                if isinstance(variable, tf.Variable):
                    slot[name] = variable
    return slots


def scalars_of(optimizer: OptimizerLike) -> dict[str, float]:
    """Return the count of steps and the settings that are numbers, of the innermost optimizer."""
    *_, inner = nested(optimizer)
    names = ("t", "learning_rate", "momentum", "rho", "beta_1", "beta_2", "epsilon", "weight_decay")
    found = {name: getattr(inner, name, None) for name in names}
    return {name: float(value) for name, value in found.items() if value is not None}


def nested(optimizer: OptimizerLike) -> Iterator[OptimizerLike]:
    """Yield the optimizer, then the one that it wraps, and so on."""
    yield optimizer
    if isinstance(optimizer, Wrapper):
        yield from nested(optimizer.optimizer)


def variables_of(optimizer: OptimizerLike) -> list[tf.Variable]:
    """Return all variables of an optimizer: its parameters too."""
    own = list(optimizer.variables) if isinstance(optimizer, tf.Module) else []
    return once([*optimizer.parameters, *own])


@contextmanager
def restored(variables: Sequence[tf.Variable]) -> Iterator[None]:
    """Put back the variables' values at the end of the block."""
    values = [variable.numpy() for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
