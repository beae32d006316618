"""The numbers of the charts of a test, beside scikit-learn and the package's own scores."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, roc_curve

import dnn
from dnn.pages.outcomes import MOST_THRESHOLDS, amount_charts, class_charts, threshold_table

CONFUSIONS = ("true_negatives", "false_positives", "false_negatives", "true_positives")


@pytest.fixture(scope="module")
def outcomes():
    """Labels of 300 rows and the logits of two classes, rounded so that some tie."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 300)
    odds = np.round(random.normal(size=300) + labels, 1).astype(np.float32)
    return labels, np.stack([np.zeros(300, np.float32), odds], axis=1)


def test_each_threshold_has_the_confusion_counts_of_scikit_learn(outcomes):
    labels, logits = outcomes
    probabilities = dnn.softmax(logits).numpy()[:, 1].astype(np.float64)
    table = threshold_table(labels == 1, probabilities)
    assert len(table["threshold"]) == table["distinct"] == len(np.unique(probabilities)) + 1
    for index, threshold in enumerate(table["threshold"]):
        theirs = confusion_matrix(labels, probabilities >= threshold).ravel().tolist()
        assert [table[name][index] for name in CONFUSIONS] == theirs


@pytest.mark.parametrize("cost", [(1, 1), (1, 5), (3, 1)])
def test_the_table_holds_the_threshold_that_costs_least(outcomes, cost):
    labels, logits = outcomes
    probabilities = dnn.softmax(logits).numpy()[:, 1]
    table = threshold_table(labels == 1, probabilities)
    costs = np.dot(cost, [table["false_positives"], table["false_negatives"]])
    best = dnn.threshold_of_cost(labels, probabilities, false_positive=cost[0], false_negative=cost[1])
    assert table["threshold"][int(np.argmin(costs))] == best.value
    assert costs.min() / len(labels) == pytest.approx(best.cost)


def test_of_very_many_thresholds_evenly_spaced_ones_are_kept_with_both_ends():
    probabilities = np.linspace(0.01, 0.99, 3000)
    table = threshold_table(probabilities > 0.5, probabilities)
    assert (len(table["threshold"]), table["distinct"]) == (MOST_THRESHOLDS, 3001)
    assert table["threshold"][-1] == 0.01
    assert table["true_positives"][0] == table["false_positives"][0] == 0


def test_the_roc_curve_is_that_of_scikit_learn(outcomes):
    labels, logits = outcomes
    (curve,) = class_charts(labels, logits)["roc"]
    false, true, _ = roc_curve(labels, logits[:, 1], drop_intermediate=False)
    np.testing.assert_allclose(curve["false_positive_rate"], false)
    np.testing.assert_allclose(curve["true_positive_rate"], true)
    assert curve["area"] == dnn.roc_auc_score(labels, logits[:, 1])


def test_the_bins_of_the_reliability_diagram_make_up_its_error(outcomes):
    bins = class_charts(*outcomes)["calibration"]
    gaps = np.abs(np.subtract(bins["accuracy"], bins["confidence"]))
    assert bins["error"] == pytest.approx(np.dot(gaps, bins["rows"]) / sum(bins["rows"]), abs=1e-7)
    assert sum(bins["rows"]) == 300


@pytest.mark.parametrize(("classes", "curves"), [(3, 3), (8, 8), (9, 0)])
def test_of_several_classes_each_has_a_curve_up_to_eight(classes, curves):
    labels = np.arange(40) % classes
    found = class_charts(labels, np.random.default_rng(0).normal(size=(40, classes)).astype(np.float32))
    assert (len(found["roc"]), found["thresholds"]) == (curves, None)


def test_residuals_are_those_of_all_rows_and_points_of_some():
    target = np.random.default_rng(0).normal(size=3000)
    found = amount_charts(target, target / 2)
    assert (sum(found["residuals"]["counts"]), found["rows"], len(found["target"])) == (3000, 3000, 1000)
    np.testing.assert_array_equal(np.array(found["target"]) / 2, found["predicted"])
