"""The best of several by the validation rows: what someone would get who tries all of a kind and keeps one."""

from collections.abc import Mapping

from benchmarks.accuracy.results import Result

KINDS = {"dnn": "the best dnn by validation", "trees": "the best trees by validation"}


def with_picks(methods: Mapping[str, Mapping[int, Result]]) -> dict[str, Mapping[int, Result]]:
    """Return the methods of a table with, behind them, the pick of each kind that has several."""
    picks: dict[str, Mapping[int, Result]] = {}
    for kind, name in KINDS.items():
        members = [seeds for seeds in methods.values() if next(iter(seeds.values()))["kind"] == kind]
        if len(members) > 1:
            common = sorted(set.intersection(*(set(seeds) for seeds in members)))
            picks |= {name: {seed: pick([seeds[seed] for seeds in members]) for seed in common}} if common else {}
    return {**methods, **picks}


def pick(results: list[Result]) -> Result:
    """Return the result with the least log loss on validation rows; its time is that of all fits together."""
    best = min(results, key=lambda result: result["validation"]["log_loss"])
    return {**best, "fit_cpu_seconds": sum(result["fit_cpu_seconds"] for result in results)}
