"""Lines of text that nothing in a name can break."""

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from dnn.report.text_table import aligned, counted_things, printable, width_of


@given(st.text(), st.integers(3, 40))
@example("two\u2028lines\x85three", 40)
@example("\u202eright to left\u202c", 40)
@example("\x1b]8;;http://x\x07", 40)
@example("日本語" * 20, 10)
def test_a_printable_name_is_one_line_that_fits_and_steers_nothing(name, widest):
    shown = printable(name, widest)
    assert cell_len(shown) <= widest
    assert len(shown.splitlines()) <= 1
    assert not set(shown) & set("\x1b\x00\x07\r\n\t\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2028")
    shown.encode()


@given(st.text("abcdefghijklmnopqrstuvwxyz [é日]", max_size=10))
def test_a_short_plain_name_stays_as_it_is(name):
    assert printable(name) == name


@given(
    st.lists(st.tuples(st.text("a日 ", max_size=9), *[st.text("0123456789", min_size=1, max_size=7)] * 3), min_size=1)
)
def test_every_cell_stands_whole_in_its_column(rows):
    lines = aligned(rows)
    assert len(lines) == len(rows)
    assert len({cell_len(line) for line in lines}) == 1  # the last column is flush right
    for line, (_, *numbers) in zip(lines, rows, strict=True):
        assert line.split()[-3:] == numbers
    assert width_of(lines) == cell_len(lines[0])


def test_one_row_is_singular():
    assert (counted_things(0), counted_things(1), counted_things(2000), counted_things(1, "fold")) == (
        "0 rows",
        "1 row",
        "2,000 rows",
        "1 fold",
    )
