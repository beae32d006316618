"""Two models on the same rows: the standard error of their difference, and what is said of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnn.report.baselines import BOOSTING, GUESS, LOGISTIC, Baseline
from dnn.report.comparison import baseline_sentences, difference, recall_sentences
from dnn.report.scores import scores


def two_models(rows: int, seed: int, kind: str):
    """(targets, outputs of one model, outputs of another) that know some of the targets, and err alike in part."""
    random = np.random.default_rng(seed)
    shared = random.normal(size=rows)
    if kind == "RMSE":
        targets = random.normal(size=rows)
        return targets, *(targets + shared + random.normal(size=rows) for _ in range(2))
    classes = 2 if kind == "ROC AUC" else 3
    targets = np.append(np.arange(classes), random.integers(0, classes, rows - classes))
    logits = [2 * np.eye(classes)[targets] + random.normal(size=(rows, classes)) for _ in range(2)]
    return targets, *(logit + shared[:, np.newaxis] * [1] + 0 * targets[:, np.newaxis] for logit in logits)


each_score = pytest.mark.parametrize("kind", ["ROC AUC", "accuracy", "RMSE"])


@each_score
def test_the_standard_error_is_that_of_a_paired_bootstrap(kind):
    targets, ours, theirs = two_models(400, 0, kind)
    random = np.random.default_rng(1)
    samples = [random.integers(0, 400, 400) for _ in range(400)]
    again = [difference(targets[rows], ours[rows], theirs[rows]).better for rows in samples]
    found = difference(targets, ours, theirs)
    assert found.score == kind
    assert found.standard_error == pytest.approx(np.std(again), rel=0.2)  # 1/√800 of it is chance
    assert found.better == pytest.approx(np.mean(again), abs=0.3 * found.standard_error)


@each_score
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(8, 40))
def test_a_comparison_turned_round_has_the_other_sign(kind, seed, rows):
    targets, ours, theirs = two_models(rows, seed, kind)
    one, other = difference(targets, ours, theirs), difference(targets, theirs, ours)
    assert (one.ours, one.theirs) == (other.theirs, other.ours)
    assert one.better == pytest.approx(-other.better)
    assert one.standard_error == pytest.approx(other.standard_error)
    same = difference(targets, ours, ours)
    is_alone = kind == "ROC AUC" and np.bincount(targets).min() == 1  # one row of a class tells nothing of its spread
    assert (same.better, same.standard_error, same.is_noise) == (0, np.inf if is_alone else 0, True)


def test_rows_of_one_class_are_compared_by_accuracy():
    right, wrong = np.array([[1.0, 0.0]] * 4), np.array([[0.0, 1.0]] * 4)
    assert difference(np.zeros(4, int), wrong, right)[:4] == ("accuracy", 0, 1, 1)


TARGETS = np.arange(200) % 2
GOOD = np.eye(2)[TARGETS] + np.random.default_rng(0).normal(size=(200, 2)) / 2
POOR = np.eye(2)[TARGETS] + np.random.default_rng(1).normal(size=(200, 2)) * 2
FLAT = np.zeros((200, 2))


def said(ours, name, theirs) -> str:
    return " ".join(baseline_sentences(TARGETS, ours, [Baseline(name, theirs, {})]))


def test_a_baseline_that_is_better_is_told_with_the_option_that_trains_it():
    told = said(POOR, LOGISTIC, GOOD)
    assert told.startswith("logistic regression does better on these rows: ROC AUC 0.9")
    assert told.endswith("(--hidden 0 trains it)")
    assert said(POOR, BOOSTING, GOOD).startswith("gradient boosting does better on these rows")


def test_a_simpler_model_that_does_as_well_is_told_as_noise():
    told = said(POOR, LOGISTIC, POOR + np.random.default_rng(2).normal(size=(200, 2)) / 9)
    assert told.startswith("logistic regression does as well on these rows: ROC AUC 0.7")
    assert "the difference is within twice its standard error, 0.0" in told
    assert said(POOR, BOOSTING, POOR) == ""  # not simpler, and not better


def test_a_model_that_is_better_than_its_baselines_needs_no_sentence():
    assert said(GOOD, LOGISTIC, POOR) == said(GOOD, BOOSTING, POOR) == said(GOOD, GUESS, FLAT) == ""
    assert baseline_sentences(TARGETS, GOOD, [Baseline(BOOSTING, None, {}, "not installed")]) == []


def test_a_model_that_is_no_better_than_guessing_is_told():
    noise = np.random.default_rng(3).normal(size=(200, 2))
    told = said(noise, GUESS, FLAT)
    assert told.startswith("this model is no")
    assert told.endswith("against 0.5 on 200 rows")
    worse, within_noise = said(-GOOD, GUESS, FLAT), said(noise - 2 * noise.mean(axis=0), GUESS, FLAT)
    assert worse.startswith("this model is no better than always guessing: ROC AUC 0.")
    figure = float(within_noise.split("AUC ")[1].split()[0])
    assert ("not clearly better" in within_noise) == (figure > 0.5)


def recall_of(labels, predicted, classes) -> list[str]:
    return recall_sentences(scores(np.array(labels), np.eye(len(classes))[predicted], classes))


def test_a_class_that_is_never_predicted_is_told():
    assert recall_of([0, 1, 1], [1, 1, 1], ["bad", "good"]) == [
        "recall of 'bad' is 0: this model says 'good' to all 3 rows; try --class-weight balanced or a threshold"
    ]
    assert recall_of([0, 1, 2], [1, 1, 2], ["a", "b", "c"]) == [
        "recall of 'a' is 0: this model finds none of 1 row; try --class-weight balanced"
    ]
    assert recall_of([0], [1], ["bad", "good"])[0].startswith("recall of 'bad' is 0: this model says 'good' to the onl")
    assert recall_of([1, 1], [1, 1], ["no row has it", "good"]) == []


def test_many_missed_classes_are_counted():
    names = [f"c{number}" for number in range(9)]
    assert recall_of(range(9), [8] * 9, names)[0].startswith("recall of 'c0', 'c1', 'c2', 'c3', 'c4' and 3 more is 0")
