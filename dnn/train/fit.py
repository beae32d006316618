"""Fit: epochs of training, each followed by a pass over the validation rows, until early stopping or the last."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from dnn.train.border import check_objects, checked_count, checked_function, checked_metrics, checked_rows
from dnn.train.early_stopping import EarlyStopping, Progress, observe, over
from dnn.train.epoch import compiled_training, specs
from dnn.train.evaluate import ACCURACY, evaluation, means
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
    callbacks: Sequence[Callable] = (),
    jit_compile: bool = False,
) -> History:
    """Train the parameters of `optimizer` in place; what was measured in each epoch comes out.

    What is traced is kept for the next fit of the same objects: their variables may be assigned, but of what else they
    hold, a layer or an activation say, make new objects rather than change it.
    model: any tf.Module that maps float[batch, features] to float logits [batch, classes]. If it has a parameter
        `training`, it gets the key int32[3], (seed, epoch, step), in training, and nothing else otherwise. What the
        methods `penalty()` of its modules return is added to the loss.
    data, validation: (x, y): x float[rows, features], y int[rows] or whatever `loss` compares with.
    loss: (labels, logits) -> float[batch]. metrics: name -> (labels, logits) -> [batch].
    optimizer: has `parameters` and `apply(gradients)`.
    batch_size: rows of a step; the last batch of an epoch has the rows that remain.
    shuffle: draw the order of each epoch's rows from (seed, epoch); else they keep theirs.
    callbacks: each is called after each epoch with (record, history); record is the epoch's dict.
    jit_compile: compile the epoch with XLA: more time before the first epoch, less for each step.
    Raises: ValueError or TypeError that names the argument, before any variable is changed.
    """
    check_objects(model, optimizer, early_stopping)
    x, y = checked_rows(model, data, "data")
    validation = None if validation is None else checked_rows(model, validation, "validation")
    if early_stopping and not validation:
        raise ValueError("early_stopping watches the validation loss, so fit needs validation data")
    rows = x.shape[0]
    batch_size = min(checked_count(batch_size, "batch_size"), rows)
    epochs, seed = checked_count(epochs, "epochs"), checked_count(seed, "seed", least=0)
    loss, metrics = checked_function(loss, "loss"), checked_metrics(metrics)
    rule = early_stopping or EarlyStopping(patience=epochs)
    functions = tuple(metrics.values())
    train_epoch = compiled_training(model, loss, optimizer, functions, *specs(x, y), batch_size, jit_compile)
    if validation:
        validate = evaluation(model, *validation, loss=loss, metrics=metrics, jit_compile=jit_compile)

    history, progress, best_weights = History(), Progress(), None
    for epoch in range(1, epochs + 1):
        order = epoch_order(rows, seed, epoch) if shuffle else np.arange(rows, dtype=np.int32)
        key = np.array([seed % 2**31, epoch], np.int32)
        record = {"epoch": epoch, **means(train_epoch(x, y, order, key), metrics, rows)}
        if validation:
            record |= {f"val_{name}": score for name, score in validate().items()}
            progress = observe(progress, record["val_loss"], min_delta=rule.min_delta)
        history.epochs.append(record)
        history.best_epoch = progress.best_epoch
        if progress.improved and rule.restore_best_weights:
            best_weights = [variable.numpy() for variable in model.variables]
        for callback in callbacks:
            callback(record, history)
        if over(progress, rule.patience):
            break
    if best_weights:
        for variable, weights in zip(model.variables, best_weights, strict=True):
            variable.assign(weights)
    return history


def epoch_order(rows: int, seed: int, epoch: int) -> np.ndarray:
    """int32[rows]: the order of the rows in one epoch, a permutation that (seed, epoch) alone decides."""
    return np.random.default_rng((seed, epoch)).permutation(rows).astype(np.int32)
