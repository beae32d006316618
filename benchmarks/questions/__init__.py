"""One question a file. Each has `findings(run) -> Findings`, and the first line of its docstring is the question."""

from importlib import import_module
from types import ModuleType

QUESTIONS = (
    "epoch",
    "networks",
    "time_to_quality",
    "ensembles",
    "cold_start",
    "one_row",
    "many_rows",
    "large_file",
    "ten_times",
    "growth",
    "scaling",
)


def module_of(name: str) -> ModuleType:
    """Return the module of a question."""
    return import_module(f"benchmarks.questions.{name}")


def question_of(name: str) -> str:
    """Return the question itself."""
    return str(module_of(name).__doc__).splitlines()[0]
