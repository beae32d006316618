"""How compiled functions are run: in one thread or by many, with the same results; and what one thread cannot run."""

import numpy as np
import pytest
import tensorflow as tf

import dnn
from dnn.train import compiled
from dnn.train.compiled import compiled_prediction, compiled_training
from dnn.train.rows import Rows
from dnn.train.traced import ONE_THREAD

X = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int32)
SPECS = Rows(tf.TensorSpec(X.shape), tf.TensorSpec(Y.shape, tf.int32))


def trained(model):
    """(its history, its weights, the executor of its epochs)"""
    optimizer = dnn.Adam(model.trainable_variables)
    loss = dnn.sparse_softmax_cross_entropy
    history = dnn.fit(model, (X, Y), loss=loss, optimizer=optimizer, batch_size=8, epochs=3, jit_compile=False)
    epoch = compiled_training(model, loss, optimizer, (dnn.accuracy,), SPECS, 8, False)
    return history, [variable.numpy() for variable in model.variables], epoch.executor


def assert_trained_alike(one_thread, many):
    """TensorFlow fuses other operations of the two, so that they round differently."""
    (history, weights, executor), (other_history, other_weights, other_executor) = one_thread, many
    assert (executor, other_executor) == (ONE_THREAD, "")
    assert history["loss"] == pytest.approx(other_history["loss"], rel=1e-6)
    for one, other in zip(weights, other_weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_one_thread_and_many_train_alike(monkeypatch):
    one_thread = trained(dnn.mlp([4, 6, 2], seed=1))
    monkeypatch.setattr(compiled, "FEW", 8 * 44)
    assert_trained_alike(one_thread, trained(dnn.mlp([4, 6, 2], seed=1)))


class Looping(tf.Module):
    """With a loop and a branch of the user's own: without `wrap`, or in a tf.function."""

    def __init__(self, wrap=lambda function: function):
        super().__init__()
        self.dense = dnn.Dense(4, 2, seed=1)
        self.loop = wrap(lambda x: tf.while_loop(lambda i, _: i < 3, lambda i, x: (i + 1, 1.5 * x), (0, x))[1])
        self.branch = wrap(lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: 2 * x, lambda: 3 * x))

    def __call__(self, x):
        return self.branch(self.loop(self.dense(x)))


def test_what_one_thread_cannot_run_is_left_to_many():
    assert_trained_alike(trained(Looping()), trained(Looping(tf.function)))  # traced before, by the border's checks


@pytest.mark.parametrize("make", [lambda: dnn.mlp([4, 6, 2]), Looping, lambda: Looping(tf.function)])
def test_a_prediction_has_the_same_bits_in_this_thread(make):
    logits = compiled_prediction(make(), 4)
    np.testing.assert_array_equal(logits.in_this_thread(X), logits(X))


def test_an_error_in_this_thread_says_where_it_comes_from():
    class Refusing(tf.Module):
        def __call__(self, x):
            tf.debugging.assert_positive(x, "no such feature")
            return x

    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)test_compiled.py.*no such feature"):
        dnn.predict(Refusing(), -np.ones((1, 4)))
