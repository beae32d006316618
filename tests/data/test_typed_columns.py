"""A large CSV file is read with its columns converted by Arrow, and comes out as if it were read by its text."""

import contextlib
import itertools

import numpy as np
import pytest

import dnn
from dnn.data import csv_file
from dnn.data.files import read_csv
from dnn.data.size_limit import TooLargeError

ROWS = 240
LATE = 200
CELLS = [
    *(
        "",
        "word",
        "NA",
        "nan",
        "NaN",
        "-nan",
        "inf",
        "-Infinity",
        "1e400",
        "0x1F",
        "007",
        " 5 ",
        "\t5",
        "   ",
        "\u00a05",
    ),
    *("1,5", '"1,5"', "1.234,5", '"1,234.5"', "1_000", "5-", "(5)", "5 %", "−5", "+5", ".5", "5.", "1e5"),
    *("9007199254740993", '"5"', '""', '"a ""b"""', '"two\nlines"', "True", "FALSE", "5,6", '"open', "2024-01-02", "é"),
]
CASES = list(itertools.product(",;", "agwt", CELLS))
OPTIONS = (
    {},
    {"kinds": {"a": "category", "w": "category"}},
    {"kinds": {"a": "numeric"}},
    {"kinds": {"w": "numeric"}},
    {"options": dnn.ReadOptions(missing=("NA", "7", "word"))},
    {"options": dnn.ReadOptions(decimal=",")},
    {"options": dnn.ReadOptions(decimal=".")},
    {"options": dnn.ReadOptions(notations={"a": "1.234,5"})},
    {"drop": ("a",)},
)


def lines(delimiter=",", **late):
    """Rows of plain numbers, of words, of gaps; with some other cells far below."""
    rows = [
        {
            "a": f"{row / 8}",
            "b": f"{row}",
            "g": "" if row % 3 else f"{row}",
            "w": ("x", "y y", "")[row % 3],
            "t": "1.000",
        }
        for row in range(ROWS)
    ]
    for name, cell in late.items():
        rows[LATE][name] = cell
    return "\n".join(delimiter.join(row) for row in (rows[0], *(row.values() for row in rows))) + "\n"


def outcome(path, options):
    """What reading ends with: all that a user sees of a table, or the error."""
    try:
        table = read_csv(path, **options)
    except ValueError as error:
        return str(error)
    columns = {name: (cells.dtype.str, cells.tolist()) for name, cells in table.columns.items()}
    return repr((columns, table.notes, table.options, table.location(LATE)))


@pytest.mark.parametrize("number", range(len(OPTIONS)))
def test_what_comes_out_is_the_same_as_by_the_text(tmp_path, monkeypatch, number):
    """Every thirty-first case of each; all of them were the same once."""
    path = tmp_path / "large.csv"
    for delimiter, name, cell in CASES[number::31]:
        path.write_text(lines(delimiter, **{name: cell}), "utf-8")
        monkeypatch.setattr(csv_file, "LARGE", 1 << 40)
        by_text = outcome(path, OPTIONS[number])
        monkeypatch.setattr(csv_file, "LARGE", 3_000)
        assert outcome(path, OPTIONS[number]) == by_text, (delimiter, name, cell)


def test_plain_numbers_and_words_are_converted_and_what_must_be_told_is_read_by_its_text(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_file, "LARGE", 3_000)
    path, names, found = tmp_path / "large.csv", set("abgwt"), {}
    late = {"plain": {}, "word": {"a": "word"}, "nan": {"a": "nan"}, "inf": {"b": "inf"}, "quote": {"w": '"x"'}}
    for what, cells in late.items():
        path.write_text(lines(**cells), "utf-8")
        contents = dnn.data.files.sniff(path).read_typed(names, names)
        found[what] = contents and [str(field.type)[:10] for field in contents.table.schema]
    assert found == {"plain": ["double"] * 3 + ["dictionary", "double"]} | dict.fromkeys(list(late)[1:])


def test_a_small_file_is_not_looked_at_twice(tmp_path):
    path = tmp_path / "small.csv"
    path.write_text(lines(), "utf-8")
    assert dnn.data.files.sniff(path).read_typed(set("ab"), set("ab")) is None
    np.testing.assert_array_equal(read_csv(path).columns["a"], np.arange(ROWS) / 8)


def test_a_number_that_is_converted_while_it_is_read_counts_less_than_a_word(tmp_path, monkeypatch):
    path = tmp_path / "large.csv"
    header, rows = lines().split("\n", 1)
    path.write_text(f"{header}\n{rows * 8}", "utf-8")
    cells = 5 * (8 * ROWS + 1)  # of four numbers and a word: (4 · 12 + 32) / 5 = 16 bytes
    for cell, large, refused in ((16, 3_000, False), (15, 3_000, True), (31, 1 << 40, True), (32, 1 << 40, False)):
        monkeypatch.setattr(csv_file, "LARGE", large)
        options = dnn.ReadOptions(max_bytes=path.stat().st_size + cell * cells)
        with pytest.raises(TooLargeError) if refused else contextlib.nullcontext():
            assert read_csv(path, options=options).rows == 8 * ROWS
