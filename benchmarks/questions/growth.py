"""Does memory grow when `fit` is called again and again in one process?"""

import json

from benchmarks.answers import Answer, Findings
from benchmarks.comparison import Run
from benchmarks.processes import run as run_program

AIM = 20  # MB in all


def findings(run: Run) -> Findings:
    """Answer it by the resident memory of the process, from the end of the first fit to that of the last.

    Fits of new models have no aim: what was traced for the latest is kept, so memory grows with the first dozen.
    """
    found = Findings()
    for fits, what, option, aim in (
        (200, "of the same objects", "same", AIM),
        (50, "each of a new model", "new", None),
    ):
        fits = 20 if run.quick else fits
        runs = [json.loads(run_program("growth", str(fits), option).printed) for _ in range(run.repetitions.least)]
        megabytes = runs[0]
        answer = Answer(
            f"{fits} fits in one process, {what}",
            "dnn",
            "the first fit",
            [resident[-1] - resident[0] for resident in runs],
            unit="MB",
            figure="ours",
            aim=aim,
        )
        found.answers.append(answer)
        found.notes.append(f"resident MB after fits 1, 2, 4, … {what}: {sampled(megabytes)}")
    return found


def sampled(megabytes: list[float]) -> str:
    places = [2**power - 1 for power in range(12) if 2**power <= len(megabytes)]
    return ", ".join(f"{megabytes[place]:.0f}" for place in [*places, -1])
