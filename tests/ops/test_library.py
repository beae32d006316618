"""The value that says what a library is made of: sealed behind the code, read again, and refused if anything is cut."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from dnn.ops.library import Library, read_library, sealed, stamp_digest

LIBRARY = Library("TensorFlow 2", "g++\n12", ("-O3", "-DA=ä"), (("a.cc", "1f"), ("b.h", "")), ("A", "B"))
CODE = b"\x7fELF code"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "library.so"
    path.write_bytes(sealed(CODE, LIBRARY))
    return path


def test_what_is_sealed_is_read_again(file):
    assert file.read_bytes().startswith(CODE)
    assert read_library(file) == LIBRARY
    assert read_library(file).file == file


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"x" + data]
)
def test_a_damaged_library_is_not_read(damage, file):
    file.write_bytes(damage(file.read_bytes()))
    assert read_library(file) is None


def test_neither_is_one_of_another_tool_nor_a_folder_nor_one_that_is_missing(file):
    file.write_bytes(CODE)
    for path in (file, file.parent, file.with_name("missing.so")):
        assert read_library(path) is None


def test_libraries_are_equal_and_have_one_digest_if_they_are_made_of_the_same():
    assert replace(LIBRARY, file=Path("elsewhere.so")) == LIBRARY
    assert stamp_digest(replace(LIBRARY, file=Path("elsewhere.so"))) == stamp_digest(LIBRARY)
    for field in fields(Library):
        if field.name != "file":
            other = replace(LIBRARY, **{field.name: getattr(LIBRARY, field.name)[:-1]})
            assert other != LIBRARY
            assert stamp_digest(other) != stamp_digest(LIBRARY)
