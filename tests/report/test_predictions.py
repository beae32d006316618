"""Predictions are written completely or not at all, and a file that must stay is left as it is."""

import csv
import os

import numpy as np
import pytest

from dnn.report.predictions import refuse_output, write_predictions

LOGITS = np.array([[0.0, 2.0], [3.0, 0.0], [1.0, 1.0]], np.float32)
CLASSES = ["no, thanks", 'say "yes"']


def test_a_row_holds_its_most_probable_class_and_the_probability_of_each(tmp_path):
    path = tmp_path / "deep" / "out.csv"
    write_predictions(path, LOGITS, CLASSES)
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["label", *(f"probability_{name}" for name in CLASSES)]
    assert [label for label, *_ in rows] == [CLASSES[1], CLASSES[0], CLASSES[0]]  # the first of two equal ones
    expected = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    np.testing.assert_allclose([list(map(float, row[1:])) for row in rows], expected, atol=1e-6)


def test_a_failure_leaves_the_file_that_was_there(tmp_path, monkeypatch):
    def fail(partial, path):
        raise OSError("disk full")

    out = tmp_path / "out.csv"
    out.write_text("precious", "utf-8")
    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_predictions(out, LOGITS, CLASSES)
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert out.read_text("utf-8") == "precious"


def test_an_output_that_is_the_data_or_not_a_file_or_there_is_refused(tmp_path):
    data, out = tmp_path / "data.csv", tmp_path / "out.csv"
    data.write_text("a\n1\n", "utf-8")
    refuse_output(out, data, force=False)
    out.symlink_to(data)
    with pytest.raises(ValueError, match="is the data; write the predictions to another file"):
        refuse_output(out, data, force=True)
    with pytest.raises(ValueError, match="is not a file that could be replaced"):
        refuse_output(tmp_path, data, force=True)
    (tmp_path / "other.csv").write_text("precious", "utf-8")
    with pytest.raises(FileExistsError, match="choose another name, or replace it with --force"):
        refuse_output(tmp_path / "other.csv", data, force=False)
    refuse_output(tmp_path / "other.csv", data, force=True)
