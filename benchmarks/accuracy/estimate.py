"""How long the jobs that are left will take: what a method took on a table before, for each seed."""

from collections.abc import Iterable, Mapping
from statistics import median

from benchmarks.accuracy.results import Job, Result


def estimate(results: Mapping[Job, Result], jobs: Iterable[Job]) -> str:
    """Return the sum in words, and how many jobs are of a method that was not tried on their table.

    Args:
        results: What was measured, anything else than the jobs included.
        jobs: What is to be done.
    """
    taken: dict[tuple[str, str], list[float]] = {}
    for job, result in results.items():
        if "error" not in result:
            taken.setdefault((job.table, job.method), []).append(result["fit_seconds"] + 2 * result["predict_seconds"])
    seconds: dict[str, float] = {}
    unknown = 0
    for job in jobs:
        known = taken.get((job.table, job.method))
        unknown += known is None
        seconds[job.method] = seconds.get(job.method, 0) + (median(known) if known else 0)
    lines = [f"{method}: {value / 60:.1f} min" for method, value in seconds.items()]
    return "\n".join([*lines, f"together {sum(seconds.values()) / 60:.0f} min in one process; {unknown} jobs unknown"])
