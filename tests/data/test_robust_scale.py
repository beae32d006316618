"""Robust scale: scikit-learn's RobustScaler before the clipping, and the cells that its users stumble on."""

import copy
import json

import numpy as np
import pytest
import tensorflow as tf
from sklearn.preprocessing import RobustScaler

import dnn
from dnn.data.scale_choice import scale_from_state, scale_state


def test_before_the_clipping_it_is_scikit_learn_s():
    rng = np.random.default_rng(0)
    x, new = rng.normal(size=(50, 3)) * [1, 100, 1e-3], rng.normal(size=(8, 3))
    robust = RobustScaler().fit(x).transform(new)
    np.testing.assert_allclose(dnn.RobustScale.learn(x)(new), robust / np.sqrt(1 + (robust / 3) ** 2), rtol=1e-12)


def test_where_the_quartiles_are_equal_the_range_decides_and_a_constant_column_becomes_0():
    x = np.array([[0.0, 5.0]] * 9 + [[4.0, 5.0]])
    scale = dnn.RobustScale.learn(x)
    assert scale.state() == {"median": [0.0, 5.0], "spread": [2.0, 0.0]}
    np.testing.assert_allclose(scale(np.array([[4.0, 5.0], [0.0, 9.0]])), [[2 / np.sqrt(13 / 9), 0], [0, 0]])


def test_numbers_of_any_size_stay_within_the_limit():
    scale = dnn.RobustScale.learn(np.array([[0.0], [1.0], [2.0]]))
    np.testing.assert_array_equal(scale(np.array([[1e308], [-1e200], [np.inf], [1.0]])), [[3], [-3], [3], [0]])
    np.testing.assert_array_equal(dnn.smooth_clip(np.array([1e-300, np.inf]), limit=5.0), [1e-300, 5])
    one_row = dnn.RobustScale.learn(np.array([[3.0]]))
    np.testing.assert_array_equal(one_row(np.array([[3.0], [4.0]])), [[0], [0]])
    assert dnn.RobustScale.learn(np.zeros((2, 0)))(np.zeros((1, 0))).shape == [1, 0]


def test_it_is_copied_and_written_as_json_with_what_it_learnt():
    scale, new = dnn.RobustScale.learn(np.random.default_rng(0).normal(size=(9, 2))), np.array([[1.0, -7.0]])
    written = json.loads(json.dumps(scale_state(scale)))
    for again in (copy.deepcopy(scale), scale_from_state(written)):
        assert type(again) is dnn.RobustScale
        np.testing.assert_array_equal(again(new), scale(new))


@pytest.mark.parametrize("x", [0.5, 3.0, -2.9999, 40.0])
def test_the_two_forms_of_the_clipping_are_one_formula(x):
    assert float(dnn.smooth_clip(tf.constant(x, tf.float64))) == pytest.approx(x / np.sqrt(1 + x * x / 9), rel=1e-15)
