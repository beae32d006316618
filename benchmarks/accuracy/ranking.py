"""Mean ranks over tables: of the tables that were held out, of those for development, and of all."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, median

from benchmarks.accuracy.method import Method
from benchmarks.accuracy.scores import SCORES, ByMethod, Score, header, row
from benchmarks.accuracy.statistics import Mean, mean_ranks
from benchmarks.accuracy.tables import DEVELOPMENT, HELD_OUT, Source

LEAST_SHARE = 0.75  # of the tables: a method with fewer is not ranked, so that the others are, over all


def ranking(found: Mapping[str, ByMethod], sources: Sequence[Source], methods: Sequence[Method]) -> list[str]:
    """Return the mean ranks by each score, and who and what was left out.

    Args:
        found: The results by table, method and seed.
        sources: The tables that have some.
        methods: The methods, in the order of the report.
    """
    there = [method.name for method in methods if any(method.name in found[source.name] for source in sources)]
    names = [name for name in there if sum(name in found[each.name] for each in sources) >= LEAST_SHARE * len(sources)]
    whole = [source for source in sources if common_seeds(found[source.name], names)]
    if not whole or len(names) < 2:
        return []
    out = [name for name in there if name not in names] + [each.name for each in sources if each not in whole]
    note = [f"Not ranked, since too little was measured: {', '.join(out)}.", ""] if out else []
    return [*_table(found, _groups(whole), names), "", *note]


def common_seeds(methods: ByMethod, names: Sequence[str]) -> list[int]:
    """Return the seeds that all these methods have on a table."""
    return sorted(set.intersection(*(set(methods.get(name, ())) for name in names))) if names else []


def _groups(sources: Sequence[Source]) -> dict[str, list[Source]]:
    roles = {role: [each for each in sources if each.role == role] for role in (HELD_OUT, DEVELOPMENT)}
    groups = {role: tables for role, tables in roles.items() if tables}
    return groups | ({"all": list(sources)} if len(groups) > 1 else {})


def _table(found: Mapping[str, ByMethod], groups: Mapping[str, list[Source]], names: Sequence[str]) -> list[str]:
    heads = [f"{score.label.split(',')[0]}, {role}" for score in SCORES for role in groups]
    columns = [_ranks(found, tables, names, score) for score in SCORES for tables in groups.values()]
    seconds = [_median_seconds(found, [each for tables in groups.values() for each in tables], name) for name in names]
    counts = ", ".join(f"{len(tables)} {role}" for role, tables in groups.items())
    lines = [f"Mean rank over tables ({counts}), 1 is best; seconds are the processor's, the median of a fit.", ""]
    lines += header(["method", *heads, "CPU s"])
    for i, name in enumerate(names):
        lines.append(row([name, *(f"{column[i].mean:.2f}" for column in columns), f"{seconds[i]:.2f}"]))
    return lines


def _ranks(found: Mapping[str, ByMethod], tables: Iterable[Source], names: Sequence[str], score: Score) -> list[Mean]:
    """Return the mean ranks by the means over the seeds that all methods have."""
    values = []
    for each in (found[source.name] for source in tables):
        seeds = common_seeds(each, names)
        values.append([fmean(each[name][seed][score.name] for seed in seeds) for name in names])
    return mean_ranks(values, descending=score.descending)


def _median_seconds(found: Mapping[str, ByMethod], tables: Iterable[Source], name: str) -> float:
    return median(result["fit_cpu_seconds"] for source in tables for result in found[source.name][name].values())
