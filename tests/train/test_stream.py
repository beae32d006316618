"""Rows that are read anew in each epoch train, evaluate and predict as the same rows in memory do."""

import numpy as np
import pytest
import tensorflow as tf

import dnn
from dnn.train import stream
from dnn.train.interruption import FitInterrupted

LOSS = dnn.sparse_softmax_cross_entropy
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(203, 6)).astype(np.float32)
Y = RANDOM.integers(0, 3, 203)
WEIGHTS = RANDOM.uniform(0.5, 2, 203).astype(np.float32)
ARRAYS, HELD = (X, Y, WEIGHTS), (X[:50], Y[:50])


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Of three batches."""
    monkeypatch.setattr(stream, "CHUNK_NUMBERS", 6 * 16 * 3)


def batches(arrays, size=37):
    return tf.data.Dataset.from_tensor_slices(arrays).batch(size)


def fitted(data, validation=None, **options):
    model = dnn.Sequential(
        [dnn.Dense(6, 8, activation=dnn.relu, seed=1), dnn.Dropout(0.2, seed=5), dnn.Dense(8, 3, seed=2)]
    )
    optimizer = dnn.Adam(model.trainable_variables, 0.01)
    options = {"loss": LOSS, "batch_size": 16, "epochs": 2, "shuffle": False, "seed": 4, **options}
    history = dnn.fit(model, data, validation, optimizer=optimizer, **options)
    return history, model


@pytest.mark.parametrize("options", [{"jit_compile": True}, {"ignore_class": 2, "on_nan": "skip"}], ids=str)
def test_a_dataset_trains_as_its_rows_in_memory(options):
    (history, model), (its, same) = (fitted(of(ARRAYS), of(HELD), **options) for of in (lambda arrays: arrays, batches))
    for name in history:
        np.testing.assert_allclose(its[name], history[name], rtol=1e-6)
    for value, other in zip(same.variables, model.variables, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-5, atol=1e-6)
    assert dnn.evaluate(same, batches(ARRAYS), loss=LOSS) == pytest.approx(dnn.evaluate(same, ARRAYS, loss=LOSS))
    for source in (batches(ARRAYS), tf.data.Dataset.from_tensor_slices(X).batch(10)):
        np.testing.assert_allclose(dnn.predict(same, source), dnn.predict(same, X), rtol=1e-6, atol=1e-7)


def test_xla_compiles_a_dataset_of_fewer_rows_than_a_batch(caplog):
    few = tuple(array[:10] for array in ARRAYS)
    (history, _), (its, _) = (fitted(of(few), jit_compile=True) for of in (lambda arrays: arrays, batches))
    np.testing.assert_allclose(its["loss"], history["loss"], rtol=1e-6)
    assert "graph mode" not in caplog.text


def test_a_dataset_is_traced_once_for_its_chunks_and_once_for_the_last(monkeypatch):
    traced = []
    model = dnn.Sequential([lambda x: (traced.append(x.shape[0]), x)[1], dnn.Dense(6, 3, seed=0)])
    for _ in range(2):
        optimizer = dnn.SGD(model.trainable_variables, 0.1)
        dnn.fit(model, batches(ARRAYS), loss=LOSS, optimizer=optimizer, batch_size=16, epochs=3, jit_compile=False)
    # the model once for any number of rows; per fit, batches of 16 of whole chunks, and the 11 rows of the last one
    assert sorted(traced, key=str) == sorted([None, *2 * [16, 11]], key=str)


def test_a_fit_of_a_dataset_goes_on_at_the_very_row(tmp_path):
    source = batches(ARRAYS)
    straight, model = fitted(source, epochs=3)
    seen = []

    def killed(record, history):
        seen.append(record)
        if len(seen) == 7:
            raise KeyboardInterrupt

    keep = dnn.Checkpoints(tmp_path, every="3 steps")
    with pytest.raises((KeyboardInterrupt, FitInterrupted)):
        fitted(source, epochs=3, checkpoint=keep, callbacks=[dnn.EverySteps(3, killed)])
    resumed, same = fitted(source, epochs=3, checkpoint=keep)
    assert resumed.epochs[1:] == [pytest.approx(record, rel=1e-6) for record in straight.epochs[1:]]
    for value, other in zip(same.variables, model.variables, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-5, atol=1e-6)


def test_what_is_wrong_in_a_dataset_is_told_with_its_rows(tmp_path):
    spoilt = X.copy()
    spoilt[100, 2] = np.nan
    with pytest.raises(ValueError, match="data, from row 96 on: x has a NaN or an infinity, as float32, in row 4"):
        fitted(batches((spoilt, Y)))
    with pytest.raises(ValueError, match=r"labels must be in \[0, 3\)"):
        fitted(batches((X, Y + 1)))
    with pytest.raises(ValueError, match="data has no rows"):
        fitted(batches(ARRAYS).take(0))
    with pytest.raises(TypeError, match="a dataset of \\(x, y\\)"):
        fitted(tf.data.Dataset.from_tensor_slices(X).batch(4))
    model = dnn.mlp([6, 3])
    with pytest.raises(ValueError, match="takes whole epochs"):
        dnn.fit(model, batches((X, Y)), loss=LOSS, optimizer=dnn.MlpAdam(model))
    with pytest.raises(ValueError, match="has no end"):
        fitted(batches(ARRAYS).repeat())
    with pytest.raises(ValueError, match="must be a dataset of batches"):
        fitted(tf.data.Dataset.from_tensor_slices((X, Y)))
    with pytest.raises(TypeError, match="a dataset of dense tensors"):
        fitted(
            tf.data.Dataset.from_tensor_slices(({"a": X[:, 0]}, Y))
            .batch(4)
            .map(lambda x, y: (tf.sparse.from_dense(x["a"]), y))
        )
    with pytest.raises(ValueError, match="'native' takes epochs of arrays"):
        fitted(batches(ARRAYS), jit_compile="native")
    with pytest.raises(ValueError, match="x has no rows"):
        dnn.predict(model, batches(X).take(0))
    with pytest.raises(ValueError, match="the dataset failed: "):
        fitted(batches(ARRAYS).map(lambda x, y, w: (tf.debugging.check_numerics(x / 0, "row of zeros"), y, w)))
    with pytest.raises(ValueError, match="gives other rows in each pass"):
        fitted(batches(ARRAYS).unbatch().shuffle(99).batch(8), checkpoint=tmp_path)
    once = iter([(X, Y)])
    spec = tf.TensorSpec([None, 6], tf.float32), tf.TensorSpec([None], tf.int64)
    with pytest.raises(ValueError, match="data has no rows"):
        fitted(tf.data.Dataset.from_generator(lambda: once, output_signature=spec))
    ensemble = dnn.Ensemble([dnn.mlp([6, 3], seed=seed) for seed in (0, 1)])
    with pytest.raises(ValueError, match="have an order each"):
        dnn.fit(ensemble, batches((X, Y)), loss=LOSS, optimizer=dnn.Adam(ensemble.trainable_variables))


def test_a_loss_of_a_dataset_that_is_not_finite_ends_the_fit_with_the_weights_from_before():
    def diverging(labels, logits):
        return LOSS(labels, logits) * tf.where(labels == 2, np.inf, 1.0)

    labels = Y % 2
    labels[120] = 2
    with pytest.raises(dnn.NotFiniteError, match="epoch 1: .* in the steps from 7 on"):
        fitted(batches((X, labels)), loss=diverging)


def test_early_stopping_s_best_weights_are_what_remains_and_an_epoch_without_a_step_is_an_error():
    spoilt = tf.Variable(0.0, trainable=False)

    def loss(labels, logits):
        return LOSS(labels, logits) + tf.where(spoilt > 0, np.nan, 0.0)

    best = []

    def spoil(record, history):
        best.extend(dnn.get_weights(kept) if record["epoch"] == 1 else [])
        spoilt.assign(float(record["epoch"] == 2))

    kept = dnn.Sequential([dnn.Dense(6, 3, seed=0)])
    optimizer = dnn.SGD(kept.trainable_variables, 0.1)
    options = {"loss": loss, "optimizer": optimizer, "batch_size": 16, "epochs": 4, "callbacks": [spoil]}
    stopping = dnn.EarlyStopping(mode="max", patience=9, restore_best_weights=True)  # the first is the best
    with pytest.raises(dnn.NotFiniteError, match="the weights of epoch 1, the best"):
        dnn.fit(kept, batches((X, Y)), HELD, early_stopping=stopping, **options)
    for value, other in zip(dnn.get_weights(kept), best, strict=True):
        np.testing.assert_array_equal(value, other)
    spoilt.assign(1.0)
    with pytest.raises(dnn.NotFiniteError, match="each of its steps was left out"):
        dnn.fit(kept, batches((X, Y)), on_nan="skip", **options)


def test_steps_are_told_where_chunks_are_shorter_and_a_chunk_may_be_ignored_whole():
    steps = []
    labels = Y.astype(np.uint8)
    labels[16:64] = 9  # a chunk
    told = dnn.EverySteps(4, lambda record, _: steps.append(record["step"]))
    (history, _), (its, _) = (
        fitted(of((X, labels)), of(HELD), ignore_class=9, callbacks=[told]) for of in (lambda arrays: arrays, batches)
    )
    assert steps == 4 * [4, 8, 12, 13]
    assert its["loss"] == pytest.approx(history["loss"], rel=1e-6)
    with pytest.raises(ValueError, match="has only the ignored class 1"):
        fitted(batches((X, np.ones_like(Y))), ignore_class=1)


def test_a_small_dataset_stays_in_graph_mode_and_what_was_not_finite_before_is_not_looked_at(caplog):
    caplog.set_level("INFO", "dnn")
    model = dnn.Sequential([dnn.Dense(6, 3, seed=0)])
    model.mask = tf.Variable([-np.inf], trainable=False)
    optimizer = dnn.SGD(model.trainable_variables, 0.1)
    wide = tf.data.Dataset.from_generator(
        lambda: iter([(X, Y)]),
        output_signature=(tf.TensorSpec([None, None], tf.float32), tf.TensorSpec([None], tf.int64)),
    )
    dnn.fit(model, wide, loss=LOSS, optimizer=optimizer, batch_size=16, epochs=3)
    assert "under XLA" not in caplog.text
    assert stream.Stream(model, wide, "data", None, 16).chunk_rows == 48
