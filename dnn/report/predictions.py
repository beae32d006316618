"""Predictions as a CSV file that is written completely or not at all, and never replaces the data."""

import os
from collections.abc import Mapping
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
    table = pa.table(dict(columns))
    if not raw_text:
        table = _without_formulas(table)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        pa.csv.write_csv(table, partial, pa.csv.WriteOptions(quoting_style="needed"))
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


def refuse_output(out: Path, data: Path, *, force: bool) -> None:
    """Refuse a path for the predictions that is the data, is not a regular file, or cannot be written.

    Args:
        out: The file to write.
        data: The file whose rows are predicted.
        force: Whether `out` may be replaced.

    Raises:
        ValueError: If `out` is the data, or a folder or a device.
        FileExistsError: If `out` exists, without `force`.
        PermissionError: If its folder cannot be written.
    """
    if out.exists() and data.exists() and out.samefile(data):
        raise ValueError(f"{out} is the data; write the predictions to another file")
    if out.exists() and not out.is_file():
        raise ValueError(f"{out} is not a file that could be replaced")
    if not force:
        refuse_existing(out, remedy="choose another name, or replace it with --force")
    refuse_unwritable(out)
