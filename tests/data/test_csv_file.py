"""What is written into a CSV file comes back from it, and what is wrong with one is said with its line."""

import csv as standard
import gzip
import io
import re
import sys
from itertools import product

import numpy as np
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnn.data.files import column_names, read_csv

NOT_WRITTEN = "\0" if sys.version_info < (3, 11) else ""  # before, Python's own writer took it for its escape character
STRINGS = st.text(st.characters(codec="utf-8", exclude_characters=NOT_WRITTEN), max_size=8)
# A bare delimiter in an unquoted name is a question without an answer, a first U+FEFF is a byte-order mark, and names
# that are numbers, or empty but for white space, are told.
WORDS = st.characters(codec="utf-8", exclude_characters=",;\t|\ufeff\0", exclude_categories=["Nd"])
NAMES = st.text(WORDS, min_size=1, max_size=6).filter(lambda name: trimmed(name) and name.strip() == trimmed(name))
DIALECTS = [
    (delimiter, quoting, eol)
    for delimiter, (quoting, eol) in product(
        ",;\t", [(standard.QUOTE_MINIMAL, "\r\n"), (standard.QUOTE_ALL, "\n"), (standard.QUOTE_NONNUMERIC, "\r\n")]
    )
]


def trimmed(text: str) -> str:
    """Without white space around it, as Arrow sees white space."""
    return pc.utf8_trim_whitespace(text).as_py()


def spelt(cell: str) -> str:
    return trimmed(cell).lower() if trimmed(cell) in ("True", "TRUE", "False", "FALSE") else trimmed(cell)


@st.composite
def tables(draw, cells):
    """(names, rows): 1 to 4 columns, 1 to 6 rows."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=trimmed))
    return names, draw(st.lists(st.tuples(*[cells] * len(names)), min_size=1, max_size=6))


@st.composite
def files(draw, names, rows) -> bytes:
    """The same table in any of the ways that it may be written."""
    delimiter, quoting, eol = draw(st.sampled_from(DIALECTS))
    delimiter = delimiter if len(names) > 1 else ","  # a header of one name does not tell
    lines = [written(row, delimiter, quoting, eol) for row in (names, *rows)]
    blank = [eol * draw(st.integers(0, 2 if len(names) > 1 else 0)) for _ in lines]
    text = "".join(before + line for before, line in zip(blank, lines, strict=True))
    text = text.removesuffix(eol) if draw(st.booleans()) else text + eol * (len(names) > 1)
    content = text.encode(draw(st.sampled_from(["utf-8", "utf-8-sig"])))
    return gzip.compress(content) if draw(st.booleans()) else content


def written(row, delimiter=",", quoting=standard.QUOTE_MINIMAL, eol="\n") -> str:
    file = io.StringIO()
    standard.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=eol).writerow(row)
    return file.getvalue()


@given(st.data())
def test_strings_come_back_exactly(folder, data):
    names, rows = data.draw(tables(STRINGS))
    path = folder / "strings.csv"
    path.write_bytes(data.draw(files(names, rows)))
    table = read_csv(path, kinds=dict.fromkeys(map(trimmed, names), "category"))
    assert list(table.columns) == list(map(trimmed, names))
    assert list(zip(*table.columns.values(), strict=True)) == [tuple(map(spelt, row)) for row in rows]


@given(st.data())
def test_numbers_come_back_bit_for_bit(folder, data):
    names, rows = data.draw(tables(st.floats(allow_nan=False, allow_infinity=False)))
    path = folder / "numbers.csv"
    path.write_bytes(data.draw(files(names, rows)))
    table = read_csv(path)
    assert list(table.columns) == list(map(trimmed, names))
    assert np.stack(list(table.columns.values()), axis=1).tobytes() == np.array(rows).tobytes()


@given(st.data(), st.sampled_from(["\n", "\r\n"]))
def test_an_error_names_the_line_whatever_came_before_it(folder, data, eol):
    """Quoted line breaks and blank lines before it, one bad row after them; the line is counted in the text."""
    before = data.draw(st.lists(st.text(st.sampled_from("x\n;, "), max_size=4), max_size=8))
    blank = [eol * data.draw(st.integers(0, 2)) for _ in before]
    start = written(["text", "number"], eol=eol)
    start += "".join(written([cell, 1], eol=eol) + gap for cell, gap in zip(before, blank, strict=True))
    line = start.count("\n") + 1
    path = folder / "bad.csv"
    for bad, message in [
        ("x,inf", f"line {line}, column 'number': inf is not a finite number"),
        ("x", f"line {line}: 1 cell, but the header has 2"),
        ("x,1,2", f"line {line}: 3 cells, but the header has 2"),
        ("x,y", f"line {line}, column 'number': 'y' is not a number"),
        ("\x81,1", f"line {line}: not UTF-8 text, nor cp1252"),
    ]:
        path.write_bytes((start + bad + eol + "x,1" + eol).encode("latin-1"))
        with pytest.raises(ValueError, match=re.escape(f"{path}, {message}")):
            read_csv(path, kinds={"number": "numeric"})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("\n\r\n\n", "is empty"),
        ("a,b\n", "has a header but no rows"),
        ("a,b", "has a header but no rows"),
        ("\n\na,a\n1,2\n", "line 3: two columns are named 'a'"),
        ("a,,c\n1,2,3\n", "line 1: column 2 has no name"),
        ("a,b,\n1,2,\n1,2,3\n", "line 3: column 3 has no name, but cells, '3' say"),
        ('a,b\n1,2\n"x,3\n4,5\n', "line 3: 1 cell, but the header has 2; is a quote left open?"),
        (b"\x81,b\n1,2\n", "line 1: not UTF-8 text, nor cp1252"),
        ("a,b\n1,2\n".encode("utf-16-le"), "line 1: NUL bytes; is it UTF-16"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "not UTF-8 text, nor cp1252"),
        (b"a,b\n" + b"1,2\n" * 50_000 + b"\x81,2\n", "line 50002: not UTF-8 text, nor cp1252"),
        ("a,b\nö,2\n".encode() + b"\xe9,2\n", "line 3: not UTF-8 text, though line 2 is"),
    ],
)
def test_a_file_that_is_not_a_table_is_refused_with_the_cause(csv, content, message):
    path = csv(content)
    with pytest.raises(ValueError, match=re.escape(str(path)) + r"(, |: | )" + re.escape(message)):
        read_csv(path)


@pytest.mark.parametrize("number", ["inf", "-inf", "Infinity", "1e999", "-1e999"])
@pytest.mark.parametrize("kinds", [{}, {"a": "numeric"}])
def test_a_number_that_is_not_finite_is_refused(csv, number, kinds):
    path = csv(f"a,b\n1,x\n{number},y\n")
    with pytest.raises(ValueError, match=f"line 3, column 'a': {number} is not a finite number; leave the cell empty"):
        read_csv(path, kinds=kinds)


def test_text_in_a_column_that_must_be_numeric_is_refused(csv):
    path = csv('a,b\n\n"q\nr",1\nx,many\n')
    with pytest.raises(ValueError, match="line 5, column 'b': 'many' is not a number"):
        read_csv(path, kinds={"b": "numeric"})


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for read in (read_csv, column_names):
        with pytest.raises(FileNotFoundError, match=r"absent\.csv"):
            read(tmp_path / "absent.csv")
        with pytest.raises(IsADirectoryError, match=re.escape(str(tmp_path))):
            read(tmp_path)


def test_a_gzip_file_that_is_cut_anywhere_is_refused(csv):
    whole = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (row, row * 7919 % 1013) for row in range(200)))
    for end in range(2, len(whole), 7):
        with pytest.raises(ValueError, match=r"table.csv, line \d+: "):
            read_csv(csv(whole[:end]))


def test_a_flipped_bit_in_a_gzip_file_is_refused_or_changes_nothing(csv):
    whole = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (row, row * 7919 % 1013) for row in range(200)))
    right = read_csv(csv(whole)).columns
    for bit in range(16, 8 * len(whole), 37):  # the first two bytes say that it is gzip
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            found = read_csv(csv(bytes(damaged))).columns
        except ValueError:
            continue
        assert all(np.array_equal(found[name], right[name]) for name in right)


def test_gzip_is_told_by_its_content_not_by_its_name(csv):
    assert read_csv(csv(gzip.compress(b"a,b\n1,2\n"), name="plain.csv")).rows == 1
    assert read_csv(csv(b"a,b\n1,2\n", name="named.csv.gz")).rows == 1


@pytest.mark.parametrize(
    ("head", "names"),
    [
        ("a,b", ["a", "b"]),
        ("a;b,c;d", ["a", "b,c", "d"]),
        ('"income, gross";"costs, net, monthly"', ["income, gross", "costs, net, monthly"]),
        ('"a;b","c"', ["a;b", "c"]),
        ('"say ""x""",b', ['say "x"', "b"]),
        ("a\tb", ["a", "b"]),
        ("a", ["a"]),
    ],
)
def test_the_delimiter_is_the_one_that_cuts_most_outside_of_quotes(csv, head, names):
    assert column_names(csv(head + "\n")) == names


@pytest.mark.parametrize("size", [200_000, 2_000_000])
def test_a_cell_may_be_longer_than_the_readers_own_limits(csv, size):
    """The standard library refuses 128 KB, and Arrow cells across its blocks of 1 MB."""
    long = "x" * size
    path = csv("a,b\n" + "1,y\n" * 400_000 + f"2,{long}\ninf,z\n")
    table = read_csv(path, kinds={"a": "category"})
    assert table.columns["b"][400_000] == long
    with pytest.raises(ValueError, match="line 400003, column 'a': inf"):
        read_csv(path)


def test_a_row_far_longer_than_4_mb_is_refused_with_the_cause(csv):
    names, cells = ",".join("abcdefghi"), ",".join(["x" * 1_000_000] * 9)
    with pytest.raises(ValueError, match="a row is longer than 4 MB; is a quote left open"):
        read_csv(csv(f"{names}\n{names}\n{cells}\n"))


def test_a_quote_left_open_in_a_large_file_is_reported_with_its_line(csv):
    with pytest.raises(ValueError, match=r"line 3: field larger than field limit .* is a quote left open"):
        read_csv(csv('a,b\n1,2\n"x,3\n' + "4,5\n" * 2_000_000))


def test_lines_may_end_in_carriage_returns_alone(csv):
    assert read_csv(csv("a,b\r1,2\r3,4\r")).columns["b"].tolist() == [2, 4]
