"""One epoch of training on one page: for each batch its rows, the forward pass, the loss, its gradient and a step.

`train_epoch` is traced whole, loops included, so that nothing of Python runs between two batches.
That is where Keras spends most of its time with a small network. What is summed over the rows stays a sum, in float64,
until the last row is in it, so a short last batch weighs by its rows.
"""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeGuard

import tensorflow as tf

from dnn.nn.example_weights import weighted
from dnn.nn.optimizers.skip import SkipNotFinite
from dnn.nn.protocols import LossLike, MetricLike, OptimizerLike
from dnn.nn.regularizers import penalty
from dnn.nn.training_calls import noted_calls
from dnn.train.adam_in_loop import in_loop
from dnn.train.devices import Share, dealt, mean_gradients, summed
from dnn.train.members import members_of, objective, own_orders, penalty_of_row, training_logits
from dnn.train.rows import Rows, part_of
from dnn.train.runtime import Compiled, Program, is_small, kept, trace
from dnn.train.skipped_step import step_or_nothing, untrained
from dnn.train.workers import of_chief, own_batch, total, workers


def train_epoch(
    model: tf.Module,
    loss: LossLike,
    optimizer: OptimizerLike,
    metrics: Sequence[MetricLike],
    batch_size: int,
    rows: Rows,
    order: tf.Tensor,
    key: tf.Tensor,
) -> tf.Tensor:
    """Take a step for each batch of the rows, and return the summed loss and metrics from before each step.

    Args:
        batch_size: rows of a batch, at most all of them. The body of the loop has one static shape: a shorter last
            batch follows it, rather than padded rows, which a layer that looks across the batch would see.
        order: int32[rows], the order in which the rows are taken; int32[members, rows] of an ensemble's members.
        key: int32[2], (seed, epoch).

    Returns:
        float64[1 + metrics], the sums over all rows, the loss first.
    """
    if takes_epochs(optimizer):
        drawn = {"key": key} if "key" in inspect.signature(optimizer.train_epoch).parameters else {}
        return optimizer.train_epoch(model, loss, metrics, rows, order, batch_size, **drawn)
    steps, start = rows.x.shape[0] // batch_size, (tf.constant(0), tf.zeros(1 + len(metrics), tf.float64))
    return train_steps(model, loss, optimizer, metrics, batch_size, steps, True, rows, order, key, *start)


def train_steps(
    model: tf.Module,
    loss: LossLike,
    optimizer: OptimizerLike,
    metrics: Sequence[MetricLike],
    batch_size: int,
    steps: int,
    last: bool,
    rows: Rows,
    order: tf.Tensor,
    key: tf.Tensor,
    first: tf.Tensor,
    sums: tf.Tensor,
) -> tf.Tensor:
    """Take some steps of an epoch, and return its sums so far: an epoch in pieces computes what it does as a whole.

    Args:
        steps: of whole batches.
        last: whether the rows that make no whole batch follow them.
        first: int32, the place in the order of the first row.
        sums: float64[1 + metrics], of the rows before.
    """

    def step(first: tf.Tensor, size: int, optimizer: OptimizerLike) -> tf.Tensor:
        of_step = tf.concat([key, tf.reshape(first // batch_size, [1])], axis=0)
        return train_step(model, loss, optimizer, metrics, own_batch(rows, part_of(order, first, size)), of_step)

    batches = steps, rows.x.shape[0] % batch_size if last else 0
    return total(over_batches(optimizer, step, batch_size, first, *batches, of_chief(sums)))


def over_batches(
    optimizer: OptimizerLike,
    step: Callable[[tf.Tensor, int, OptimizerLike], tf.Tensor],
    size: int,
    first: tf.Tensor,
    whole: int,
    remainder: int,
    sums: tf.Tensor,
) -> tf.Tensor:
    """Take a step for each batch in one loop, with Adam's means as tensors that the loop carries.

    Args:
        step: Takes the step of a batch: of its first row, its rows, and what takes the optimizer's step; its sums.
        size: rows of a batch.
        first: int32, the first row of the first batch.
        whole: how many batches have `size` rows.
        remainder: rows of one more batch.
        sums: float64[figures], to which the sums are added.
    """
    taken = in_loop(optimizer)

    def take(first: tf.Tensor, sums: tf.Tensor, *means: tf.Tensor, size: int = size) -> tuple[Any, ...]:
        taken.means = means
        return first + size, sums + step(first, size, taken.optimizer), *taken.means

    state, end = (first, sums, *taken.means), first + whole * size
    if whole:  # XLA compiles a loop's body even where it never runs, and refuses its batch of more rows than there are
        state = tf.while_loop(lambda first, *_: first < end, take, state)
    _, sums, *means = take(*state, size=remainder) if remainder else state
    taken.end(means)
    return sums


def train_step(
    model: tf.Module,
    loss: LossLike,
    optimizer: OptimizerLike,
    metrics: Sequence[MetricLike],
    batch: Rows,
    key: tf.Tensor | None,
) -> tf.Tensor:
    """Take one step on one batch, and return its summed loss and metrics from before the step, as `sum_over_rows` does.

    Args:
        key: int32[3], (seed, epoch, step): what is left to chance in this step, dropout for example, is drawn from it.
    """
    before = untrained(model, optimizer) if isinstance(optimizer, SkipNotFinite) else []
    shares = []
    for part in dealt(model, batch, key):  # one, the batch, where there is but one device
        with part.place():
            with tf.GradientTape() as tape:
                batch, logits = training_logits(model, part.rows, part.key)
                losses = loss(batch.y, logits)
                addend = tf.cast(penalty(model), losses.dtype)
                mean = objective(model, losses, batch) + addend
            gradients = tape.gradient(mean, part.own(optimizer.parameters))
        sums = functools.partial(sum_over_rows, losses, penalty_of_row(model, addend), metrics, batch, logits)
        shares.append(Share(part, gradients, batch, sums))
    gradients = mean_gradients(shares)
    if isinstance(optimizer, SkipNotFinite):
        return step_or_nothing(optimizer, gradients, summed(shares), batch, before)
    optimizer.apply(gradients)
    return summed(shares)


def sum_over_rows(
    losses: tf.Tensor, addend: tf.Tensor, metrics: Sequence[MetricLike], batch: Rows, logits: tf.Tensor
) -> tf.Tensor:
    """Return the sums over a batch, float64[1 + metrics], the loss first.

    loss:    Σ_i c_i (w_i l_i + addend)      addend = the penalty of the regularizers
    metric:  Σ_i c_i m_i
    So divided by Σ_i c_i they are means that contain the whole penalty once.

    Raises:
        ValueError: While it is traced, if a loss or a metric gives anything but one number for each row: a mean, say.
    """
    per_row = [losses, *(metric(batch.y, logits) for metric in metrics)]
    for values in per_row:
        if not values.shape.is_compatible_with(logits.shape[:1]):
            raise ValueError(f"a loss or metric must be [batch], here {logits.shape[:1]}, got shape {values.shape}")
    losses, *scores = (tf.cast(values, tf.float64) for values in per_row)
    costs = weighted(losses, batch.weights) + tf.cast(addend, tf.float64)
    return tf.stack([tf.reduce_sum(weighted(values, counted=batch.counted)) for values in (costs, *scores)])


class EpochOptimizer(OptimizerLike, Protocol):
    """An optimizer that takes the steps of a whole epoch itself, as `MlpAdam` does.

    If `train_epoch` has a parameter named `key`, it gets the int32[2], (seed, epoch), from which dropout is drawn.
    """

    def train_epoch(
        self,
        model: tf.Module,
        loss: LossLike,
        metrics: Sequence[MetricLike],
        rows: Rows,
        order: tf.Tensor,
        batch_size: int,
        /,
        **key: tf.Tensor,
    ) -> tf.Tensor: ...


def takes_epochs(optimizer: OptimizerLike) -> TypeGuard[EpochOptimizer]:
    """Whether its class has `train_epoch`: a wrapper that forwards the attributes of its optimizer does not."""
    return hasattr(type(optimizer), "train_epoch")


def step_multiply_adds(model: object, batch_size: int, optimizer: OptimizerLike) -> int:
    """Return a third of the multiply-adds of a step of dense layers: rows times numbers that are trained.

    Where members share the numbers, each member multiplies with them.
    """
    times = members_of(model) // own_orders(model)
    return times * batch_size * sum(int(tf.size(parameter)) for parameter in optimizer.parameters)


def training_program(
    model: tf.Module,
    loss: LossLike,
    optimizer: OptimizerLike,
    metrics: tuple[MetricLike, ...],
    batch_size: int,
    specs: Rows,
) -> Program:
    """Return what to trace for (rows, order, key), as `train_epoch` takes them, with rows of these specs."""
    orders, rows = own_orders(model), specs.x.shape[0]
    order, key = (tf.TensorSpec(n, tf.int32) for n in ([rows] if orders == 1 else [orders, rows], [2]))
    by_steps = not (takes_epochs(optimizer) or workers().devices)
    one_thread = by_steps and is_small(step_multiply_adds(model, batch_size, optimizer))
    constants = model, loss, optimizer, metrics, batch_size
    return Program(train_epoch, constants, (specs, order, key), one_thread, workers())


@kept
def trace_training(program: Program, jit_compile: bool = False) -> Compiled:
    """Trace a training program, and note which layers were told that they are in training."""
    with noted_calls() as calls:
        compiled = trace(program, jit_compile)
    compiled.training_calls = calls
    return compiled


@kept
def trace_prediction(model: tf.Module, features: int) -> Compiled:
    """Return x -> logits, float[rows, outputs], traced for any number of rows of x, in the dtype of the weights.

    Which layers are told of training is noted here too: a user's `tf.function` runs no Python in a later trace.
    """
    weights = [*model.trainable_variables, *model.variables]
    dtype = next((variable.dtype for variable in weights if variable.dtype.is_floating), tf.float32)
    with noted_calls() as calls:
        compiled = trace(Program(_logits, (model,), (tf.TensorSpec([None, features], dtype),)))
        _ = compiled.gives_rows  # which runs an eager one
    compiled.training_calls = calls
    before = set(map(id, weights))
    compiled.made_variables = [variable for variable in model.variables if id(variable) not in before]
    return compiled


def _logits(model: tf.Module, x: tf.Tensor) -> tf.Tensor:
    return model(x)
