"""What scores refuse: labels, predictions and weights that do not pair, each by its name."""

import numpy as np
import pytest

from dnn.nn.scores.agreement import balanced_accuracy_score, matthews_corrcoef
from dnn.nn.scores.calibration import brier_score_loss, expected_calibration_error, log_loss
from dnn.nn.scores.confusion import accuracy_score, confusion_matrix
from dnn.nn.scores.precision_recall import f1_score, precision_score, recall_score
from dnn.nn.scores.ranking import average_precision_score, roc_auc_score

OF_PREDICTIONS = (confusion_matrix, accuracy_score, precision_score, recall_score, f1_score)
OF_AGREEMENT = (balanced_accuracy_score, matthews_corrcoef)
OF_SCORES = (roc_auc_score, average_precision_score, log_loss, brier_score_loss, expected_calibration_error)


@pytest.mark.parametrize("score", OF_PREDICTIONS + OF_SCORES)
@pytest.mark.parametrize(
    ("y_true", "error", "message"),
    [
        ([0.2, 0.9], ValueError, "y_true must be class labels, got floats that are not whole numbers"),
        ([0.0, np.inf], ValueError, "y_true must be class labels, got floats that are not whole numbers"),
        ([b"no", b"yes"], TypeError, r"y_true must be class labels, strings or whole numbers, got \|S3"),
        ([None, "yes"], TypeError, "y_true must be class labels, strings or whole numbers, got object"),
        ([[0], [1]], ValueError, r"y_true must be \[rows\], one label for each row, got shape \(2, 1\)"),
        (1, ValueError, r"y_true must be \[rows\], one label for each row, got shape \(\)"),
        (np.array([], int), ValueError, r"y_true must be \[rows\], one label for each row, got shape \(0,\)"),
    ],
)
def test_what_is_not_a_label_for_each_row_is_refused(score, y_true, error, message):
    with pytest.raises(error, match=message):
        score(y_true, [0, 1])


@pytest.mark.parametrize("score", OF_PREDICTIONS + OF_AGREEMENT)
def test_predictions_are_labels_of_the_same_rows_and_kind(score):
    with pytest.raises(ValueError, match="y_true and y_pred must have the same number of rows, got 2 and 3"):
        score([0, 1], [0, 1, 1])
    with pytest.raises(TypeError, match="y_pred and y_true must be both strings or both numbers, got <U1 and int64"):
        score([0, 1], ["0", "1"])
    with pytest.raises(ValueError, match="y_pred must be class labels, got floats that are not whole numbers"):
        score([0, 1], [0.1, 0.9])


@pytest.mark.parametrize("score", [confusion_matrix, precision_score, log_loss])
def test_labels_are_of_the_kind_of_y_true(score):
    options = {"average": None} if score is precision_score else {}
    with pytest.raises(TypeError, match="labels and y_true must be both strings or both numbers, got <U1 and int64"):
        score([0, 1], [0, 1], labels=["0", "1"], **options)


@pytest.mark.parametrize("score", OF_PREDICTIONS + OF_AGREEMENT + OF_SCORES)
@pytest.mark.parametrize(
    ("sample_weight", "error", "message"),
    [
        ([1.0], ValueError, r"sample_weight must be \[rows\], here \[2\], got shape \(1,\)"),
        (1.0, ValueError, r"sample_weight must be \[rows\], here \[2\], got shape \(\)"),
        ([1.0, -1.0], ValueError, r"sample_weight must be finite, >= 0 and not all 0, got \[1.0, -1.0\]"),
        ([1.0, np.nan], ValueError, r"sample_weight must be finite, >= 0 and not all 0, got \[1.0, nan\]"),
        ([0, 0], ValueError, r"sample_weight must be finite, >= 0 and not all 0, got \[0, 0\]"),
        (["1", "2"], TypeError, "sample_weight must be numbers, got <U1"),
    ],
)
def test_weights_are_numbers_of_0_or_more(score, sample_weight, error, message):
    with pytest.raises(error, match=message):
        score([0, 1], [0, 1], sample_weight=sample_weight)


@pytest.mark.parametrize("score", OF_PREDICTIONS + OF_AGREEMENT)
def test_a_column_of_string_objects_is_one_of_strings(score):
    """As pandas has it."""
    options = {"pos_label": "yes"} if score in (precision_score, recall_score, f1_score) else {}
    true, predicted = ["no", "yes", "yes"], ["no", "no", "yes"]
    expected = score(true, predicted, **options)
    np.testing.assert_array_equal(score(np.array(true, object), np.array(predicted, object), **options), expected)
