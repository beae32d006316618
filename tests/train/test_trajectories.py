"""Whole trainings beside Keras's fit, up to 12 epochs (thorough: 20) from the same weights (shuffle=False).

With each optimizer, its wrappers and its schedule, and with each loss; drawn are the network, batch sizes that seldom
divide the rows, weights of rows, and the rule of early stopping. All in float64, where no machine's rounding matters.
What does: Keras rounds β₂ of Adam to float32, which makes each of its steps wrong by some 7 in a million, so that 400
steps of 0.02 end 6e-5 away at most, were all of them in one direction. Hence 1e-4. (float32, in which the steps are
the same: test_fit_against_keras.py.) What chance could decide is not drawn: a gradient that is 0 but for rounding, as
that of a bias before a normalization across the batch, which Adam would blow up to whole steps; and batches of
a few rows before such a normalization, which divides by the spread of these rows.
"""

import keras
import numpy as np
import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st
from keras_twins import KERAS_F64, KINDS, LOSSES, METRICS, OPTIMIZERS, twin_networks
from modes import THOROUGH

import dnn

TOLERANCE = 1e-4
UNDER_XLA = OPTIMIZERS if THOROUGH else []  # that XLA computes what graph mode does: test_contracts.py, test_epoch.py
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)  # an example takes seconds, and is small as it is drawn


@pytest.fixture(autouse=True, scope="module")
def float64():
    """Or Keras would keep the loss, its penalties and its rates in float32 beside float64 weights."""
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx("float32")


@st.composite
def parts(draw, loss, inputs, outputs):
    """Training and validation rows, (x, y) or (x, y, weights): of labels or numbers that cannot be learnt by heart."""
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    weighted = draw(st.booleans())
    made = []
    for rows in (draw(st.integers(8, 40)), draw(st.integers(5, 12))):
        x, labels = random.normal(size=(rows, inputs)), random.integers(0, outputs, rows).astype(np.int32)
        y = {
            "sparse": labels,
            "binary": random.integers(0, 2, (rows, outputs)).astype(np.float64),
            "squared": random.normal(size=(rows, outputs)),
        }.get(loss, np.eye(outputs)[labels])
        made.append((x, y, random.integers(0, 9, rows) / 4) if weighted else (x, y))
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
    index = sorted(OPTIMIZERS).index(name)
    loss, kind = sorted(LOSSES)[index % len(LOSSES)], KINDS[index % len(KINDS)]
    inputs, outputs = data.draw(st.integers(1, 5), "inputs"), data.draw(st.integers(2, 4), "outputs")
    hidden = data.draw(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(3, 7)), max_size=1), "hidden")
    model, keras_s = twin_networks(inputs, [(kind, 5), *hidden], outputs, seed=data.draw(st.integers(0, 99), "seed"))
    (x, y, *weights), validation = data.draw(parts(loss, inputs, outputs), "rows")
    batch_size, epochs = (
        data.draw(st.integers(8 if any("batch" in each for each, _ in [(kind, 5), *hidden]) else 2, 24), "batch_size"),
        data.draw(st.integers(8, 20 if THOROUGH else 12), "epochs"),
    )
    rule = data.draw(RULES, "rule")
    rule |= {"mode": "min" if "loss" in rule["monitor"] or loss == "squared" else "max"}

    callback = keras.callbacks.EarlyStopping(**rule)
    keras_s.compile(
        OPTIMIZERS[name][1](),
        LOSSES[loss][1](**KERAS_F64),
        metrics=[METRICS[loss][1](name="score", **KERAS_F64)],
        jit_compile=jit_compile,
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
    """Whether no two figures that the rule compares are too near to tell apart: Keras's are not exact."""
    figures = np.array(figures)
    gaps = np.abs(figures[:, np.newaxis] - figures)[np.triu_indices(len(figures), 1)]
    gaps = [*np.abs(gaps - rule["min_delta"]), *np.abs(np.abs(figures - (rule["baseline"] or 99)) - rule["min_delta"])]
    return all(gap > TOLERANCE / 10 or gap == 0 for gap in gaps)


CASES = [(name, False) for name in OPTIMIZERS] + [(name, True) for name in UNDER_XLA]


@pytest.mark.parametrize(
    ("name", "jit_compile"), CASES, ids=[f"{name}-{'xla' if jit else 'graph'}" for name, jit in CASES]
)
@settings(max_examples=max(1, settings().max_examples // 25), phases=UNSHRUNK)
@given(st.data())
def test_a_training_of_any_kind_follows_keras_s(name, jit_compile, data):
    assert_follows(data, name, jit_compile)
