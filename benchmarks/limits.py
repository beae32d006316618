"""What keeps an aim from being reached, in figures of the same run: sentences below the table."""

import statistics
from collections.abc import Iterable

from benchmarks.answers import Answer, Findings, Start

BEFORE_ANY_WORK = ("Python itself", "import")


def limits(findings: Iterable[Findings]) -> list[str]:
    """Return a sentence about the small network's epoch, and one about the whole process, if they were measured."""
    findings = list(findings)
    answers = [answer for found in findings for answer in found.answers]
    starts = [start for found in findings for start in found.starts]
    return [*epoch_limit([answer for answer in answers if answer.job.startswith("an epoch")]), *process_limit(starts)]


def epoch_limit(answers: list[Answer]) -> list[str]:
    """Say how fast JAX is beside Keras: its epoch is compiled by XLA too, from other operations."""
    seconds = {answer.against: statistics.median(answer.their_values) for answer in answers}
    jax, keras = (next((name for name in seconds if name.startswith(peer)), None) for peer in ("JAX", "Keras fit"))
    xla = [answer for answer in answers if answer.ours == "dnn, XLA" and answer.share_of_roof]
    if not (jax and keras and xla):
        return []
    ratios = " and ".join(
        f"{seconds[name] / seconds[jax]:.1f} × faster than {name}" for name in seconds if name.startswith("Keras fit")
    )
    return [
        f"For an epoch of the small network, JAX, which uses the same compiler, is {ratios}. "
        f"The matrix products alone would take {xla[0].share_of_roof:.0%} of the time of dnn under XLA."
    ]


def process_limit(starts: list[Start]) -> list[str]:
    """Say how much of a process is Python and imports, and how much is left."""
    if len(starts) < 2:
        return []
    parts = []
    for start in starts:
        before = sum(start.phases.get(phase, 0) for phase in BEFORE_ANY_WORK)
        parts.append(f"{start.program}: {before:.1f} s and {sum(start.phases.values()) - before:.1f} s")
    told = "Of a whole process, Python's own start and end with the imports, and all the rest, take"
    return [f"{told}: {'; '.join(parts)}."]
