"""The keeper of a fit: it saves what the fit is made of, at a point between two steps, and gives it back."""

import errno
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import tensorflow as tf

from dnn.files.durable import flush, leftovers, locked, make_durable_folder
from dnn.files.manifest import check_manifest, write_manifest
from dnn.train.checkpoint import Checkpoints
from dnn.train.early_stopping import Progress
from dnn.train.fit_state import FitState
from dnn.train.history import History
from dnn.train.interruption import FitInterrupted, Interruption
from dnn.train.plain_state import from_plain, to_plain

VARIABLES, VALUES = "variables", "values.json"  # what a state is made of
SHARE = 0.015  # of the time of a fit that its checkpoints take, where `every` does not say it: with the last one 2 %
PLACE = ("step", "piece", "sums", "ended", "chunks")  # where a fit is, besides its history
SPARE = 1_000_000  # bytes of a state besides its variables, and of the results of a run
MOST_SHOWN = 50  # characters of an argument that is named
LOGGER = logging.getLogger("dnn")


@runtime_checkable
class HasState(Protocol):
    """A callback that remembers something from epoch to epoch, which a checkpoint then keeps."""

    def get_state(self) -> Mapping[str, Any]:
        """Return what it remembers: numbers, texts, arrays, lists and dicts of them."""

    def set_state(self, state: Mapping[str, Any], /) -> None:
        """Take back what `get_state` returned."""


class Keeper:
    """Saves the state of one fit into its folder, and gives back what is there; a context, which holds the folder.

    Args:
        checkpoints: Where, when and how many.
        model: Its variables are saved.
        optimizer: Likewise.
        callbacks: Those that have `get_state` and `set_state` are saved.
        identity: What the fit was called with, as text by name: another fit must not go on from here.
        others: Variables that an epoch computes with besides, of a loss for example.

    Raises:
        TypeError: If the optimizer has no `variables`.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        model: tf.Module,
        optimizer: Any,
        callbacks: Sequence[Any],
        identity: Mapping[str, str],
        others: Sequence[tf.Variable] = (),
    ) -> None:
        if not hasattr(optimizer, "variables"):
            raise TypeError(f"checkpoints need an optimizer with variables, as a tf.Module has; got {optimizer!r}")
        self.settings, self.identity = checkpoints, dict(identity)
        self.stateful = [callback for callback in callbacks if isinstance(callback, HasState)]
        self.best = [tf.Variable(variable, trainable=False) for variable in model.variables]
        self.best_epoch: int | None = None  # of what `best` holds
        known = [*model.variables, *optimizer.variables, *optimizer.parameters]
        ids = set(map(id, known))
        others = [v for v in sorted(others, key=lambda v: v.name) if id(v) not in ids]
        tracked = {"model": list(model.variables), "optimizer": list(optimizer.variables), "best": self.best}
        tracked |= {"parameters": list(optimizer.parameters), "others": others}
        self.checkpoint = tf.train.Checkpoint(**tracked)
        self.variables = [*known, *self.best, *others]
        self.interruption = Interruption()
        self.saved_at, self.saving = time.monotonic(), 0.0
        self.steps_since = self.epochs_since = 0
        self._open = ExitStack()

    def __enter__(self) -> "Keeper":
        folder = self.settings.folder
        folder.mkdir(parents=True, exist_ok=True)
        flush(folder.parent)
        with ExitStack() as stack:
            stack.enter_context(locked(folder, "trains"))
            for path in leftovers(folder, "state-"):
                shutil.rmtree(path, ignore_errors=True)
            self._refuse_small_disk(folder)
            stack.enter_context(self.interruption)
            self._open = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._open.close()

    def _refuse_small_disk(self, folder: Path) -> None:
        state = sum(variable.dtype.size * variable.shape.num_elements() for variable in self.variables)
        left_out = len(self.settings.states())
        needed, free = (self.settings.keep + 1 - left_out) * (state + SPARE), shutil.disk_usage(folder).free
        if free < needed:
            raise OSError(
                errno.ENOSPC, f"checkpoints need {needed / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free", str(folder)
            )

    def resumed(self) -> FitState:
        """Return the last state that is there, with all variables as they were; a new one if there is none.

        Raises:
            ValueError: If the state is that of a fit with other arguments, or every state that is there is damaged.
        """
        damaged: dict[Path, str] = {}
        for path in self.settings.states():
            try:
                check_manifest(path)
            except (ValueError, OSError) as error:
                damaged[path] = str(error)
                continue
            state = self._read(path)
            for other, problem in damaged.items():
                LOGGER.warning("checkpoint: %s; the one before it is used", problem)
                shutil.rmtree(other)
            LOGGER.info("checkpoint: going on from %s", path)
            return state
        for problem in damaged.values():
            raise ValueError(f"{problem}; there is no other checkpoint: begin anew in another folder")
        return FitState()

    def after_piece(self, state: FitState, steps: int) -> None:
        """Save where it is time to, within an epoch; end where a signal has asked for it."""
        self.steps_since += steps
        self._save_if_due(state)

    def after_epoch(self, state: FitState, steps: int, last: bool) -> None:
        """Save where it is time to, and after the last epoch; end where a signal has asked for it."""
        self.steps_since, self.epochs_since = self.steps_since + steps, self.epochs_since + 1
        self._save_if_due(state, last)

    def _save_if_due(self, state: FitState, last: bool = False) -> None:
        interrupted = self.interruption.number is not None
        if last or interrupted or self._due(state):
            try:
                self.save(state)
            except OSError as error:
                if interrupted:
                    raise
                LOGGER.warning("checkpoint: %s; the training goes on, and this state is not kept", error)
                self.saved_at = time.monotonic()
        if self.interruption.number is not None and not last:
            raise self.interrupted(state, self.interruption.number)

    def interrupted(self, state: FitState, number: int) -> FitInterrupted:
        """Return the error that ends the fit here, where it was saved, after a signal."""
        where = f"epoch {state.epoch}, step {state.step}" if state.step else f"after epoch {state.epoch - 1}"
        self.interruption.raised = True
        return FitInterrupted(number, f"interrupted {where}; saved in {self.settings.folder}")

    def _due(self, state: FitState) -> bool:
        every, since = self.settings.every, time.monotonic() - self.saved_at
        if every.steps:
            return self.steps_since >= every.steps
        if every.minutes:
            return since >= 60 * every.minutes
        if every.epochs:
            return self.epochs_since >= every.epochs
        return since * SHARE >= self.saving

    def save(self, state: FitState) -> None:
        """Write a state: whole, on the disk and under its name, or not at all. Then forget the oldest.

        Raises:
            OSError: If it cannot be written.
        """
        begin = time.monotonic()
        history = state.history
        if history.best_weights is not None and self.best_epoch != history.best_epoch:
            for variable, value in zip(self.best, history.best_weights, strict=True):
                variable.assign(value)
            self.best_epoch = history.best_epoch
        values = json.dumps(self.values_of(state))
        place = self.settings.folder / f"state-{state.epoch - 1:06}-{state.step:09}"
        if not place.exists():
            make_durable_folder(place, partial(self._fill, values))
        for path in self.settings.states()[self.settings.keep :]:
            hidden = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
            path.rename(hidden / path.name)
            shutil.rmtree(hidden, ignore_errors=True)
        self.saved_at = time.monotonic()
        self.saving, self.steps_since, self.epochs_since = self.saved_at - begin, 0, 0

    def _fill(self, values: str, folder: Path) -> None:
        try:
            self.checkpoint.write(str(folder / VARIABLES))
        except tf.errors.OpError as error:  # whose message is a graph's, and names hidden files
            number = errno.ENOSPC if isinstance(error, tf.errors.ResourceExhaustedError) else errno.EIO
            raise OSError(number, os.strerror(number), str(self.settings.folder)) from error
        Path(folder, VALUES).write_text(values, "utf-8")
        write_manifest(folder)

    def values_of(self, state: FitState) -> Any:
        """Return all of a state that is not in variables, as JSON has it."""
        history = state.history
        values = {
            "identity": self.identity,
            "epochs": history.epochs,
            "best_epoch": history.best_epoch,
            "has_best": history.best_weights is not None,
            "progress": list(state.progress),
            **{name: getattr(state, name) for name in PLACE},
            "callbacks": [[type(callback).__name__, callback.get_state()] for callback in self.stateful],
        }
        return to_plain(values)

    def _read(self, path: Path) -> FitState:
        plain = json.loads(Path(path, VALUES).read_text("utf-8"))
        values = from_plain(plain)
        _refuse_another_fit(self.settings.folder, values["identity"], self.identity)
        names = [type(callback).__name__ for callback in self.stateful]
        if names != (was := [name for name, _ in values["callbacks"]]):
            raise ValueError(f"{path} is of a fit with the callbacks {was}, and here are {names}: they remember things")
        self.checkpoint.read(str(path / VARIABLES)).assert_consumed()
        return self.state_of(plain)

    def state_of(self, plain: Any) -> FitState:
        """Return the state of which `values_of` told, and give callbacks and the best weights theirs."""
        values = from_plain(plain)
        for callback, (_, remembered) in zip(self.stateful, values["callbacks"], strict=True):
            callback.set_state(remembered)
        history = History(values["epochs"], values["best_epoch"])
        if values["has_best"]:
            history.best_weights = [variable.numpy() for variable in self.best]
            self.best_epoch = history.best_epoch
        progress = Progress(*values["progress"])
        return FitState(history, progress, **{name: values[name] for name in PLACE if name in values})


def _refuse_another_fit(folder: Path, saved: Mapping[str, str], now: Mapping[str, str]) -> None:
    for name in now:
        if saved.get(name) != now.get(name):
            was, is_now = saved.get(name), now.get(name)
            short = max(len(str(was)), len(str(is_now))) < MOST_SHOWN
            told = f"{name} was {was}, and is {is_now}" if short else f"{name} was another one"
            raise ValueError(
                f"{folder} holds the checkpoints of another fit: its {told}; choose another folder, or delete this one "
                "to begin anew"
            )
