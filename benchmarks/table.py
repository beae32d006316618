"""Findings as Markdown: the answers, the scaling of a step, the phases of a start. Every figure comes from the run."""

import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from benchmarks.answers import PHASES, Answer, Failure, Findings, Point, Start
from benchmarks.limits import limits
from dnn.bench.markdown import duration, share, table

COLUMNS = ("job", "dnn as", "against", "dnn takes", "it takes", "ratio (95 % interval)", "aim", "share of the roof")
ABOVE_ROOF = "— (the products alone took longer)"


def markdown(findings: Iterable[Findings]) -> str:
    """Return the tables that have rows, one below the other."""
    findings = list(findings)
    points = [point for found in findings for point in found.points]
    step = next((marked("a step with", found) for found in findings if found.points), "")
    starts = [start for found in findings for start in found.starts]
    notes = [note for found in findings for note in found.notes]
    answers = answers_table(findings, lambda _: True)
    parts = [answers, *limits(findings), scaling_table(points, step), starts_table(starts), "\n".join(notes)]
    return "\n\n".join(part for part in parts if part)


def main_table(findings: Iterable[Findings]) -> str:
    """Return the answers that have an aim or where another is faster, and what keeps an aim from being reached."""
    findings = list(findings)
    return "\n\n".join(
        [answers_table(findings, lambda answer: answer.aim is not None or answer.lost), *limits(findings)]
    )


def answers_table(findings: Iterable[Findings], is_wanted: Callable[[Answer], bool]) -> str:
    """Return a line for each answer that is wanted and for each failure; a job is named on its first."""
    lines = []
    for found in findings:
        lines += [
            cells(replace(answer, job=marked(answer.job, found))) for answer in found.answers if is_wanted(answer)
        ]
        lines += [failed_cells(replace(failure, job=marked(failure.job, found))) for failure in found.failures]
    jobs = [None, *(job for job, *_ in lines)]
    named = [("" if job == before else job, *rest) for before, (job, *rest) in zip(jobs, lines, strict=False)]
    return table(COLUMNS, named) if lines else ""


def marked(name: str, found: Findings) -> str:
    """Return a name, with a mark if the machine had other work while it was measured."""
    return f"{name} (loaded)" if found.load.get("loaded") else name


def failed_cells(failure: Failure) -> tuple[str, ...]:
    """Return what stands in each column of who has no figure."""
    return failure.job, "", failure.contender, "", "", f"— ({failure.reason})", "", ""


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
        ABOVE_ROOF if answer.above_roof else share(answer.share_of_roof),
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
    """Return the median ratio and its interval; the range where the repetitions are too few for one."""
    if answer.figure == "ours":
        return ""
    if answer.interval is None:
        count, low, high = len(answer.figures), min(answer.figures), max(answer.figures)
        return f"{answer.median:.2f} × (" + (f"{low:.2f} to {high:.2f} in {count})" if count > 1 else "once)")
    return f"{answer.median:.2f} × ({answer.interval[0]:.2f} to {answer.interval[1]:.2f})"


def aim(answer: Answer) -> str:
    """Return the aim, and whether it was reached."""
    if answer.aim is None:
        return ""
    bound = "at least" if answer.figure == "theirs / ours" else "at most"
    unit = " MB" if answer.figure == "ours" else " ×"
    return f"{bound} {answer.aim:g}{unit}: {answer.verdict}"


def loaded(questions: Mapping[str, Mapping[str, Any]]) -> str:
    """Return why the machine was loaded, and while which questions, if not all."""
    reasons: dict[str, list[str]] = {}
    for name, plain in questions.items():
        if plain["load"].get("loaded"):
            reasons.setdefault(plain["load"]["loaded"], []).append(name)
    told = {why: f" ({', '.join(names)})" if len(names) < len(questions) else "" for why, names in reasons.items()}
    return "".join(f" The machine was loaded: {why}{names}." for why, names in told.items())


def scaling_table(points: list[Point], step_with: str) -> str:
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
    return table((step_with, *contenders), lines)


def step(point: Point) -> str:
    """Return the median seconds of a step and its share of the roof, or why it was left out."""
    if point.skipped:
        return f"— ({point.skipped})"
    seconds = statistics.median(point.step_seconds)
    part = statistics.median(point.roof) / seconds if point.roof else None
    shown = "above the roof" if part is not None and part > 1 else share(part)
    return ", ".join(filter(None, (duration(seconds), shown)))


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
