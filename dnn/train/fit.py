"""Fit: epochs of training, each followed by a pass over the validation rows, until early stopping or the last."""

import functools
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from dnn.nn.argument_checks import checked_count
from dnn.train.arguments import (
    check_jit_compile,
    check_monitored,
    check_objects,
    check_shuffle,
    checked_function,
    checked_metrics,
)
from dnn.train.border import check_functions, checked_rows
from dnn.train.compiled import compiled_training, multiply_adds
from dnn.train.early_stopping import EarlyStopping, Progress, observe, over
from dnn.train.evaluate import ACCURACY, evaluation, means
from dnn.train.graph_or_xla import GraphOrXla, graph_epochs
from dnn.train.history import History


def fit(
    model: Callable,
    data: tuple,
    validation: tuple | None = None,
    *,
    loss: Callable,
    optimizer,
    metrics: Mapping[str, Callable] = ACCURACY,
    batch_size: int = 32,
    epochs: int = 1,
    early_stopping: EarlyStopping | None = None,
    shuffle: bool = True,
    seed: int = 0,
    ignore_class: int | None = None,
    callbacks: Sequence[Callable] = (),
    jit_compile: bool | str = "auto",
) -> History:
    """Train the parameters of `optimizer` in place; what was measured in each epoch comes out.

    What is traced is kept for the next fit of the same objects, and with it the last eight models and optimizers: their
    variables may be assigned, but of what else they hold, a layer or an activation say, make new objects rather than
    change it. A second fit begins at epoch 1 again, with the same orders of rows; it does not resume the first. Ctrl-C
    ends it after the epoch that is under way, whose weights stay in the model; what was measured is then lost, unless a
    callback has kept it.
    model: any tf.Module that maps float[batch, features] to float logits [batch, classes]. If it has a parameter
        `training`, it gets the key int32[3], (seed, epoch, step), in training, and nothing else otherwise. What the
        methods `penalty()` of its modules return is added to the loss.
    data, validation: (x, y) or (x, y, weights): x float[rows, features], y int[rows] or whatever `loss` compares with,
        weights float[rows], each >= 0: a factor of the row's loss, not of its metrics. The mean is over the rows, as in
        Keras, so doubled weights double the loss. `class_weights` gives the weights of classes.
    loss: (labels, logits) -> float[batch]. metrics: name -> (labels, logits) -> [batch].
    optimizer: has `parameters` and `apply(gradients)`. One that has `train_epoch`, as `dnn.ops.mlp_adam.MlpAdam`, takes
        the steps of an epoch itself.
    batch_size: rows of a step; the last batch of an epoch has the rows that remain.
    early_stopping: when to stop, and whether to end with the best weights; the history holds the best and the last.
    shuffle: draw the order of each epoch's rows from (seed, epoch); else they keep theirs.
    ignore_class: rows with this label, in the range of the classes or not, have no part in any mean or gradient, as
        long as the model gives finite logits for them: 0 · NaN is NaN. So with rows of weight 0.
    callbacks: each is called after each epoch with (record, history); record is the epoch's dict, to which it may add.
        One that returns True ends the fit.
    jit_compile: whether to compile the epochs with XLA: a second more before the first, less for each step. "auto": of
        batches up to 4,096 rows, once that pays, after 15,000 steps of a small network, 1,000 of a larger one, as
        `dnn.train.graph_or_xla.graph_epochs` says; the logger "dnn" tells it at the level INFO. Validation rows pass in
        graph mode.
    Raises: ValueError or TypeError that names the argument, before any variable is changed.
    """
    check_objects(model, optimizer, early_stopping, callbacks)
    check_shuffle(shuffle)
    check_jit_compile(jit_compile)
    rows = checked_rows(model, data, "data", ignore_class)
    validation = None if validation is None else checked_rows(model, validation, "validation", ignore_class)
    batch_size = min(checked_count(batch_size, "batch_size"), rows.x.shape[0])
    epochs, seed = checked_count(epochs, "epochs"), checked_count(seed, "seed", least=0)
    loss, metrics = checked_function(loss, "loss"), checked_metrics(metrics)
    check_monitored(early_stopping, metrics, validation, callbacks)
    for name, part in (("data", rows), ("validation", validation)):
        if part:
            check_functions(model, part, loss, metrics, name)
    train = training(
        model,
        rows,
        loss=loss,
        optimizer=optimizer,
        metrics=metrics,
        batch_size=batch_size,
        seed=seed,
        shuffle=shuffle,
        jit_compile=jit_compile,
    )
    validate = validation and evaluation(model, validation, loss=loss, metrics=metrics)
    return repeated(train, validate, model, epochs, early_stopping, callbacks)


def repeated(train, validate, model, epochs, early_stopping, callbacks) -> History:
    """Epochs until early stopping, a callback or the last. train: epoch -> {name: mean}. validate: () -> the same."""
    history, progress, rule = History(), Progress(), early_stopping or (EarlyStopping() if validate else None)
    for epoch in range(1, epochs + 1):
        record = {"epoch": epoch, **train(epoch)}
        if validate:
            record |= {f"val_{name}": score for name, score in validate().items()}
        history.epochs.append(record)
        progress = observed(progress, history, rule)
        answers = [callback(record, history) for callback in callbacks]
        progress = observed(progress, history, rule)  # again, for what a callback has added
        if rule and progress.epochs < epoch:
            raise ValueError(f"early_stopping monitors {rule.monitor!r}, which is not in the record: {history.last}")
        if early_stopping and progress.improved:
            history.best_weights = weights_of(model)
        if any(map(ends, answers)) or (early_stopping and over(progress, rule)):
            break
    if history.best_weights:
        history.last_weights = weights_of(model)
        if rule.restore_best_weights:
            restore(model, history.best_weights)
    return history


def training(model, rows, *, loss, optimizer, metrics, batch_size, seed, shuffle, jit_compile) -> Callable:
    """A function of an epoch's number that trains it on these rows, which were checked before: {name: mean}."""
    functions, count, total = tuple(metrics.values()), rows.count, rows.x.shape[0]
    make = functools.partial(compiled_training, model, loss, optimizer, functions, rows.specs, batch_size)
    steps, work = math.ceil(total / batch_size), multiply_adds(batch_size, optimizer)
    train_epoch = GraphOrXla(make, jit_compile, graph_epochs(steps, batch_size, work))

    def train(epoch: int) -> dict[str, float]:
        order = epoch_order(total, seed, epoch) if shuffle else np.arange(total, dtype=np.int32)
        key = np.array([seed % 2**31, epoch], np.int32)
        return means(train_epoch(rows, order, key), metrics, count)

    return train


def observed(progress: Progress, history: History, rule: EarlyStopping | None) -> Progress:
    """The progress after the last epoch of the history, whose best epoch it notes; as it was, if that was observed
    before, or has no figure to monitor yet.
    """
    if rule and progress.epochs < len(history.epochs) and rule.monitor in history.last:
        progress = observe(progress, history.last[rule.monitor], rule)
        history.best_epoch = progress.best_epoch
    return progress


def epoch_order(rows: int, seed: int, epoch: int) -> np.ndarray:
    """int32[rows]: the order of the rows in one epoch, a permutation that (seed, epoch) alone decides."""
    return np.random.default_rng((seed, epoch)).permutation(rows).astype(np.int32)


def ends(answer) -> bool:
    """Whether the answer of a callback is True; what else it may return, a list's new length say, means nothing."""
    is_truth = isinstance(answer, bool | np.bool_) or (tf.is_tensor(answer) and answer.dtype == tf.bool)
    return is_truth and bool(answer)


def weights_of(model: tf.Module) -> list[np.ndarray]:
    """The values of the model's variables, in the order of `model.variables`."""
    return [variable.numpy() for variable in model.variables]


def restore(model: tf.Module, weights: Sequence[np.ndarray]) -> None:
    """Assign what `weights_of` gave."""
    for variable, value in zip(model.variables, weights, strict=True):
        variable.assign(value)
