"""How long does it take until the log loss of validation rows is low enough, for networks and trees, on public tables?

Two tables that packages carry: scikit-learn's digits, and this package's sample of a bank's clients. First each tool
learns, its validation rows looked at after each epoch or round, until their log loss is what is stated; then it is
timed doing so many epochs or rounds, without validation. All networks have the same first weights, rows and rate, and
must have learnt the same in two epochs. "compiled before" is a further training of a model; "from a new model" has
in it what the tool traces and compiles, but no import, and nothing that it finds on the disk: an op in C++ of MlpAdam,
and what torch.compile has made before.
"""

from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import dnn
from benchmarks.answers import Findings
from benchmarks.comparison import Entries, Entry, Run, compared, entered, entered_for_training, ready_for_training
from benchmarks.contenders import LEARNERS, TREES, is_installed
from benchmarks.data import digits, prepared
from benchmarks.jobs import Job
from benchmarks.repetitions import tell

MOST = 100  # epochs or rounds
RATE = 1e-3
CACHING = ("jax_peer", "torch_peer")  # they keep what they compiled, for other models too


def findings(run: Run) -> Findings:
    """Answer it for two tables; without scikit-learn for one."""
    found = Findings()
    with TemporaryDirectory() as folder:
        for job, loss in jobs(Path(folder)):
            found.add(findings_of(run, job, loss))
    return found


def jobs(folder: Path) -> list[tuple[Job, float]]:
    """Return the job of each table, and the log loss that is enough: one that all tools reach."""
    files = {"bank sample": (prepared(str(dnn.sample_path()), "y", folder), 0.25)}
    if is_installed("sklearn_peer"):
        files["digits"] = (digits(folder), 0.2)
    found = []
    for name, (file, loss) in files.items():
        arrays = np.load(file)
        rows, features = arrays["x"].shape
        sizes = (features, 30, 30, int(arrays["y"].max()) + 1)
        what = f"{name} to a log loss of {loss:g}"
        found.append((Job(what, sizes, 100, rows, file, RATE), loss))
    return found


def findings_of(run: Run, job: Job, loss: float) -> Findings:
    """Return what it takes on one table."""
    arrays = np.load(job.file)
    x, y = arrays["x_val"], arrays["y_val"]
    entries = ready_for_training(run, LEARNERS, job)
    trees = entered(TREES, partial(entered_for_training, run, job=job), job.name, or_none=True)
    entries = Entries(entries.ready + trees.ready, entries.failed | trees.failed)
    rounds = {entry.contender.name: rounds_of(run, entry, job, loss, x, y) for entry in entries.ready}
    entries.failed |= {name: f"not within {MOST} epochs or rounds" for name, needed in rounds.items() if not needed}
    entries.ready = [entry for entry in entries.ready if rounds[entry.contender.name]]
    needed = ", ".join(f"{entry.contender.name} {rounds[entry.contender.name]}" for entry in entries.ready)
    found = Findings(notes=[f"{job.name}, epochs or rounds: {needed}"])
    for how, seconds in (("compiled before", again), ("from a new model", anew)):
        runs = {
            entry.contender.name: partial(seconds, run, entry, job, rounds[entry.contender.name])
            for entry in entries.ready
        }
        found.add(compared(run, replace(job, name=f"{job.name}, {how}"), entries, runs))
        entries.failed = {}
    return found


def rounds_of(run: Run, entry: Entry, job: Job, loss: float, x: np.ndarray, y: np.ndarray) -> int | None:
    """Return after how many epochs or rounds the log loss of other rows is low enough; None if that is too many."""
    tell(f"{job.name}: {entry.contender.name} is counted")
    trainer = run.trainer(entry.contender, job, entry.settings)
    if entry.contender in TREES:
        return trainer.rounds_to(loss, x, y, MOST)
    for done, order in zip(count(1), job.orders(MOST), strict=False):
        trainer.learn([order])
        if -np.log(trainer.probabilities_of(x)[np.arange(len(y)), y]).mean() <= loss:
            return done
    return None


def again(run: Run, entry: Entry, job: Job, rounds: int) -> float:
    """Return the seconds of training that goes on: it takes as long as from the beginning, and nothing is compiled."""
    return entry.trainer.training_seconds(rounds)


def anew(run: Run, entry: Entry, job: Job, rounds: int) -> float:
    """Return the seconds of training a new model, with what the tool traces and compiles for it."""
    fresh: dict[str, Any] = {"fresh": True} if entry.contender.peer in CACHING else {}
    return run.trainer(entry.contender, job, entry.settings | fresh).training_seconds(rounds)
