"""Contenders side by side: each learns, all must have learnt the same, and then they are timed in turn."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Any

from benchmarks.agreement import assert_same_learning, assert_same_probabilities, tolerance
from benchmarks.answers import Answer, Failure, Findings
from benchmarks.contenders import Contender, installed
from benchmarks.jobs import Job
from benchmarks.processes import Processes
from benchmarks.repetitions import Figures, Measured, Repetitions, in_turn, reason, tell
from dnn.bench.clock import interleaved

ROOF = "the matrix products alone"
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
        rows: Of the large file; None: a million.
    """

    processes: Processes
    roof: Any
    table: tuple[str, str]
    data: str | None = None
    quick: bool = False
    rows: int | None = None

    @property
    def repetitions(self) -> Repetitions:
        """How many times each is timed."""
        return Repetitions(2, 2) if self.quick else Repetitions()

    def trainer(self, contender: Contender, job: Job, options: Mapping[str, Any]) -> Any:
        """Return a new `Trainer` of the contender's peer, in its process."""
        module, environment = f"peers.{contender.peer}", contender.environment
        return self.processes.made(contender.peer, module, "Trainer", job, environment=environment, **options)


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


@dataclass
class Entries:
    """Who is ready to be timed, and why others are not."""

    ready: list[Entry] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Return the names of those that are ready."""
        return [entry.contender.name for entry in self.ready]

    def keep(self, check: Callable[[Entry, Entry], None]) -> None:
        """Keep the first, and those that the check finds to do as the first does; it raises an error for the others."""
        first, *others = self.ready
        self.ready = [first]
        for entry in others:
            try:
                check(first, entry)
                self.ready.append(entry)
            except Exception as error:  # of one tool: the others are compared without it
                self.failed[entry.contender.name] = reason(error)


def entered(
    contenders: Iterable[Contender], enter: Callable[[Contender], Entry], what: str, *, or_none: bool = False
) -> Entries:
    """Return an entry for each contender that is installed, by `enter`.

    Raises:
        RuntimeError: If none can be had, and one must be.
    """
    entries = Entries()
    for contender in installed(contenders):
        tell(f"{what}: {contender.name} gets ready")
        try:
            entries.ready.append(enter(contender))
        except Exception as error:  # of one tool: the others are compared without it
            entries.failed[contender.name] = reason(error)
    if not (entries.ready or or_none):
        raise RuntimeError(f"nobody can take part: {entries.failed}")
    return entries


def ready_for_training(run: Run, contenders: Iterable[Contender], job: Job, *, epochs: int = 2) -> Entries:
    """Return entries that learnt the same from the same weights, rows and orders.

    What they trace and compile meanwhile is in no later time.

    Args:
        run: What all questions share.
        contenders: Who takes part, if it is installed.
        job: What they do.
        epochs: How many they learn.

    Returns:
        An entry for each contender that is installed and learnt what the first did; for the others the reason.
    """
    orders, begun = job.orders(epochs), min(job.rows, BEGUN)
    entries = entered(contenders, partial(entered_for_training, run, job=job), job.name)

    def learnt(entry: Entry) -> tuple[Any, Any]:
        return entry.trainer.probabilities(begun), entry.trainer.learn(orders)

    expected = learnt(entries.ready[0])

    def check(first: Entry, entry: Entry) -> None:
        names, (probabilities, losses) = (first.contender.name, entry.contender.name), learnt(entry)
        assert_same_probabilities(dict(zip(names, (expected[0], probabilities), strict=True)))
        near = tolerance(entry.contender.peer, job.sizes[-1])
        both = dict(zip(names, (expected[1], losses), strict=True))
        assert_same_learning(both, dict.fromkeys(names, near), job.rows)

    entries.keep(check)
    return entries


def entered_for_training(run: Run, contender: Contender, *, job: Job) -> Entry:
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
) -> Findings:
    """Return the seconds of a steady epoch, each of ours beside each of theirs.

    Args:
        run: What all questions share.
        contenders: Who takes part, if it is installed.
        job: What they do.
        epochs: How many a time is the median of.
        aims: Name of a contender -> the ratio to reach.
    """
    entries = ready_for_training(run, contenders, job)
    runs = {entry.contender.name: partial(entry.trainer.epoch_seconds, epochs) for entry in entries.ready}
    steps = job.rows / job.batch_size
    roof = lambda: run.roof.step(job.sizes, job.batch_size) * steps  # noqa: E731
    return compared(run, job, entries, runs, roof, aims)


def prediction_answers(
    run: Run, contenders: Iterable[Contender], job: Job, *, at_least: float, aims: Mapping[str, float]
) -> Findings:
    """Return the seconds of a call that predicts all the job's rows, each of ours beside each of theirs.

    Args:
        run: What all questions share.
        contenders: Who takes part, if it is installed.
        job: Its rows are predicted.
        at_least: Seconds of calls in a repetition.
        aims: Name of a contender -> the ratio to reach.
    """
    entries = entered(contenders, partial(entered_for_prediction, run, job=job), job.name)
    rows = min(job.rows, COMPARED)
    expected = entries.ready[0].trainer.probabilities(rows)

    def check(first: Entry, entry: Entry) -> None:
        predicted = entry.trainer.probabilities(rows)
        assert_same_probabilities({first.contender.name: expected, entry.contender.name: predicted})

    entries.keep(check)
    runs = {entry.contender.name: partial(entry.trainer.predict_seconds, job.rows, at_least) for entry in entries.ready}
    return compared(run, job, entries, runs, lambda: run.roof.prediction(job.sizes, job.rows), aims)


def entered_for_prediction(run: Run, contender: Contender, *, job: Job) -> Entry:
    """Return the contender with the settings of its fastest prediction."""
    options = fastest(
        contender, lambda options: partial(run.trainer(contender, job, options).predict_seconds, job.rows, 0)
    )
    return Entry(contender, run.trainer(contender, job, options), options)


def compared(
    run: Run,
    job: Job,
    entries: Entries,
    runs: Mapping[str, Callable[[], float]],
    roof: Callable[[], float] | None = None,
    aims: Mapping[str, float] = MappingProxyType({}),
) -> Findings:
    """Return the answers of runs in turn with the roof, as many times as their intervals ask for, and the failures.

    Args:
        run: What all questions share.
        job: What they do.
        entries: Who does it.
        runs: Name of an entry -> a function that does it and returns its seconds.
        roof: Returns the seconds of the matrix products alone, where they are of interest.
        aims: Name of a contender -> the ratio to reach.
    """

    def found(figures: Figures) -> list[Answer]:
        return answers(job.name, entries.ready, figures, aims)

    def undecided(figures: Figures) -> bool:
        return any(answer.undecided for answer in found(figures))

    measured = in_turn({**runs, **({ROOF: roof} if roof else {})}, run.repetitions, undecided, what=job.name)
    return Findings(found(measured.figures), failures=failures(job.name, entries, measured))


def failures(job: str, entries: Entries, measured: Measured) -> list[Failure]:
    """Return who took part and has no figure."""
    return [Failure(job, name, why) for name, why in (entries.failed | measured.failed).items()]


def answers(job: str, entries: Sequence[Entry], seconds: Figures, aims: Mapping[str, float]) -> list[Answer]:
    """Return each of ours beside each of theirs, of those that have figures."""
    entries = [entry for entry in entries if entry.contender.name in seconds]
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
            roof=seconds.get(ROOF, []),
        )
        for other in theirs
        for ours in entries
        if ours.contender.ours
    ]
