"""Ensembles: each member is the network that it was made of, and together they are their mean probability."""

import copy

import numpy as np
import pytest
import scipy.special
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from modes import MODES

import dnn
from dnn.nn.model_file import load_model, save_model

X = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)
KEY = np.array([2**31 - 2, 3, 4], np.int32)  # the seed of the second member is the last, that of the third is 0


def network(seed, rate=0.25):
    return dnn.Sequential(
        [
            dnn.Dense(4, 6, activation=dnn.gelu, kernel_regularizer=dnn.L2(0.01), seed=(seed, 0)),
            dnn.BatchNormalization(6),
            dnn.Dropout(rate, seed=seed),
            dnn.Sequential([dnn.Dense(6, 6, seed=(seed, 1)), dnn.maxout]),
            dnn.LayerNormalization(3),
            dnn.Dense(3, 2, seed=(seed, 2)),
        ]
    )


@given(st.integers(2, 5), st.integers(0, 2**32))
def test_the_logits_of_the_mean_probability_are_those_of_scipy(members, seed):
    logits = np.random.default_rng(seed).normal(size=[members, 6, 3], scale=30)
    expected = scipy.special.logsumexp(scipy.special.log_softmax(logits, axis=-1), axis=0) - np.log(members)
    np.testing.assert_allclose(dnn.log_mean_softmax(logits), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("mode", MODES)
def test_each_member_computes_what_it_computes_alone_in_training_too(mode):
    networks = [network(seed, rate=0.1 + 0.2 * seed) for seed in range(3)]
    ensemble = dnn.Ensemble(networks)
    logits = MODES[mode](ensemble.member_logits)(tf.constant(X))
    own = MODES[mode](lambda x, key: ensemble.member_logits(x, key))(tf.constant(np.stack([X, X + 1, X - 1])), KEY)
    for i, alone in enumerate(networks):
        np.testing.assert_allclose(logits[i], alone(X), rtol=1e-5, atol=1e-5)
        key = np.array([(int(KEY[0]) + i) % 2**31, 3, 4], np.int32)
        np.testing.assert_allclose(own[i], alone(X + [0, 1, -1][i], training=key), rtol=1e-5, atol=1e-5)
        for there, here in zip(dnn.get_weights(ensemble.member(i)), dnn.get_weights(alone), strict=True):
            np.testing.assert_allclose(there, here, rtol=1e-6, atol=1e-6)  # moving averages, to rounding


def test_a_member_taken_out_is_the_network_to_the_bit():
    networks = [network(seed, rate=0.1 + 0.2 * seed) for seed in range(3)]
    alone = dnn.Ensemble(networks).member(2)
    assert repr(alone) == repr(networks[2])
    np.testing.assert_array_equal(alone(X, training=KEY), networks[2](X, training=KEY))


def test_what_members_are_together_can_be_chosen():
    networks = [network(seed) for seed in range(2)]
    largest = dnn.Ensemble(networks, combine=lambda logits: tf.reduce_max(logits, axis=0))
    np.testing.assert_allclose(largest(X), np.maximum(*(alone(X) for alone in networks)), rtol=1e-5, atol=1e-6)
    amounts = dnn.ensemble_mlp([4, 3, 1], k=2, seed=0)
    alone = [amounts.member(i)(X) for i in range(2)]
    np.testing.assert_allclose(amounts(X), np.mean(alone, axis=0), rtol=1e-5, atol=1e-6)


def test_the_members_of_an_ensemble_of_perceptrons_are_those_of_the_next_seeds():
    ensemble = dnn.ensemble_mlp([4, 6, 3], k=3, seed=5)
    for i in range(3):
        np.testing.assert_array_equal(ensemble.member(i)(X), dnn.mlp([4, 6, 3], seed=5 + i)(X))


def test_networks_that_are_not_alike_are_refused():
    with pytest.raises(ValueError, match=r"must be alike, got a layers/0/kernel \(4, 3\) and others"):
        dnn.Ensemble([dnn.mlp([4, 3, 2]), dnn.mlp([4, 5, 2])])
    with pytest.raises(ValueError, match="the same number of layers"):
        dnn.Ensemble([dnn.mlp([4, 3, 2]), dnn.mlp([4, 3, 3, 2])])
    with pytest.raises(ValueError, match="must be alike"):
        dnn.Ensemble([dnn.mlp([4, 2, 2], activation=dnn.relu), dnn.mlp([4, 2, 2], activation=dnn.gelu)])
    with pytest.raises(ValueError, match="at least|of 2 or more"):
        dnn.Ensemble([dnn.mlp([4, 2])])
    with pytest.raises(TypeError, match="must be Sequential"):
        dnn.Ensemble([dnn.Dense(4, 2), dnn.Dense(4, 2)])


def test_a_layer_that_mixes_members_is_refused():
    centred = lambda x: x - tf.reduce_mean(x, axis=0, keepdims=True)  # noqa: E731  # over the members, not the rows
    with pytest.raises(ValueError, match="computes other numbers than it does alone"):
        dnn.Ensemble([dnn.Sequential([dnn.Dense(4, 3), centred, dnn.Dense(3, 2)]) for _ in range(2)])


def test_a_layer_that_mixes_members_by_weights_that_begin_at_0_is_refused():
    class Shifted(tf.Module):
        def __init__(self):
            super().__init__()
            self.shift = tf.Variable(tf.zeros(3))

        def __call__(self, x):
            return x + tf.reduce_sum(self.shift)

    networks = [dnn.Sequential([dnn.Dense(4, 3, seed=i), Shifted(), dnn.Dense(3, 2, seed=i)]) for i in range(2)]
    with pytest.raises(ValueError, match="computes other numbers than it does alone"):
        dnn.Ensemble(networks)
    np.testing.assert_array_equal(networks[0].layers[1].shift, 0)


def test_a_layer_in_two_places_of_a_network_is_refused():
    shared = dnn.Dense(4, 4, seed=0)
    with pytest.raises(ValueError, match="a layer stands in several places of a network"):
        dnn.Ensemble([dnn.Sequential([shared, shared, dnn.Dense(4, 2, seed=i)]) for i in range(2)])


def test_a_penalty_that_is_no_sum_over_weights_is_refused():
    root = lambda kernel: tf.norm(kernel)  # noqa: E731
    with pytest.raises(ValueError, match="must be a sum over the weights"):
        dnn.Ensemble([dnn.Sequential([dnn.Dense(4, 2, kernel_regularizer=root)]) for _ in range(2)])


def test_making_one_changes_nothing_of_the_networks():
    networks = [network(seed) for seed in range(2)]
    before = [value for alone in networks for value in dnn.get_weights(alone)]
    dnn.Ensemble(networks)
    for value, expected in zip([v for alone in networks for v in dnn.get_weights(alone)], before, strict=True):
        np.testing.assert_array_equal(value, expected)


@pytest.mark.parametrize(
    "make",
    [
        lambda: dnn.ensemble_mlp([4, 3, 2], 3, dropout=0.1),
        lambda: dnn.TabM([4, 3, 2], 3),
        lambda: dnn.TabM([8, 3, 2], 3, embeddings=dnn.LinearEmbeddings(4, 2, seed=0)),
    ],
)
def test_a_saved_one_predicts_the_same_to_the_bit(make, tmp_path):
    model = make()
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert repr(loaded) == repr(model)
    np.testing.assert_array_equal(loaded(X), model(X))
    np.testing.assert_array_equal(loaded(X, training=KEY), model(X, training=KEY))


def test_a_copy_has_its_members_and_a_dict_of_variables_is_one_of_each():
    class Scaled(tf.Module):
        def __init__(self, value):
            super().__init__()
            self.w = {"a": tf.Variable([value, value, value])}

        def __call__(self, x):
            return x * self.w["a"]

    networks = [dnn.Sequential([dnn.Dense(4, 3, seed=i), Scaled(float(i)), dnn.Dense(3, 2, seed=i)]) for i in range(2)]
    ensemble = dnn.Ensemble(networks)
    assert len(ensemble.trainable_variables) == 5
    np.testing.assert_array_equal(copy.deepcopy(ensemble).member(1)(X), networks[1](X))
