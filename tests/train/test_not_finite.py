"""A training loss that is not finite: which step it was, what is kept, and steps that are left out."""

import math

import numpy as np
import pytest
import tensorflow as tf

import dnn

RNG = np.random.default_rng(0)
X = RNG.normal(size=(100, 4)).astype("float32")
Y = (X[:, 0] > 0).astype(int)
ROWS = {"loss": dnn.sparse_softmax_cross_entropy, "batch_size": 16, "shuffle": False, "metrics": {}}


def network() -> dnn.Sequential:
    return dnn.mlp([4, 6, 2], seed=1)


def values(*parts) -> list[np.ndarray]:
    return [variable.numpy() for part in parts for variable in part.variables]


class OneBadRow(tf.Module):
    """Divides by the fourth feature where it is 7, so that a row with a 7 gives NaN; counts its calls in training."""

    def __init__(self):
        self.inner = network()
        self.calls = tf.Variable(0.0, trainable=False)

    def __call__(self, x, training=None):
        bad = tf.where(x[:, 3:] == 7.0, math.nan, 0.0)
        if training is not None:
            self.calls.assign_add(1.0 + tf.reduce_sum(bad))
        return self.inner(x) + bad


def with_bad_row(row: int) -> np.ndarray:
    x = X.copy()
    x[row, 3] = 7
    return x


@pytest.mark.parametrize(("jit", "every"), [(False, None), (True, None), (False, "2 steps")])
def test_a_fit_stops_at_the_step_of_a_bad_row_with_the_weights_from_before_it(jit, every, tmp_path):
    model, plain = OneBadRow(), OneBadRow()
    optimizer = dnn.ClipGradients(dnn.Adam(model.trainable_variables), clipnorm=1.0)
    checkpoint = every and dnn.Checkpoints(tmp_path, every=every, keep=9)
    with pytest.raises(
        dnn.NotFiniteError, match=r"epoch 1, step 4: .*output of OneBadRow, 2 NaN of 32 numbers"
    ) as error:
        dnn.fit(model, (with_bad_row(50), Y), optimizer=optimizer, jit_compile=jit, checkpoint=checkpoint, **ROWS)
    assert (error.value.epoch, error.value.step, error.value.history.epochs) == (1, 4, [])
    other = dnn.ClipGradients(dnn.Adam(plain.trainable_variables), clipnorm=1.0)
    dnn.fit(plain, (X[:48], Y[:48]), optimizer=other, jit_compile=jit, **ROWS)
    for one, same in zip(values(model, optimizer), values(plain, other), strict=True):
        np.testing.assert_allclose(one, same, rtol=1e-4, atol=1e-6)
    names = [path.name for path in checkpoint.states()] if checkpoint else []
    assert names == (["state-000000-000000002"] if checkpoint else [])  # the piece with step 4 was not saved


def test_the_best_weights_are_kept_and_a_variable_that_overflows_in_the_last_step_is_found():
    model, best = network(), []
    optimizer = dnn.SGD(model.trainable_variables, 0.1)

    def break_in_epoch_3(record, history):
        best.append(values(model))
        if record["epoch"] == 2:
            optimizer.learning_rate.assign(1e39)

    breaks = [break_in_epoch_3]
    rule = dnn.EarlyStopping(monitor="loss", patience=9)
    with pytest.raises(dnn.NotFiniteError, match="epoch 3, step 1: .*bias after the step.*weights of epoch 2"):
        dnn.fit(model, (X[:16], Y[:16]), optimizer=optimizer, epochs=3, early_stopping=rule, callbacks=breaks, **ROWS)
    for value, kept in zip(values(model), best[1], strict=True):
        np.testing.assert_array_equal(value, kept)


@pytest.mark.parametrize("jit", [False, True], ids=["graph", "xla"])
def test_a_step_that_is_left_out_changes_nothing_and_the_means_are_of_the_others(jit):
    model, plain = OneBadRow(), OneBadRow()
    optimizer, other = dnn.Adam(model.trainable_variables), dnn.Adam(plain.trainable_variables)
    history = dnn.fit(
        model, (with_bad_row(50), Y), optimizer=optimizer, jit_compile=jit, epochs=2, on_nan="skip", **ROWS
    )
    kept = np.r_[0:48, 64:100]
    expected = dnn.fit(plain, (X[kept], Y[kept]), optimizer=other, jit_compile=jit, epochs=2, **ROWS)
    assert history["skipped"] == [1, 1]
    np.testing.assert_allclose(history["loss"], expected["loss"], rtol=1e-5)
    for one, same in zip(values(model, optimizer), values(plain, other), strict=True):
        np.testing.assert_allclose(one, same, rtol=1e-4, atol=1e-6)


def test_members_of_an_ensemble_skip_a_step_together_and_their_means_are_of_the_others():
    def ensemble():
        return dnn.Ensemble([dnn.mlp([4, 3, 2], seed=seed) for seed in (1, 2)])

    def infinite_for_7(labels, logits):
        classes = tf.cast(tf.minimum(labels, 1), tf.int32)
        return dnn.sparse_softmax_cross_entropy(classes, logits) + tf.where(labels == 7, math.inf, 0.0)

    y = Y.astype("float32")
    y[50] = 7
    rows = ROWS | {"loss": infinite_for_7}
    model, plain = ensemble(), ensemble()
    history = dnn.fit(model, (X, y), optimizer=dnn.SGD(model.trainable_variables), on_nan="skip", **rows)
    kept = np.r_[0:48, 64:100]
    expected = dnn.fit(plain, (X[kept], y[kept]), optimizer=dnn.SGD(plain.trainable_variables), **rows)
    assert history.last["skipped"] == 1
    np.testing.assert_allclose(history["loss"], expected["loss"], rtol=1e-5)
    for one, same in zip(values(model), values(plain), strict=True):
        np.testing.assert_allclose(one, same, rtol=1e-4, atol=1e-6)


def test_an_epoch_without_a_step_is_an_error_and_a_nan_of_the_validation_rows_is_none():
    model = OneBadRow()
    optimizer = dnn.Adam(model.trainable_variables)
    bad = np.full([20, 4], 7, np.float32), np.zeros(20, int)
    with pytest.raises(dnn.NotFiniteError, match="epoch 1, step 1: "):
        dnn.fit(model, bad, optimizer=optimizer, on_nan="skip", **ROWS)
    history = dnn.fit(model, (X, Y), bad, optimizer=optimizer, **ROWS)
    assert math.isnan(history.last["val_loss"])
    assert math.isfinite(history.last["loss"])


def test_mlp_adam_names_the_epoch_alone_and_cannot_skip():
    model = dnn.mlp([4, 6, 2], seed=1)
    optimizer = dnn.MlpAdam(model, 1e30)
    with pytest.raises(dnn.NotFiniteError, match="diverged in epoch [12]: .*the weights that came of it"):
        dnn.fit(model, (X * 1e10, Y), optimizer=optimizer, epochs=3, **ROWS)
    with pytest.raises(ValueError, match="on_nan='skip' needs an optimizer that takes step after step"):
        dnn.fit(model, (X, Y), optimizer=optimizer, on_nan="skip", **ROWS)
    with pytest.raises(ValueError, match="on_nan must be 'stop', 'skip' or 'ignore', got 'halt'"):
        dnn.fit(model, (X, Y), optimizer=dnn.Adam(model.trainable_variables), on_nan="halt", **ROWS)
