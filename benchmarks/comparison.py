"""Contenders side by side: each learns, all must have learnt the same, and then they are timed in turn."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from benchmarks.agreement import assert_same_learning, assert_same_probabilities, tolerance
from benchmarks.answers import Answer
from benchmarks.contenders import Contender, installed
from benchmarks.jobs import Job
from benchmarks.processes import Processes
from dnn.bench.clock import interleaved

SEARCHED = 100  # steps of an epoch at most, while the fastest settings are searched for
SEARCHES = 2  # runs of each setting
COMPARED = 10_000  # rows at most whose predictions must agree
BEGUN = 100  # rows at most whose probabilities must agree before anything is learnt


@dataclass(frozen=True)
class Run:
    """What all questions of one run share.

    Args:
        processes: Those of the peers.
        roof: A `Roof`, in a process of its own.
        table: A CSV and its target.
        data: An .npz of prepared rows; None draws rows.
        quick: Fewer repetitions, fewer rows.
    """

    processes: Processes
    roof: Any
    table: tuple[str, str]
    data: str | None = None
    quick: bool = False

    @property
    def repetitions(self) -> int:
        """How many times each is timed."""
        return 2 if self.quick else 5

    def trainer(self, contender: Contender, job: Job, options: Mapping[str, Any]) -> Any:
        """Return a new `Trainer` of the contender's peer, in its process."""
        return self.processes.made(contender.peer, f"peers.{contender.peer}", "Trainer", job, **options)


@dataclass(frozen=True)
class Entry:
    """A contender that is ready to be timed, with its fastest settings."""

    contender: Contender
    trainer: Any
    settings: dict[str, Any]

    @property
    def shown_settings(self) -> dict[str, Any]:
        """The settings that a search found; none if there was nothing to search."""
        return self.settings if len(self.contender.candidates) > 1 else {}


def ready_for_training(run: Run, contenders: Iterable[Contender], job: Job, *, epochs: int = 2) -> list[Entry]:
    """Return entries that learnt the same from the same weights, rows and orders.

    What they trace and compile meanwhile is in no later time.

    Args:
        run: What all questions share.
        contenders: Who takes part, if it is installed.
        job: What they do.
        epochs: How many they learn.

    Returns:
        An entry for each contender that is installed.

    Raises:
        AssertionError: If one learnt something else.
    """
    orders = job.orders(epochs)
    entries = [entered_for_training(run, contender, job) for contender in installed(contenders)]
    begun = min(job.rows, BEGUN)
    assert_same_probabilities({entry.contender.name: entry.trainer.probabilities(begun) for entry in entries})
    assert_same_learning(
        {entry.contender.name: entry.trainer.learn(orders) for entry in entries},
        {entry.contender.name: tolerance(entry.contender.peer, job.sizes[-1]) for entry in entries},
        job.rows,
    )
    return entries


def entered_for_training(run: Run, contender: Contender, job: Job) -> Entry:
    """Return the contender with the settings of its fastest epoch."""
    short = replace(job, rows=min(job.rows, SEARCHED * job.batch_size)) if not job.file else job
    options = fastest(contender, lambda options: partial(run.trainer(contender, short, options).epoch_seconds, 1))
    return Entry(contender, run.trainer(contender, job, options), options)


def fastest(contender: Contender, made: Callable[[dict[str, Any]], Callable[[], object]]) -> dict[str, Any]:
    """Return the contender's options that take the least seconds. made: options -> a function that runs with them."""
    if len(contender.candidates) == 1:
        return contender.candidates[0]
    seconds = interleaved({i: made(options) for i, options in enumerate(contender.candidates)}, SEARCHES)
    return contender.candidates[min(seconds, key=lambda i: min(seconds[i]))]


def training_answers(
    run: Run, contenders: Iterable[Contender], job: Job, *, epochs: int, aims: Mapping[str, float]
) -> list[Answer]:
    """Return the seconds of a steady epoch, each of ours beside each of theirs.

    Args:
        run: What all questions share.
        contenders: Who takes part, if it is installed.
        job: What they do.
        epochs: How many a time is the median of.
        aims: Name of a contender -> the ratio to reach.
    """
    entries = ready_for_training(run, contenders, job)
    runs = {entry.contender.name: partial(entry.trainer.epoch_seconds, epochs) for entry in entries}
    seconds = interleaved(runs, run.repetitions)
    steps = job.rows / job.batch_size
    return answers(job.name, entries, seconds, aims, run.roof.step(job.sizes, job.batch_size) * steps)


def prediction_answers(
    run: Run, contenders: Iterable[Contender], job: Job, *, at_least: float, aims: Mapping[str, float], repetitions: int
) -> list[Answer]:
    """Return the seconds of a call that predicts all the job's rows, each of ours beside each of theirs.

    Args:
        run: What all questions share.
        contenders: Who takes part, if it is installed.
        job: Its rows are predicted.
        at_least: Seconds of calls in a repetition.
        aims: Name of a contender -> the ratio to reach.
        repetitions: How many times each is timed.
    """
    entries = [entered_for_prediction(run, contender, job) for contender in installed(contenders)]
    rows = min(job.rows, COMPARED)
    assert_same_probabilities({entry.contender.name: entry.trainer.probabilities(rows) for entry in entries})
    runs = {entry.contender.name: partial(entry.trainer.predict_seconds, job.rows, at_least) for entry in entries}
    seconds = interleaved(runs, repetitions)
    return answers(job.name, entries, seconds, aims, run.roof.prediction(job.sizes, job.rows))


def entered_for_prediction(run: Run, contender: Contender, job: Job) -> Entry:
    """Return the contender with the settings of its fastest prediction."""
    options = fastest(
        contender, lambda options: partial(run.trainer(contender, job, options).predict_seconds, job.rows, 0)
    )
    return Entry(contender, run.trainer(contender, job, options), options)


def answers(
    job: str,
    entries: Sequence[Entry],
    seconds: Mapping[str, list[float]],
    aims: Mapping[str, float],
    roof: float | None,
) -> list[Answer]:
    """Return each of ours beside each of theirs."""
    theirs = [entry for entry in entries if not entry.contender.ours]
    return [
        Answer(
            job,
            ours.contender.name,
            other.contender.name,
            seconds[ours.contender.name],
            seconds[other.contender.name],
            aim=aims.get(other.contender.name),
            settings=other.shown_settings,
            roof=roof,
        )
        for other in theirs
        for ours in entries
        if ours.contender.ours
    ]
