"""What a compiler says, in fewer lines: of a build that failed the errors, and how many warnings there were.

In TensorFlow 2.21 each int32 and int64 of an old source is a warning of six lines; the error comes after them.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

SHOWN_LINES = 50  # of the compiler's output: an error in one of Eigen's templates may have thousands
LINES_BEFORE, LINES_AFTER = 3, 6  # an error that are shown where there are too many

KIND = re.compile(r"(?:^|[: ])(error|warning): ")  # also "fatal error: ", and "collect2: error: " of a linker
# what GCC and clang print above a diagnostic: where its file is included, and the function or template it is in
ABOVE = re.compile(r"In file included from|\s+from \S|.*: (?:In|At) |.*required (?:from|by)")
# what belongs to no diagnostic above it, though it is not indented as their contexts are
TOOL = re.compile(
    r"\S*\b(?:ld\S*|collect2|cc1plus|clang\S*|[gc]\+\+\S*): |.*undefined reference|Undefined symbols|make: "
)


class Diagnostic(NamedTuple):
    """kind: "error", "warning", or "" for other output. first: the index among the lines of the one that says so."""

    kind: str
    lines: list[str]
    first: int


def first_lines(output: bytes) -> str:
    """Return the first lines, and the number of the others."""
    return "\n".join(_shortened(_lines(output)))


def errors_first(output: bytes) -> str:
    """Return all that is no warning, errors with their context, and the number of warnings.

    Where that is too long, each error is cut to the lines beside the one that says it, and none of these is left out.
    """
    diagnostics = [*_diagnostics(_lines(output))]
    warnings = sum(diagnostic.kind == "warning" for diagnostic in diagnostics)
    told = [diagnostic for diagnostic in diagnostics if diagnostic.kind != "warning"]
    if not told:
        return first_lines(output)
    lines = [line for diagnostic in told for line in diagnostic.lines]
    if len(lines) > SHOWN_LINES:
        lines = [line for diagnostic in told for line in _cut(diagnostic)]
    counted = f"and {warnings} warning{'s' if warnings > 1 else ''}, not shown here"
    return "\n".join([*_shortened(lines), *([counted] if warnings else [])])


def _lines(output: bytes) -> list[str]:
    return output.decode(errors="replace").strip().splitlines()


def _diagnostics(lines: Iterable[str]) -> Iterator[Diagnostic]:
    """Yield the diagnostics, each with the lines above it and the notes and source lines below it."""
    above: list[str] = []
    current: Diagnostic | None = None
    for line in lines:
        kind = KIND.search(line)
        if ABOVE.match(line) and not kind:
            above.append(line)
        elif kind or current is None or (TOOL.match(line) and current.kind):
            if current:
                yield current
            current, above = Diagnostic(kind[1] if kind else "", [*above, line], len(above)), []
        else:
            current.lines.extend([*above, line])
            above = []
    if current:
        yield current
    if above:
        yield Diagnostic("", above, 0)


def _cut(diagnostic: Diagnostic) -> list[str]:
    if not diagnostic.kind:
        return diagnostic.lines
    return diagnostic.lines[max(0, diagnostic.first - LINES_BEFORE) : diagnostic.first + 1 + LINES_AFTER]


def _shortened(lines: list[str]) -> list[str]:
    """Return the first lines and, of the others, those that say an error, and how many are left out."""
    shown, others = lines[:SHOWN_LINES], lines[SHOWN_LINES:]
    errors = [line for line in others if "error: " in line]
    left = len(others) - len(errors)
    return shown + errors + ([f"… and {left} more lines"] if left else [])
