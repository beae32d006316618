"""Permutation importance and partial dependence, beside scikit-learn's."""

import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.tree import DecisionTreeRegressor

from dnn.pages.importance import column_importance, partial_dependence_of, value_grid


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    columns = {"many": random.normal(size=200), "few": random.integers(0, 5, 200).astype(float)}
    columns["constant"] = np.ones(200)
    return columns, columns["many"] ** 2 + columns["few"] + random.normal(size=200) / 10


@pytest.fixture(scope="module")
def model(rows):
    columns, target = rows
    return DecisionTreeRegressor(max_depth=6, random_state=0).fit(pd.DataFrame(columns), target)


def test_importance_is_that_of_scikit_learn_on_the_same_shuffles(rows, model):
    columns, target = rows
    calls = []

    def scores(tables, count):
        calls.append(count)
        frame, rows = pd.DataFrame(tables), len(target)
        return [model.score(frame[first * rows : (first + 1) * rows], target) for first in range(count)]

    ours = column_importance(columns, scores, names=list(columns), repeats=4, seed=7)
    assert calls == [1, 4, 4, 4]  # the model is asked once for each column
    theirs = permutation_importance(model, pd.DataFrame(columns), target, n_repeats=4, random_state=7)
    np.testing.assert_allclose(list(ours.values()), theirs.importances, rtol=0, atol=1e-12)
    assert ours["constant"] == [0] * 4
    assert min(ours["many"]) > 0.1


@pytest.mark.parametrize("name", ["many", "few", "constant"])
def test_partial_dependence_is_that_of_scikit_learn(rows, model, name):
    columns, _ = rows
    grid, means = partial_dependence_of(columns, name, lambda each: model.predict(pd.DataFrame(each)))
    theirs = partial_dependence(
        model, pd.DataFrame(columns), [name], kind="average", grid_resolution=20, method="brute"
    )
    np.testing.assert_allclose(grid, theirs["grid_values"][0], rtol=1e-12)
    np.testing.assert_allclose(means, theirs["average"], rtol=1e-12)


def test_of_categories_the_most_frequent_are_looked_at_and_missing_numbers_are_not():
    names = np.array([f"c{number:02}" for number in range(15)] * 2 + ["c14", "c13", "c13"], object)
    assert value_grid(names).tolist() == [f"c{number:02}" for number in (*range(10), 13, 14)]
    assert value_grid(np.array([np.nan, 2.0, 1.0, 2.0])).tolist() == [1.0, 2.0]
