"""The label among the k highest scores: scikit-learn's answers, and by hand."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from score_rows import KINDS, SCORES, assert_same_answer, rows_of, weights

from dnn.nn.scores.top_k import top_k_accuracy_score


@settings(max_examples=settings().max_examples * 2)
@given(st.data(), st.sampled_from(list(KINDS)), st.integers(1, 4))
def test_the_score_is_scikit_learn_s(data, kind, k):
    """Of ties too; a class without rows is refused unless `labels` are given."""
    names, rows = KINDS[kind], data.draw(st.integers(1, 8))
    true, width = data.draw(rows_of(names, rows)), (len(names),) if len(names) > 2 else ()
    scores = data.draw(hnp.arrays(np.float64, (rows, *width), elements=SCORES))
    labels = data.draw(st.sampled_from([None, np.sort(names)]))
    options = {
        "k": k,
        "labels": labels,
        "normalize": data.draw(st.booleans()),
        "sample_weight": data.draw(weights(rows)),
    }
    assert_same_answer(top_k_accuracy_score, sklearn.metrics.top_k_accuracy_score, true, scores, **options)


def test_of_equal_scores_the_last_class_comes_first():
    assert top_k_accuracy_score([0, 1, 2], np.zeros((3, 3)), k=1) == 1 / 3
    assert top_k_accuracy_score([0, 1, 2], np.zeros((3, 3)), k=1, sample_weight=[1, 1, 8]) == 0.8
    assert top_k_accuracy_score([0, 1, 2], np.zeros((3, 3)), k=1, normalize=False, sample_weight=[1, 1, 8]) == 8


@pytest.mark.parametrize(
    ("labels", "scores", "options", "message"),
    [
        ([0, 1], [0.1, 0.2], {"k": 0}, "k must be an integer of 1 or more, got 0"),
        ([0, 1], np.eye(2), {}, r"y_score of two classes must be \[rows\], of the greater label, got shape \(2, 2\)"),
        ([0, 1], np.eye(3), {}, r"y_score must be \[rows, classes\], here \[2, classes\], got shape \(3, 3\)"),
        ([0, 1, 1], np.eye(3), {}, r"got shape \(3, 3\); give all of them as labels="),
        ([0, 1, 2], [0.1, 0.2, 0.3], {}, r"is of two classes, got 3, \[0, 1, 2\]: give \[rows, classes\]"),
        ([0, 1], [0.1, np.nan], {}, "y_score must be finite, got NaN or infinity"),
    ],
)
def test_what_does_not_fit_is_refused(labels, scores, options, message):
    with pytest.raises(ValueError, match=message):
        top_k_accuracy_score(labels, scores, **options)
