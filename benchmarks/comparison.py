"""Contenders side by side: each is made, learns, is held to have learnt the same, and then they are timed in turn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from benchmarks.agreement import assert_same_learning, assert_same_probabilities, tolerance
from benchmarks.answers import Answer
from benchmarks.contenders import Contender, installed
from benchmarks.jobs import Job
from benchmarks.processes import Processes
from dnn.bench.clock import interleaved

SEARCHED = 100  # steps of an epoch at most, while the fastest settings are looked for
SEARCHES = 2  # runs of each setting
COMPARED = 10_000  # rows at most whose predictions must be the same
BEGUN = 100  # rows at most whose probabilities must be the same before anything is learnt


@dataclass(frozen=True)
class Run:
    """quick: fewer repetitions, fewer rows. data: an .npz of prepared rows, or None. table: a CSV and its target."""

    processes: Processes
    roof: object
    table: tuple[str, str]
    data: str | None = None
    quick: bool = False

    @property
    def repetitions(self) -> int:
        return 2 if self.quick else 5

    def trainer(self, contender: Contender, job: Job, options: dict):
        return self.processes.made(contender.peer, f"peers.{contender.peer}", "Trainer", job, **options)


@dataclass(frozen=True)
class Entry:
    """A contender that is ready to be timed: with its fastest settings, and what it learnt before."""

    contender: Contender
    trainer: object
    settings: dict

    @property
    def shown_settings(self) -> dict:
        """Those that a search found."""
        return self.settings if len(self.contender.candidates) > 1 else {}


def ready_for_training(run: Run, contenders, job: Job, *, epochs: int = 2) -> list[Entry]:
    """Entries that learnt the same from the same weights, rows and orders, for so many epochs.

    What they trace and compile meanwhile is in no time that is taken later. Raises: AssertionError if one did not.
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
    short = replace(job, rows=min(job.rows, SEARCHED * job.batch_size)) if not job.file else job
    options = fastest(contender, lambda options: partial(run.trainer(contender, short, options).epoch_seconds, 1))
    return Entry(contender, run.trainer(contender, job, options), options)


def fastest(contender: Contender, made: Callable[[dict], Callable[[], float]]) -> dict:
    """The options, among the contender's, of the least seconds of all. made: options -> what runs with them once."""
    if len(contender.candidates) == 1:
        return contender.candidates[0]
    seconds = interleaved({place: made(options) for place, options in enumerate(contender.candidates)}, SEARCHES)
    return contender.candidates[min(seconds, key=lambda place: min(seconds[place]))]


def training_answers(run: Run, contenders, job: Job, *, epochs: int, aims: Mapping[str, float]) -> list[Answer]:
    """The seconds of a steady epoch, each of ours beside each of theirs. aims: by the contender's name."""
    entries = ready_for_training(run, contenders, job)
    runs = {entry.contender.name: partial(entry.trainer.epoch_seconds, epochs) for entry in entries}
    seconds = interleaved(runs, run.repetitions)
    steps = job.rows / job.batch_size
    return answers(job.name, entries, seconds, aims, run.roof.step(job.sizes, job.batch_size) * steps)


def prediction_answers(
    run: Run, contenders, job: Job, *, at_least: float, aims: Mapping[str, float], repetitions: int
) -> list[Answer]:
    """The seconds of a call that predicts all the job's rows. at_least: seconds of calls in a repetition."""
    entries = [entered_for_prediction(run, contender, job) for contender in installed(contenders)]
    rows = min(job.rows, COMPARED)
    assert_same_probabilities({entry.contender.name: entry.trainer.probabilities(rows) for entry in entries})
    runs = {entry.contender.name: partial(entry.trainer.predict_seconds, job.rows, at_least) for entry in entries}
    seconds = interleaved(runs, repetitions)
    return answers(job.name, entries, seconds, aims, run.roof.prediction(job.sizes, job.rows))


def entered_for_prediction(run: Run, contender: Contender, job: Job) -> Entry:
    options = fastest(
        contender, lambda options: partial(run.trainer(contender, job, options).predict_seconds, job.rows, 0)
    )
    return Entry(contender, run.trainer(contender, job, options), options)


def answers(job: str, entries, seconds: Mapping[str, list[float]], aims: Mapping[str, float], roof) -> list[Answer]:
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
