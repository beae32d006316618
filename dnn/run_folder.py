"""The folder of a run, there from its start: it says in what state the run is, and what the run can go on from.

state.json: running, interrupted, failed or finished. .checkpoints: the state of the training while it lasts.
config.json: all that repeats the run. manifest.json: the SHA-256 of each file, once they are complete.
"""

import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from dnn.data.names import shell_quoted
from dnn.files.durable import is_locked, locked, write_durably
from dnn.files.json_files import json_bytes, read_json, write_json_durably
from dnn.files.manifest import write_manifest
from dnn.files.new_folder import write_folder
from dnn.settings import TrainSettings, settings_from_json
from dnn.train.checkpoint import Checkpoints
from dnn.train.interruption import FitInterrupted

STATE, CONFIG, CHECKPOINTS = "state.json", "config.json", ".checkpoints"
AN_HOUR = 3600.0


@dataclass(frozen=True)
class RunFolder:
    """A run that is under way in this process, which holds the folder's lock.

    path: the folder. resumed: whether the run was begun before. started: when, as ISO 8601.
    """

    path: Path
    resumed: bool
    started: str

    def checkpoints(self, every: str | None) -> Checkpoints:
        """Return where the training keeps its state, and when."""
        return Checkpoints(self.path / CHECKPOINTS, every=every)

    @property
    def began_on_disk(self) -> bool | None:
        """Whether the rows stayed on the disk when the run was begun; None if it begins now, or began in vain."""
        data = read_json(self.path / CONFIG)["data"] if self.resumed else {}
        return bool(data.get("on_disk")) if "sha256" in data else None

    def config(self, config: Mapping[str, Any]) -> None:
        """Write config.json. Raises: ValueError if the run was begun with other data."""
        path = self.path / CONFIG
        before = read_json(path)["data"] if path.exists() else {}
        for name in ("sha256", "rows", "target"):
            if name in before and before[name] != config["data"].get(name):
                raise ValueError(
                    f"{self.path} was begun with other data than {config['data'].get('path')}: {name} was "
                    f"{before[name]}, and is {config['data'].get(name)}; bring the file back, or train anew"
                )
        write_json_durably(path, config)

    def tell(self, state: str, **more: Any) -> None:
        """Write state.json."""
        write_durably(self.path / STATE, self._told(state, **more))

    def complete(self) -> None:
        """Note the digests of all files, then that nothing is left to do; the checkpoints are not needed any more."""
        told = self._told("finished")
        write_manifest(self.path, {STATE: told})
        write_durably(self.path / STATE, told)
        shutil.rmtree(self.path / CHECKPOINTS, ignore_errors=True)
        (self.path / ".lock").unlink(missing_ok=True)

    def _told(self, state: str, **more: Any) -> bytes:
        return json_bytes({"state": state, "started": self.started, "changed": _now(), "process": os.getpid(), **more})


@contextmanager
def run_under_way(out: Path, resume: Path | None, config: Mapping[str, Any]) -> Iterator[RunFolder]:
    """Make the folder of a run, or open that of one that broke off; when it ends, its state says how.

    A run that ends with an error or a signal before anything was learnt leaves no folder.

    Args:
        out: Folder to make; -2, -3, … is appended to a name that is taken.
        resume: Folder to go on with, in place of `out`.
        config: What config.json says while nothing is read.

    Raises:
        ValueError: If there is nothing to resume, or another process is at it.
    """
    path = resume or _begun(out, config)
    with locked(path, "trains"):
        run = RunFolder(path, resume is not None, str(resumable(path)["started"]))
        run.tell("running")
        try:
            yield run
        except BaseException as error:
            kept = run.checkpoints(None).states() or (path / "estimator.json").exists()
            if not kept and not run.resumed:
                shutil.rmtree(path)
                raise
            run.tell(_how_it_ended(error), why=f"{type(error).__name__}: {error}"[:500])
            if not kept or not isinstance(error, KeyboardInterrupt):
                raise
            number, saved = getattr(error, "number", signal.SIGINT), getattr(error, "saved", "interrupted")
            again = f"go on with it: dnn train --resume {shell_quoted(str(path))}"
            raise FitInterrupted(number, saved, again) from None
        run.complete()


def _how_it_ended(error: BaseException) -> str:
    return "interrupted" if isinstance(error, KeyboardInterrupt | GeneratorExit | SystemExit) else "failed"


def _begun(out: Path, config: Mapping[str, Any]) -> Path:
    """Return the new folder of a run, which appears with its first two files; remove what killed ones have left."""

    def fill(folder: Path) -> None:
        RunFolder(folder, False, _now()).tell("running")
        write_json_durably(folder / CONFIG, config)

    for partial in out.parent.glob(f".{out.name}.*.partial"):
        if time.time() - partial.stat().st_mtime > AN_HOUR:  # else it may be another process's
            shutil.rmtree(partial, ignore_errors=True)
    return write_folder(out, fill)


def resumable(path: Path) -> dict[str, Any]:
    """Return the contents of state.json of a run that can go on.

    Raises:
        ValueError: If the folder is none of a run, or the run is finished.
    """
    if not (path / STATE).is_file():
        raise ValueError(f"{path} is not the folder of a run of dnn train: it has no {STATE}")
    state: dict[str, Any] = read_json(path / STATE)
    if state.get("state") == "finished":
        raise ValueError(f"{path} is finished: there is nothing to resume")
    return state


def settings_of_run(path: Path, data: Path | None = None) -> TrainSettings:
    """Return the settings that a run was begun with.

    Args:
        path: Its folder.
        data: Where the data are now. None: where they were.

    Raises:
        ValueError: As `resumable`, or if a file is damaged, or the data are not there any more.
    """
    resumable(path)
    config = path / CONFIG
    try:
        told = read_json(config)
        settings = settings_from_json(TrainSettings, told["arguments"])
        data = data or (Path(told["data"]["path"]) if settings.data else None)
    except (OSError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{config} is damaged: {error!r}") from None
    if data and not data.exists():
        raise ValueError(f"{path} was begun with {data}, which is not there any more; name the data with --data")
    return replace(settings, data=data)


class RunState(NamedTuple):
    """What `dnn runs` shows of a run: its folder; its state, "killed" too; epochs that are done or kept; scores."""

    path: Path
    state: str
    started: str
    epochs: int | None
    scores: Mapping[str, float]


def run_state(path: Path) -> RunState:
    """Return the state of a run, in the folder of which state.json is. Raises: ValueError if a file is damaged."""
    told = read_json(path / STATE)
    state = str(told.get("state"))
    if state == "running" and not is_locked(path):
        state = "killed"
    states = Checkpoints(path / CHECKPOINTS).states()
    epochs = int(states[0].name.split("-")[1]) if states else None
    history = path / "history.csv"
    epochs = history.read_text("utf-8").count("\n") - 1 if state == "finished" and history.is_file() else epochs
    metrics = read_json(path / "metrics.json") if (path / "metrics.json").is_file() else {}
    test = {name: value for name, value in metrics.get("test", {}).items() if isinstance(value, int | float)}
    return RunState(path, state, str(told.get("started", "")), epochs, test)


def runs_in(folder: Path) -> list[Path]:
    """Return the folders of runs in a folder, the oldest first by name; a folder of a run is one itself."""
    if (folder / STATE).is_file():
        return [folder]
    return sorted(path.parent for path in folder.glob(f"*/{STATE}"))


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
