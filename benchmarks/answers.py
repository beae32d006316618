"""What a question finds: answers for the table, and points and phases for the plots. All of it is plain JSON."""

import statistics
from dataclasses import asdict, dataclass, field
from typing import Literal

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
    """One job, of `ours` beside `against`: what was measured in each repetition, in the unit.

    figure: what is to be judged. It is to be at least the aim if it is theirs / ours, else at most.
    settings: those of `against` that were found the fastest. roof: seconds that the matrix products alone take.
    """

    job: str
    ours: str
    against: str
    our_values: list[float]
    their_values: list[float] = field(default_factory=list)
    unit: Literal["s", "MB"] = "s"
    figure: Figure = "theirs / ours"
    aim: float | None = None
    settings: dict = field(default_factory=dict)
    roof: float | None = None

    @property
    def figures(self) -> list[float]:
        """One for each repetition, of what was measured right after each other."""
        if self.figure == "ours":
            return self.our_values
        pairs = zip(self.our_values, self.their_values, strict=True)
        return [theirs / ours if self.figure == "theirs / ours" else ours / theirs for ours, theirs in pairs]

    @property
    def median(self) -> float:
        return statistics.median(self.figures)

    @property
    def reached(self) -> bool | None:
        if self.aim is None:
            return None
        return self.median >= self.aim if self.figure == "theirs / ours" else self.median <= self.aim

    @property
    def lost(self) -> bool:
        """Whether the other is faster."""
        return self.figure == "theirs / ours" and self.median < 1

    @property
    def share_of_roof(self) -> float | None:
        return None if self.roof is None else self.roof / statistics.median(self.our_values)


@dataclass(frozen=True)
class Point:
    """Seconds of one step, in each repetition, at one place of an axis; or why there are none."""

    axis: str
    value: int
    contender: str
    step_seconds: list[float]
    skipped: str | None = None
    roof: float | None = None


@dataclass(frozen=True)
class Start:
    """A whole process: the seconds of each phase, in the order in which they pass; the median of each."""

    program: str
    phases: dict[str, float]


@dataclass
class Findings:
    answers: list[Answer] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict:
        """The fields, and with each answer what is computed from them, for those who read the file alone."""
        plain = asdict(self)
        for record, answer in zip(plain["answers"], self.answers, strict=True):
            record |= {"median": answer.median, "spread": [min(answer.figures), max(answer.figures)]}
            record |= {"reached": answer.reached, "share_of_roof": answer.share_of_roof}
        return plain

    @classmethod
    def from_json(cls, plain: dict) -> "Findings":
        def made(kind, records):
            return [kind(**{name: record[name] for name in kind.__dataclass_fields__}) for record in records]

        return cls(
            made(Answer, plain["answers"]), made(Point, plain["points"]), made(Start, plain["starts"]), plain["notes"]
        )
