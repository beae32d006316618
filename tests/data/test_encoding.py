"""features.json brings back what was learnt, or says that it is damaged."""

import json
import re
from copy import deepcopy

import numpy as np
import pytest

from dnn.data.encoding import FILE, Encoding, load_encoding
from dnn.data.features import Features
from dnn.data.labels import Labels
from dnn.data.preprocess import Rescale

JUNK = (None, True, -1, 0.5, 1e999, 10**400, "", "x", [], [None], ["x"], [[1]], [1, 1], {}, {"x": 1})


def strings(*cells):
    return np.array(cells, dtype=object)


def encoding(target=("no", "yes"), **options) -> Encoding:
    columns = {"age": np.array([20.0, np.nan, 0.1]), "zip": strings("01234", "", "ü")}
    return Encoding(Features(columns, **options), Labels(strings(*target)), "deposit", ("note",))


def paths_in(value, path=()):
    """The path of each value in nested lists and dicts."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield from paths_in(child, (*path, key))


@pytest.mark.parametrize("target", [("no", "yes"), ("10", "2", "0.5"), ("07", "1")])
@pytest.mark.parametrize("options", [{}, {"scale": Rescale.learn}])
def test_an_encoding_comes_back_from_its_folder(tmp_path, target, options):
    first = encoding(target, **options)
    first.save(tmp_path)
    again = load_encoding(tmp_path)
    assert again.state() == first.state()
    assert (again.target, again.dropped, again.labels.names) == (first.target, first.dropped, first.labels.names)
    np.testing.assert_array_equal(again.labels(strings(*target)), first.labels(strings(*target)))
    assert list(again.features.kinds) == ["age", "zip"]


def test_a_file_is_read_with_the_kinds_of_the_training_columns(csv):
    path = csv("zip,note,age,deposit\n01234,nan,,1\n7,inf,3,0\n")
    table = encoding().read(path)
    assert list(table.columns) == ["zip", "age", "deposit"]
    assert table.columns["zip"].tolist() == ["01234", "7"]
    np.testing.assert_array_equal(table.columns["age"], [np.nan, 3])
    assert table.columns["deposit"].tolist() == ["1", "0"]  # its classes are words, so these are words too


def test_a_file_without_the_target_or_the_dropped_column_is_read(csv):
    assert list(encoding().read(csv("age,zip\n1,x\n")).columns) == ["age", "zip"]


@pytest.mark.parametrize(
    ("target", "cells", "labels"),
    [(("0", "1"), "1.0 0", [1, 0]), (("2", "10"), "10 2.00", [1, 0]), (("07", "10"), "07 10", [0, 1])],
)
def test_labels_that_look_like_numbers_are_found_again_in_a_file(csv, target, cells, labels):
    learnt = encoding(target)
    path = csv("deposit,age,zip\n" + "".join(f"{cell},1,x\n" for cell in cells.split()))
    assert learnt.labels(learnt.read(path).columns["deposit"]).tolist() == labels


def test_text_in_a_numeric_column_is_refused_with_its_line(csv):
    with pytest.raises(ValueError, match="line 3, column 'age': 'old' is not a number"):
        encoding().read(csv("age,zip\n1,x\nold,y\n"))


def test_a_folder_without_features_is_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(ValueError, match=r"neither a run folder nor a prepared one: it has no features\.json"):
            load_encoding(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "has format 2, and this version reads format 1"),
        ({"format": ...}, "is damaged: KeyError('format')"),
        ({"classes": ["no"]}, "is damaged: the target has one class, 'no'"),
        ({"classes": ["yes", "no"]}, "is damaged: its contents are inconsistent"),
        ({"classes": [0, 1]}, "is damaged: the target must hold strings or numbers, got 0 among strings"),
        ({"target": 7}, "is damaged: its contents are inconsistent"),
        ({"dropped": "note"}, "is damaged: its contents are inconsistent"),
        ({"features": {}}, "is damaged: not the state of features: "),
        ({"more": 1}, "is damaged: its contents are inconsistent"),
    ],
)
def test_a_damaged_file_is_refused_and_told_why(tmp_path, change, message):
    state = {name: value for name, value in (encoding().state() | change).items() if value is not ...}
    (tmp_path / FILE).write_text(json.dumps(state), "utf-8")
    with pytest.raises(ValueError, match=re.escape(f"{tmp_path / FILE} {message}")):
        load_encoding(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"7", b'"x"', b"\xff\xfe", b"PK\x03\x04"])
def test_a_file_that_is_no_json_object_is_refused(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ValueError, match=r"features\.json is damaged: "):
        load_encoding(tmp_path)


def test_any_value_that_replaces_another_ends_in_a_value_error_or_is_kept_as_it_is(tmp_path):
    state = encoding().state()
    for path in paths_in(state):
        for junk in (..., *JUNK):
            changed = [deepcopy(state)]
            parent = changed
            *parents, last = (0, *path)
            for key in parents:
                parent = parent[key]
            if junk is ...:
                del parent[last]
            else:
                parent[last] = junk
            (tmp_path / FILE).write_text(json.dumps(changed[0] if changed else None), "utf-8")
            try:
                loaded = load_encoding(tmp_path)
            except ValueError as error:
                assert str(tmp_path / FILE) in str(error)  # noqa: PT017
            else:
                assert loaded.state() == changed[0]
