"""A table is read for its target: classes as a file spells them, or numbers, and what looks like the other is refused.

One rule for the command line, `Classifier` and `Regressor`, wherever a file's column is the target.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

from dnn.data.amounts import amounts_told, are_fractions
from dnn.data.frames import Tabular, table_source
from dnn.data.names import quoted
from dnn.data.options import ReadOptions
from dnn.data.reading import read
from dnn.data.sources import TypedSource
from dnn.data.table import Kind, Table
from dnn.data.target_advice import Task
from dnn.data.text_cells import TEXT

KINDS: Mapping[Task, Kind] = MappingProxyType({"classification": "category", "regression": "numeric"})


def read_for_task(
    data: Tabular,
    target: str,
    task: Task,
    *,
    kinds: Mapping[str, Kind],
    drop: Collection[str],
    options: ReadOptions,
    sure: bool = False,
) -> Table:
    """Read a table whose column `target` is to be predicted: a label is what the file says, not a number.

    Args:
        data: What `as_table` takes, or a source that was opened before.
        target: Name of the column to predict.
        task: What it is taken for.
        kinds: Of columns whose kind is given; with that of the target its numbers are classes indeed.
        drop: Names of columns to leave out.
        options: How a file is read.
        sure: Whether the user has named the task, so that any numbers are taken for classes.

    Raises:
        ValueError: If the table cannot be read, or its target looks like the other task.
    """
    source = table_source(data, options)
    refuse_one_column(source.title, source.names, source.delimiter if isinstance(source, TypedSource) else "")
    with text_told_as_classes(target):
        table = read(source, kinds={**kinds, target: KINDS[task]}, drop=drop, options=options)
    if task == "classification" and not sure:
        refuse_fractions(table, target, kinds)
    return table


def refuse_one_column(title: str, names: Sequence[str], delimiter: str = "") -> None:
    """Refuse a table of one column, of which nothing is left besides a target. Raises: ValueError."""
    if len(names) == 1:
        cut = f"; cut at {delimiter!r}, and --delimiter names another sign between the cells" if delimiter else ""
        raise ValueError(f"{title} has one column, {quoted(names[0])}, so no column besides the target{cut}")


def refuse_fractions(table: Table, target: str, kinds: Mapping[str, Kind]) -> None:
    """Refuse more than 20 numbers, some with fractions, as classes, unless their kind says so. Raises: ValueError."""
    if kinds.get(target) != "category" and target in table.columns and are_fractions(table.columns[target]):
        classes = f'--task classification, in Python kinds={{{target!r}: "category"}}'
        raise ValueError(f"{amounts_told(quoted(target), table.columns[target])}; if they are classes: {classes}")


@contextmanager
def text_told_as_classes(target: str) -> Iterator[None]:
    """Add to an error about a target of text, where numbers were to be read, how it is predicted."""
    try:
        yield
    except ValueError as error:
        if not any(_is_of_text(line, target) for line in str(error).splitlines()):
            raise
        raise ValueError("\n".join(_with_task(line, target) for line in str(error).splitlines())) from None


def _is_of_text(line: str, target: str) -> bool:
    return f"column {target!r}: " in line and line.endswith(TEXT)


def _with_task(line: str, target: str) -> str:
    remedy = ", which is predicted as classes: leave out --task regression, in Python use dnn.Classifier"
    return line + remedy if _is_of_text(line, target) else line
