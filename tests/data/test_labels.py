"""The classes are the different values of the target, sorted; each row's label is the number of its class."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnn.data.labels import Labels

CLASSES = st.lists(st.text(min_size=1, max_size=4), min_size=2, max_size=6, unique=True)
NUMBERS = st.lists(st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9), min_size=2, max_size=6, unique=True)


def strings(*cells):
    return np.array(cells, dtype=object)


@given(st.data())
def test_a_label_is_the_index_of_its_string_among_the_sorted_names(data):
    classes = data.draw(CLASSES)
    target = classes + data.draw(st.lists(st.sampled_from(classes), max_size=20))
    labels = Labels(strings(*target))
    assert sorted(labels.names) == sorted(classes)
    numbers = labels(strings(*target))
    assert numbers.dtype == np.int32
    assert [labels.names[number] for number in numbers] == target


@given(NUMBERS)
def test_numbers_are_sorted_by_size(values):
    target = np.array(values, np.float64)
    labels = Labels(target)
    np.testing.assert_array_equal(labels(target), np.argsort(np.argsort(target)))


@given(NUMBERS)
def test_numbers_are_the_same_classes_as_the_strings_of_their_names(values):
    """What features.json relies on: its classes are strings, and a file's column may hold either."""
    numbers = Labels(np.array(values, np.float64))
    again = Labels(strings(*numbers.names))
    assert again.names == numbers.names
    assert again.numeric
    np.testing.assert_array_equal(again(np.array(values, np.float64)), numbers(np.array(values, np.float64)))


@pytest.mark.parametrize(
    ("target", "names", "numeric"),
    [
        (strings("yes", "no"), ["no", "yes"], False),
        (np.array([1, 0, 1]), ["0", "1"], True),
        (np.array([1.0, 0.0]), ["0", "1"], True),
        (np.array([0.5, -2.0, 10.0]), ["-2", "0.5", "10"], True),
        (np.array([True, False]), ["false", "true"], False),
        (strings("10", "2"), ["2", "10"], True),
        (strings("10", "2", "x"), ["10", "2", "x"], False),
        (strings("07", "10"), ["07", "10"], False),
        (strings("1", "1.0"), ["1", "1.0"], False),
        (strings("inf", "1"), ["1", "inf"], False),
        (np.array([-0.0, 0.0, 1.0]), ["0", "1"], True),
        (["b", "a"], ["a", "b"], False),
    ],
)
def test_names_are_strings_as_a_file_would_hold_them(target, names, numeric):
    labels = Labels(target)
    assert labels.names == names
    assert labels.classes == len(names)
    assert labels.numeric is numeric


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (strings("no", "no"), "the target has one class, 'no', in all 2 rows"),
        (np.array([1.0, 1.0]), "the target has one class, '1', in all 2 rows"),
        (np.arange(1_001), "the target has 1,001 different values; at most 1,000 are allowed"),
        (strings("no", "yes", ""), "1 of 3 rows have no target, the first is row 3"),
        (np.array([0, np.nan, 1]), "1 of 3 rows have no target, the first is row 2"),
        (strings("no", None), "1 of 2 rows have no target, the first is row 2"),
        (strings("no", float("nan")), "1 of 2 rows have no target, the first is row 2"),
        (strings("no", 7), "the target must hold strings or numbers, got 7 among strings"),
        (strings("0", "1", "NA", "NA"), "the target is 'NA' in 2 rows, a number in the others; --missing \"NA\" reads"),
        (np.array(["2020-01-01"], "datetime64[D]"), "the target must hold strings or numbers, got datetime64"),
    ],
)
def test_a_target_without_classes_is_refused(target, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Labels(target)


def test_a_thousand_classes_are_taken():
    assert Labels(np.arange(1_000)).classes == 1_000


@pytest.mark.parametrize(
    ("known", "target", "message"),
    [
        (
            strings("no", "yes"),
            strings("no", "maybe", "often"),
            "data row 2: the target 'maybe' is not one of 'no', 'yes'",
        ),
        (strings("no", "yes"), np.array([1.0]), "data row 1: the target '1' is not one of 'no', 'yes'"),
        (np.array([0, 1]), np.array([0, 1, np.nan]), "1 of 3 rows have no target, the first is row 3"),
        (
            np.arange(20),
            np.array([99]),
            "is not one of '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', …",
        ),
    ],
)
def test_a_class_that_training_did_not_have_is_refused_with_its_row(known, target, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Labels(known)(target)


def test_a_repr_names_the_classes_and_is_short():
    assert repr(Labels(strings("no", "yes"))) == "Labels(2 classes: 'no', 'yes')"
    assert repr(Labels(np.arange(1_000))).endswith("'10', '11', … (1,000 in all))")
