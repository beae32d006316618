"""Contenders side by side: each is made, learns, is held to have learnt the same, and then they are timed in turn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.agreement import assert_same_losses, assert_same_probabilities, tolerance
from benchmarks.answers import Answer
from benchmarks.contenders import Contender, installed
from benchmarks.jobs import Job
from benchmarks.processes import Processes
from benchmarks.timing import interleaved

AGREEING_EPOCHS = 2


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
    learnt: list | None = None

    @property
    def shown_settings(self) -> dict:
        """Those that a search found."""
        return self.settings if len(self.contender.candidates) > 1 else {}


def entered_for_training(run: Run, contender: Contender, job: Job, orders) -> Entry:
    """Every candidate learns first, so what it traces and compiles is in no time."""
    entries = []
    for options in contender.candidates:
        trainer = run.trainer(contender, job, options)
        entries.append(Entry(contender, trainer, options, trainer.learn(orders)))
    return fastest(entries, lambda entry: entry.trainer.epoch_seconds(1))


def fastest(entries: Sequence[Entry], seconds) -> Entry:
    return min(entries, key=seconds) if len(entries) > 1 else entries[0]


def ready_for_training(run: Run, contenders, job: Job) -> list[Entry]:
    """Entries that learnt the same from the same weights, rows and orders. Raises: AssertionError if one did not."""
    orders = job.orders(AGREEING_EPOCHS)
    entries = [entered_for_training(run, contender, job, orders) for contender in installed(contenders)]
    assert_same_losses(
        {entry.contender.name: entry.learnt for entry in entries},
        {entry.contender.name: tolerance(entry.contender.peer, job.sizes[-1]) for entry in entries},
    )
    return entries


def training_answers(run: Run, contenders, job: Job, *, epochs: int, aims: Mapping[str, float]) -> list[Answer]:
    """The seconds of a steady epoch, each of ours beside each of theirs. aims: by the contender's name."""
    entries = ready_for_training(run, contenders, job)
    runs = {entry.contender.name: partial(entry.trainer.epoch_seconds, epochs) for entry in entries}
    seconds = interleaved(runs, run.repetitions)
    steps = job.rows / job.batch_size
    return answers(job.name, entries, seconds, aims, run.roof.step(job.sizes, job.batch_size) * steps)


def prediction_answers(run: Run, contenders, job: Job, *, at_least: float, aims: Mapping[str, float]) -> list[Answer]:
    """The seconds of a call that predicts all the job's rows. at_least: seconds of calls in a repetition."""
    entries = [entered_for_prediction(run, contender, job) for contender in installed(contenders)]
    assert_same_probabilities({entry.contender.name: entry.trainer.probabilities(job.rows) for entry in entries})
    runs = {entry.contender.name: partial(entry.trainer.predict_seconds, job.rows, at_least) for entry in entries}
    seconds = interleaved(runs, run.repetitions)
    return answers(job.name, entries, seconds, aims, run.roof.prediction(job.sizes, job.rows))


def entered_for_prediction(run: Run, contender: Contender, job: Job) -> Entry:
    entries = [Entry(contender, run.trainer(contender, job, options), options) for options in contender.candidates]
    return fastest(entries, lambda entry: entry.trainer.predict_seconds(job.rows, 0))


def answers(job: str, entries, seconds: Mapping[str, list[float]], aims: Mapping[str, float], roof) -> list[Answer]:
    theirs = [entry for entry in entries if not entry.contender.ours]
    return [
        Answer(
            job, ours.contender.name, other.contender.name, seconds[ours.contender.name],
            seconds[other.contender.name], aim=aims.get(other.contender.name), settings=other.shown_settings, roof=roof,
        )
        for other in theirs
        for ours in entries
        if ours.contender.ours
    ]  # fmt: skip

