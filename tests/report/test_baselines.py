"""The simple models beside a network: what they reach where one knows what they must, and as scikit-learn's do."""

import sys

import numpy as np
import pytest
import sklearn.metrics
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from dnn.report import baselines as module
from dnn.report import boosting
from dnn.report.baselines import BOOSTING, GUESS, LINEAR, LOGISTIC, BaselineRows, baselines

NAMES = ["no", "yes"]


def rows_of(count: int, seed: int, *, weights: bool = False) -> BaselineRows:
    """Two numbers and a category; the target's log-odds are linear in the numbers."""
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(2, count))
    job = np.array(["cook", "pilot"], object)[random.integers(0, 2, count)]
    inputs = np.stack([a, b, job == "cook"], axis=1).astype(np.float32)
    targets = (2 * a - b + random.logistic(size=count) > 0).astype(np.int32)
    return BaselineRows(inputs, targets, {"a": a, "b": b, "job": job}, np.ones(count) if weights else None)


@pytest.fixture(scope="module")
def parts() -> tuple[BaselineRows, BaselineRows, BaselineRows]:
    return rows_of(200, 0), rows_of(100, 1), rows_of(100, 2)


@pytest.fixture(scope="module")
def found(parts) -> dict:
    return {baseline.name: baseline for baseline in baselines(*parts, classes=NAMES)}


def test_classes_have_a_guess_logistic_regression_and_boosting(found):
    assert list(found) == [GUESS, LOGISTIC, BOOSTING]
    assert all(baseline.scores["rows"] == 100 and not baseline.skipped for baseline in found.values())


def test_a_guess_is_the_most_frequent_class_of_the_training_rows(parts, found):
    majority = np.bincount(parts[0].targets).argmax()
    assert found[GUESS].scores["accuracy"] == np.mean(parts[2].targets == majority)
    assert found[GUESS].scores["roc_auc"] == 0.5


def test_logistic_regression_is_as_good_as_scikit_learn_s(parts, found):
    train, _, test = parts
    theirs = LogisticRegression(C=1e6).fit(train.inputs, train.targets)
    log_odds = found[LOGISTIC].output[:, 1] - found[LOGISTIC].output[:, 0]
    assert np.corrcoef(log_odds, theirs.decision_function(test.inputs))[0, 1] > 0.99
    loss = sklearn.metrics.log_loss(test.targets, theirs.predict_proba(test.inputs))
    assert found[LOGISTIC].scores["loss"] == pytest.approx(loss, abs=0.05)


def test_boosting_is_scikit_learn_s_on_the_raw_columns(parts, found):
    train, _, test = parts
    codes = {"cook": 0, "pilot": 1}
    x, z = (
        np.stack([part.columns["a"], part.columns["b"], [codes[job] for job in part.columns["job"]]], axis=1)
        for part in (train, test)
    )
    theirs = HistGradientBoostingClassifier(categorical_features=[2], random_state=0).fit(x, train.targets)
    np.testing.assert_allclose(np.exp(found[BOOSTING].output), theirs.predict_proba(z), atol=1e-9)


def test_the_same_seed_gives_the_same_baselines_and_weights_of_1_change_nothing(parts, found):
    train, validation, test = parts
    weighted = train._replace(weights=np.ones(len(train.targets)))
    for baseline in baselines(weighted, validation, test, classes=NAMES, boosting=False):
        np.testing.assert_allclose(baseline.output, found[baseline.name].output, atol=1e-4)


def test_amounts_have_a_mean_and_linear_regression_in_their_own_unit(parts):
    random = np.random.default_rng(0)
    amounts = [
        part._replace(targets=5000 + 300 * part.inputs[:, 0] + random.normal(size=len(part.targets))) for part in parts
    ]
    found = {baseline.name: baseline for baseline in baselines(*amounts, classes=None)}
    assert list(found) == [GUESS, LINEAR, BOOSTING]
    assert set(found[GUESS].output) == {np.mean(amounts[0].targets)}
    assert found[GUESS].scores["rmse"] == found[LINEAR].scores["rmse_of_mean"]
    assert found[LINEAR].scores["rmse"] < 10  # of a spread of 300
    assert found[BOOSTING].scores["r2"] > 0.8


def test_what_cannot_be_trained_says_why(parts, monkeypatch):
    monkeypatch.setattr(module, "fit", lambda *args, **options: None)  # the regression is not what is asked
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    *_, last = baselines(*parts, classes=NAMES)
    assert last == (BOOSTING, None, {}, "scikit-learn is not installed")


def test_boosting_may_be_trained_elsewhere(parts, found):
    """Its outcome is scored, or why there is none is told, as if it were trained here."""
    task = module.boosting_task(parts[0], parts[2], NAMES, seed=0)
    *_, last = baselines(*parts, classes=NAMES, linear=False, boosting=lambda: boosting.boosted(task))
    assert last.scores == found[BOOSTING].scores
    *_, last = baselines(*parts, classes=NAMES, linear=False, boosting=lambda: (None, "it was killed"))
    assert last == (BOOSTING, None, {}, "it was killed")


def test_what_is_not_asked_for_is_not_trained(parts):
    assert [found.name for found in baselines(*parts, classes=NAMES, linear=False, boosting=False)] == [GUESS]


def test_boosting_knows_the_most_frequent_categories_and_what_is_empty():
    cells = np.array([f"c{number}" for number in range(300)] + ["often"] * 2 + [""] * 3, object)
    codes = boosting._codes(cells)
    matrix = boosting._matrix({"c": np.append(cells, "never seen"), "n": np.full(306, np.nan)}, {"c": codes})
    assert len(codes) == boosting.MOST_CODES
    assert np.nanmax(matrix[:, 0]) == boosting.MOST_CODES  # 255 in all, as many as it can have
    assert np.isnan(matrix[302:305, 0]).all()
    assert matrix[-1, 0] == matrix[299, 0] == boosting.MOST_CODES
    assert matrix[300, 0] == matrix[301, 0] < boosting.MOST_CODES
    assert np.isnan(matrix[:, 1]).all()


def test_many_rows_are_drawn_by_the_seed_and_stay_in_order(parts):
    train = parts[0]
    numbered = train._replace(targets=np.arange(200))
    some = module._at_most(numbered, 100, seed=1)
    assert len(some.targets) == len(some.inputs) == len(some.columns["job"]) == 100
    assert (np.diff(some.targets) > 0).all()
    assert not np.array_equal(some.targets, module._at_most(numbered, 100, seed=2).targets)
    assert module._at_most(numbered, 200, seed=1) is numbered


@pytest.mark.parametrize(("few", "threads"), [(0, "all"), (10**9, 1)])
def test_a_small_table_is_learnt_by_one_thread_to_the_same_result(parts, found, monkeypatch, few, threads):
    from threadpoolctl import threadpool_info

    seen, fit = [], HistGradientBoostingClassifier.fit

    def counting(self, *arguments, **options):
        seen.append({pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp"})
        return fit(self, *arguments, **options)

    everywhere = {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "openmp"}
    monkeypatch.setattr(HistGradientBoostingClassifier, "fit", counting)
    monkeypatch.setattr(boosting, "FEW_CELLS", few)
    *_, last = baselines(*parts, classes=NAMES, linear=False)
    assert seen == [everywhere if threads == "all" else {threads}]
    assert last.scores == found[BOOSTING].scores
