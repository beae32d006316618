"""Checkpoints of a fit: what it is made of at a point between two steps, kept so that it can go on from there.

All that decides what comes next is kept: the model's variables, the optimizer's, the weights of the best epoch, the
history, what early stopping and callbacks have seen, the place in the epoch. Chance needs no state: the order of rows
and what dropout draws are decided by (seed, epoch, step). So a fit that is killed and gone on with ends with the very
weights of one that was not.
"""

import json
import logging
import re
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import tensorflow as tf

from dnn.nn.argument_checks import checked_count
from dnn.nn.durable import leftovers, locked, make_durable_folder
from dnn.nn.manifest import check_manifest, write_manifest
from dnn.train.early_stopping import Progress
from dnn.train.epochs import FitState
from dnn.train.history import History
from dnn.train.interruption import FitInterrupted, Interruption
from dnn.train.plain_state import from_plain, to_plain

VARIABLES, VALUES = "variables", "values.json"  # what a state is made of
SHARE = 0.02  # of the time of a fit that its checkpoints take at most, where `every` does not say it
NAME = re.compile(r"state-(\d{6,})-(\d{9,})")  # epochs and steps that are done


class Every(NamedTuple):
    """When the state is saved: after so many steps, epochs or minutes; or where it takes little time."""

    steps: int = 0
    epochs: int = 0
    minutes: float = 0.0


@runtime_checkable
class HasState(Protocol):
    """A callback that remembers something from epoch to epoch, which a checkpoint then keeps."""

    def get_state(self) -> Mapping[str, Any]:
        """Return what it remembers: numbers, texts, arrays, lists and dicts of them."""

    def set_state(self, state: Mapping[str, Any], /) -> None:
        """Take back what `get_state` returned."""


class Checkpoints:
    """A folder with the last states of a fit, each complete: what `dnn.fit(..., checkpoint=)` writes and goes on from.

    Args:
        folder: To make, or that of an earlier fit with the same arguments, which is then gone on with.
        every: "500 steps", "2 epochs" or "10 minutes". None: after an epoch, unless saving would take more than a
            fiftieth of the time.
        keep: How many states are kept, >= 1, the last ones; each holds the weights of the best epoch too.

    Raises:
        ValueError: If `every` is none of these, or a number is out of its range.
    """

    def __init__(self, folder: str | Path, *, every: str | None = None, keep: int = 2) -> None:
        self.folder, self.every, self.keep = Path(folder), checked_every(every), checked_count(keep, "keep")

    def states(self) -> list[Path]:
        """Find what the folder holds.

        Returns:
            The folder of each state, the last one first.
        """
        found = [path for path in self.folder.glob("state-*") if NAME.fullmatch(path.name)]
        return sorted(found, key=lambda path: tuple(map(int, path.name.split("-")[1:])), reverse=True)


def checked_every(text: str | None) -> Every:
    """Return what "500 steps", "2 epochs" or "10 minutes" says. Raises: ValueError if it says none of these."""
    if text is None:
        return Every()
    match = re.fullmatch(r"\s*([\d.]+)\s*(step|epoch|minute)s?\s*", str(text))
    try:
        number = float(match[1]) if match else 0.0
    except ValueError:
        number = 0.0
    if not match or number <= 0 or (match[2] != "minute" and number != int(number)):
        raise ValueError(f"a checkpoint is kept every '500 steps', '2 epochs' or '10 minutes', got {text!r}")
    if match[2] == "minute":
        return Every(minutes=number)
    return Every(steps=int(number)) if match[2] == "step" else Every(epochs=int(number))


class Keeper:
    """Saves the state of one fit into its folder, and gives back what is there; a context, which holds the folder.

    Args:
        checkpoints: Where, when and how many.
        model: Its variables are saved.
        optimizer: Likewise.
        callbacks: Those that have `get_state` and `set_state` are saved.
        identity: What the fit was called with, as text by name: another fit must not go on from here.

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
    ) -> None:
        if not hasattr(optimizer, "variables"):
            raise TypeError(f"checkpoints need an optimizer with variables, as a tf.Module has; got {optimizer!r}")
        self.settings, self.identity, self.model = checkpoints, dict(identity), model
        self.stateful = [callback for callback in callbacks if isinstance(callback, HasState)]
        self.best = [tf.Variable(variable, trainable=False) for variable in model.variables]
        self.best_epoch: int | None = None  # of what `best` holds
        tracked = {"model": list(model.variables), "optimizer": list(optimizer.variables), "best": self.best}
        self.checkpoint = tf.train.Checkpoint(**tracked)
        self.interruption = Interruption()
        self.saved_at, self.saving = time.monotonic(), 0.0
        self.steps_since = self.epochs_since = 0
        self._open = ExitStack()

    def __enter__(self) -> "Keeper":
        folder = self.settings.folder
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            stack.enter_context(locked(folder, "trains"))
            for path in leftovers(folder, "state-"):
                shutil.rmtree(path, ignore_errors=True)
            stack.enter_context(self.interruption)
            self._open = stack.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._open.close()

    def resumed(self) -> FitState:
        """Return the last state that is there, with all variables as they were; a new one if there is none.

        Raises:
            ValueError: If the state is that of a fit with other arguments, or every state that is there is damaged.
        """
        problems: list[str] = []
        for path in self.settings.states():
            try:
                check_manifest(path)
            except ValueError as error:
                problems.append(str(error))
                continue
            for problem in problems:
                logging.getLogger("dnn").warning("checkpoint: %s; the one before it is used", problem)
            return self._read(path)
        if problems:
            raise ValueError(f"{problems[0]}; there is no other checkpoint: begin anew in another folder")
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
        if last or self.interruption.number is not None or self._due(state):
            self.save(state)
        if self.interruption.number is not None and not last:
            where = f"epoch {state.epoch}, step {state.step}" if state.step else f"after epoch {state.epoch - 1}"
            raise FitInterrupted(self.interruption.number, f"interrupted {where}; saved in {self.settings.folder}")

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
        """Write a state: whole, on the disk and under its name, or not at all. Then forget the oldest."""
        begin = time.monotonic()
        history = state.history
        if history.best_weights is not None and self.best_epoch != history.best_epoch:
            for variable, value in zip(self.best, history.best_weights, strict=True):
                variable.assign(value)
            self.best_epoch = history.best_epoch
        values = json.dumps(to_plain(self._values_of(state)))
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
        self.checkpoint.write(str(folder / VARIABLES))
        Path(folder, VALUES).write_text(values, "utf-8")
        write_manifest(folder)

    def _values_of(self, state: FitState) -> dict[str, Any]:
        history = state.history
        return {
            "identity": self.identity,
            "epochs": history.epochs,
            "best_epoch": history.best_epoch,
            "has_best": history.best_weights is not None,
            "progress": list(state.progress),
            "step": state.step,
            "sums": state.sums,
            "ended": state.ended,
            "callbacks": [[type(callback).__name__, callback.get_state()] for callback in self.stateful],
        }

    def _read(self, path: Path) -> FitState:
        values = from_plain(json.loads(Path(path, VALUES).read_text("utf-8")))
        _refuse_another_fit(self.settings.folder, values["identity"], self.identity)
        self.checkpoint.read(str(path / VARIABLES)).assert_consumed()
        for callback, (_, remembered) in zip(self.stateful, values["callbacks"], strict=True):
            callback.set_state(remembered)
        history = History(values["epochs"], values["best_epoch"])
        if values["has_best"]:
            history.best_weights = [variable.numpy() for variable in self.best]
            self.best_epoch = history.best_epoch
        progress = Progress(*values["progress"])
        return FitState(history, progress, values["step"], values["sums"], values["ended"])


def _refuse_another_fit(folder: Path, saved: Mapping[str, str], now: Mapping[str, str]) -> None:
    for name in dict.fromkeys([*now, *saved]):
        if saved.get(name) != now.get(name):
            raise ValueError(
                f"{folder} holds the checkpoints of another fit: its {name} is {saved.get(name)}, and here it is "
                f"{now.get(name)}; choose another folder, or delete this one to begin anew"
            )
