"""A fit whose every operation is run by Python: it shows its numbers, and they are those of the compiled fit."""

import numpy as np
import pytest
import tensorflow as tf

import dnn

LOSS = dnn.sparse_softmax_cross_entropy
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(50, 4)).astype(np.float32)
Y = RANDOM.integers(0, 3, 50)
WEIGHTS = RANDOM.uniform(0.5, 2, 50).astype(np.float32)


def fitted(loss=LOSS, **options):
    layers = [
        dnn.Dense(4, 8, activation=dnn.relu, seed=0),
        dnn.BatchNormalization(8),
        dnn.Dropout(0.3, seed=1),
        dnn.Dense(8, 3, seed=2),
    ]
    model = dnn.Sequential(layers)
    optimizer = dnn.Adam(model.trainable_variables, 0.01)
    options = {"batch_size": 16, "epochs": 2, "early_stopping": dnn.EarlyStopping(patience=5), **options}
    history = dnn.fit(model, (X, Y, WEIGHTS), (X[:9], Y[:9]), loss=loss, optimizer=optimizer, **options)
    return model, history


class Spy:
    """A loss that looks at the numbers of each batch, as no trace can."""

    def __init__(self):
        self.seen = []

    def __call__(self, labels, logits):
        losses = LOSS(labels, logits)
        self.seen.append(losses.numpy().shape[0])
        return losses


@pytest.mark.parametrize("switch", ["argument", "TensorFlow's"])
def test_an_eager_fit_shows_its_numbers_which_are_those_of_the_compiled_fit(switch, monkeypatch):
    model, history = fitted()
    spy = Spy()
    tf.config.run_functions_eagerly(switch != "argument")
    try:
        eager, its = fitted(spy, run_eagerly=switch == "argument", on_nan="skip")
    finally:
        assert tf.config.functions_run_eagerly() is (switch != "argument")
        tf.config.run_functions_eagerly(False)
    assert spy.seen[-5:] == [16, 16, 16, 2, 9]  # the batches of the last epoch, and the validation rows
    for name in history:
        np.testing.assert_allclose(its[name], history[name], rtol=1e-5)
    for value, other in zip(eager.variables, model.variables, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-5, atol=1e-6)


def test_an_eager_fit_is_saved_and_gone_on_with(tmp_path):
    straight, _ = fitted(run_eagerly=True)
    fitted(run_eagerly=True, epochs=1, checkpoint=tmp_path)
    resumed, _ = fitted(run_eagerly=True, epochs=2, checkpoint=tmp_path)
    for value, other in zip(resumed.variables, straight.variables, strict=True):
        np.testing.assert_array_equal(value, other)


def test_an_eager_fit_calls_the_model_once_before_its_steps():
    calls = []
    model = dnn.Sequential([lambda x: (calls.append(x.shape[0]), x)[1], dnn.Dense(4, 3, seed=0)])
    optimizer = dnn.SGD(model.trainable_variables, 0.1)
    dnn.fit(model, (X[:4], Y[:4]), loss=LOSS, optimizer=optimizer, batch_size=2, run_eagerly=True, on_nan="ignore")
    assert calls == [1, 2, 2]


def test_what_is_compiled_cannot_be_eager():
    with pytest.raises(ValueError, match="jit_compile must be 'auto' or False, got True"):
        fitted(run_eagerly=True, jit_compile=True)
    with pytest.raises(TypeError, match="run_eagerly must be True or False, got 'yes'"):
        fitted(run_eagerly="yes")


def test_the_same_objects_are_compiled_in_one_fit_and_eager_in_the_next():
    symbolic = []
    model = dnn.Sequential([lambda x: (symbolic.append(tf.is_symbolic_tensor(x)), x)[1], dnn.Dense(4, 3, seed=0)])
    optimizer = dnn.SGD(model.trainable_variables, 0.1)
    for eagerly in (False, True, False):
        symbolic.clear()
        dnn.fit(model, (X, Y), loss=LOSS, optimizer=optimizer, batch_size=25, run_eagerly=eagerly)
        assert not eagerly or (symbolic and not any(symbolic))
    assert symbolic == []  # what was traced first is found again
