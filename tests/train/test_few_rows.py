"""Few rows are predicted by one operation: what the graph gives, with the weights of this moment, at little cost."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

import dnn
from dnn.train import evaluate as passes
from dnn.train.epoch import trace_prediction
from dnn.train.few_rows import FewRows

ACTIVATIONS = [dnn.relu, dnn.gelu, dnn.silu, dnn.tanh, dnn.elu]
X = np.random.default_rng(0).normal(size=(256, 4)).astype(np.float32)


class Then(tf.Module):
    """A dense layer's variables, and a function of them and of x."""

    def __init__(self, function):
        super().__init__()
        self.dense, self.seen, self.function = dnn.Dense(4, 4, seed=1), tf.Variable(tf.zeros([1, 4])), function

    def __call__(self, x):
        return self.function(self, x)


def few_of(model, features=4):
    """Return up to how many rows are few."""
    return passes.passes_of(model, features).few


@settings(max_examples=12, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 40), min_size=2, max_size=4),
    activation=st.sampled_from(ACTIVATIONS),
    residual=st.booleans(),
    dtype=st.sampled_from([tf.float32, tf.float64]),
    rows=st.integers(1, 256),
    seed=st.integers(0, 2**32 - 1),
)
def test_they_are_what_the_graph_gives_by_many_threads_and_what_the_model_gives(
    sizes, activation, residual, dtype, rows, seed
):
    sizes = [sizes[0]] * 2 * residual + sizes  # so that a hidden layer keeps the width
    model = dnn.mlp(sizes, activation=activation, residual=residual, seed=seed, dtype=dtype)
    x = np.random.default_rng(seed).normal(size=(rows, sizes[0])).astype(dtype.as_numpy_dtype)
    logits = dnn.predict(model, x)
    assert few_of(model, sizes[0]) >= rows
    for others in (trace_prediction(model, sizes[0])(x), model(x)):
        np.testing.assert_allclose(logits, others, rtol=1e-5, atol=1e-5)
    assert (logits.dtype, logits.flags.writeable) == (dtype.as_numpy_dtype, True)


def test_the_weights_are_those_of_this_moment():
    model, others = dnn.mlp([4, 3, 2], seed=0), dnn.get_weights(dnn.mlp([4, 3, 2], seed=1))
    first = dnn.predict(model, X[:1])
    dnn.set_weights(model, others)
    second = dnn.predict(model, X[:1])
    np.testing.assert_allclose(second, model(X[:1]), rtol=1e-5, atol=1e-6)
    model.layers[1].bias.assign_add([5, -7])
    np.testing.assert_allclose(dnn.predict(model, X[:1]), np.add(second, [5, -7]), rtol=1e-5, atol=1e-5)
    dnn.fit(
        model,
        (X, (X[:, 0] > 0).astype(int)),
        loss=dnn.sparse_softmax_cross_entropy,
        optimizer=dnn.Adam(model.trainable_variables),
        epochs=1,
    )
    np.testing.assert_allclose(dnn.predict(model, X[:1]), model(X[:1]), rtol=1e-5, atol=1e-6)
    assert not np.allclose(first, second)


def test_models_with_the_same_graph_share_a_function_and_others_do_not():
    alike = [dnn.mlp([4, 5, 2], seed=seed) for seed in (0, 1)]
    unlike = [dnn.mlp([4, 5, 5, 2]), dnn.mlp([4, 5, 2], activation=dnn.tanh)]
    unlike += [Then(lambda model, x, factor=factor: factor * model.dense(x)) for factor in (2, 3)]
    models = [*alike, *unlike, dnn.mlp([4, 5, 3], seed=0)]  # of the last one's width the graph may tell nothing
    for model in models:
        np.testing.assert_allclose(dnn.predict(model, X[:1]), model(X[:1]), rtol=1e-5, atol=1e-6)
    names = [trace_prediction(model, 4).few_rows.attributes[-1] for model in models]
    assert names[0] == names[1]
    assert len({*names[:-1]}) == 5


def test_what_is_returned_or_kept_shares_no_memory_with_the_array():
    def kept(model, x):
        model.seen.assign(x)
        return model.dense(x)

    x = np.zeros(1024 + 4, np.float32)
    x = x[-x.ctypes.data % 64 // 4 :][:4].reshape(1, 4)  # aligned: so that TensorFlow would take its memory as it is
    same, keeps = Then(lambda model, x: tf.identity(x)), Then(kept)
    logits = dnn.predict(same, x)
    dnn.predict(keeps, x)
    x += 1
    assert (few_of(same), few_of(keeps)) == (2**17, 0)
    np.testing.assert_array_equal([logits, keeps.seen], np.zeros((2, 1, 4)))


@pytest.mark.parametrize("x", [X[:6:2], np.asfortranarray(X[:3]), X[:3, ::-1], np.broadcast_to(X[:1], (3, 4))])
def test_an_array_may_lie_in_memory_in_any_way(x):
    x.flags.writeable = False
    model = dnn.mlp([4, 2], seed=0)
    np.testing.assert_allclose(dnn.predict(model, x), model(np.ascontiguousarray(x)), rtol=1e-5, atol=1e-6)


def test_each_row_of_each_thread_has_its_own_logits():
    model, given_back = dnn.mlp([4, 3, 2], seed=0), Then(lambda model, x: tf.identity(x))
    expected = np.concatenate([dnn.predict(model, X[i : i + 1]) for i in range(256)])
    np.testing.assert_allclose(expected, model(X), rtol=1e-5, atol=1e-6)

    def predicted(thread):
        rows = np.arange(thread, 256, 4)
        return [(i, dnn.predict(model, X[[i]]), dnn.predict(given_back, X[[i]])) for _ in range(20) for i in rows]

    with ThreadPoolExecutor(4) as threads:
        for results in threads.map(predicted, range(4)):
            for i, logits, row in results:
                np.testing.assert_array_equal(logits[0], expected[i])
                np.testing.assert_array_equal(row[0], X[i])  # not what came after it


@pytest.mark.parametrize(
    ("model", "few"),
    [
        (dnn.mlp([4, 2], seed=0), 2**17),
        (dnn.mlp([4, 2**10, 2], seed=0), 2**9),
        (dnn.mlp([4, 2**20], seed=0), 1),
        (dnn.ensemble_mlp([4, 8, 2], k=4, seed=0), 2**14),
        (Then(tf.function(lambda model, x: model.dense(x))), 0),
    ],
    ids=["narrow", "wide", "too wide", "an ensemble", "what calls a function"],
)
def test_rows_are_few_if_their_numbers_are(model, few, monkeypatch):
    calls, call = [], FewRows.__call__
    monkeypatch.setattr(FewRows, "__call__", lambda self, x: calls.append(len(x)) or call(self, x))
    assert few_of(model) == few
    for rows in {few, few + 1} - {0}:
        dnn.predict(model, np.zeros((rows, 4), np.float32))
    assert calls == [few][: few > 0]


def test_an_operation_that_fails_says_why():
    model = Then(lambda model, x: tf.gather(tf.eye(4), tf.cast(x[:, 0], tf.int32)))
    np.testing.assert_array_equal(dnn.predict(model, np.full((1, 4), 2)), [[0, 0, 1, 0]])
    with pytest.raises(tf.errors.InvalidArgumentError, match="9 is not in"):
        dnn.predict(model, np.full((1, 4), 9))


def test_a_prediction_is_one_operation_and_few_calls_of_python():
    """By tf.raw_ops and tf.constant it was 168 calls; none of these depends on the number of layers."""
    model, called = dnn.mlp([4, 5, 5, 5, 2], seed=0), []
    dnn.predict(model, X[:1])

    def note(frame, event, function):
        if event in ("call", "c_call"):
            called.append(frame.f_code.co_name if event == "call" else function.__name__)

    sys.setprofile(note)
    try:
        dnn.predict(model, X[:1])
    finally:
        sys.setprofile(None)
    assert called.count("TFE_Py_Execute") == 1
    assert not [name for name in called if name in ("TFE_Py_FastPathExecute", "call_flat", "call_function")]
    assert len(called) < 40
