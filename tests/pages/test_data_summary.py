"""The summary of columns."""

import numpy as np

from dnn.pages.data_summary import column_summary


def test_numbers_and_categories_are_told_in_a_few_words():
    columns = {
        "age": np.array([1.0, np.nan, 3.0, 3.0]),
        "job": np.array(["b", "", "a", "b"], object),
        "empty": np.array([np.nan] * 4),
    }
    age, job, empty = column_summary(columns)
    assert age == {
        "column": "age",
        "kind": "numeric",
        "missing": 1,
        "distinct": 2,
        "least": 1,
        "mean": 7 / 3,
        "most": 3,
    }
    frequent = [["b", 2], ["a", 1]]
    assert job == {"column": "job", "kind": "category", "missing": 1, "distinct": 2, "frequent": frequent}
    assert (empty["missing"], empty["distinct"], empty["mean"]) == (4, 0, None)
