"""Figures in a table: three digits in the unit that suits."""

import pytest

from dnn.bench.markdown import duration, share, table


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1234.5, "1230 s"), (1, "1 s"), (0.99996, "1 s"), (0.0123456, "12.3 ms"), (9.9996e-4, "1 ms"), (2e-7, "0.2 µs")],
)
def test_a_duration_has_three_digits(seconds, text):
    assert duration(seconds) == text


def test_a_share_is_a_percentage():
    assert [share(part) for part in (None, 0.001, 0.01, 1.234)] == ["", "< 1%", "1%", "123%"]


def test_a_table_has_a_line_for_each_row():
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
