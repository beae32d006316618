"""features.json brings back what was learnt, or says that it is damaged."""

import json
import pickle
import re
from copy import deepcopy

import numpy as np
import pandas as pd
import polars as pl
import pytest

from dnn.data.amounts import Amounts
from dnn.data.encoding import FILE, Encoding, load_encoding
from dnn.data.features import Features
from dnn.data.files import read_csv
from dnn.data.labels import Labels
from dnn.data.options import ReadOptions
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


def test_a_class_that_training_did_not_have_is_refused_with_its_line(csv):
    table = encoding().read(csv("zip,age,deposit\n01234,1,no\n2,2,\n3,3,perhaps\n"))
    with pytest.raises(
        ValueError, match=r"table.csv, line 4, column 'deposit': the target 'perhaps' is not one of 'no', 'yes'"
    ):
        encoding().check_classes(table)
    encoding().check_classes(table.where(np.array([True, True, False])))
    encoding().check_classes(table.without("deposit"))


def test_a_file_without_the_target_or_the_dropped_column_is_read(csv):
    assert list(encoding().read(csv("age,zip\n1,x\n")).columns) == ["age", "zip"]


@pytest.mark.parametrize(
    ("target", "cells", "labels"),
    [(("0", "1"), "1.0 0", [1, 0]), (("2", "10"), "10 2.00", [1, 0]), (("07", "10"), "07 10", [0, 1])],
)
def test_labels_that_look_like_numbers_are_found_again_in_a_file(csv, target, cells, labels):
    learnt = encoding(target)
    path = csv("deposit,age,zip\n" + "".join(f"{cell},1,ü\n" for cell in cells.split()))
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
        ({"format": 3}, "has format 3, and this version reads formats 1 and 2"),
        ({"format": ...}, "is damaged: KeyError('format')"),
        ({"classes": ["no"]}, "is damaged: the target has one class, 'no'"),
        ({"classes": ["yes", "no", "no"]}, "is damaged: each class must be there once, got 'yes', 'no', 'no'"),
        ({"classes": "yes"}, "is damaged: "),
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


def test_further_columns_are_let_through_with_a_note_and_some_are_kept(csv):
    path = csv("id,age,zip,deposit,mood\n7,1,ü,yes,good\n08,2,ü,no,bad\n")
    table = encoding().read(path)
    assert list(table.columns) == ["age", "zip", "deposit"]
    assert table.notes == ("table.csv: not used, since training had no such columns: 'id', 'mood'",)
    kept = encoding().read(path, with_target=False, keep=["id"])
    assert list(kept.columns) == ["id", "age", "zip"]
    assert kept.columns["id"].tolist() == ["7", "08"]
    with pytest.raises(ValueError, match=r"table.csv has no column 'idd'; did you mean 'id'\?"):
        encoding().read(path, keep=["idd"])


def test_missing_columns_are_told_all_at_once_with_what_may_be_meant(csv):
    with pytest.raises(ValueError, match="age") as raised:
        encoding().read(csv("Age,plz\n1,2\n"))
    lines = str(raised.value).splitlines()
    assert [line.partition(" has ")[2] for line in lines] == [
        "no column 'age'; did you mean 'Age'?",
        "no column 'zip'; its columns are 'Age', 'plz'",
    ]


def test_a_category_of_which_training_saw_no_cell_is_refused(csv):
    told = r"table.csv, column 'zip': training saw none of its 2 cells: '7', '8'; it saw '', '01234', 'ü'"
    with pytest.raises(ValueError, match=told):
        encoding().read(csv("age,zip\n1,7\n1,8\n1,\n"))
    assert encoding().read(csv("age,zip\n1,7\n1,\n")).rows == 2  # of one cell nobody knows
    assert encoding().read(csv("age,zip\n1,7\n1,ü\n")).rows == 2


def test_frames_are_read_as_files_are():
    frame = {"zip": ["ü", None], "age": [1, None], "deposit": ["no", "yes"]}
    for data in (frame, pd.DataFrame(frame), pl.DataFrame(frame)):
        table = encoding().read(data)
        np.testing.assert_array_equal(table.columns["age"], [1, np.nan])
        assert table.columns["zip"].tolist() == ["ü", ""]


def test_a_later_file_is_read_as_the_training_file_was(csv, tmp_path):
    training = read_csv(csv("a;b\n1,5;x\n2.500,0;y\n-9;z\n"), options=ReadOptions(missing=("-9",)))
    learnt = Encoding(Features({"a": training.columns["a"]}), Labels(training.columns["b"]), "b", (), training.options)
    learnt.save(tmp_path)
    again = load_encoding(tmp_path)
    np.testing.assert_array_equal(again.read(csv("a;b\n1.234;x\n-9;y\n")).columns["a"], [1234, np.nan])
    np.testing.assert_array_equal(again.read({"a": [1.5, -9]}).columns["a"], [1.5, np.nan])
    plain = Encoding(Features({"a": np.array([1.0, 2.0])}), Labels(training.columns["b"]), "b")
    with pytest.raises(ValueError, match="'1,5' is not written as in training: plain numbers"):
        plain.read(csv("a;b\n1,5;x\n"))
    other = plain.read(csv("a:b\n1:x\n"), options=ReadOptions(delimiter=":"))
    assert other.columns["a"].tolist() == [1]


def test_amounts_are_kept_and_their_column_is_numeric(csv, tmp_path):
    learnt = Encoding(Features({"a": np.array([1.0, 2.0])}), Amounts([10.0, 30.0]), "price")
    learnt.save(tmp_path)
    again = load_encoding(tmp_path)
    assert again.state() == learnt.state()
    table = again.read(csv("a,price\n1,30\n2,?\n"))
    np.testing.assert_array_equal(table.columns["price"], [30, np.nan])
    assert again.labels.restore([1.0]).tolist() == [30]


def test_an_encoding_is_pickled_and_copied():
    learnt = encoding()
    for again in (pickle.loads(pickle.dumps(learnt)), deepcopy(learnt)):
        assert again.state() == learnt.state()


def test_format_1_is_read_with_the_spelling_of_now(csv, tmp_path):
    """What `dnn` 0.1.0 wrote of a table with white space, and of truth values by pandas."""
    columns = {" age": np.array([20.0, 40.0]), "job ": strings(" cook", "pilot"), "on": strings("True", "False")}
    old = Encoding(Features(columns), Labels(strings("no ", "True")), " y", ("x ",)).state()
    old = {name: value for name, value in old.items() if name != "options"} | {"format": 1}
    (tmp_path / FILE).write_text(json.dumps(old), "utf-8")
    again = load_encoding(tmp_path)
    assert (again.target, again.dropped, again.labels.names) == (
        "y",
        ("x",),
        ["true", "no"],
    )  # in the order of the weights
    table = again.read(csv("age,job,on,y\n30,cook,TRUE, no\n30,pilot,false,True\n"))
    expected = Features(columns)({" age": np.array([30.0, 30.0]), "job ": columns["job "], "on": columns["on"]})
    assert again.features(table.without("y").columns).numpy().tobytes() == expected.numpy().tobytes()
    assert again.labels(table.columns["y"]).tolist() == [1, 0]


def test_format_1_keeps_what_white_space_alone_tells_apart(tmp_path):
    old = Encoding(Features({"job": strings("cook", " cook")}), Labels(strings("no", "yes")), "y").state()
    old = {name: value for name, value in old.items() if name != "options"} | {"format": 1}
    (tmp_path / FILE).write_text(json.dumps(old), "utf-8")
    assert load_encoding(tmp_path).features.state()["categories"] == {"job": [" cook", "cook"]}
