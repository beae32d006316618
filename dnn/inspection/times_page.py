"""The page's part on where the microseconds of a step go: bars by line and by kind, and one step along its time."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from dnn.inspection.graph_operations import SourceLine
from dnn.inspection.timeline import EPOCHS, RUNS, SETTLED_RUNS, OperationTime, StepTimes
from dnn.pages.page import escaped, html_table, paragraph

MOST_BARS = 15
COLOURS = ("accent", "negative", "positive", "text")
OTHER = "muted"
Bar = tuple[str, float, str]  # label, microseconds, colour
WORDS = (
    "Measured on this machine just now, in graph mode, on the processor: another moment or machine gives other "
    "numbers. The time of an operation is the median of {runs} runs after a few to warm up, with the profiler, which "
    "notes when each operation begins and ends. The operations take {operations:.0f} µs together, of {profiled:.0f} µs "
    "for a step with the profiler; without it the same number of runs before took {plain:.0f} µs each."
)


def times_parts(times: StepTimes) -> list[str]:
    """Return the times of a step as HTML.

    Args:
        times: the times.

    Returns:
        Parts of a page.
    """
    heading = "<h3>Where the microseconds of a step go</h3>"
    if times.reason:
        return [heading, paragraph(f"The operations were not measured: {times.reason}.")]
    total = sum(each.microseconds for each in times.operations)
    stages = _sums(times.operations, lambda each: each.stage)
    colours = {stage: COLOURS[i] if i < len(COLOURS) else OTHER for i, stage in enumerate(stages)}
    return [
        heading,
        paragraph(WORDS.format(runs=RUNS, operations=total, profiled=times.profiled, plain=times.plain)),
        _step_table(times),
        "<h4>By line of the step</h4>",
        _bars("time-stages", [(_label(stage), time, colours[stage]) for stage, time in stages.items()]),
        _one_step(times, colours),
        "<h4>By line of the source</h4>",
        _bars("time-lines", _longest_bars(_sums(times.operations, lambda each: each.line), _label, "lines")),
        "<h4>By kind of operation, as TensorFlow ran it</h4>",
        _bars("time-kinds", _longest_bars(_sums(times.operations, lambda each: each.kind), _kind_label, "kinds")),
    ]


def line_label(line: SourceLine) -> str:
    """Return a line of the source as HTML: its text, and where it stands.

    Args:
        line: the line.

    Returns:
        HTML.
    """
    text = f"<code>{escaped(line.text)}</code> " if line.text else ""
    return f'{text}<span class="muted">{escaped(line.place)}</span>'


def _step_table(times: StepTimes) -> str:
    rows = [
        [f"called from Python, median of {RUNS} first runs", times.plain],
        [f"the same, with the profiler, median of {RUNS} next runs", times.profiled],
        [f"called from Python, median of {SETTLED_RUNS} later runs", times.settled],
        [f"in the loop of an epoch of fit, in graph mode, median of {EPOCHS} epochs", times.in_epoch],
    ]
    return html_table(["a step, without the profiler unless it says so", "µs"], rows, name="time-steps")


def _sums(
    operations: Sequence[OperationTime], key: Callable[[OperationTime], SourceLine | str]
) -> dict[SourceLine | str, float]:
    """Return the times by a key, the largest first."""
    sums: dict[SourceLine | str, float] = defaultdict(float)
    for each in operations:
        sums[key(each)] += each.microseconds
    return dict(sorted(sums.items(), key=lambda pair: -pair[1]))


def _longest_bars(
    sums: Mapping[SourceLine | str, float], label: Callable[[SourceLine | str], str], what: str
) -> list[Bar]:
    """Return the largest sums with their labels, and the others as one; two sums may have one label."""
    pairs = list(sums.items())
    shown = [(label(key), time, COLOURS[0]) for key, time in pairs[:MOST_BARS]]
    rest = [time for _, time in pairs[MOST_BARS:]]
    return shown + ([(f"the other {len(rest)} {what}", sum(rest), OTHER)] if rest else [])


def _label(line: SourceLine | str) -> str:
    if not isinstance(line, SourceLine) or not line.path:
        return "made by TensorFlow's optimizer of graphs"
    return line_label(line)


def _kind_label(kind: SourceLine | str) -> str:
    return f"<code>{escaped(kind)}</code>"


def _bars(name: str, times: Sequence[Bar]) -> str:
    """Return bars under their labels; each says its time in words too."""
    longest = max([time for _, time, _ in times], default=0) or 1
    bars = (
        f'<li data-value="{time!r}"><span>{label}</span> <span class="time">{time:.1f} µs</span>'
        f'<span class="bar" style="width: {100 * time / longest:.2f}%; background: var(--{colour})"></span></li>'
        for label, time, colour in times
    )
    return f'<ol class="bars" id="{name}">{"".join(bars)}</ol>'


def _one_step(times: StepTimes, colours: Mapping[SourceLine | str, str]) -> str:
    """Return one step along its time: a row for each thread, a mark for each operation, in the colour of its stage."""
    stages = {each.name: each.stage for each in times.operations}
    threads = sorted({event.thread for event in times.events})
    end = max([event.start + event.duration for event in times.events], default=1)
    marks = "".join(
        f'<rect x="{1000 * event.start / end:.2f}" y="{24 * threads.index(event.thread) + 2}" '
        f'width="{max(1000 * event.duration / end, 0.5):.2f}" height="20" fill="var(--{colours[stages[event.name]]})">'
        f"<title>{escaped(event.name)}: {escaped(event.kind)}, {event.duration:.1f} µs</title></rect>"
        for event in times.events
    )
    tells = (
        f"One step, with the profiler, from left to right: its {len(times.events):,} operations in the colours above, "
        f"each thread in a row; the last ends after {end:.0f} µs."
    )
    height = 24 * max(len(threads), 1)
    return (
        f'<figure><svg class="one-step" viewBox="0 0 1000 {height}" preserveAspectRatio="none" role="img" '
        f'aria-label="{tells}" style="height: {height}px">{marks}</svg><figcaption>{tells}</figcaption></figure>'
    )
