"""How compiled functions are run: in one thread or by many, with the same results; and what one thread cannot run."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context
from tensorflow.python.eager.polymorphic_function.atomic_function import AtomicFunction

import dnn
from dnn.train import runtime
from dnn.train.epoch import trace_prediction, trace_training, training_program
from dnn.train.rows import Rows
from dnn.train.runtime import ONE_THREAD, Compiled

X = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int32)
SPECS = Rows(tf.TensorSpec(X.shape), tf.TensorSpec(Y.shape, tf.int32))


def trained(model, loss=dnn.sparse_softmax_cross_entropy, batch_size=8):
    """(its history, its weights, the executor of its epochs)"""
    optimizer = dnn.Adam(model.trainable_variables)
    history = dnn.fit(model, (X, Y), loss=loss, optimizer=optimizer, batch_size=batch_size, epochs=3, jit_compile=False)
    epoch = trace_training(training_program(model, loss, optimizer, (dnn.accuracy,), batch_size, SPECS), False)
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
    monkeypatch.setattr(runtime, "FEW", 8 * 44)
    assert_trained_alike(one_thread, trained(dnn.mlp([4, 6, 2], seed=1)))


def test_the_executor_runs_the_epoch(monkeypatch):
    seen, call = [], AtomicFunction.call_flat

    def noted(self, *arguments):
        seen.append(context.context().function_call_options.executor_type)
        return call(self, *arguments)

    monkeypatch.setattr(AtomicFunction, "call_flat", noted)
    trained(dnn.mlp([4, 6, 2]))
    assert ONE_THREAD in seen


class Epochs(dnn.Adam):
    """An optimizer that takes the epochs itself, and takes no step."""

    def train_epoch(self, model, loss, metrics, rows, order, batch_size):
        return tf.zeros(1 + len(metrics), tf.float64)


class HandsOn:
    """What has the attributes of another optimizer, and an `apply` of its own."""

    def __init__(self, optimizer):
        self.optimizer = optimizer

    def __getattr__(self, name):
        return getattr(self.optimizer, name)

    def apply(self, gradients):
        self.optimizer.apply(gradients)


@pytest.mark.parametrize(("wrap", "steps"), [(lambda optimizer: optimizer, 0), (HandsOn, 7)])
def test_an_optimizer_whose_class_has_train_epoch_takes_the_epochs(wrap, steps):
    model = dnn.mlp([4, 2])
    optimizer = Epochs(model.trainable_variables)
    dnn.fit(model, (X, Y), loss=dnn.sparse_softmax_cross_entropy, optimizer=wrap(optimizer), batch_size=8)
    assert optimizer.t.numpy() == steps


class Looping(tf.Module):
    """With a loop and a branch of the user's own: without `wrap`, or in a tf.function."""

    def __init__(self, wrap=lambda function: function):
        super().__init__()
        self.dense = dnn.Dense(4, 2, seed=1)
        self.loop = wrap(lambda x: tf.while_loop(lambda i, _: i < 3, lambda i, x: (i + 1, 1.5 * x), (0, x))[1])
        self.branch = wrap(lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: 2 * x, lambda: 3 * x))

    def __call__(self, x):
        return self.branch(self.loop(self.dense(x)))


class Then(tf.Module):
    """A dense layer, and a function behind it."""

    def __init__(self, function):
        super().__init__()
        self.dense, self.function = dnn.Dense(4, 2, seed=1), function

    def __call__(self, x):
        return self.function(self.dense(x))


def on_a_device(x):
    with tf.device("CPU:0"):
        return 2 * x


MORE_THAN_PLAIN = {
    "loop and branch": Looping,
    "the same in a tf.function": lambda: Looping(tf.function),
    "tf.function": lambda: Then(tf.function(lambda x: 2 * x)),
    "map_fn": lambda: Then(lambda x: tf.map_fn(lambda row: 2 * row, x)),
    "convolution": lambda: Then(lambda x: tf.nn.conv1d(x[:, :, None], tf.ones([1, 1, 1]), 1, "SAME")[:, :, 0]),
    "a device of its own": lambda: Then(on_a_device),
}


@pytest.mark.parametrize("batch_size", [8, 10], ids=["with a remainder", "without"])
@pytest.mark.parametrize("name", MORE_THAN_PLAIN)
def test_what_is_more_than_plain_is_left_to_many_threads(name, batch_size):
    history, _, executor = trained(MORE_THAN_PLAIN[name](), batch_size=batch_size)
    assert executor == ""
    assert np.isfinite(history["loss"]).all()


@pytest.mark.parametrize("batch_size", [8, 10, 50])
def test_so_is_a_loss_with_a_branch_in_a_tf_function(batch_size):
    """One thread would wait for itself for ever, in epochs without a remainder."""

    @tf.function
    def loss(y, logits):
        losses = dnn.sparse_softmax_cross_entropy(y, logits)
        return tf.cond(tf.reduce_mean(losses) > 100, lambda: tf.minimum(losses, 100), lambda: losses)

    *_, executor = trained(dnn.mlp([4, 2]), loss, batch_size)
    assert executor == ""


def test_a_prediction_has_the_same_bits_in_this_thread():
    logits = trace_prediction(dnn.mlp([4, 6, 2]), 4)
    np.testing.assert_array_equal(logits.in_this_thread(X), logits(X))


@pytest.mark.parametrize(
    ("make", "rows", "here"), [(lambda: dnn.mlp([4, 2]), 256, 1), (lambda: dnn.mlp([4, 2]), 257, 0), (Looping, 1, 0)]
)
def test_few_rows_of_a_plain_model_are_predicted_in_this_thread(make, rows, here, monkeypatch):
    calls, in_this_thread = [], Compiled.in_this_thread
    monkeypatch.setattr(Compiled, "in_this_thread", lambda *both: calls.append(1) or in_this_thread(*both))
    assert dnn.predict(make(), np.zeros((rows, 4))).shape == (rows, 2)
    assert len(calls) == here


def test_an_error_says_where_it_comes_from_and_what_it_changed_is_changed_once():
    class Refusing(tf.Module):
        def __init__(self):
            super().__init__()
            self.calls = tf.Variable(0)

        def __call__(self, x):
            self.calls.assign_add(1)
            tf.debugging.assert_positive(x, "no such feature")
            return x

    model = Refusing()
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)test_runtime.py.*no such feature"):
        dnn.predict(model, -np.ones((1, 4)))
    assert model.calls.numpy() == 1
