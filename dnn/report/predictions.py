"""Predictions as a CSV file that is written completely or not at all, and never replaces the data."""

import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
from pyarrow import compute

from dnn.control import FORMULA, NUMBER, without_formula
from dnn.files.durable import flush
from dnn.files.new_folder import refuse_existing, refuse_unwritable


def class_columns(labels: npt.NDArray[Any], probabilities: npt.NDArray[Any], classes: list[str]) -> dict[str, pa.Array]:
    """Return the columns of predicted classes.

    Args:
        labels: The predicted class numbers, int[rows].
        probabilities: float[rows, classes].
        classes: Name of each class.
    """
    names = pa.DictionaryArray.from_arrays(pa.array(labels), classes).cast(pa.string())
    by_class = {f"probability_{name}": pa.array(probabilities[:, number]) for number, name in enumerate(classes)}
    return {"label": names} | by_class


def write_predictions(path: Path, columns: Mapping[str, Any], *, raw_text: bool = False) -> None:
    """Write columns of predictions as a CSV file, completely or not at all.

    Args:
        path: The CSV file to write; replaced if it exists.
        columns: [rows] by name, what Arrow takes as an array.
        raw_text: Whether text stands as it is. False: names and text that a spreadsheet would run as a formula get an
            apostrophe before them; numbers, also those that are text, stay.
    """
    write_all_predictions(path, [columns], raw_text=raw_text)


def write_all_predictions(path: Path, blocks: Iterable[Mapping[str, Any]], *, raw_text: bool = False) -> None:
    """Write predictions as they come, as `write_predictions` does: completely or not at all.

    Args:
        path: The CSV file to write; replaced if it exists.
        blocks: One after the other, [rows] by name: the same columns in each.
        raw_text: As in `write_predictions`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with ExitStack() as opened:
            writer = None
            for columns in blocks:
                table = pa.table(dict(columns)) if raw_text else _without_formulas(pa.table(dict(columns)))
                if writer is None:
                    options = pa.csv.WriteOptions(quoting_style="needed")
                    writer = opened.enter_context(pa.csv.CSVWriter(partial, table.schema, write_options=options))
                writer.write_table(table)
        flush(partial)
        os.replace(partial, path)
        flush(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def _without_formulas(table: pa.Table) -> pa.Table:
    """Return the table with `without_formula` of its names and of the cells that are text."""
    columns = []
    for column in table.columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            runs = compute.and_not(
                compute.match_substring_regex(column, FORMULA), compute.match_substring_regex(column, NUMBER)
            )
            column = compute.if_else(runs, compute.binary_join_element_wise("'", column, ""), column)
        columns.append(column)
    return pa.table(columns, list(map(without_formula, table.column_names)))


def refuse_output(out: Path, data: Iterable[Path], *, force: bool) -> None:
    """Refuse a path for the predictions that is the data, is not a regular file, or cannot be written.

    Args:
        out: The file to write.
        data: The files whose rows are predicted.
        force: Whether `out` may be replaced.

    Raises:
        ValueError: If `out` is one of the data, or a folder or a device.
        FileExistsError: If `out` exists, without `force`.
        PermissionError: If its folder cannot be written.
    """
    if out.exists() and any(each.exists() and out.samefile(each) for each in data):
        raise ValueError(f"{out} is the data; write the predictions to another file")
    if out.exists() and not out.is_file():
        raise ValueError(f"{out} is not a file that could be replaced")
    if not force:
        refuse_existing(out, remedy="choose another name, or replace it with --force")
    refuse_unwritable(out)
