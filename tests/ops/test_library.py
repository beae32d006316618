"""The value that says what a library is made of: sealed behind the code, read again, and refused if anything is cut."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from dnn.ops.library import Library, library_in, sealed

LIBRARY = Library("TensorFlow 2", "g++\n12", ("-O3", "-DA=ä"), (("a.cc", "1f"), ("b.h", "")), ("A", "B"))
CODE = b"\x7fELF code"


FILE = Path("library.so")


def test_what_is_sealed_is_read_again():
    assert sealed(CODE, LIBRARY).startswith(CODE)
    assert library_in(sealed(CODE, LIBRARY), FILE) == LIBRARY
    assert library_in(sealed(CODE, LIBRARY), FILE).file == FILE


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"x" + data,
        lambda _: CODE,
    ],
    ids=["cut", "halved", "emptied", "shifted", "another tool's"],
)
def test_neither_a_damaged_library_nor_one_of_another_tool_is_read(damage):
    assert library_in(damage(sealed(CODE, LIBRARY)), FILE) is None


def test_libraries_are_equal_if_they_are_made_of_the_same():
    assert replace(LIBRARY, file=Path("elsewhere.so")) == LIBRARY
    for field in fields(Library):
        if field.name != "file":
            assert replace(LIBRARY, **{field.name: getattr(LIBRARY, field.name)[:-1]}) != LIBRARY
