"""A category with an order becomes its place in it."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.preprocessing import OrdinalEncoder

from dnn.data.ordinal import Ordinal

ORDER = ["primary", "secondary", "tertiary"]


def strings(*cells):
    return np.array(cells, object)


def test_the_places_are_those_of_sklearn_over_the_last_one():
    cells = strings("tertiary", "primary", "secondary", "secondary")
    theirs = OrdinalEncoder(categories=[ORDER]).fit_transform(cells[:, None]) / 2
    np.testing.assert_array_equal(Ordinal.learn(cells, ORDER)(cells), theirs)


def test_other_strings_get_the_mean_place_of_the_training_rows():
    block = Ordinal.learn(strings("tertiary", "tertiary", "primary", "", "secondary"), ORDER)
    assert block.mean == (1 + 1 + 0 + 0.5) / 4
    assert block(strings("", "doctor", "primary")).numpy().tolist() == [[0.625], [0.625], [0]]
    assert Ordinal.learn(strings("", ""), ORDER).mean == 0.5


def test_pickle_and_copy_give_the_same():
    block = Ordinal(ORDER, 0.3)
    for again in (pickle.loads(pickle.dumps(block)), copy.deepcopy(block)):
        assert (again.categories, again.mean) == (block.categories, block.mean)
        assert again(strings("", *ORDER)).numpy().tobytes() == block(strings("", *ORDER)).numpy().tobytes()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Ordinal(["a"]), "two categories or more, each once"),
        (lambda: Ordinal(["a", "b", "a"]), "two categories or more, each once"),
        (lambda: Ordinal(ORDER, 1.5), r"mean must be in \[0, 1\], got 1.5"),
        (lambda: Ordinal(ORDER, float("nan")), r"mean must be in \[0, 1\]"),
        (lambda: Ordinal.learn(strings("a", "doctor"), ORDER), "'tertiary', has no place for: 'a', 'doctor'"),
    ],
)
def test_what_is_no_order_of_the_values_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
