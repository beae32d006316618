"""One-hot categories, against scikit-learn's."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.preprocessing import OneHotEncoder

from dnn.data.one_hot import OneHot
from dnn.data.string_table import string_table


@given(st.lists(st.text(max_size=3), min_size=1, max_size=20), st.lists(st.text(max_size=3), min_size=1, max_size=20))
@example(["a"], ["b", ""])
def test_one_hot_is_sklearns_with_unknown_categories_ignored(training, later):
    theirs = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    theirs.fit(np.array(training, object)[:, None])
    module = OneHot.learn(np.array(training, object))
    assert list(module.categories) == theirs.categories_[0].tolist()
    for strings in (training, later):
        np.testing.assert_array_equal(module(strings), theirs.transform(np.array(strings, object)[:, None]))


def test_more_than_a_thousand_categories_are_refused():
    strings = np.array([f"id{number}" for number in range(1_001)], dtype=object)
    assert OneHot.learn(strings[:1_000])(strings[:1]).shape == (1, 1_000)
    with pytest.raises(ValueError, match="1,001 different values; one-hot takes at most 1,000"):
        OneHot.learn(strings)


def test_a_category_that_is_not_a_string_is_refused():
    with pytest.raises(ValueError, match="None among its strings"):
        OneHot.learn(np.array(["a", None], dtype=object))


def test_tables_of_the_same_strings_are_one_so_that_loading_again_takes_no_memory():
    one, same, other = (string_table(strings).resource_handle for strings in (["a", "b"], ["a", "b"], ["b", "a"]))
    assert str(one) == str(same) != str(other)
    assert OneHot(["b", "a"])(["a", "b", "c"]).numpy().tolist() == [[0, 1], [1, 0], [0, 0]]
    assert OneHot(["a", "b"])(["a", "b", "c"]).numpy().tolist() == [[1, 0], [0, 1], [0, 0]]
