"""Does `fit` of ten times the rows take ten times as long?"""

import numpy as np

from benchmarks.answers import Answer, Findings
from benchmarks.comparison import Run
from benchmarks.contenders import TRAINERS, installed
from benchmarks.jobs import Job
from benchmarks.questions.epoch import BATCH, SIZES
from dnn.bench.clock import interleaved, seconds_of

AIM = 10.5


def findings(run: Run) -> Findings:
    """Answer it by whole calls of `fit` for one epoch, checks included; traced and compiled before."""
    rows = 10_000 if run.quick else 100_000
    found = Findings()
    for contender in installed(TRAINERS):
        if contender.ours:
            jobs = {count: Job("", SIZES, BATCH, count) for count in (rows, 10 * rows)}
            trainers = {count: run.trainer(contender, job, contender.candidates[0]) for count, job in jobs.items()}
            for trainer in trainers.values():
                trainer.fit_seconds()
            runs = {count: trainer.fit_seconds for count, trainer in trainers.items()}
            seconds = interleaved(runs, run.repetitions.least)
            job = f"fit {10 * rows:,} rows, 51-30-30-2, batch {BATCH}"
            found.answers.append(
                Answer(
                    job,
                    contender.name,
                    f"itself with {rows:,} rows",
                    seconds[10 * rows],
                    seconds[rows],
                    figure="ours / theirs",
                    aim=AIM,
                )
            )
    fewer, more = (gathered_seconds(count) for count in (rows, 10 * rows))
    found.notes.append(
        f"to take {10 * rows:,} rows in the order of an epoch, alone, takes NumPy {more / fewer:.1f} times as long as "
        f"{rows:,}, which a cache holds in part: {1e3 * more:.0f} ms and {1e3 * fewer:.1f} ms"
    )
    return found


def gathered_seconds(rows: int) -> float:
    """Return the seconds of taking the rows, batch by batch, in a drawn order, as every tool does in an epoch."""
    x, _ = Job("", SIZES, BATCH, rows).arrays()
    order = np.random.default_rng(0).permutation(rows).reshape(-1, BATCH)
    return min(seconds_of(lambda: [x[batch] for batch in order]) for _ in range(3))
