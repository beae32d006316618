"""What a question finds: answers for the table, points and phases for the plots, and failures. All is plain JSON."""

import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from benchmarks.intervals import FEWEST, median_interval

PHASES = (  # of a whole process, in the order in which they pass; Keras traces and compiles in one
    "Python itself",
    "import",
    "read, prepare",
    "make the model",
    "trace",
    "compile",
    "trace and compile",
    "first epoch",
    "other epochs",
    "evaluate",
)
Figure = Literal["theirs / ours", "ours / theirs", "ours"]
WIDE = 1.3  # upper bound over lower: a ratio that is less sure than that asks for more repetitions


@dataclass(frozen=True)
class Answer:
    """A job done by `ours` and by `against`, as measured in each repetition.

    Args:
        job: What was done.
        ours: Who of us did it.
        against: Who else did.
        our_values: What was measured of ours in each repetition, in the unit.
        their_values: The same of the other.
        unit: Seconds or megabytes.
        figure: What is judged: at least the aim if it is theirs / ours, else at most.
        aim: What this project set itself; None if nothing.
        settings: Those of `against` that were found the fastest.
        roof: Seconds that the matrix products alone took, measured in turn with the others.
    """

    job: str
    ours: str
    against: str
    our_values: list[float]
    their_values: list[float] = field(default_factory=list)
    unit: Literal["s", "MB"] = "s"
    figure: Figure = "theirs / ours"
    aim: float | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    roof: list[float] = field(default_factory=list)

    @property
    def figures(self) -> list[float]:
        """The figure of each repetition, whose two values were measured right after each other."""
        if self.figure == "ours":
            return self.our_values
        pairs = zip(self.our_values, self.their_values, strict=True)
        return [theirs / ours if self.figure == "theirs / ours" else ours / theirs for ours, theirs in pairs]

    @property
    def median(self) -> float:
        """The median of the figures."""
        return statistics.median(self.figures)

    @property
    def interval(self) -> tuple[float, float] | None:
        """The bounds of the median, of 95 %; None of too few repetitions."""
        return median_interval(self.figures)

    @property
    def verdict(self) -> Literal["yes", "no", "not shown"] | None:
        """Whether the aim was reached, by the whole interval; None if there is no aim."""
        if self.aim is None:
            return None
        if self.interval is None:
            return "not shown"
        low, high = self.interval
        worst, best = (low, high) if self.figure == "theirs / ours" else (-high, -low)
        aim = self.aim if self.figure == "theirs / ours" else -self.aim
        return "yes" if worst >= aim else "no" if best < aim else "not shown"

    @property
    def undecided(self) -> bool:
        """Whether more repetitions could tell more: the interval is wide, or has the aim within it."""
        if self.interval is None:
            return len(self.figures) < FEWEST
        low, high = self.interval
        return self.verdict == "not shown" or (self.figure != "ours" and high > WIDE * low)

    @property
    def lost(self) -> bool:
        """Whether the other is faster."""
        return self.figure == "theirs / ours" and self.median < 1

    @property
    def share_of_roof(self) -> float | None:
        """The share of our time that the matrix products alone would take; None if there is none, see `above_roof`."""
        share = self._share
        return None if share is None or share > 1 else share

    @property
    def above_roof(self) -> bool:
        """Whether the products alone took longer than the job with them: no share can be, the roof is too low."""
        return self._share is not None and self._share > 1

    @property
    def _share(self) -> float | None:
        return statistics.median(self.roof) / statistics.median(self.our_values) if self.roof else None


@dataclass(frozen=True)
class Point:
    """The seconds of a step at one point of an axis.

    Args:
        axis: "rows", "width" or "batch".
        value: Where on it.
        contender: Who took the step.
        step_seconds: In each repetition; none if it was left out.
        skipped: Why it was left out.
        roof: Seconds that the matrix products alone took, measured in turn with the others.
    """

    axis: str
    value: int
    contender: str
    step_seconds: list[float]
    skipped: str | None = None
    roof: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Start:
    """A whole process: phase -> its median seconds, in order."""

    program: str
    phases: dict[str, float]


@dataclass(frozen=True)
class Failure:
    """Who took part in a job and has no figure of it.

    Args:
        job: What was to be done.
        contender: Who did not.
        reason: The error.
    """

    job: str
    contender: str
    reason: str


@dataclass
class Findings:
    """All that a question found, and the load of the machine meanwhile: `benchmarks.load.Load` as JSON."""

    answers: list[Answer] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    load: dict[str, Any] = field(default_factory=dict)

    def add(self, others: "Findings") -> None:
        """Add what was found beside."""
        for name in ("answers", "points", "starts", "notes", "failures"):
            getattr(self, name).extend(getattr(others, name))

    def to_json(self) -> dict[str, Any]:
        """Return the fields, and with each answer what is computed from it, for whoever reads only the file."""
        plain = asdict(self)
        for record, answer in zip(plain["answers"], self.answers, strict=True):
            record |= {"median": answer.median, "spread": [min(answer.figures), max(answer.figures)]}
            record |= {
                "interval": answer.interval,
                "aim_reached": answer.verdict,
                "share_of_roof": answer.share_of_roof,
            }
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Findings":
        """Return the findings of which `plain` is the JSON."""
        answers, points, starts, failures = (
            [kind(**{field.name: record[field.name] for field in fields(kind)}) for record in plain[name]]
            for name, kind in (("answers", Answer), ("points", Point), ("starts", Start), ("failures", Failure))
        )
        return cls(answers, points, starts, plain["notes"], failures, plain["load"])
