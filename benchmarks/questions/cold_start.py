"""How long does a whole process take, from Python's start to the loss of the test rows, and how much memory?"""

import json
import statistics
from functools import partial

import numpy as np

from benchmarks.agreement import TOLERANCE
from benchmarks.answers import Answer, Findings, Start
from benchmarks.comparison import Run
from benchmarks.contenders import is_installed
from benchmarks.processes import Ended
from benchmarks.processes import run as run_program
from benchmarks.programs.settings import EPOCHS
from dnn.bench.clock import interleaved

OURS = {"dnn": (), "dnn, as its command does": ("as-the-command",), "dnn, XLA": ("xla",)}
THEIRS = "the same program in Keras"
THEIRS_WITHOUT_GC = f"{THEIRS}, imported without garbage collection as the command is"
JOB = f"a whole process: import, read, prepare, {EPOCHS} epochs with validation, evaluate"
FASTER, MEMORY = 2.3, 1.0  # the aims
AGREEING = 5  # epochs; after some eight, rounding may put a relu on in one and off in another, and then they part


def findings(run: Run) -> Findings:
    """Answer it for `dnn` in three ways, and for Keras in two."""
    programs = {name: partial(run_program, "with_dnn", *run.table, *options) for name, options in OURS.items()}
    if is_installed("keras_peer"):
        programs[THEIRS] = partial(run_program, "with_keras", *run.table)
        programs[THEIRS_WITHOUT_GC] = partial(run_program, "with_keras", *run.table, "without-gc")
    ended = interleaved(programs, 1 if run.quick else run.repetitions.least)
    assert_same_validation_losses(ended)
    found = Findings(starts=[Start(name, median_phases(runs)) for name, runs in ended.items()])
    ours = {name: ended[name] for name in OURS} if THEIRS in ended else {}
    found.answers += [
        Answer(JOB, name, THEIRS, *both(runs, ended[THEIRS], "seconds"), aim=FASTER) for name, runs in ours.items()
    ]
    if ours:
        command = "dnn, as its command does"
        both_times = both(ended[command], ended[THEIRS_WITHOUT_GC], "seconds")
        found.answers.append(Answer(JOB, command, THEIRS_WITHOUT_GC, *both_times))
    found.answers += [
        Answer(
            "peak memory of that process",
            name,
            THEIRS,
            *both(runs, ended[THEIRS], "megabytes"),
            unit="MB",
            figure="ours / theirs",
            aim=MEMORY,
        )
        for name, runs in ours.items()
    ]
    return found


def both(ours: list[Ended], theirs: list[Ended], field: str) -> tuple[list[float], list[float]]:
    """Return a field of each run of both."""
    return [getattr(one, field) for one in ours], [getattr(one, field) for one in theirs]


def assert_same_validation_losses(ended: dict[str, list[Ended]]) -> None:
    """Check that all programs learnt the same in their first epochs.

    Raises:
        AssertionError: If two did not.
    """
    losses = {name: json.loads(runs[0].printed)["val_loss"][:AGREEING] for name, runs in ended.items()}
    if not all(np.allclose(others, losses["dnn"], rtol=TOLERANCE, atol=0) for others in losses.values()):
        raise AssertionError(f"the programs do not have the same losses of the validation rows: {losses}")


def median_phases(runs: list[Ended]) -> dict[str, float]:
    """Return the median seconds of each phase; "Python itself" is before a program's first line and after its last."""
    phases = [json.loads(ended.printed)["phases"] for ended in runs]
    outside = [ended.seconds - sum(seconds.values()) for ended, seconds in zip(runs, phases, strict=True)]
    medians = {name: statistics.median(seconds[name] for seconds in phases) for name in phases[0]}
    return {"Python itself": statistics.median(outside), **medians}
