"""Repetitions in turn, until the medians are sure or a cap is reached; what fails is left out, with its reason."""

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Figures = dict[Any, list[float]]  # of whoever was measured


@dataclass(frozen=True)
class Repetitions:
    """How often each is measured.

    Args:
        least: At least so often.
        most: At most so often, where the figures disagree.
        longest: Seconds after which no further repetition begins, once there are the least.
    """

    least: int = 5
    most: int = 21
    longest: float = 120.0

    def end(self, done: int, seconds: float) -> bool:
        """Whether there is none after so many, whatever they were."""
        return done >= self.least and (done >= self.most or seconds > self.longest)


@dataclass
class Measured:
    """The figures of each run, and why others have none.

    Args:
        figures: Name -> its figure in each repetition.
        failed: Name -> the reason.
    """

    figures: Figures = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def in_turn(
    runs: Mapping[str, Callable[[], float]],
    repetitions: Repetitions,
    undecided: Callable[[Figures], bool] = lambda _: False,
    *,
    what: str = "",
) -> Measured:
    """Return what each run returned, repetition by repetition, in the order A B C, C B A, A B C.

    Args:
        runs: Name -> what is measured; it returns a figure.
        repetitions: How often.
        undecided: Whether figures call for another repetition.
        what: Progress on stderr begins with it.

    Returns:
        As many figures of each run; one that raised an error has the error instead.
    """
    found, began, done = Measured({name: [] for name in runs}), time.perf_counter(), 0
    while found.figures and not repetitions.end(done, seconds := time.perf_counter() - began):
        if done >= repetitions.least and not undecided(found.figures):
            break
        tell(f"{what}: repetition {done + 1} of {repetitions.least} to {repetitions.most}, {seconds:.0f} s")
        for name in reversed(list(found.figures)) if done % 2 else list(found.figures):
            try:
                found.figures[name].append(runs[name]())
            except Exception as error:  # one tool's, which must not take the others' figures away
                del found.figures[name]
                found.failed[name] = reason(error)
                tell(f"{what}: {name} failed: {found.failed[name]}")
        done += 1
    return found


def reason(error: BaseException) -> str:
    """Return an error in one short line, fit for a cell of a table."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip(" -\t")]
    named = [line for line in lines if "Error: " in line] or lines  # a peer's error ends with the traceback's last line
    text = f"{type(error).__name__}: {named[-1] if len(lines) > 1 and named is not lines else ' '.join(lines)}"
    return text.replace("|", "/")[:200]


def tell(text: str) -> None:
    """Show progress."""
    print(text, file=sys.stderr, flush=True)
