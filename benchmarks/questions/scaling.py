"""How does the time of a step grow with the rows, the width of the network and the batch?"""

import os
import statistics
from collections.abc import Sequence
from functools import partial

from benchmarks.answers import Findings, Point
from benchmarks.comparison import ROOF, Run, ready_for_training
from benchmarks.contenders import TRAINERS, Contender
from benchmarks.jobs import Job
from benchmarks.questions.epoch import BATCH, SIZES
from benchmarks.repetitions import Measured, Repetitions, in_turn

LONGEST = 10.0  # seconds of an epoch; who would take longer, judging by its last point, is left out
MANY = 100_000  # rows
WHO = ("dnn, graph mode", "dnn, XLA", "dnn, MlpAdam", "Keras fit", "PyTorch eager", "JAX + optax, lax.scan")


def findings(run: Run) -> Findings:
    """Answer it along three axes; who would take too long at a point is left out there."""
    points: list[Point] = []
    for axis, jobs in axes(run.quick).items():
        step_seconds: dict[str, float] = {}  # of each contender, at the last point where it was measured
        for value, job in jobs:
            points += points_at(run, axis, value, job, step_seconds)
    return Findings(points=points)


def axes(quick: bool) -> dict[str, list[tuple[int, Job]]]:
    """Return the value and the job of each point, by axis."""
    counts = [10**power for power in ((4, 5) if quick else (4, 6, 7))]
    widths = [16, 256, 1024] if quick else [16, 256, 4096]
    batches = [8, 256, 8192]
    return {
        "rows": [(count, Job(f"{count:,} rows", SIZES, BATCH, count)) for count in counts],
        "width": [
            (width, Job(f"width {width}", (51, width, width, 2), BATCH, BATCH * steps_for(width))) for width in widths
        ],
        "batch": [(batch, Job(f"batch {batch}", SIZES, batch, 50 * batch)) for batch in batches],
    }


def steps_for(width: int) -> int:
    """Return how many steps an epoch has: 50, or fewer where one takes long. It grows as the square of the width."""
    return max(2, min(50, 50 * 1024**2 // width**2 // 4))


def points_at(run: Run, axis: str, value: int, job: Job, step_seconds: dict[str, float]) -> list[Point]:
    """Measure one point of an axis. step_seconds is brought up to date."""
    contenders = [contender for contender in TRAINERS if contender.name in WHO]
    reasons = {contender.name: reason_to_skip(job, step_seconds.get(contender.name, 0)) for contender in contenders}
    taken = [contender for contender in contenders if not reasons[contender.name]]
    measured = epochs_of(run, taken, job) if taken else Measured()
    roof, steps = measured.figures.pop(ROOF, []), job.rows / job.batch_size
    points = [
        Point(axis, value, name, [seconds / steps for seconds in epochs], roof=roof)
        for name, epochs in measured.figures.items()
    ]
    reasons |= measured.failed
    step_seconds |= {point.contender: statistics.median(point.step_seconds) for point in points}
    return points + [Point(axis, value, name, [], reason) for name, reason in reasons.items() if reason]


def epochs_of(run: Run, contenders: Sequence[Contender], job: Job) -> Measured:
    """Return the seconds of an epoch of each, and of a step's products. Of many rows, learning is not compared."""
    entries = ready_for_training(run, contenders, job, epochs=1 if job.rows <= MANY else 0)
    runs = {entry.contender.name: partial(entry.trainer.epoch_seconds, 1) for entry in entries.ready}
    runs[ROOF] = partial(run.roof.step, job.sizes, job.batch_size)
    times = 1 if run.quick or job.rows > MANY else 3
    measured = in_turn(runs, Repetitions(times, times), what=job.name)
    return Measured(measured.figures, entries.failed | measured.failed)


def reason_to_skip(job: Job, step_seconds: float) -> str | None:
    """Return why an epoch of the job would be too much; None if it would not. step_seconds: at the point before."""
    if step_seconds * job.steps > LONGEST:
        return f"an epoch would take {step_seconds * job.steps:.0f} s"
    if 8 * job.rows * job.sizes[0] * 4 > os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"):
        return "its rows, which each tool copies, would fill the memory"
    return None
