"""What a question finds: answers for the table, and points and phases for the plots. All of it is plain JSON."""

import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

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
        roof: Seconds that the matrix products alone take.
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
    roof: float | None = None

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
    def reached(self) -> bool | None:
        """Whether the aim was reached; None if there is none."""
        if self.aim is None:
            return None
        return self.median >= self.aim if self.figure == "theirs / ours" else self.median <= self.aim

    @property
    def lost(self) -> bool:
        """Whether the other is faster."""
        return self.figure == "theirs / ours" and self.median < 1

    @property
    def share_of_roof(self) -> float | None:
        """The share of our time that the matrix products alone would take."""
        return None if self.roof is None else self.roof / statistics.median(self.our_values)


@dataclass(frozen=True)
class Point:
    """The seconds of a step at one point of an axis.

    Args:
        axis: "rows", "width" or "batch".
        value: Where on it.
        contender: Who took the step.
        step_seconds: In each repetition; none if it was left out.
        skipped: Why it was left out.
        roof: Seconds that the matrix products alone take.
    """

    axis: str
    value: int
    contender: str
    step_seconds: list[float]
    skipped: str | None = None
    roof: float | None = None


@dataclass(frozen=True)
class Start:
    """A whole process: phase -> its median seconds, in order."""

    program: str
    phases: dict[str, float]


@dataclass
class Findings:
    """All that a question found."""

    answers: list[Answer] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the fields, and with each answer what is computed from it, for whoever reads only the file."""
        plain = asdict(self)
        for record, answer in zip(plain["answers"], self.answers, strict=True):
            record |= {"median": answer.median, "spread": [min(answer.figures), max(answer.figures)]}
            record |= {"reached": answer.reached, "share_of_roof": answer.share_of_roof}
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Findings":
        """Return the findings of which `plain` is the JSON."""
        answers, points, starts = (
            [kind(**{field.name: record[field.name] for field in fields(kind)}) for record in plain[name]]
            for name, kind in (("answers", Answer), ("points", Point), ("starts", Start))
        )
        return cls(answers, points, starts, plain["notes"])
