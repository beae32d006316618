"""What became of each of a peer's tests that called `dnn`: a pytest plugin, and what the adapters share.

An adapter is a plugin too. It puts functions marked `of_dnn` where the peer's tests look for the peer's, says in
`DIFFERENCES` which failures are meant, by a line of docs/fidelity.md, and raises `MissingError` for what `dnn` has not.
"""

import functools
import importlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import pytest

Patterns: TypeAlias = tuple[tuple[str, str], ...]
WORDS = "Errors and warnings have words of their own"
OWN_WORDS = r"Regex pattern did not match|AssertionError: \"?.* does not match \""


class MissingError(Exception):
    """Raised by an adapter for what `dnn` has not."""


class Recording:
    """Collect what became of each test; a pattern is of the test's name or of its error."""

    def __init__(self, differences: Patterns, missing: Patterns, path: Path) -> None:
        self.differences, self.missing, self.path = (*differences, (OWN_WORDS, WORDS)), missing, path
        self.results: list[dict[str, str]] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        calls.count = 0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
        report = yield
        error = call.excinfo.value if call.excinfo else None
        if call.when == "call" and calls.count and not isinstance(error, pytest.skip.Exception):
            self.results.append({"test": item.nodeid, **outcome(item.nodeid, error, self.differences, self.missing)})
        return report

    def pytest_sessionfinish(self) -> None:
        self.path.write_text(json.dumps(self.results), "utf-8")


class _Calls:
    count = 0


calls = _Calls()


def of_dnn(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, which notes that this test has called `dnn`."""

    @functools.wraps(function)
    def noted(*arguments: Any, **options: Any) -> Any:
        calls.count += 1
        return function(*arguments, **options)

    return noted


def missing(what: str) -> Callable[..., Any]:
    """Return what raises `MissingError` when it is called."""

    def absent(*_: Any, **__: Any) -> Any:
        raise MissingError(what)

    return of_dnn(absent)


def outcome(name: str, error: BaseException | None, differences: Patterns, missing: Patterns) -> dict[str, str]:
    """Return the outcome, "passed", "on purpose", "missing" or "failed", and why: the line, or the error's."""
    if error is None:
        return {"outcome": "passed", "why": ""}
    chain = list(_chain(error))
    for each in chain:
        if isinstance(each, MissingError):
            what = str(each).strip().splitlines()[-1]  # after the trace that a tf.function puts before it
            return {"outcome": "missing", "why": what.strip()}
    text = "\n".join(f"{type(each).__name__}: {each}" for each in chain)
    for kind, patterns in (("missing", missing), ("on purpose", differences)):
        for pattern, why in patterns:
            if re.search(pattern, name) or re.search(pattern, text):
                return {"outcome": kind, "why": why}
    first = next(iter(text.strip().splitlines()), "")
    return {"outcome": "failed", "why": first[:200]}


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def replaced(module: str | ModuleType, names: Mapping[str, Any]) -> None:
    """Put the adapted names into a module of the peer, where it has them."""
    module = importlib.import_module(module) if isinstance(module, str) else module
    for name, value in names.items():
        if hasattr(module, name):
            setattr(module, name, value)
