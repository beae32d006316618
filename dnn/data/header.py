"""The header of a CSV file: names that are missing, there twice, or look like data."""

from collections import Counter
from collections.abc import Sequence

from dnn.data.table import numbers_of, shortened

NEEDED = "a header line with the columns' names is needed"


def header_notes(header: Sequence[str], rows: Sequence[Sequence[str]], where: str, file: str) -> list[str]:
    """Check a header, and return what is to be told of it.

    Args:
        header: The names as they are written.
        rows: Some of the rows below.
        where: The file and the line, for errors.
        file: The file, for notes.

    Raises:
        ValueError: If the header looks like data, a name is there twice, or a column in the middle has none.
    """
    names = [name.strip() for name in header]
    numbers = list(numbers_of(names))
    counted = names == [str(number) for number in range(len(names))] and len(names) > 2
    if numbers and not counted and all(name in numbers or name in below for name, below in _columns(names, rows)):
        raise ValueError(f"{where} looks like data ({shortened(map(repr, names), 4)}): {NEEDED}")
    for name, columns in Counter(names).items():
        if name and columns > 1:
            raise ValueError(f"{where}: two columns are named {name!r}" + (f"; {NEEDED}" if numbers else ""))
    unnamed = _unnamed(names, where)
    notes = []
    if 0 in unnamed:
        notes.append(f"{file}: column 1 has no name (pandas' index; write with index=False): left out")
    if last := [number + 1 for number in unnamed if number]:
        these = f"column {last[0]}" if len(last) == 1 else f"columns {last[0]} to {last[-1]}"
        notes.append(f"{file}: {these} at the end without a name and without cells: left out")
    if numbers:
        told = shortened(map(repr, numbers), 3)
        notes.append(f"{file}: columns are named {told}: if that is data, {NEEDED}")
    return notes


def _unnamed(names: Sequence[str], where: str) -> list[int]:
    """Return the columns without a name: the first, or some at the end."""
    unnamed = [number for number, name in enumerate(names) if not name]
    named = [number for number, name in enumerate(names) if name]
    for number in unnamed:
        if not named or 0 < number < named[-1]:
            raise ValueError(f"{where}: column {number + 1} has no name; name it there")
    return unnamed


def _columns(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[tuple[str, set[str]]]:
    """Return each name with the cells below it."""
    return [
        (name, {cells[number].strip() for cells in rows if len(cells) > number}) for number, name in enumerate(names)
    ]
