"""A column of strings that are not all plain numbers: a category, or numbers with markers or in another notation.

All is decided on its different strings, which are few.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dnn.data.dates import is_date
from dnn.data.notation import ACCOUNTANTS, SAMPLE, are_numbers, explained, fits, notations_of, parse, usual_notation
from dnn.data.options import Notation
from dnn.data.table import MARKERS, plural, shell_word, shortened

TRUTH_VALUES = ("True", "TRUE", "False", "FALSE")  # of pandas and R, where polars and Arrow write true and false
MOST_TOLD = 100
TEXT = ": the column holds text"  # what an error tells of a column that was to be numbers
MANY = 10_000  # different strings, too many for a category: they are not looked through for truth values and markers


class BadCellError(ValueError):
    """A cell that its column must not hold; `row` counts the data rows from 0."""

    def __init__(self, row: int, message: str) -> None:
        super().__init__(message)
        self.row = row


class CellFinding(NamedTuple):
    """What a reader decided about a column. row: the first data row, from 0, that shows it."""

    row: int
    message: str


class Strings:
    """A column of strings, trimmed, with one spelling for truth values.

    Args:
        values: string[values], the different strings; "" is a missing cell.
        indices: [rows], the index of each row's string.
    """

    def __init__(self, values: pa.Array, indices: npt.NDArray[np.integer[Any]]) -> None:
        self.values = values
        self.indices = indices

    @property
    def category(self) -> npt.NDArray[np.object_]:
        """The column as object[rows] of str; equal strings share one object."""
        return np.array(self.values.to_pylist(), object)[self.indices]

    @cached_property
    def unmarked(self) -> pa.Array:
        """The strings that are neither empty nor a marker for "missing"."""
        return _unmarked(self.values)

    @cached_property
    def notations(self) -> list[Notation]:
        """The notations in which all unmarked strings are numbers; none if there are none."""
        if len(sample := _unmarked(self.values[:SAMPLE])) and not notations_of(sample):
            return []
        return notations_of(self.unmarked) if len(self.unmarked) else []

    def numbers(self, notation: Notation) -> npt.NDArray[np.float64]:
        """Return the column as float64[rows], NaN for empty cells and markers.

        Raises:
            BadCellError: If a cell is not a number in this notation, or is an infinity.
        """
        marked = _is_one_of(self.values, ("", *MARKERS))
        values = pc.if_else(marked, pa.scalar(None, pa.string()), self.values)
        try:
            numbers = parse(values, notation).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            raise self._not_a_number(pc.fill_null(fits(values, notation), True), notation) from None
        if np.isinf(numbers).any():
            row = self._first_row(np.isinf(numbers))
            raise BadCellError(row, f"{self._cell(row)} is not a finite number; leave the cell empty if it is unknown")
        return numbers[self.indices]

    def told_markers(self) -> list[CellFinding]:
        """Tell which markers are read as missing, how often, and where first."""
        counted = self._counted(_is_one_of(self.values, MARKERS))
        return [CellFinding(row, f"{marker!r} is read as missing ({plural(n, 'cell')})") for marker, n, row in counted]

    def told_notation(self, notation: Notation, why: str = "") -> CellFinding:
        """Tell how one cell in a notation is read, and one that has its minus elsewhere than in front."""
        strange = self.unmarked.filter(pc.match_substring_regex(self.unmarked, "[^0-9]"))
        negative = pc.match_substring_regex(strange, ACCOUNTANTS)
        kinds = [strange.filter(mask)[:1] for mask in (pc.invert(negative), negative)]
        written = [first for kind in kinds for first in kind.to_pylist()]
        values = [str(value).removesuffix(".0") for value in parse(pa.array(written), notation).to_pylist()]
        told = ", ".join(f"{cell!r} is read as {value}" for cell, value in zip(written, values, strict=True))
        return CellFinding(self._first_row(pc.equal(self.values, written[0])), f"{explained(notation)}: {told}{why}")

    def told_words(self) -> list[CellFinding]:
        """Tell of the words that make a category of a column most of whose cells are numbers."""
        sample = _unmarked(self.values[:SAMPLE])
        notation = usual_notation(sample)
        if are_numbers(sample) and len(sample) and are_numbers(self.unmarked):
            return [self._told_two_notations()]
        if notation is None:
            return []
        number = np.asarray(fits(self.values, notation))
        cells, rows = np.bincount(self.indices, minlength=len(number)), len(self.indices)
        if 2 * cells[number].sum() <= rows - cells[np.asarray(pc.equal(self.values, ""))].sum():
            return []
        words = self._counted(pc.invert(pc.or_(pa.array(number), _is_one_of(self.values, ("", *MARKERS)))))
        count = f"{cells[number].sum():,} of {rows:,} cells are numbers, but"
        word, _, row = words[0]
        told = shortened((f"{word!r} ({plural(n, 'cell')})" for word, n, _ in words), most=3)
        make = "makes" if len(words) == 1 else "make"
        return [CellFinding(row, f"{count} {told} {make} it a category; {_word_remedy(word, 'that')}")]

    def _told_two_notations(self) -> CellFinding:
        first = self.unmarked[0].as_py()
        alike = pc.or_kleene(pc.equal(self.values, ""), _is_one_of(self.values, MARKERS))
        for notation in notations_of(self.unmarked[:1]):
            alike = pc.or_(alike, fits(self.values, notation))
        row = self._first_row(pc.invert(alike))
        two = f"numbers in two notations, {first!r} and {self._cell(row)!r}"
        return CellFinding(row, f"{two}, make it a category; --decimal names the decimal mark")

    def told_values(self) -> list[CellFinding]:
        """Tell of the markers that are values of a category."""
        if len(self.values) > MANY:
            return []
        return [
            CellFinding(
                row, f"{marker!r} is a value ({plural(n, 'cell')}); --missing {shell_word(marker)} reads it as missing"
            )
            for marker, n, row in self._counted(_is_one_of(self.values, MARKERS))
        ]

    def first_row_of(self, string: str) -> int | None:
        """Return the first row with this string; None if there is none."""
        found = pc.equal(self.values[:MANY], string)
        number = pc.index(found, True).as_py()
        return None if number < 0 else int(np.argmax(self.indices == number))

    def _counted(self, mask: pa.Array) -> list[tuple[str, int, int]]:
        """Return (string, cells, first row) of some of the values, the commonest first."""
        numbers = np.flatnonzero(mask)
        if not len(numbers):  # as a rule, so that the rows need not be counted
            return []
        cells = np.bincount(self.indices, minlength=len(self.values))
        numbers = numbers[np.argsort(-cells[numbers], kind="stable")]
        return [(self.values[i].as_py(), int(cells[i]), int(np.argmax(self.indices == i))) for i in numbers[:MOST_TOLD]]

    def _first_row(self, mask: npt.ArrayLike) -> int:
        return int(np.argmax(np.asarray(mask)[self.indices]))

    def _cell(self, row: int) -> str:
        return str(self.values[self.indices[row]])

    def _not_a_number(self, number: pa.Array, notation: Notation) -> BadCellError:
        row = self._first_row(pc.invert(number))
        word = self._cell(row)
        if notations_of(pa.array([word])):
            return BadCellError(row, f"{word!r} is not written as in training: {explained(notation)}")
        cells = np.bincount(self.indices, minlength=len(self.values))
        words = int(cells[~np.asarray(number)].sum())
        numbers = cells.sum() - words - cells[np.asarray(_is_one_of(self.values, ("", *MARKERS)))].sum()
        more = "" if words == 1 else f", nor {'is' if words == 2 else 'are'} {plural(words - 1, 'more cell')}"
        only_text = words > 1 and not numbers and not is_date(word)
        return BadCellError(row, f"{word!r} is not a number{more}{TEXT if only_text else f'; {_word_remedy(word)}'}")


def encode(column: pa.ChunkedArray, missing: Sequence[str]) -> Strings:
    """Return a column of strings by its different values; those that mean "missing" are "".

    Args:
        column: string[rows]; or a dictionary of strings without a null, each of which is used.
        missing: Strings that mean an empty cell.
    """
    if pa.types.is_dictionary(column.type):
        encoded = column.combine_chunks()
    else:
        encoded = pc.fill_null(column, "").combine_chunks().dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):  # of more than 2 GB of text
            encoded = encoded.combine_chunks()
    cleaned = pa.array([""]) if not len(encoded.dictionary) else clean(encoded.dictionary)
    if missing:
        cleaned = pc.if_else(_is_one_of(cleaned, missing), "", cleaned)
    indices = encoded.indices.to_numpy()
    if cleaned.equals(encoded.dictionary):
        return Strings(cleaned, indices)
    merged = cleaned.dictionary_encode()
    return Strings(merged.dictionary, merged.indices.to_numpy()[indices])


def clean(strings: pa.Array) -> pa.Array:
    """Return strings without the white space around them, truth values in one spelling."""
    trimmed = pc.utf8_trim_whitespace(strings)
    if len(strings) > MANY:
        return trimmed
    return pc.if_else(_is_one_of(trimmed, TRUTH_VALUES), pc.ascii_lower(trimmed), trimmed)


def _word_remedy(word: str, it: str = "it") -> str:
    """Return what to do about a word among numbers; a date is hardly a marker."""
    if is_date(word):
        return f"{it} is a date as text, which is not read as a number"
    return f"--missing {shell_word(word)} reads {it} as missing"


def _unmarked(strings: pa.Array) -> pa.Array:
    return strings.filter(pc.invert(_is_one_of(strings, ("", *MARKERS))))


def _is_one_of(strings: pa.Array, words: Sequence[str]) -> pa.Array:
    return pc.is_in(strings, pa.array(words, pa.string()))
