"""The results as Markdown: mean ranks over tables, then each table with its paired differences."""

import statistics as medians
from collections.abc import Mapping, Sequence

from benchmarks.accuracy.method import Method
from benchmarks.accuracy.picks import with_picks
from benchmarks.accuracy.ranking import ranking
from benchmarks.accuracy.results import Job, Result
from benchmarks.accuracy.scores import SCORES, ByMethod, BySeed, Score, header, row
from benchmarks.accuracy.statistics import Mean, difference, mean
from benchmarks.accuracy.tables import Source


def usable(results: Mapping[Job, Result], methods: Sequence[Method]) -> dict[str, dict[str, dict[int, Result]]]:
    """Return the results by table, method and seed: of the methods as they are now, without the failures."""
    told = {method.name: method.told for method in methods}
    found: dict[str, dict[str, dict[int, Result]]] = {}
    for (table, method, seed), result in results.items():
        if method in told and result["settings"] == told[method] and "error" not in result:
            found.setdefault(table, {name: {} for name in told})[method][seed] = result
    return {table: {name: seeds for name, seeds in each.items() if seeds} for table, each in found.items()}


def markdown(results: Mapping[Job, Result], sources: Sequence[Source], methods: Sequence[Method], against: str) -> str:
    """Return the report.

    Args:
        results: What was measured.
        sources: The tables, in the order of the report.
        methods: The methods, likewise.
        against: Name of the method that the others are compared with in pairs.
    """
    found = usable(results, methods)
    sources = [source for source in sources if source.name in found]
    parts = [*ranking(found, sources, methods)]
    for source in sources:
        parts += table(source, with_picks(found[source.name]), against)
    return "\n".join([*parts, *failures(results, methods), *where(found)]) + "\n"


def table(source: Source, methods: ByMethod, against: str) -> list[str]:
    """Return one table's scores, and what they are more or less than the reference's on the same splits."""
    some = next(iter(next(iter(methods.values())).values()))
    compared = f"; Δ: differences from {against} on the same splits" if against in methods else ""
    lines = [f"## {source.name}", "", f"{source.role}, {some['rows']:,} training rows{compared}", ""]
    heads = [score.label for score in SCORES]
    lines += header(["method", "seeds", *heads, *(f"Δ {head}" for head in heads), "fit, CPU s", "predict, CPU s"])
    for name, seeds in methods.items():
        means = [mean(list(_values(seeds, score).values())) for score in SCORES]
        cells = [name, str(len(seeds)), *map(_shown, means, SCORES)]
        cells += [_difference(methods, name, against, score) for score in SCORES]
        for part in ("fit_cpu_seconds", "predict_cpu_seconds"):
            cells.append(f"{medians.median(result[part] for result in seeds.values()):.3g}")
        lines.append(row(cells))
    return [*lines, ""]


def _values(seeds: BySeed, score: Score) -> dict[int, float]:
    return {seed: score.scale * result[score.name] for seed, result in seeds.items()}


def _difference(methods: ByMethod, name: str, against: str, score: Score) -> str:
    if name == against or against not in methods:
        return ""
    found = difference(_values(methods[name], score), _values(methods[against], score))
    return "" if found is None else _shown(found, score, sign="+")


def _shown(value: Mean, score: Score, sign: str = "") -> str:
    error = "" if value.count < 2 else f" ± {value.error:.{score.digits}f}"
    return f"{value.mean:{sign}.{score.digits}f}{error}"


def failures(results: Mapping[Job, Result], methods: Sequence[Method]) -> list[str]:
    """Return a line for each table that a method failed on."""
    names = {method.name for method in methods}
    failed = {(job.method, job.table): result for job, result in results.items() if "error" in result}
    return [f"{name} failed on {table}: {each['error']}  " for (name, table), each in failed.items() if name in names]


def where(found: Mapping[str, ByMethod]) -> list[str]:
    """Return when, on what and with which versions the results were made."""
    results = [result for each in found.values() for seeds in each.values() for result in seeds.values()]
    if not results:
        return ["No results."]
    days = sorted({result["date"] for result in results})
    versions = {(name, version) for result in results for name, version in result["versions"].items()}
    machines = sorted({f"{result['processor']}, {_threads(result['threads'])}" for result in results})
    commits = sorted({str(result["commit"]) for result in results if result["kind"] == "dnn"})
    listed = ", ".join(f"{name} {version}" for name, version in sorted(versions))
    ours = f"; dnn at {', '.join(commits)}" if commits else ""
    return ["", f"Measured from {days[0]} to {days[-1]} on {'; '.join(machines)}{ours}; {listed}."]


def _threads(count: int) -> str:
    return "one thread a fit" if count == 1 else f"{count} threads a fit"


def by_seed(results: Mapping[Job, Result], source: Source, methods: Sequence[Method]) -> str:
    """Return test accuracy and epochs of each seed."""
    found = usable(results, methods).get(source.name, {})
    lines = header([f"{source.name}, seed: test accuracy, epochs", *found])
    common = sorted(set.intersection(*(set(seeds) for seeds in found.values()))) if found else []
    for seed in common:
        cells = [f"{seeds[seed]['accuracy']:.2%}, {seeds[seed]['epochs'] or '–'}" for seeds in found.values()]
        lines.append(row([str(seed), *cells]))
    means = [f"{medians.fmean(seeds[seed]['accuracy'] for seed in common):.2%}" for seeds in found.values() if common]
    return "\n".join([*lines, *([row(["mean", *means])] if means else [])]) + "\n"
