"""JSON of finite numbers: what else stands in a file is told, by its name."""

import math

import pytest

from dnn.files.json_files import read_json, write_json


def test_json_has_no_nan(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "file.json", {"loss": math.nan})


def test_what_was_written_is_read(tmp_path):
    value = {"loss": 0.1 + 0.2, "rows": [1, -(10**30), None, True], "größe": "😀 ß", "big": 1.7e308}
    write_json(tmp_path / "file.json", value)
    assert read_json(tmp_path / "file.json") == value


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "[-Infinity]",
        "1e400",
        "-1e309",
        "9" * 310,
        "9" * 5000,
        "[" * 100000,
        b"\xff",
        "",
        '{"a": 1',
        "{} {}",
        '{"a": 1, "a": 2}',
        b'"\xed\xa0\x80"',
        "{}".encode("utf-16"),
    ],
    ids=range(14),
)
def test_anything_else_is_told_as_damage_of_the_file(text, tmp_path):
    path = tmp_path / "file.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=r"file\.json is damaged: ") as told:
        read_json(path)
    assert type(told.value) is ValueError
