"""A fit on several workers or devices: what it refuses, what workers must have alike, what they tell each other."""

import json
import logging
import re
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from importlib import import_module
from typing import Any

import tensorflow as tf

from dnn.nn.modules import once
from dnn.nn.normalization import BatchNormalization
from dnn.nn.optimizers.skip import SkipNotFinite
from dnn.train.epoch import takes_epochs
from dnn.train.fit_state import FitState, KeeperLike
from dnn.train.keeper import Keeper
from dnn.train.members import own_orders
from dnn.train.step_callbacks import FitObjects
from dnn.train.stream import first_rows
from dnn.train.variable_values import variables_of
from dnn.train.workers import agreed, assign_from_chief, bytes_of_each, chief_bytes, workers

LOGGER = logging.getLogger("dnn")
MOST_SHOWN = 50  # characters of a value that is named
LOST = tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError
"""What TensorFlow raises when another process is gone."""
MAY_BE_LOST = tf.errors.CancelledError, tf.errors.InternalError, tf.errors.FailedPreconditionError
"""What it raises then too, but also for what is wrong on one machine, an uninitialised table for example."""
OF_OTHERS = re.compile(r"ollective|/job:|\b(task|peer|heartbeat|RecvAsync)|oordination")
"""What a message says that is of other processes."""
OWN_PLACE = re.compile(r"\{\{.*?\}\}|^Graph execution error:|^Detected at .*|^ *File .*|^<stack .*", re.MULTILINE)
"""What a message says of where in this process the error was, which names its own task and files."""


def check_shared(objects: FitObjects, jit_compile: object, told: Mapping[str, str]) -> None:
    """Refuse a fit that cannot be shared, or that the workers have not called alike.

    Args:
        objects: of the fit.
        jit_compile: as `fit` was given it.
        told: what the fit was called with, by name.

    Raises:
        ValueError: On each worker; the message says what to do, and which worker has something else.
    """
    _check_can_be_shared(objects, jit_compile)
    check_alike({**told, "epochs": str(objects.epochs)})


def _check_can_be_shared(objects: FitObjects, jit_compile: object) -> None:
    """Refuse a fit that would compute something else on several workers or devices than on one.

    Raises:
        ValueError: If it cannot be shared; the message says why, and what to do.
    """
    optimizer, rows = objects.optimizer, first_rows(objects.data)
    model: Any = objects.model  # a tf.Module, as was checked
    made = (each for each in [*model.variables, *variables_of(optimizer)] if hasattr(each, "distribute_strategy"))
    if any(each.distribute_strategy is not tf.distribute.get_strategy() for each in made):
        raise ValueError("model and optimizer must be made in the scope of this strategy or of none, not of another")
    count, one = f"with {shared_by()}", "worker" if workers().size > 1 else "device"
    if jit_compile in (True, "native"):
        raise ValueError(f"{count} epochs run in graph mode: jit_compile must be 'auto' or False, got {jit_compile!r}")
    if takes_epochs(optimizer):
        raise ValueError(f"{optimizer!r} takes whole epochs, and {count} each step is shared: use dnn.Adam or another")
    if isinstance(optimizer, SkipNotFinite):
        raise ValueError(f"{count} no step can be left out: on_nan must be 'stop' or 'ignore'")
    if any(isinstance(module, BatchNormalization) for module in (model, *model.submodules)):
        raise ValueError(
            f"{count} BatchNormalization would see the rows of its {one} alone, and not the batch: use "
            f"LayerNormalization, or one {one}"
        )
    if own_orders(model) > 1 and rows.counted is not None:
        raise ValueError(f"{count} ignore_class is not for an ensemble of independent members: leave those rows out")


def shared_by() -> str:
    """Return who shares a fit: "2 workers", "2 devices", or "2 workers of 2 devices"."""
    count, _, devices = workers()
    each = [f"{count} workers"] * (count > 1) + [f"{len(devices)} devices"] * bool(devices)
    return " of ".join(each)


def check_alike(told: Mapping[str, str]) -> None:
    """Refuse workers that do not have the same: each learns which worker has what.

    Args:
        told: what this one has, by name.

    Raises:
        ValueError: If a worker has something else than the chief.
    """
    own = {"dnn": import_module("dnn").__version__, "tensorflow": tf.__version__, "devices": len(workers().devices)}
    of_chief, *others = (json.loads(each) for each in bytes_of_each(json.dumps({**own, **told}).encode()))
    for rank, of_worker in enumerate(others, 1):
        for name in of_chief:
            mine, theirs = str(of_chief[name]), str(of_worker.get(name))
            if mine != theirs:
                short = max(len(mine), len(theirs)) <= MOST_SHOWN
                which = (
                    f"{name} {theirs}, and the chief, worker 0, has {mine}" if short else f"other {name} than the chief"
                )
                raise ValueError(f"worker {rank} has {which}: start all workers alike")


class WorkerLostError(ConnectionError):
    """A worker is gone, or cannot be reached, so that the others cannot go on.

    Args:
        remedy: How to go on.
        cause: What TensorFlow says, in one line.
    """

    def __init__(self, remedy: str, cause: str) -> None:
        count, rank, _ = workers()
        lost = f"one of the {count} workers is lost or cannot be reached, so worker {rank} ends too"
        super().__init__(f"{lost} ({cause}): start all again; {remedy}")
        self.cause = cause


@contextmanager
def peers_may_be_lost(remedy: str) -> Iterator[None]:
    """Let what TensorFlow says of a worker that is gone be one line.

    Raises:
        WorkerLostError: If a worker is gone.
    """
    if workers().size == 1:
        yield
        return
    try:
        yield
    except WorkerLostError as error:
        raise WorkerLostError(remedy, error.cause) from error
    except (*LOST, *MAY_BE_LOST) as error:
        said = OWN_PLACE.sub("", error.message).strip()
        if isinstance(error, MAY_BE_LOST) and not OF_OTHERS.search(said):
            raise
        raise WorkerLostError(remedy, next(iter(said.splitlines()), type(error).__name__)) from error


class SharedKeeper:
    """Keeps a fit of several workers: all begin with what the chief has, and the chief alone writes.

    After each epoch all take the chief's variables anew: processors of another kind round the last digits of a step
    in another way.

    Args:
        keeper: of the checkpoints; None: there are none.
        objects: of the fit.
        variables: what an epoch computes with, in any order: a trace names them in another one on each worker.
    """

    def __init__(self, keeper: Keeper | None, objects: FitObjects, variables: Sequence[tf.Variable]) -> None:
        self.keeper, self.chief = keeper, workers().rank == 0
        others = sorted(variables, key=lambda variable: (variable.name, str(variable.shape), variable.dtype.name))
        self.variables = once([*objects.model.variables, *variables_of(objects.optimizer), *others])
        self._open = ExitStack()

    def __enter__(self) -> "SharedKeeper":
        if self.keeper:
            self._open.enter_context(self.keeper if self.chief else self.keeper.interruption)
        if not self.chief:
            kept = f", and keeps the checkpoints in {self.keeper.settings.folder}" if self.keeper else ""
            size, rank, _ = workers()
            LOGGER.info("worker %d of %d: the chief, worker 0, tells of the fit%s", rank, size, kept)
        return self

    def __exit__(self, *exception: object) -> None:
        self._open.close()

    def resumed(self) -> FitState:
        """Return the chief's state, which it may have read, with all variables as the chief has them.

        Raises:
            ValueError: On each worker, if the chief cannot go on from what it has read.
        """
        if self.keeper is None:
            assign_from_chief(self.variables)
            return FitState()
        state, problem = FitState(), ""
        if self.chief:
            try:
                state = self.keeper.resumed()
            except ValueError as error:
                problem = str(error)
        told = json.loads(chief_bytes(json.dumps([problem, self.keeper.values_of(state)]).encode()))
        if told[0]:
            raise ValueError(told[0])
        assign_from_chief(once([*self.variables, *self.keeper.variables]))
        if self.chief:
            return state
        own = [type(callback).__name__ for callback in self.keeper.stateful]  # of the chief alone is what writes files
        told[1]["callbacks"] = [each for each in told[1]["callbacks"] if each[0] in own]
        return self.keeper.state_of(told[1])

    def after_piece(self, state: FitState, steps: int) -> None:
        """Save where it is time to; end where a signal has asked any worker for it."""
        if self.keeper:
            self._end_together(state)
            if self.chief:
                self.keeper.after_piece(state, steps)

    def after_epoch(self, state: FitState, steps: int, last: bool) -> None:
        """Agree on whether it was the last, take the chief's variables, and save where it is time to."""
        state.ended = agreed(state.ended)
        assign_from_chief(self.variables)
        if self.keeper:
            if not (last or state.ended):
                self._end_together(state)
            if self.chief:
                self.keeper.after_epoch(state, steps, last or state.ended)

    def _end_together(self, state: FitState) -> None:
        """Let a signal to one worker be one to all: the chief then ends when it has saved the state."""
        assert self.keeper is not None
        interruption = self.keeper.interruption
        if agreed(interruption.number is not None):
            interruption.number = interruption.number or signal.SIGTERM
            if not self.chief:
                raise self.keeper.interrupted(state, interruption.number)


def shared_keeper(
    keeper: Keeper | None, objects: FitObjects, variables: Sequence[tf.Variable]
) -> AbstractContextManager[KeeperLike | None]:
    """Return the keeper of a fit, in that of several workers where there are some."""
    return (keeper or nullcontext()) if workers().size == 1 else SharedKeeper(keeper, objects, variables)
