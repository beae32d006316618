"""Numbers that people write come back from what a writer of theirs makes of them."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnn.data.files import read_csv
from dnn.data.notation import NOTATIONS, fits, notations_of, parse
from dnn.data.options import ReadOptions

CENTS = st.integers(-(10**11), 10**11)


def written(cents: int, *, decimal: str, thousands: str, places: int = 2) -> str:
    """A number of hundredths as people write it, by integers and strings alone."""
    whole, rest = divmod(abs(cents), 10**places)
    return ("-" if cents < 0 else "") + f"{whole:,}".replace(",", thousands) + decimal + f"{rest:0{places}}"


@given(
    st.lists(CENTS, min_size=1, max_size=5), st.sampled_from([("1,234.5", ".", ", '’"), ("1.234,5", ",", ". '\u202f")]),
    st.data(),
)  # fmt: skip
def test_a_number_comes_back_from_each_notation_bit_for_bit(numbers, notation, data):
    name, decimal, separators = notation
    thousands = data.draw(st.sampled_from(["", *separators]))
    strings = pa.array([written(number, decimal=decimal, thousands=thousands) for number in numbers])
    assert name in [*notations_of(strings), "1,234.5"]  # 12.50 is a plain number too
    expected = [float(f"{number}e-2") for number in numbers]
    assert parse(strings, name).to_numpy().tobytes() == np.array(expected).tobytes()
    other = next(one for one in ("1,234.5", "1.234,5") if one != name)
    assert not any(fits(strings, other).to_pylist())


@given(st.integers(-(10**6), 10**6), st.sampled_from(["", " ", "\u00a0"]))
def test_a_percentage_is_the_nearest_number_to_what_is_written(thousandths, space):
    text = written(thousandths, decimal=".", thousands="", places=1) + space + "%"
    assert parse(pa.array([text]), "1,234.5%")[0].as_py() == float(f"{thousandths}e-3")


@pytest.mark.parametrize(
    ("strings", "notations"),
    [
        (["1", "2.5", "1e5", "-.5"], ["plain"]),
        (["1,5"], ["1.234,5"]),
        (["1,234"], ["1,234.5", "1.234,5"]),
        (["1,234", "12"], ["1,234.5", "1.234,5"]),
        (["1,234", "0,5"], ["1.234,5"]),
        (["0,125"], ["1.234,5"]),
        (["1,234,567"], ["1,234.5"]),
        (["1,234", "1,234.5"], ["1,234.5"]),
        (["1.234.567"], ["1.234,5"]),
        (["1.234", "1,5"], ["1.234,5"]),
        (["1 234", "12 000"], ["1,234.5", "1.234,5"]),
        (["1'234.50"], ["1,234.5"]),
        (["5%", "12.5 %"], ["1,234.5%"]),
        (["$1,234.50", "-$2.00"], ["1,234.5"]),
        (["12,50 €"], ["1.234,5"]),
        (["$-1.50", "€ 2"], ["1,234.5"]),
        (["--1"], []),
        (["+-1,5"], []),
        (["$ $1"], []),
        (["\u22121,5"], ["1.234,5"]),
        (["1,5", "1.5"], []),
        (["5%", "5"], []),
        (["1,23,456"], []),
        (["12,34,567"], []),
        (["01,234", "1,5x"], []),
        (["1,2,3"], []),
        (["192.168.1.10"], []),
        (["2020-01-01"], []),
        (["1,"], ["1.234,5"]),
        ([","], []),
        (["x"], []),
        (["(5)", "6"], ["1,234.5", "1.234,5"]),
        (["5-", "6.5"], ["1,234.5"]),
        (["(1.234,50)", "6,5"], ["1.234,5"]),
        (["$(1,234.50)", "($2.00)", "2 €-"], ["1,234.5"]),
        (["(5%)", "(5)%", "5 %-", "6.5%"], ["1,234.5%"]),
        (["(-5)"], []),
        (["-5-"], []),
        (["(5"], []),
        (["5)"], []),
        (["()"], []),
        (["-"], []),
        (["(5)", "x"], []),
        (["2-3"], []),
    ],
)
def test_which_notations_strings_fit(strings, notations):
    assert notations_of(pa.array(strings)) == notations
    assert all(any(fits(pa.array([string]), one)[0].as_py() for one in NOTATIONS) for string in strings if notations)


@pytest.mark.parametrize(
    ("content", "options", "expected", "note"),
    [
        ("a;b\nx;1,234\ny;2,345\n", {}, [1.234, 2.345], "assumed, since the delimiter is ';': --decimal . reads"),
        ("a\tb\nx\t1,234\ny\t2,345\n", {}, [1234, 2345], "assumed, since the delimiter is '\\t': --decimal , reads"),
        ("a\tb\tc\n1,5\t1,234\tx\n", {}, [1.234], "assumed, since other columns have a decimal comma"),
        ("a;b;c\n1.5;1,234;x\n", {}, [1234], "assumed, since other columns have a decimal point"),
        ("a\tb\nx\t1,234\n", {"decimal": ","}, [1.234], "'1,234' is read as 1.234"),
        ("a;b\nx;1,234\n", {"decimal": "."}, [1234], "'1,234' is read as 1234"),
        ("a;b\nx;1.234\n", {"decimal": ","}, [1234], "'1.234' is read as 1234"),
        ("a;b\n1,5;1.234\n", {}, [1234], "'1.234' is read as 1234; assumed, since other columns have a decimal comma"),
        ("a;b\nx;1.234\n", {}, [1.234], "'1.234' is read as 1.234; assumed: --decimal , reads a thousands separator"),
        ("a;b\n1,5;1.234\n2,5;0.125\n", {}, [1.234, 0.125], ""),
        ("a;b\n1,5;1.234\n2,5;NA\n", {}, [1234, float("nan")], "'1.234' is read as 1234"),
        ("a;b;c\n1,234;1.5;x\n2,345;NA;y\n", {}, [1.5, float("nan")], "'NA' is read as missing"),
    ],
)
def test_what_could_be_either_is_decided_by_the_file_and_told(csv, content, options, expected, note):
    table = read_csv(csv(content), options=ReadOptions(**options))
    np.testing.assert_array_equal(table.columns["b"], expected)
    assert note in " ".join(text for text in table.notes if "column 'b'" in text)
    again = read_csv(csv(content), options=table.options)
    np.testing.assert_array_equal(again.columns["b"], expected)


@given(st.integers(0, 10**11), st.sampled_from([("1,234.5", ".", ","), ("1.234,5", ",", ".")]), st.booleans())
def test_accountants_negatives_are_the_numbers_with_a_minus_in_front(cents, notation, percent):
    name, decimal, thousands = notation
    number = written(cents, decimal=decimal, thousands=thousands)
    name, sign = (f"{name}%", "%") if percent else (name, "")
    strings = pa.array([f"-{number}{sign}", f"({number}{sign})", f"({number}){sign}", f"{number}{sign}-"])
    values = parse(strings, name).to_pylist()
    assert values == [float(f"-{cents}e-{4 if percent else 2}")] * 4


@pytest.mark.parametrize(
    ("cells", "expected", "note"),
    [
        ("(5) 6", [-5, 6], "'(5)' is read as -5"),
        ("5- 6.5", [-5, 6.5], "'6.5' is read as 6.5, '5-' is read as -5"),
        ("$1,234.50 ($2.00) NA", [1234.5, -2, np.nan], "'$1,234.50' is read as 1234.5, '($2.00)' is read as -2"),
        ("12% (5%)", [0.12, -0.05], "percentages as in 1,234.5%: '12%' is read as 0.12, '(5%)' is read as -0.05"),
    ],
)
def test_accountants_negatives_are_read_and_told(csv, cells, expected, note):
    path = csv("a\tb\n" + "".join(f"x\t{cell}\n" for cell in cells.split()))
    table = read_csv(path)
    np.testing.assert_array_equal(table.columns["b"], expected)
    assert note in " ".join(table.notes)
    np.testing.assert_array_equal(read_csv(path, options=table.options).columns["b"], expected)


def test_two_notations_in_a_column_make_a_category_and_are_told(csv):
    table = read_csv(csv("a;b\nx;1,5\nz;2,5\ny;1.5\n"))
    assert table.columns["b"].tolist() == ["1,5", "2,5", "1.5"]
    assert table.notes == (
        "table.csv, line 4, column 'b': numbers in two notations, '1,5' and '1.5', make it a category; "
        "--decimal names the decimal mark",
    )


def test_columns_of_one_file_may_differ(csv):
    table = read_csv(csv("income;rate;balance\n2613,25;2.6%;26,132.50\n900,00;12%;1,000.00\n"))
    assert {name: cells.tolist() for name, cells in table.columns.items()} == {
        "income": [2613.25, 900],
        "rate": [0.026, 0.12],
        "balance": [26132.5, 1000],
    }
    assert table.options.notations == {"income": "1.234,5", "rate": "1,234.5%", "balance": "1,234.5"}


def test_a_notation_that_was_learnt_is_not_guessed_anew(csv):
    options = ReadOptions(notations={"a": "1.234,5", "b": "plain"})
    kinds = {"a": "numeric", "b": "numeric"}
    assert read_csv(csv("a\tb\n1,234\t1.5\n"), kinds=kinds, options=options).columns["a"].tolist() == [1.234]
    with pytest.raises(ValueError, match=r"column 'a': '1.5' is not written as in training: numbers as in 1.234,5"):
        read_csv(csv("a\tb\n1.5\t1.5\n"), kinds=kinds, options=options)
    with pytest.raises(ValueError, match=r"line 2, column 'b': '1,5' is not written as in training: plain numbers"):
        read_csv(csv("a\tb\n1,5\t1,5\n"), kinds=kinds, options=options)
