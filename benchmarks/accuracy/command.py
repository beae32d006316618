"""What the command line asks for: which tables, methods and seeds, and what of them to do."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy import methods as all_methods
from benchmarks.accuracy import tables
from benchmarks.accuracy.estimate import estimate
from benchmarks.accuracy.method import Method
from benchmarks.accuracy.report import by_seed, markdown
from benchmarks.accuracy.results import ResultsFile
from benchmarks.accuracy.runs import jobs, left, run
from benchmarks.accuracy.tables import Source


def done(given: argparse.Namespace) -> str:
    """Measure, unless only a report or an estimate is asked for; return it."""
    sources, methods, seeds = chosen_sources(given), chosen_methods(given), range(given.seeds)
    all_methods.named([given.against])
    with ResultsFile(given.results) as file:
        return _done(given, file, sources, methods, seeds)


def _done(
    given: argparse.Namespace,
    file: ResultsFile,
    sources: Sequence[Source],
    methods: Sequence[Method],
    seeds: Sequence[int],
) -> str:
    if given.estimate:
        results = file.read()
        return estimate(results, left(results, jobs(sources, methods, seeds), methods))
    if not given.report:
        run(file, sources, methods, seeds, threads=given.threads, tell=lambda line: print(line, flush=True))
    if given.by_seed:
        return "\n".join(by_seed(file.read(), source, methods) for source in sources)
    return markdown(file.read(), sources, methods, given.against)


def quick(given: argparse.Namespace, folder: Path) -> argparse.Namespace:
    """Return the arguments of the short form, with its results in a folder."""
    short = {"tables": tables.QUICK, "methods": all_methods.QUICK, "seeds": 2, "results": folder / "results.jsonl"}
    return argparse.Namespace(**{**vars(given), **short})


def chosen_sources(given: argparse.Namespace) -> list[Source]:
    """Return the tables that are asked for, of those that are there. Raises: ValueError for an unknown one."""
    every = [*(tables.from_file(path, given.target) for path in given.data), *tables.SOURCES]
    if not given.tables:
        return [source for source in every if tables.installed(source)]
    names = {source.name for source in every} | {_word(source.role) for source in every}
    unknown = [name for name in given.tables if name not in names]
    if unknown:
        known = ", ".join(sorted(names))
        raise ValueError(f"there is no table {unknown[0]!r}; the tables are {known}, and files with --data")
    return [source for source in every if {source.name, _word(source.role)} & set(given.tables)]


def _word(role: str) -> str:
    return role.replace(" ", "-")


def chosen_methods(given: argparse.Namespace) -> Sequence[Method]:
    """Return the methods that are asked for; else the installed ones, but for those to be named; to report, all."""
    if given.methods:
        return all_methods.named(given.methods)
    if given.report:
        return all_methods.METHODS
    return [method for method in all_methods.METHODS if method.installed and method.name not in all_methods.ONLY_NAMED]


def listed(given: argparse.Namespace) -> str:
    """Return a line for each table and each method, with what each needs."""
    sources = [*(tables.from_file(path, given.target) for path in given.data), *tables.SOURCES]
    lines = [f"table {each.name}: {each.role}{_lacking(each.package, tables.installed(each))}" for each in sources]
    for method in all_methods.METHODS:
        slow = "; only if it is named" if method.name in all_methods.ONLY_NAMED else ""
        lacking = _lacking(", ".join(method.packages), method.installed)
        lines.append(f"method {method.name}: {method.told or 'defaults'}{slow}{lacking}")
    return "\n".join(lines)


def _lacking(package: str, installed: bool) -> str:
    return "" if installed else f"; needs {package}"
