"""The confusion matrix and the accuracy: scikit-learn's answers, and by hand."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from score_rows import KINDS, assert_same_answer, classes, rows_of, weights

from dnn.nn.scores.confusion import accuracy_score, confusion_matrix

MANY = settings(max_examples=settings().max_examples * 2)  # milliseconds each


@st.composite
def predictions(draw):
    """(true labels, predicted labels, weights), of classes that may be other ones."""
    names, rows = draw(classes()), draw(st.integers(1, 12))
    seen = names[draw(st.integers(0, len(names) - 1)) :]
    return draw(rows_of(names, rows)), draw(rows_of(seen, rows)), draw(weights(rows))


@MANY
@given(predictions(), st.sampled_from([None, "true", "pred", "all"]), st.data())
def test_confusion_matrix_is_scikit_learn_s(example, normalize, data):
    true, predicted, sample_weight = example
    names = next(names for names in KINDS.values() if names.dtype.kind == true.dtype.kind)
    labels = data.draw(st.none() | st.permutations(names).map(lambda order: np.array(order[1:], names.dtype)))
    options = {"labels": labels, "sample_weight": sample_weight, "normalize": normalize}
    assert_same_answer(confusion_matrix, sklearn.metrics.confusion_matrix, true, predicted, **options)


@given(predictions(), st.booleans())
def test_accuracy_score_is_scikit_learn_s(example, normalize):
    true, predicted, sample_weight = example
    options = {"normalize": normalize, "sample_weight": sample_weight}
    assert_same_answer(accuracy_score, sklearn.metrics.accuracy_score, true, predicted, **options)


@given(predictions(), st.data())
def test_the_matrices_of_two_parts_add_up_to_that_of_the_whole(example, data):
    true, predicted, _ = example
    cut, labels = data.draw(st.integers(1, len(true))), np.union1d(true, predicted)
    if len(labels) > 1 and cut < len(true):
        parts = [
            confusion_matrix(true[rows], predicted[rows], labels=labels) for rows in (slice(cut), slice(cut, None))
        ]
        np.testing.assert_array_equal(sum(parts), confusion_matrix(true, predicted))


def test_true_classes_stand_down_and_predicted_ones_across():
    np.testing.assert_array_equal(confusion_matrix([0, 0, 0, 1], [0, 1, 1, 0]), [[1, 2], [1, 0]])
    matrix = confusion_matrix(["b", "a", "b"], ["b", "b", "c"], labels=["c", "b", "a"], sample_weight=[1, 2, 4])
    np.testing.assert_array_equal(matrix, [[0, 0, 0], [4, 1, 0], [0, 2, 0]])
    assert accuracy_score(["b", "a", "b"], ["b", "b", "c"], sample_weight=[1, 2, 5]) == 1 / 8
    assert accuracy_score(["b", "a", "b"], ["b", "b", "c"], normalize=False) == 1


def test_small_integer_dtypes_do_not_overflow():
    labels = np.array([99, 99, 3], np.uint8)
    matrix = confusion_matrix(labels, labels, labels=range(100))
    assert (matrix[99, 99], matrix[3, 3], matrix.sum()) == (2, 1, 3)


def test_a_single_class_has_a_cell_and_a_warning_which_all_labels_avoid():
    with pytest.warns(UserWarning, match="have a single label: give all known ones as labels="):
        assert confusion_matrix([1, 1], [1, 1]).tolist() == [[2]]
    assert confusion_matrix([1, 1], [1, 1], labels=[0, 1]).tolist() == [[0, 0], [0, 2]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": [2, 3]}, r"labels must have at least one class of y_true, got \[2, 3\]"),
        ({"labels": [0, 0]}, r"labels must be distinct, got \[0, 0\]"),
        ({"labels": []}, r"labels must be class labels|labels must be \[rows\]"),
        ({"normalize": "rows"}, r'normalize must be "true", "pred", "all" or None, got \'rows\''),
    ],
)
def test_options_without_a_meaning_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        confusion_matrix([0, 1], [1, 0], **options)
