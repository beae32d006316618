"""Fit: epochs of training, each followed by a pass over the validation rows, until early stopping or the last."""

import functools
import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy.typing as npt
import tensorflow as tf

from dnn.nn.argument_checks import checked_count
from dnn.nn.protocols import LossLike, MetricLike, ModelLike, OptimizerLike
from dnn.nn.score_metric import ScoreMetric
from dnn.train.callbacks import CallbackLike
from dnn.train.checkpoint import Checkpoints
from dnn.train.eager import functions_run_eagerly
from dnn.train.early_stopping import EarlyStopping
from dnn.train.epoch import trace_prediction
from dnn.train.epochs import EpochTrainer, run_epochs
from dnn.train.evaluate import ACCURACY, evaluator
from dnn.train.fit_arguments import check_objects, check_switches, checked_objects
from dnn.train.fit_identity import fit_identity, piece_of
from dnn.train.history import History
from dnn.train.keeper import Keeper
from dnn.train.member_watch import member_watch
from dnn.train.members import check_members_stay_apart
from dnn.train.native import native_after
from dnn.train.not_finite import FiniteGuard, skipping
from dnn.train.rows import Rows
from dnn.train.shared_fit import check_shared, peers_may_be_lost, shared_keeper
from dnn.train.step_callbacks import FitObjects, begin, steps_between
from dnn.train.stream import Stream
from dnn.train.trainers import program_of, traced_epochs, trainer_of
from dnn.train.workers import ALONE, workers
from dnn.train.xla import warn_of_draws


def fit(
    model: ModelLike,
    data: Sequence[npt.ArrayLike],
    validation: Sequence[npt.ArrayLike] | None = None,
    *,
    loss: LossLike,
    optimizer: OptimizerLike,
    metrics: Mapping[str, MetricLike | ScoreMetric] = ACCURACY,
    batch_size: int = 32,
    epochs: int = 1,
    early_stopping: EarlyStopping | None = None,
    shuffle: bool = True,
    seed: int = 0,
    ignore_class: int | None = None,
    callbacks: Sequence[CallbackLike] = (),
    jit_compile: bool | Literal["auto", "native"] = "auto",
    checkpoint: str | Path | Checkpoints | None = None,
    on_nan: Literal["stop", "skip", "ignore"] = "stop",
    run_eagerly: bool = False,
    verbose: Literal[0, 1] = 0,
) -> History:
    """Train the parameters of `optimizer` in place, and return what was measured in each epoch.

    What is traced is kept for the next fit of the same objects, and with it the last eight models and optimizers: their
    variables may be assigned, but rather than change anything else they hold, a layer or an activation for example,
    make new objects. A second fit begins at epoch 1 again, with the same orders of rows; it does not resume the first,
    but where `checkpoint` is given. Without it Ctrl-C ends a fit after the epoch that is under way, whose weights stay
    in the model; what was measured is then lost, unless a callback has kept it.

    The mean loss is over the rows, as in Keras, so doubled weights double it. Unlike Keras 3.15, whose seeded `fit`
    repeats one permutation, each epoch has its own order of rows.

    Args:
        model: any `tf.Module` that maps float[batch, features] to float[batch, outputs]. If it has a parameter
            `training`, it gets the key int32[3], (seed, epoch, step), in training, and nothing else otherwise. What
            the methods `penalty()` of its modules return is added to the loss.
        data: (x, y) or (x, y, weights): x float[rows, features]; y int[rows] or whatever `loss` compares with; weights
            float[rows], each >= 0, a factor of the row's loss, not of its metrics; `class_weights` gives those of
            classes. Or a `tf.data.Dataset` of batches of these, of any size, or what `dnn.open_prepared` gives, for
            rows that do not fit in memory: they are read in each epoch, in the order they come, whatever `shuffle`,
            and cut into batches of `batch_size`; with `checkpoint` each pass must give the same rows.
        validation: rows in the form of `data` that are evaluated after each epoch. None: there are none.
        loss: (labels, logits) -> float[batch], for example `dnn.sparse_softmax_cross_entropy`.
        optimizer: has `parameters` and `apply(gradients)`, as `dnn.Adam`. One with `train_epoch`, as `MlpAdam`, takes
            the steps of an epoch itself.
        metrics: name -> (labels, logits) -> [batch], a number or a truth value for each row; or a `dnn.ScoreMetric`,
            which is of all validation rows.
        batch_size: rows of a step, >= 1; the last batch of an epoch has the rows that remain.
        epochs: how often all rows are gone through at most, >= 1.
        early_stopping: when to stop, and whether to end with the best weights; the history holds the best and the
            last. None: the last epoch is the end.
        shuffle: draw the order of each epoch's rows from (seed, epoch); False: they keep their order.
        seed: >= 0, of the orders of rows and of what the model draws in training.
        ignore_class: rows with this label, in the range of the classes or not, have no part in any mean or gradient, as
            long as the model gives finite logits for them: 0 · NaN is NaN. (So with rows of weight 0.) None: all count.
        callbacks: each is called after each epoch with (record, history); the record is the epoch's dict, to which it
            may add. One that returns True ends the fit. One that has a method `begin` is handed a `dnn.FitObjects`, the
            model and the data among them, before the first epoch; `dnn.EverySteps` looks into epochs.
        jit_compile: whether to compile the epochs with XLA: a second more before the first, less for each step. "auto":
            batches up to 4,096 rows, once that pays, after 15,000 steps of a small network or 1,000 of a larger one, as
            `dnn.train.xla.epochs_before_xla` computes; and, where it computes this fit, the kernel of `dnn.MlpAdam`
            after 40,000 steps of a small network. The logger "dnn" tells of it at the level INFO. "native": that
            kernel from the first epoch on, which is compiled once, in some five seconds: for `dnn.Adam`, `AdamW`,
            `SGD` or `RMSprop` on a `dnn.mlp` or an ensemble of them. Validation rows always pass in graph mode.
        checkpoint: folder for the state of the fit, or `dnn.Checkpoints`, which says when it is kept too. If the folder
            holds the state of this fit already, it goes on from there, and ends as if it had never been interrupted, to
            the last bit. `epochs` may then be another number. A signal (Ctrl-C, SIGTERM, SIGHUP) ends the fit where its
            state can be kept, by a `KeyboardInterrupt`. None: nothing is kept.
        on_nan: what a training loss or gradient that is a NaN or an infinity does. "stop": it ends the fit with an
            error after the epoch; the model then has the best weights where `early_stopping` knows some, else those
            from before the first step that made one. "skip": such a step changes nothing, as in `dnn.SkipNotFinite`;
            means are over the other steps, and "skipped" in the record counts. "ignore": training goes on, as in
            Keras. The first two keep the values of all variables from the beginning of an epoch.
        run_eagerly: let Python run each operation, nothing traced or compiled, so that `print`, a debugger and
            `.numpy()` work in the model, the loss, the metrics and the optimizer. It gives the numbers of graph mode,
            some fifty times as slowly. Then the model is called once, with zeros, before the first step, and what only
            a traced step tells is not checked. Meanwhile all functions of TensorFlow run so, in all threads;
            `tf.config.run_functions_eagerly(True)` before the fit does the same.
        verbose: 1: a line for each epoch, over a progress bar where there is a terminal, as the command `dnn train`
            shows them. 0: nothing.

    Returns:
        The history, one record for each epoch.

    Raises:
        ValueError: If an array or a number is out of its range or has the wrong shape, before any variable is changed.
            The message names the argument. Likewise if the loss or a metric gives a row a value that depends on other
            rows; if the model or the loss computes with trainable variables that neither the model nor the optimizer
            has, the model made one after the optimizer was made, or early stopping would restore a best epoch without
            one that the model does not have; or if a `Dropout` or `BatchNormalization` of it that is not frozen is
            never given `training`.
        TypeError: If an argument is of the wrong kind, likewise.
        RuntimeError: If jit_compile="native" and there is no C++ compiler.
        NotFiniteError: If training diverges and `on_nan` is not "ignore"; it names epoch, step and the first tensor.
    """
    check_objects(model, optimizer, early_stopping, callbacks)
    check_members_stay_apart(model, optimizer)
    check_switches(shuffle, jit_compile, on_nan, run_eagerly, verbose)
    optimizer = skipping(optimizer) if on_nan == "skip" else optimizer
    with functions_run_eagerly(run_eagerly), epochs_shown(verbose, epochs) as show:
        if tf.config.functions_run_eagerly():
            jit_compile = False
        rules = early_stopping, callbacks
        objects = checked_objects(
            model, data, validation, loss, optimizer, metrics, *rules, batch_size, epochs, seed, ignore_class
        )
        with peers_may_be_lost("with a checkpoint the fit goes on from there"):
            return trained(objects, early_stopping, [*callbacks, *show], shuffle, jit_compile, checkpoint, on_nan)


def trained(
    objects: FitObjects,
    early_stopping: EarlyStopping | None,
    callbacks: Sequence[CallbackLike],
    shuffle: bool,
    jit_compile: bool | Literal["auto", "native"],
    checkpoint: str | Path | Checkpoints | None,
    on_nan: str,
) -> History:
    """Train what was checked, and return the history."""
    model, optimizer, loss, metrics, data, validation, batch_size, epochs, seed = objects
    steps = steps_between(callbacks, optimizer, jit_compile)
    keep = checkpoint if checkpoint is None or isinstance(checkpoint, Checkpoints) else Checkpoints(checkpoint)
    if isinstance(data, Stream):
        data.get_ready(steps, jit_compile, resumes=keep is not None)
    program = program_of(objects)
    identify = functools.partial(
        fit_identity, program, data, validation, metrics, early_stopping, jit_compile, seed, shuffle
    )
    piece = steps or (None if jit_compile == "native" else piece_of(keep, model, optimizer, batch_size))
    if workers() != ALONE:
        check_shared(objects, jit_compile, {**identify(), "piece": str(piece), "checkpoint": str(bool(keep))})
        jit_compile = False  # XLA compiles no collective operation on a CPU
    prediction = trace_prediction(model, data.specs.x.shape[1])
    traced = functools.partial(traced_epochs, prediction=prediction, jit_compile=jit_compile)
    validate = None if validation is None else evaluator(model, validation, loss=loss, metrics=metrics)
    watch = member_watch(model, validation, loss, early_stopping)
    rule, callbacks = (None, [*callbacks, watch]) if watch else (early_stopping, callbacks)
    guard = None
    if on_nan != "ignore" and isinstance(data, Rows):
        guard = FiniteGuard(program, traced, watch, everything=keep is not None)
    trainer = trainer_of(objects, program, traced, guard, shuffle=shuffle, piece=piece, on_nan=on_nan)
    if jit_compile == "auto" and not steps and isinstance(trainer, EpochTrainer):
        trainer.native_after = native_after(program)
    begin(callbacks, objects)
    run = functools.partial(run_epochs, trainer, validate, model, epochs, rule, callbacks)
    keeper = None
    if keep is not None:
        warn_of_draws(trainer.programs)
        keeper = Keeper(keep, model, optimizer, callbacks, identify(), trainer.variables)
    with shared_keeper(keeper, objects, trainer.variables) as kept:
        history = run(kept)
    if watch:
        watch.end(history)
    return history


@contextmanager
def epochs_shown(verbose: int, epochs: int) -> Iterator[list[CallbackLike]]:
    """Yield the callback that shows each epoch on the screen as the command does; without `verbose` none."""
    if not verbose:
        yield []
        return
    screen = importlib.import_module("dnn.report.screen")  # by name: to train, no screen is needed
    with screen.epoch_lines(screen.steady_console(), checked_count(epochs, "epochs")) as show:
        yield [show]
