"""The source of the functions that ran, found while they run: so what a page shows is what made its numbers."""

import functools
import inspect
import os
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

import dnn

HOUSE = Path(dnn.__file__).parent  # not resolved: the names of files in stacks are not either
LIBRARIES = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "purelib", "platlib"))
HELPERS = ("argument_checks.py", "precision.py", "protocols.py", "training_calls.py", "gradient_checks.py")
INSPECTION = HOUSE / "inspection"


class FunctionSource(NamedTuple):
    """A function's name, its file, as the package or the user calls it, its first line there, and its text."""

    name: str
    file: str
    line: int
    text: str


def run_and_note(function: Callable[..., Any], *arguments: Any) -> tuple[Any, list[FunctionSource]]:
    """Call a function; return what it returns, and the sources of the Python functions that ran, in their order.

    Only those of the package and of the user's own files: not of libraries, nor checks of arguments.
    """
    codes: dict[CodeType, None] = {}

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and is_shown(frame.f_code):
            codes.setdefault(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        result = function(*arguments)
    finally:
        _profile_again(before)
    return result, [source for code in codes if (source := function_source(code)) is not None]


def _profile_again(profiler: Any) -> None:
    """Put back what profiled before, which may be an object written in C, such as that of cProfile."""
    if profiler is None or callable(profiler):
        sys.setprofile(profiler)
    else:
        sys.setprofile(None)  # or it would find another in its place
        profiler.enable()


def is_shown(code: CodeType) -> bool:
    """Whether it is a function of the package's pieces or of the user's, and not a lambda or a comprehension."""
    name = Path(code.co_filename).name
    return not code.co_name.startswith("<") and name not in HELPERS and is_source(code.co_filename)


@functools.cache
def is_source(name: str) -> bool:
    """Whether a file is of this package, its inspection left out, or of the user, and not of a library."""
    path = Path(name)
    if HOUSE in path.parents:
        return INSPECTION not in path.parents
    return path.is_absolute() and not name.startswith(LIBRARIES) and "site-packages" not in path.parts


def function_source(code: CodeType) -> FunctionSource | None:
    """Return the source of a function by its code; None where there is no text of it, as in an interactive session."""
    try:
        lines, line = inspect.getsourcelines(code)
    except (OSError, TypeError):
        return None
    path = Path(code.co_filename)
    file = path.relative_to(HOUSE.parent) if HOUSE in path.parents else Path(os.path.basename(path))
    return FunctionSource(
        code.co_qualname if sys.version_info >= (3, 11) else code.co_name, file.as_posix(), line, "".join(lines)
    )
