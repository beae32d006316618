"""The estimators keep scikit-learn's conventions: its own checks, and its tools around them."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from modes import THOROUGH
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import dnn

REASONS = {"check_sample_weight_equivalence_on_dense_data": "a row twice is in other batches than a row of weight 2"}
AMOUNTS = {
    "check_methods_subset_invariance": "float32 products of more rows are summed in another order: 1e-6, not 1e-7"
}


def left_out(estimator) -> dict[str, str]:
    return REASONS | (AMOUNTS if isinstance(estimator, dnn.Regressor) else {})


QUICK = {"hidden": (), "epochs": 40, "learning_rate": 0.03, "batch_size": 20, "patience": 10, "validation": 0.0}


def expected_failures(estimator):
    return REASONS


with warnings.catch_warnings():  # scikit-learn stays optional, so nothing inherits from its BaseEstimator
    warnings.filterwarnings("ignore", "Estimator .* does not inherit from")
    CHECKS = list(
        parametrize_with_checks(
            [dnn.Classifier(**QUICK), dnn.Regressor(**QUICK)], expected_failed_checks=left_out
        ).args[1]
    )


def values_of(pair):
    """The estimator and the check; one that is expected to fail is wrapped by pytest."""
    return getattr(pair, "values", pair)


def runs(estimator, check) -> bool:
    """Whether a check runs: of the regressor, which has the classifier's ways, those of regressors, unless thorough."""
    return THOROUGH or isinstance(estimator, dnn.Classifier) or "regress" in getattr(check, "func", check).__name__


@pytest.mark.filterwarnings("ignore:Estimator .* does not inherit from")
@pytest.mark.parametrize(("estimator", "check"), [pair for pair in CHECKS if runs(*values_of(pair))])
def test_it_passes_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


def blobs(rows=120):
    random = np.random.default_rng(0)
    labels = np.arange(rows) % 2
    return random.normal(size=(rows, 3)) + 3 * labels[:, None], labels


def test_it_works_in_a_pipeline_a_search_and_a_calibration():
    x, y = blobs()
    classifier = dnn.Classifier(**QUICK)
    assert cross_val_score(make_pipeline(StandardScaler(), classifier), x, y, cv=3).min() > 0.9
    search = GridSearchCV(classifier, {"hidden": [(), (8,)]}, cv=2).fit(x, y)
    assert set(search.cv_results_["param_hidden"]) == {(), (8,)}
    assert search.best_estimator_.score(x, y) > 0.9
    calibrated = CalibratedClassifierCV(classifier, cv=2).fit(x, y)
    assert calibrated.predict_proba(x).shape == (len(y), 2)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda fitted: pickle.loads(pickle.dumps(fitted))])
def test_a_copy_predicts_the_same_bits(copied):
    x, y = blobs()
    fitted = dnn.Classifier(**QUICK).fit(x, y)
    assert np.array_equal(copied(fitted).predict_proba(x), fitted.predict_proba(x))


def test_a_clone_is_not_fitted_and_has_the_settings():
    fitted = dnn.Classifier(hidden=(5,), **{k: v for k, v in QUICK.items() if k != "hidden"}).fit(*blobs())
    cloned = clone(fitted)
    assert cloned.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError, match="Classifier instance is not fitted"):
        cloned.predict(blobs()[0])


def test_scikit_learn_knows_what_they_are():
    assert is_classifier(dnn.Classifier())
    assert is_regressor(dnn.Regressor())
