"""One training step with all its numbers: values, gradients, what the optimizer made of them; and the real step beside.

The model and the optimizer are as before when the record is made: a step is taken, recorded and undone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.inspection.maps import shown_cells
from dnn.inspection.operations import Step, operations_of
from dnn.inspection.slopes import loss_slopes
from dnn.inspection.sources import FunctionSource, run_and_note
from dnn.nn.optimizers.wrapper import Wrapper
from dnn.nn.protocols import LossLike, OptimizerLike
from dnn.nn.softmax import softmax
from dnn.train.epoch import train_step
from dnn.train.rows import Rows
from dnn.train.variable_values import restored, variables_of

WRAPPERS_SETTINGS = ("steps", "clipnorm", "global_clipnorm", "clipvalue", "ema_momentum")
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
    inside = {f"{each.output}/{i}": variable for each in step.operations for i, variable in enumerate(each.inside)}
    named = {**step.variables, **inside}
    leaves = {"x": batch.x} | {name: tf.convert_to_tensor(variable) for name, variable in step.variables.items()}
    state = [variable.numpy() for variable in model.variables]
    with tf.GradientTape(persistent=True) as tape, restored(model.variables):
        tape.watch([leaf for leaf in leaves.values() if leaf.dtype.is_floating])
        values, sources = values_and_sources(step, leaves)
        changes = any(not np.array_equal(*pair) for pair in zip(model.variables, state, strict=True))
    found = {name: tape.gradient(values["mean"], source) for name, source in {**values, **inside}.items()}
    gradients = {
        name: tf.convert_to_tensor(gradient).numpy() for name, gradient in found.items() if gradient is not None
    }
    cells = shown_cells({name: value.shape for name, value in values.items()}, gradients)
    with restored(model.variables):
        differences = {} if changes else loss_slopes(step, values, cells)
    with restored([*model.variables, *variables_of(optimizer)]):
        by_variable = {variable.ref(): found[name] for name, variable in named.items()}
        flowing = [by_variable[parameter.ref()] for parameter in optimizer.parameters]
        _, sources["step"] = run_and_note(optimizer.apply, flowing)
        by_hand = numbers_of_parameters(optimizer)
    rate = {name: value for name, value in scalars_of(optimizer).items() if name == "learning_rate"}
    updates = real_updates(lambda: train_step(model, loss, optimizer, (), batch, key), optimizer, named)
    unlike = max(
        float(np.max(np.abs(update.after - hand), initial=0))
        for update, hand in zip(updates.values(), by_hand, strict=True)
    )
    scalars = scalars_of(optimizer) | rate  # of a schedule the rate of this step, not of the next
    return RecordedStep(step, optimizer, values, gradients, differences, updates, scalars, unlike, sources)


def real_updates(
    take_step: Callable[[], object], optimizer: OptimizerLike, named: Mapping[str, tf.Variable]
) -> dict[str, Update]:
    """Take a step, and return what it made of each parameter, by its name, in the order of the optimizer."""
    names = {variable.ref(): name for name, variable in named.items()}
    before, slots_before = numbers_of_parameters(optimizer), slot_values(optimizer)
    take_step()
    after, slots_after = numbers_of_parameters(optimizer), slot_values(optimizer)
    parts = zip(before, after, slots_before, slots_after, strict=True)
    return {names[p.ref()]: Update(*each) for p, each in zip(optimizer.parameters, parts, strict=True)}


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


def slot_values(optimizer: OptimizerLike) -> list[dict[str, Array]]:
    """Return for each parameter what the optimizer and its wrappers remember of it, by the name of the attribute."""
    count = len(optimizer.parameters)
    slots: list[dict[str, Array]] = [{} for _ in range(count)]
    for part in nested(optimizer):
        for name, value in vars(part).items():
            if name == "parameters" or not isinstance(value, list | tuple) or len(value) != count:
                continue
            for slot, variable in zip(slots, value, strict=True):
                if isinstance(variable, tf.Variable):
                    slot[name] = variable.numpy()
    return slots


def scalars_of(optimizer: OptimizerLike) -> dict[str, float]:
    """Return the count of steps and the settings that are numbers: of the innermost optimizer, then of the wrappers."""
    *wrappers, inner = nested(optimizer)
    names = ("t", "learning_rate", "momentum", "rho", "beta_1", "beta_2", "epsilon", "weight_decay")
    found = [(name, getattr(inner, name, None)) for name in names]
    found += [(name, vars(part).get(name)) for part in wrappers for name in WRAPPERS_SETTINGS]
    return {name: float(value) for name, value in found if value is not None}


def nested(optimizer: OptimizerLike) -> Iterator[OptimizerLike]:
    """Yield the optimizer, then the one that it wraps, and so on."""
    yield optimizer
    if isinstance(optimizer, Wrapper):
        yield from nested(optimizer.optimizer)
