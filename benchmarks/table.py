"""Findings as Markdown: the answers, the scaling of a step, the phases of a start. Every figure comes from the run."""

import statistics
from collections.abc import Iterable

from benchmarks.answers import PHASES, Answer, Findings, Point, Start
from benchmarks.limits import limits
from dnn.bench.markdown import duration, share, table

COLUMNS = ("job", "dnn as", "against", "dnn takes", "it takes", "ratio (min to max)", "aim", "share of the roof")


def markdown(findings: Iterable[Findings]) -> str:
    """Return the tables that have rows, one below the other."""
    findings = list(findings)
    answers = [answer for found in findings for answer in found.answers]
    points = [point for found in findings for point in found.points]
    starts = [start for found in findings for start in found.starts]
    notes = [note for found in findings for note in found.notes]
    parts = [answers_table(answers), *limits(findings), scaling_table(points), starts_table(starts), "\n".join(notes)]
    return "\n\n".join(part for part in parts if part)


def main_table(findings: Iterable[Findings]) -> str:
    """Return the answers that have an aim or where another is faster, and what keeps an aim from being reached."""
    findings = list(findings)
    answers = [answer for found in findings for answer in found.answers if answer.aim is not None or answer.lost]
    return "\n\n".join([answers_table(answers), *limits(findings)])


def answers_table(answers: list[Answer]) -> str:
    """Return a line for each answer; a job is named on its first."""
    lines = [cells(answer) for answer in answers]
    jobs = [None, *(job for job, *_ in lines)]
    named = [("" if job == before else job, *rest) for before, (job, *rest) in zip(jobs, lines, strict=False)]
    return table(COLUMNS, named) if answers else ""


def cells(answer: Answer) -> tuple[str, ...]:
    """Return what stands in each column."""
    return (
        answer.job,
        answer.ours,
        named(answer),
        value(answer.our_values, answer.unit),
        value(answer.their_values, answer.unit),
        ratio(answer),
        aim(answer),
        share(answer.share_of_roof),
    )


def named(answer: Answer) -> str:
    """Return who an answer is against, with its fastest settings."""
    settings = ", ".join(f"{name}={value}" for name, value in answer.settings.items())
    return answer.against + (f" ({settings})" if settings else "")


def value(values: list[float], unit: str) -> str:
    """Return the median, with its unit; nothing if nothing was measured."""
    if not values:
        return ""
    return duration(statistics.median(values)) if unit == "s" else f"{statistics.median(values):.0f} MB"


def ratio(answer: Answer) -> str:
    """Return the median ratio and its range."""
    if answer.figure == "ours":
        return ""
    return f"{answer.median:.2f} × ({min(answer.figures):.2f} to {max(answer.figures):.2f})"


def aim(answer: Answer) -> str:
    """Return the aim, and whether it was reached."""
    if answer.aim is None:
        return ""
    bound = "at least" if answer.figure == "theirs / ours" else "at most"
    unit = " MB" if answer.figure == "ours" else " ×"
    return f"{bound} {answer.aim:g}{unit}: {'yes' if answer.reached else 'no'}"


def scaling_table(points: list[Point]) -> str:
    """Return a line for each point of each axis: the time of a step of each contender, and its share of the roof."""
    if not points:
        return ""
    contenders = list(dict.fromkeys(point.contender for point in points))
    positions = dict.fromkeys((point.axis, point.value) for point in points)
    at = {(point.axis, point.value, point.contender): step(point) for point in points}
    lines = [
        (f"{axis} {value:,}", *(at.get((axis, value, contender), "") for contender in contenders))
        for axis, value in positions
    ]
    return table(("a step with", *contenders), lines)


def step(point: Point) -> str:
    """Return the median seconds of a step and its share of the roof, or why it was left out."""
    if point.skipped:
        return f"— ({point.skipped})"
    seconds = statistics.median(point.step_seconds)
    return f"{duration(seconds)}, {share(point.roof / seconds)}"


def starts_table(starts: list[Start]) -> str:
    """Return a line for each program, with the time of each phase."""
    if not starts:
        return ""
    phases = [phase for phase in PHASES if any(phase in start.phases for start in starts)]
    lines = [
        (start.program, *(duration(start.phases[phase]) if phase in start.phases else "" for phase in phases))
        for start in starts
    ]
    return table(("a process", *phases), lines)
