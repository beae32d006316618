"""The conformance table: it is that of this code, as far as a few examples of each row can tell, and shown as it is."""

import dataclasses
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import scipy.special
import scipy.stats

from conformance import exact, losses, measure
from conformance.exact import EXACT
from conformance.piece import Row, rows_of
from conformance.pieces import all_rows
from conformance.reasons import reason
from conformance.table import MARKDOWN, RECORD, compact, markdown, read, written

RECORDED = read(RECORD.read_text())


@pytest.fixture(scope="module")
def fresh() -> list[Row]:
    """All rows, over the first of the chunks of inputs that the record was made of: none can be worse."""
    return all_rows(chunks=1)


def is_worse(row: Row, recorded: Row) -> bool:
    """Whether an error is larger than the recorded one by more than a quarter and half a last place: another
    processor's exp may round otherwise. What has no exact value must be as near to Keras's as it was: equal."""
    if recorded.our_error is None:
        return row.difference > recorded.difference
    return row.our_error > 1.25 * recorded.our_error + (1e-9 if row.unit == "one" else 0.5)


def test_the_recorded_rows_are_those_of_the_code(fresh):
    assert [row.key for row in fresh] == [row.key for row in RECORDED]
    assert len({row.key for row in RECORDED}) == len(RECORDED)


def test_no_row_is_worse_than_recorded(fresh):
    assert [row for row, recorded in zip(fresh, RECORDED, strict=True) if is_worse(row, recorded)] == []


def test_a_worse_row_would_be_found():
    """Keras's own cross-entropy in the place of ours; and any error that is twice as large, and one unit more."""
    by_key = {row.key: row for row in RECORDED}
    found = [
        row.key
        for piece in losses.pieces()
        if (piece.name, piece.dtype) == ("sparse cross-entropy", "float32")
        for row in rows_of(dataclasses.replace(piece, ours=piece.keras_s), chunks=1)
        if is_worse(row, by_key[row.key])
    ]
    assert ("sparse cross-entropy", "value", "confident", "float32") in found
    assert ("sparse cross-entropy", "gradient", "confident", "float32") in found
    assert all(is_worse(dataclasses.replace(row, our_error=2 * row.our_error + 1), row) for row in by_key.values()
               if row.our_error is not None)  # fmt: skip


def test_the_tables_show_the_record():
    assert MARKDOWN.read_text() == markdown(RECORDED)
    assert compact(RECORDED) in (Path(__file__).parent.parent / "README.md").read_text()
    assert read(written(RECORDED)) == RECORDED


def test_a_row_that_is_red_or_much_better_than_keras_says_why():
    assert [row.key for row in RECORDED if (row.is_red or row.is_stricter) and not reason(row)] == []
    assert [row.key for row in RECORDED if not (row.is_red or row.is_stricter) and reason(row)] == []


def test_the_initializers_are_keras_s_bit_for_bit():
    drawn = [row for row in RECORDED if row.our_error is None]
    assert len(drawn) == 24
    assert all(row.difference == 0 and row.numbers > 1000 for row in drawn)


@pytest.mark.parametrize(
    ("actual", "expected", "dtype", "error"),
    [
        (1 + 2**-23, 1, np.float32, 1),
        (1 - 2**-24, 1, np.float32, 0.5),
        (2 - 2**-23, 2, np.float32, 0.5),
        (0, 1, np.float32, 2**23),
        (1, Fraction(1, 3), np.float64, 2 * 2**54 / 3),
        (np.nan, 1, np.float32, np.inf),
        (np.inf, 1, np.float32, np.inf),
        (np.inf, 1e39, np.float32, 0),
        (-np.inf, 1e39, np.float32, np.inf),
        (0, 1e-38, np.float32, 1e-38 / (1000 * np.finfo(np.float32).tiny)),
    ],
)
def test_an_error_is_counted_in_last_places_of_the_exact_value(actual, expected, dtype, error):
    ratio = Fraction(expected)
    number = EXACT.mpf(ratio.numerator) / ratio.denominator
    found = measure.largest_error(np.array([actual], dtype), np.array([number]), measure.ulp, (), dtype)
    assert found == pytest.approx(error, rel=1e-6)


def test_the_exact_functions_are_scipy_s_to_float64():
    x = np.linspace(-30, 30, 61)
    for ours, scipy_s in (
        (exact.normal, scipy.stats.norm.cdf), (exact.normal_density, scipy.stats.norm.pdf),
        (exact.logistic, scipy.special.expit), (exact.tanh, np.tanh), (exact.expm1, np.expm1),
    ):  # fmt: skip
        np.testing.assert_allclose(ours(exact.exact(x)).astype(np.float64), scipy_s(x), rtol=1e-12)
