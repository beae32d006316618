"""Callbacks within an epoch, and those that are handed what the fit works with."""

import re
from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf

import dnn

LOSS = dnn.sparse_softmax_cross_entropy
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(50, 4)).astype(np.float32)
Y = RANDOM.integers(0, 3, 50)
STEPS = [1, 2, 3, 4, 5, 6, 7]  # 50 rows by 8


def fitted(*callbacks, **options):
    model = dnn.Sequential(
        [dnn.Dense(4, 8, activation=dnn.relu, seed=0), dnn.Dropout(0.3, seed=1), dnn.Dense(8, 3, seed=2)]
    )
    optimizer = options.pop("optimizer", dnn.Adam)(model.trainable_variables, 0.01)
    options = {"batch_size": 8, "epochs": 2, "seed": 3, "ignore_class": 2, **options}
    history = dnn.fit(model, (X, Y), (X[:9], Y[:9]), loss=LOSS, optimizer=optimizer, callbacks=callbacks, **options)
    return history, [each.numpy() for each in model.variables]


@pytest.mark.parametrize(("steps", "told", "jit_compile"), [(1, STEPS, False), (3, [3, 6, 7], True), (100, [7], False)])
def test_a_callback_of_steps_is_told_of_them_and_changes_no_bit(steps, told, jit_compile):
    records = []
    history, weights = fitted(dnn.EverySteps(steps, lambda record, _: records.append(record)), jit_compile=jit_compile)
    straight, same = fitted(jit_compile=jit_compile)
    assert [(each["epoch"], each["step"]) for each in records] == [(e, step) for e in (1, 2) for step in told]
    assert {each["epoch"]: each["loss"] for each in records} == dict(zip((1, 2), history["loss"], strict=True))
    assert history.epochs == straight.epochs
    for value, other in zip(weights, same, strict=True):
        np.testing.assert_array_equal(value, other)


def test_the_figures_of_a_step_are_means_over_the_rows_that_counted_so_far():
    records = []
    fitted(dnn.EverySteps(2, lambda record, _: records.append(record)), epochs=1, metrics={"label": lambda y, z: y})
    order = np.random.default_rng((3, 1)).permutation(50)
    for record in records:
        seen = Y[order[: 8 * record["step"]]]
        assert record["label"] == pytest.approx(seen[seen != 2].mean(), rel=1e-12)


def test_a_callback_of_steps_ends_the_fit_at_once(tmp_path):
    records = []
    stop = dnn.EverySteps(
        2, lambda record, _: (records.append(record), record["epoch"] == 2 and record["step"] == 4)[1]
    )
    for checkpoint in (None, tmp_path):
        history, _ = fitted(stop, epochs=5, checkpoint=checkpoint)
        assert len(history) == 2
        assert history["loss"][1] == records[-1]["loss"]
        assert history["val_loss"][1] > 0
    assert len(fitted(stop, epochs=5, checkpoint=tmp_path)[0]) == 2  # it had ended


def test_a_rate_that_a_step_assigns_holds_from_the_next_step_on():
    model = dnn.Sequential([dnn.Dense(4, 3, seed=0)])
    optimizer = dnn.SGD(model.trainable_variables, 0.1)
    kernels = []

    def freeze(record, history):
        kernels.append(model.layers[0].kernel.numpy())
        optimizer.learning_rate = 0.0 if record["step"] == 3 else optimizer.learning_rate

    dnn.fit(model, (X, Y), loss=LOSS, optimizer=optimizer, batch_size=10, callbacks=[dnn.EverySteps(1, freeze)])
    changed = [bool((a != b).any()) for a, b in pairwise(kernels)]
    assert changed == [True, True, False, False]


def test_epochs_that_are_taken_whole_refuse_callbacks_of_steps():
    def watch(record, history):
        return None

    with pytest.raises(ValueError, match="an epoch in C\\+\\+ is taken whole"):
        fitted(dnn.EverySteps(1, watch), jit_compile="native")
    with pytest.raises(ValueError, match="steps must be"):
        dnn.EverySteps(0, watch)
    with pytest.raises(TypeError, match="function must be a function"):
        dnn.EverySteps(1, None)


class Begun:
    def begin(self, fit):
        self.fit = fit

    def __call__(self, record, history):
        assert set(history.epochs[0]) == {"epoch", "loss", "accuracy", "val_loss", "val_accuracy"}


def test_a_callback_may_be_handed_what_the_fit_works_with():
    begun = Begun()
    fitted(begun)
    assert isinstance(begun.fit.model, tf.Module)
    assert begun.fit.optimizer.t.numpy() == 14
    np.testing.assert_array_equal(begun.fit.data.x, X)
    np.testing.assert_array_equal(begun.fit.data.counted, Y != 2)
    assert (begun.fit.batch_size, begun.fit.epochs, begun.fit.seed) == (8, 2, 3)


def test_the_norms_of_layers_are_those_of_their_weights_and_of_the_gradients_of_all_rows():
    model = dnn.Sequential([dnn.Dense(4, 8, activation=dnn.relu, seed=0), dnn.Dense(8, 3, seed=1)])
    history = dnn.fit(
        model,
        (X, Y),
        loss=LOSS,
        optimizer=dnn.SGD(model.trainable_variables, 0.1),
        callbacks=[dnn.LayerNorms(50)],
        epochs=2,
    )
    with tf.GradientTape(persistent=True) as tape:
        loss = tf.reduce_mean(LOSS(Y, model(X)))
    for layer, path in zip(model.layers, ("layers/0", "layers/1"), strict=True):
        gradients = tape.gradient(loss, layer.trainable_variables)
        weights = np.concatenate([each.numpy().ravel() for each in layer.trainable_variables])
        assert history[f"weight_norm/{path}"][-1] == pytest.approx(np.linalg.norm(weights), rel=1e-6)
        flat = np.concatenate([each.numpy().ravel() for each in gradients])
        assert history[f"gradient_norm/{path}"][-1] == pytest.approx(np.linalg.norm(flat), rel=1e-5)


def test_a_verbose_fit_shows_its_epochs_and_no_figures_of_layers(capsys):
    fitted(dnn.LayerNorms(), verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert re.match(r"epoch   1\* loss \d\.\d{4}  accuracy \d", lines[0])
    assert "norm" not in lines[0]
    fitted()
    assert not capsys.readouterr().out
    with pytest.raises(ValueError, match="verbose must be 0 or 1, got 2"):
        fitted(verbose=2)


def test_two_callbacks_of_other_steps_are_each_told_of_their_own():
    told = {2: [], 3: []}
    watches = [
        dnn.EverySteps(steps, lambda record, _, seen=seen: seen.append(record["step"])) for steps, seen in told.items()
    ]
    fitted(*watches, epochs=1)
    assert told == {2: [2, 4, 6, 7], 3: [3, 6, 7]}
