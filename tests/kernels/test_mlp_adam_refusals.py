"""What the epochs in C++ do not compute is refused by name, before anything is changed."""

import functools

import numpy as np
import pytest
import tensorflow as tf
from mlp_epochs import LOSS, state_of
from needs_compiler import needs_compiler

import dnn
from dnn.kernels.mlp_adam import MlpAdam
from dnn.train.rows import Rows

pytestmark = needs_compiler


class Derived(dnn.Sequential):
    """A model that computes otherwise."""

    def __call__(self, x):
        return 2 * super().__call__(x)


class DerivedEnsemble(dnn.Ensemble):
    """An ensemble that might compute otherwise."""


def shared_dropout():
    dropout, hidden = dnn.Dropout(0.5), [dnn.Dense(2, 2, activation=dnn.relu) for _ in range(2)]
    return dnn.Sequential([hidden[0], dropout, hidden[1], dropout, dnn.Dense(2, 2)])


ALONE = "the model must be its layers alone, each there once, and all of it trained"
TAKES = "the model must be as dnn.mlp or dnn.ensemble_mlp makes it, itself, not its variables, got "
PENALTY = "must have dnn.L1, dnn.L2 or dnn.L1L2 as regularizer, got "
BETWEEN = r"layers\[{}\] must be a Dense, or a Dropout between two, got "
RELU, NONE = (
    "must have one of the activations dnn.relu, .*dnn.mish, got ",
    "must have no activation, being the last, got ",
)


class Penalty(tf.Module):
    """A part of a model whose penalty `fit` would add to the loss."""

    def penalty(self):
        return 100.0


def with_more(name, value, model=None):
    model = model or dnn.mlp([2, 3, 2])
    setattr(model, name, value)
    return model


MODELS = {
    "a penalty": (lambda: with_more("more", Penalty()), ALONE),
    "another variable": (lambda: with_more("more", tf.Variable(1.0)), ALONE),
    "a function": (lambda: dnn.relu, f"{TAKES}function"),
    "one layer alone": (lambda: dnn.Dense(2, 2), f"{TAKES}Dense"),
    "its variables": (lambda: dnn.mlp([2, 2]).trainable_variables, f"{TAKES}tuple"),
    "no layer": (lambda: dnn.Sequential([]), f"{TAKES}Sequential"),
    "a derived class": (lambda: Derived(dnn.mlp([2, 2]).layers), f"{TAKES}Derived"),
    "another layer": (
        lambda: dnn.Sequential([dnn.Dense(2, 2, activation=dnn.relu), dnn.LayerNormalization(2), dnn.Dense(2, 2)]),
        rf"{BETWEEN.format(1)}LayerNormalization",
    ),
    "dropout of the features": (
        lambda: dnn.Sequential([dnn.Dropout(0.5), dnn.Dense(2, 2)]),
        f"{BETWEEN.format(0)}Drop",
    ),
    "dropout of the logits": (
        lambda: dnn.Sequential([dnn.Dense(2, 2, activation=dnn.relu), dnn.Dropout(0.5)]),
        f"{BETWEEN.format(1)}Dropout",
    ),
    "dropout twice": (
        lambda: dnn.Sequential(
            [dnn.Dense(2, 2, activation=dnn.relu), dnn.Dropout(0.5), dnn.Dropout(0.5), dnn.Dense(2, 2)]
        ),
        f"{BETWEEN.format(2)}Dropout",
    ),
    "one dropout for two layers": (shared_dropout, ALONE),
    "TabM": (lambda: dnn.TabM([2, 3, 2], k=2), f"{TAKES}TabM"),
    "a derived ensemble": (lambda: DerivedEnsemble([dnn.mlp([2, 2]), dnn.mlp([2, 2])]), f"{TAKES}DerivedEnsemble"),
    "an ensemble of others": (
        lambda: dnn.ensemble_mlp([2, 3, 2], k=2, activation=tf.nn.tanh),
        rf"layers\[0\] {RELU}<function tanh",
    ),
    "an ensemble with more": (lambda: with_more("more", tf.Variable(1.0), dnn.ensemble_mlp([2, 2], k=2)), ALONE),
    "a kernel's regularizer": (
        lambda: dnn.Sequential([dnn.Dense(2, 2, kernel_regularizer=tf.nn.l2_loss)]),
        rf"layers\[0\] {PENALTY}<function l2_loss",
    ),
    "a bias's regularizer": (
        lambda: dnn.Sequential([dnn.Dense(2, 2, bias_regularizer=tf.nn.l2_loss)]),
        rf"layers\[0\] {PENALTY}<function l2_loss",
    ),
    "another activation": (lambda: dnn.mlp([2, 4, 2], activation=tf.nn.relu6), rf"layers\[0\] {RELU}<function relu6"),
    "TensorFlow's relu": (lambda: dnn.mlp([2, 3, 2], activation=tf.nn.relu), rf"layers\[0\] {RELU}<function"),
    "a relu with options": (
        lambda: dnn.mlp([2, 3, 2], activation=functools.partial(dnn.relu, max_value=6.0)),
        RELU + "functools.partial",
    ),
    "no activation": (lambda: dnn.Sequential([dnn.Dense(2, 3), dnn.Dense(3, 2)]), f"{RELU}None"),
    "one after the last": (lambda: dnn.Sequential([dnn.Dense(2, 2, activation=dnn.relu)]), f"{NONE}<function relu"),
}


@pytest.mark.parametrize("name", MODELS)
def test_another_model_is_refused(name):
    make, message = MODELS[name]
    with pytest.raises(ValueError, match=f"{message}.*; graph mode and XLA take it, with dnn.Adam for MlpAdam"):
        MlpAdam(make())


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"beta_1 and beta_2 must be in \[0.5, 1\), got 0.3 and 0.999"):
        MlpAdam(dnn.mlp([2, 2]), beta_1=0.3)
    with pytest.raises(TypeError, match="parameters must be all float32 or all float64, got bfloat16"):
        MlpAdam(dnn.mlp([2, 2], dtype=tf.bfloat16))
    first, last = dnn.mlp([2, 2], activation=dnn.relu).layers[0], dnn.mlp([2, 2], dtype=tf.float64).layers[0]
    first.activation = dnn.relu
    with pytest.raises(TypeError, match="parameters must be all float32 or all float64, got float32, float64"):
        MlpAdam(dnn.Sequential([first, last]))
    with pytest.raises(ValueError, match="its layers alone, each there once, and all of it trained; graph mode"):
        MlpAdam(dnn.Sequential([first, first, dnn.mlp([2, 2]).layers[0]]))
    with pytest.raises(TypeError, match="learning_rate must be a number here, which callbacks may change; graph mode"):
        MlpAdam(dnn.mlp([2, 2]), dnn.CosineDecay(0.1, 5))


def test_learning_rates_of_members_are_for_members():
    with pytest.raises(ValueError, match=r"beside a parameter of shape \(2,\), whose first axis is not theirs"):
        MlpAdam(dnn.mlp([2, 2]), [0.1, 0.2])
    with pytest.raises(ValueError, match=r"one for each member of an ensemble, got shape \(3,\)"):
        MlpAdam(dnn.ensemble_mlp([3, 2], k=2), [0.1, 0.2, 0.3])
    for kind in (MlpAdam, lambda model, rates: dnn.FusedAdam(model.trainable_variables, rates)):
        ensemble = dnn.ensemble_mlp([3, 2], k=2)
        optimizer = kind(ensemble, [0.1, 0.2])
        with pytest.raises(ValueError, match=r"takes a step with one learning rate, got \(2,\): use dnn.Adam"):
            optimizer.apply([tf.zeros_like(p) for p in optimizer.parameters])


def test_dropout_needs_a_key():
    network = dnn.Sequential([dnn.Dense(2, 2, activation=dnn.relu), dnn.Dropout(0.5), dnn.Dense(2, 2)])
    rows = Rows(np.eye(2, dtype=np.float32), np.int32([0, 1]))
    with pytest.raises(ValueError, match="a model with dropout needs the key of the epoch: train it with dnn.fit"):
        MlpAdam(network).train_epoch(network, LOSS, (), rows, np.int32([0]), 1)


def smoothed(labels, logits):
    return dnn.sparse_softmax_cross_entropy(labels, logits, label_smoothing=0.1)


OTHER = {
    "another loss": (
        {"loss": smoothed},
        "the loss must be one of dnn.sparse_softmax_cross_entropy, .* without options",
    ),
    "a partial of it": ({"loss": functools.partial(LOSS, label_smoothing=0.0)}, "the loss must be one of"),
    "another metric": (
        {"metrics": {"loss_again": LOSS}},
        "the metrics must be dnn.accuracy or none, got .*; graph mode",
    ),
    "one too many": ({"metrics": {"a": dnn.accuracy, "b": dnn.accuracy}}, "the metrics must be dnn.accuracy or none"),
}


@pytest.mark.parametrize("name", OTHER)
def test_fit_says_what_it_is_not_for_and_changes_nothing(name):
    model, (options, message) = dnn.mlp([2, 2]), OTHER[name]
    optimizer = MlpAdam(model)
    before = state_of(optimizer)
    with pytest.raises(ValueError, match=message):
        dnn.fit(model, (np.eye(2), [0, 1]), optimizer=optimizer, **{"loss": LOSS, "metrics": {}} | options)
    for one, other in zip(state_of(optimizer), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_model_that_shares_a_layer_with_its_own_is_another():
    model, other = dnn.mlp([2, 2, 2]), dnn.mlp([2, 2, 2])
    with pytest.raises(ValueError, match="the optimizer was made for another model than this one"):
        dnn.fit(
            dnn.Sequential([model.layers[0], other.layers[1]]), (np.eye(2), [0, 1]), loss=LOSS, optimizer=MlpAdam(model)
        )


def test_the_targets_must_fit_the_loss_and_the_outputs():
    model, one = dnn.mlp([2, 2]), dnn.mlp([2, 1])
    rows = Rows(np.eye(2, dtype=np.float32), np.int32([0, 1]))
    for made, loss, message in (
        (model, dnn.mean_squared_error, r"y must be \[rows, 2\], got int32 of shape"),
        (one, LOSS, "softmax of one output is always 1: the model must have at least two"),
    ):
        with pytest.raises(ValueError, match=message):
            MlpAdam(made).check(made, loss, (), rows)
    ensemble = dnn.ensemble_mlp([2, 2], k=2)
    ensemble.network.layers[0].kernel_regularizer = dnn.L2(0.1)
    with pytest.raises(ValueError, match="ignore_class beside the regularizers of an ensemble"):
        MlpAdam(ensemble).check(ensemble, LOSS, (), rows._replace(counted=np.array([True, False])))
