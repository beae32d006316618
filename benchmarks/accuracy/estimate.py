"""How long the jobs that are left will take: the processor time of the method on the same table, for each seed."""

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
            seconds = result["fit_cpu_seconds"] + 2 * result["predict_cpu_seconds"]
            taken.setdefault((job.table, job.method), []).append(seconds)
    sums: dict[str, float] = {}
    unknown = 0
    for job in jobs:
        known = taken.get((job.table, job.method))
        unknown += known is None
        sums[job.method] = sums.get(job.method, 0) + (median(known) if known else 0)
    lines = [f"{method}: {value / 60:.1f} min" for method, value in sums.items()]
    return "\n".join([*lines, f"together {sum(sums.values()) / 60:.0f} min in one process; {unknown} jobs unknown"])
