"""Predictions are written completely or not at all, and a file that must stay is left as it is."""

import csv
import os

import numpy as np
import pytest

from dnn.control import without_formula
from dnn.report.predictions import class_columns, refuse_output, write_predictions

PROBABILITIES = np.array([[0.125, 0.875], [0.75, 0.25], [0.5, 0.5]], np.float32)
CLASSES = ["no, thanks", 'say "yes"']


def test_a_row_holds_its_class_and_the_probability_of_each_and_what_is_kept(tmp_path):
    path = tmp_path / "deep" / "out.csv"
    predicted = class_columns(np.array([1, 0, 0]), PROBABILITIES, CLASSES)
    write_predictions(path, {"id": np.array(["a", "b,c", ""], object)} | predicted)
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["id", "label", *(f"probability_{name}" for name in CLASSES)]
    assert [row[:2] for row in rows] == [["a", CLASSES[1]], ["b,c", CLASSES[0]], ["", CLASSES[0]]]
    assert np.array_equal([list(map(float, row[2:])) for row in rows], PROBABILITIES)


def test_no_text_is_a_formula_and_numbers_stay_unless_raw_text_is_asked_for(tmp_path):
    numbers = ["-1.5", "+3", "-2e-07", "-1,5", "1", "-12 %"]
    formulas = ["=1+1", "+1+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "-inf", "\uff1dA1", "-"]
    plain = ["a=b", "<=50K", "'=1", "", "né"]
    texts = [*numbers, *formulas, *plain]
    columns = {"=name": np.array(texts, object), "label": [None, *texts[1:]], "amount": np.arange(len(texts)) - 9.5}
    escaped = [*numbers, *(f"'{text}" for text in formulas), *plain]
    for raw_text, name, told in [(False, "'=name", escaped), (True, "=name", texts)]:
        write_predictions(tmp_path / "out.csv", columns, raw_text=raw_text)
        with open(tmp_path / "out.csv", newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        assert header == [name, "label", "amount"]
        assert [row[0] for row in rows] == told
        assert [row[1] for row in rows] == ["", *told[1:]]
        assert [float(row[2]) for row in rows] == columns["amount"].tolist()
    assert list(map(without_formula, texts)) == escaped


def test_a_failure_leaves_the_file_that_was_there(tmp_path, monkeypatch):
    def fail(partial, path):
        raise OSError("disk full")

    out = tmp_path / "out.csv"
    out.write_text("precious", "utf-8")
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_predictions(out, {"label": ["a"]})
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert out.read_text("utf-8") == "precious"


def test_an_output_that_is_the_data_or_not_a_file_or_there_is_refused(tmp_path):
    data, out = tmp_path / "data.csv", tmp_path / "out.csv"
    data.write_text("a\n1\n", "utf-8")
    refuse_output(out, [data.with_name("none.csv"), data], force=False)
    out.symlink_to(data)
    with pytest.raises(ValueError, match="is the data; write the predictions to another file"):
        refuse_output(out, [data.with_name("none.csv"), data], force=True)
    with pytest.raises(ValueError, match="is not a file that could be replaced"):
        refuse_output(tmp_path, [data], force=True)
    (tmp_path / "other.csv").write_text("precious", "utf-8")
    with pytest.raises(FileExistsError, match="choose another name, or replace it with --force"):
        refuse_output(tmp_path / "other.csv", [data], force=False)
    refuse_output(tmp_path / "other.csv", [data], force=True)
