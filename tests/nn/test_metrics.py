"""Metrics of a fit: against Keras and scikit-learn, and by hand."""

import keras
import numpy as np
import pytest
import scipy.special
import sklearn.metrics
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from modes import MODES

from dnn.nn.metrics import accuracy, binary_accuracy, top_k_accuracy

CLASSES = 4


@st.composite
def labels_and_logits(draw):
    """Logits are small integers, so that ties are many."""
    rows = draw(st.integers(1, 30))
    labels = draw(hnp.arrays(np.int32, rows, elements=st.integers(0, CLASSES - 1)))
    return labels, draw(hnp.arrays(np.float32, (rows, CLASSES), elements=st.integers(-3, 3)))


@given(labels_and_logits())
def test_accuracy_of_class_numbers_and_of_one_hot_labels_is_scikit_learn_s(example):
    labels, logits = example
    for given_labels in (labels, np.eye(CLASSES)[labels]):
        hits = accuracy(given_labels, logits)
        np.testing.assert_array_equal(hits, logits.argmax(axis=1) == labels)
        assert np.mean(hits) == pytest.approx(sklearn.metrics.accuracy_score(labels, logits.argmax(axis=1)))


@pytest.mark.parametrize("mode", MODES)
def test_of_equal_logits_the_first_is_taken(mode):
    hits = MODES[mode](accuracy)(np.array([0, 1, 1, 0]), np.array([[2, 2], [2, 2], [1, 2], [1, 2]], np.float32))
    np.testing.assert_array_equal(hits, [True, False, True, False])


@given(labels_and_logits(), st.integers(1, CLASSES + 2))
def test_top_k_is_the_place_of_the_label_in_a_stable_sort(example, k):
    labels, logits = example
    first_k = np.argsort(-logits, axis=1, kind="stable")[:, :k]
    hits = top_k_accuracy(labels, logits, k=k)
    np.testing.assert_array_equal(hits, (first_k == labels[:, np.newaxis]).any(axis=1))
    np.testing.assert_array_equal(top_k_accuracy(np.eye(CLASSES)[labels], logits, k=k), hits)


@given(labels_and_logits())
def test_top_1_is_accuracy_and_the_top_of_all_classes_has_every_row(example):
    np.testing.assert_array_equal(top_k_accuracy(*example, k=1), accuracy(*example))
    assert np.all(top_k_accuracy(*example, k=CLASSES))


@given(st.permutations(range(CLASSES)), st.integers(0, CLASSES - 1), st.integers(1, CLASSES))
def test_top_k_is_keras_s_where_no_logits_tie(order, label, k):
    logits = np.array([order], np.float32)
    keras_s = keras.metrics.sparse_top_k_categorical_accuracy(np.array([label]), logits, k=k)
    np.testing.assert_array_equal(top_k_accuracy([label], logits, k=k), np.asarray(keras_s) == 1)


@pytest.mark.parametrize("mode", MODES)
def test_logits_that_are_all_equal_hit_k_classes_and_a_nan_none(mode):
    """In Keras the equal ones hit all six."""
    equal, nan = np.zeros((6, 6), np.float32), np.full((6, 6), np.nan, np.float32)
    function = MODES[mode](lambda logits: top_k_accuracy(tf.range(6), logits, k=2))
    np.testing.assert_array_equal(function(equal), [1, 1, 0, 0, 0, 0])
    assert not np.any(function(nan))


@pytest.mark.parametrize("k", [0, -1])
def test_no_label_is_among_the_first_0(k):
    with pytest.raises(ValueError, match=f"k must be 1 or more, got {k}"):
        top_k_accuracy([0], np.zeros((1, 2), np.float32), k=k)


@st.composite
def truths_and_binary_logits(draw):
    shape = draw(st.tuples(st.integers(1, 8), st.integers(1, 3)))
    # not too near 0, where a logit is told from a threshold of one half, and its probability no longer is
    apart = st.floats(-20, 20).filter(lambda logit: abs(logit) > 1e-9)
    logits = draw(hnp.arrays(np.float64, shape, elements=st.integers(-3, 3) | apart))
    return draw(hnp.arrays(np.int32, shape, elements=st.integers(0, 1))), logits


@given(truths_and_binary_logits(), st.sampled_from([0.1, 0.3, 0.5, 0.9]))
def test_binary_accuracy_is_keras_s_of_the_probabilities(example, threshold):
    labels, logits = example
    keras_s = keras.metrics.binary_accuracy(labels, scipy.special.expit(logits), threshold=threshold)
    expected = np.mean(keras_s, axis=1)  # Keras keeps the outputs apart until its mean over all
    np.testing.assert_allclose(binary_accuracy(labels, logits, threshold=threshold), expected, rtol=1e-6)


@pytest.mark.parametrize("mode", MODES)
def test_a_probability_that_equals_the_threshold_predicts_0(mode):
    hits = MODES[mode](binary_accuracy)(np.array([0, 1, 1, 0]), np.array([[0], [0], [1e-30], [-1e-30]], np.float32))
    np.testing.assert_array_equal(hits, [1, 0, 1, 1])


def test_a_threshold_near_1_is_told_from_1():
    """A float32 sigmoid of 17 and of 20 is 1."""
    threshold = 1 - 1e-8  # a logit of 18.4
    hits = binary_accuracy([1, 1], np.array([[17], [20]], np.float32), threshold=threshold)
    np.testing.assert_array_equal(hits, [0, 1])


@pytest.mark.parametrize("threshold", [0, 1, -1, np.nan])
def test_a_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(ValueError, match=r"threshold must be in \(0, 1\), got"):
        binary_accuracy([1], np.zeros((1, 1), np.float32), threshold=threshold)


def test_labels_that_do_not_pair_with_the_outputs_are_refused():
    with pytest.raises(ValueError, match=r"must be \[batch, outputs\], got \(2,\) and \(2, 2\)"):
        binary_accuracy([1, 0], np.zeros((2, 2), np.float32))


@pytest.mark.parametrize("metric", [accuracy, top_k_accuracy])
@pytest.mark.parametrize(
    ("labels", "shape", "message"),
    [
        (np.zeros(2, np.float32), (2, 3), "labels must be integers, or one-hot rows, got float32"),
        (np.zeros((2, 2)), (2, 3), r"labels must be \[batch\] or one-hot, \[batch, 3\], got shape \(2, 2\)"),
        (np.zeros((2, 1), np.int32), (2, 3), r"labels must be \[batch\] or one-hot, \[batch, 3\], got shape \(2, 1\)"),
        (np.zeros(3, np.int32), (2, 3), r"logits must be \[batch, classes\], got \(2, 3\) beside labels \(3,\)"),
        (np.zeros(2, np.int32), (2,), r"logits must be \[batch, classes\], got \(2,\) beside labels \(2,\)"),
    ],
)
def test_labels_and_logits_that_do_not_fit_are_refused_by_name(metric, labels, shape, message):
    with pytest.raises((TypeError, ValueError), match=message):
        metric(labels, np.zeros(shape, np.float32))


@pytest.mark.parametrize("metric", [accuracy, top_k_accuracy])
@pytest.mark.parametrize("labels", [np.array([0, 1]), np.array([[0.0], [1.0]])], ids=["numbers", "column"])
def test_the_accuracy_of_one_output_is_refused_and_the_other_named(metric, labels):
    """Its largest logit is that of class 0, in every row."""
    with pytest.raises(ValueError, match=r'use metrics=\{"accuracy": dnn.binary_accuracy\}'):
        metric(labels, np.zeros((2, 1), np.float32))


@pytest.mark.parametrize("metric", [accuracy, top_k_accuracy])
def test_a_number_of_classes_that_a_trace_does_not_know_is_refused_by_name(metric):
    specs = tf.TensorSpec([None], tf.int32), tf.TensorSpec([None, None])
    with pytest.raises(ValueError, match=r"logits must have a known number of classes, got shape \(None, None\)"):
        tf.function(metric, autograph=False).get_concrete_function(*specs)
