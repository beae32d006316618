"""Figures as a Markdown table: durations, shares, cells."""

from collections.abc import Iterable


def duration(seconds: float) -> str:
    """Return three digits, in the unit that suits."""
    seconds = float(f"{seconds:.3g}")  # first, so that 999.9 µs is 1 ms
    if seconds >= 1:
        return f"{seconds:g} s"
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} µs"


def share(part: float | None) -> str:
    """Return a percentage; "" for None."""
    if part is None:
        return ""
    return f"{part:.0%}" if part >= 0.01 else "< 1%"


def table(header: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    """Return the Markdown of a table."""
    return "\n".join("| " + " | ".join(line) + " |" for line in (header, ("---",) * len(header), *lines))
