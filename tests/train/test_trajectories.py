"""Whole trainings beside Keras's fit, up to 20 epochs from the same weights (shuffle=False).

With each optimizer, its wrappers and its schedule, and with each loss; drawn are the network, batch sizes that seldom
divide the rows, weights of rows, and the rule of early stopping. All in float32, so each step may round otherwise: 20
epochs later the figures are equal within 1e-3 of themselves, and each weight within 1e-3 (in 100 trainings the largest
difference was 2.3e-4, behind a normalization of the few rows of a batch). What chance could decide is not drawn: a
gradient that is 0 but for rounding, as that of a bias before a normalization across the batch, which Adam would blow
up to whole steps.
"""

import keras
import numpy as np
import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st
from keras_twins import KINDS, LOSSES, METRICS, OPTIMIZERS, twin_networks

import dnn

TOLERANCE = 1e-3
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)  # an example takes seconds, and is small as it is drawn


@st.composite
def parts(draw, loss, inputs, outputs):
    """Training and validation rows, (x, y) or (x, y, weights): of labels or numbers that cannot be learnt by heart."""
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    weighted = draw(st.booleans())
    made = []
    for rows in (draw(st.integers(8, 40)), draw(st.integers(5, 12))):
        x = random.normal(size=(rows, inputs)).astype(np.float32)
        labels = random.integers(0, outputs, rows).astype(np.int32)
        y = {
            "sparse": labels,
            "binary": random.integers(0, 2, (rows, outputs)).astype(np.float32),
            "squared": random.normal(size=(rows, outputs)).astype(np.float32),
        }.get(loss, np.eye(outputs, dtype=np.float32)[labels])
        made.append((x, y, random.integers(0, 9, rows).astype(np.float32) / 4) if weighted else (x, y))
    return made


RULES = st.fixed_dictionaries(
    {
        "monitor": st.sampled_from(["val_loss", "loss", "val_score"]),
        "patience": st.integers(1, 4),
        "min_delta": st.sampled_from([0.0, 0.003]),
        "baseline": st.none() | st.just(0.6),
        "start_from_epoch": st.integers(0, 2),
        "restore_best_weights": st.booleans(),
    }
)


def assert_follows(data, name, jit_compile):
    """Each optimizer has a loss and a first kind of layer of its own, so that all of them occur."""
    place = sorted(OPTIMIZERS).index(name)
    loss, kind = sorted(LOSSES)[place % len(LOSSES)], KINDS[place % len(KINDS)]
    inputs, outputs = data.draw(st.integers(1, 5), "inputs"), data.draw(st.integers(2, 4), "outputs")
    hidden = data.draw(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(3, 7)), max_size=1), "hidden")
    model, keras_s = twin_networks(inputs, [(kind, 5), *hidden], outputs, seed=data.draw(st.integers(0, 99), "seed"))
    (x, y, *weights), validation = data.draw(parts(loss, inputs, outputs), "rows")
    batch_size, epochs = data.draw(st.integers(2, 24), "batch_size"), data.draw(st.integers(8, 20), "epochs")
    rule = data.draw(RULES, "rule")
    rule |= {"mode": "min" if "loss" in rule["monitor"] or loss == "squared" else "max"}

    callback = keras.callbacks.EarlyStopping(**rule)
    keras_s.compile(
        OPTIMIZERS[name][1](), LOSSES[loss][1](), metrics=[METRICS[loss][1](name="score")], jit_compile=jit_compile
    )
    theirs = keras_s.fit(
        x,
        y,
        sample_weight=weights[0] if weights else None,
        validation_data=validation,
        callbacks=[callback],
        batch_size=batch_size,
        epochs=epochs,
        shuffle=False,
        verbose=0,
    ).history
    history = dnn.fit(
        model,
        (x, y, *weights),
        validation,
        loss=LOSSES[loss][0],
        metrics={"score": METRICS[loss][0]},
        optimizer=OPTIMIZERS[name][0](model.trainable_variables),
        batch_size=batch_size,
        epochs=epochs,
        shuffle=False,
        jit_compile=jit_compile,
        early_stopping=dnn.EarlyStopping(**rule),
    )

    event(f"decided: {decided(history[rule['monitor']], rule)}, stopped: {len(history.epochs) < epochs}")
    if decided(history[rule["monitor"]], rule):
        assert len(history.epochs) == len(theirs["loss"])
        for ours_s, theirs_s in zip(dnn.weights(model), keras_s.get_weights(), strict=True):
            np.testing.assert_allclose(ours_s, theirs_s, atol=TOLERANCE, rtol=TOLERANCE)
        if callback.best is not None:
            assert history.best_epoch == callback.best_epoch + 1
    shared = min(len(history.epochs), len(theirs["loss"]))
    for figure in ("loss", "val_loss"):
        np.testing.assert_allclose(history[figure][:shared], theirs[figure][:shared], rtol=TOLERANCE, atol=1e-5)
    for figure, rows in (("score", len(x)), ("val_score", len(validation[0]))):  # one row may fall on the other side
        np.testing.assert_allclose(history[figure][:shared], theirs[figure][:shared], rtol=TOLERANCE, atol=1 / rows)


def decided(figures, rule) -> bool:
    """Whether no two figures that the rule compares are too near to tell apart in float32."""
    figures = np.array(figures)
    gaps = np.abs(figures[:, np.newaxis] - figures)[np.triu_indices(len(figures), 1)]
    gaps = [*np.abs(gaps - rule["min_delta"]), *np.abs(np.abs(figures - (rule["baseline"] or 99)) - rule["min_delta"])]
    return all(gap > TOLERANCE / 10 or gap == 0 for gap in gaps)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
@pytest.mark.parametrize("name", OPTIMIZERS)
@settings(max_examples=max(1, settings().max_examples // 25), phases=UNSHRUNK)
@given(st.data())
def test_a_training_of_any_kind_follows_keras_s(name, jit_compile, data):
    assert_follows(data, name, jit_compile)
