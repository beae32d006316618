"""Evaluate and predict: the same as over the whole array at once, whatever the number of rows."""

import numpy as np
import pytest

import dnn
from dnn.train import evaluate as passes
from dnn.train.epoch import trace_prediction

LOSS = dnn.sparse_softmax_cross_entropy
MODEL = dnn.mlp([4, 6, 3], seed=1)
ROWS = [1, 2, passes.MAX_ROWS - 1, passes.MAX_ROWS, passes.MAX_ROWS + 1, 2 * passes.MAX_ROWS, 2 * passes.MAX_ROWS + 500]


def some_rows(rows):
    random = np.random.default_rng(rows)
    return random.normal(size=(rows, 4)).astype(np.float32), random.integers(0, 3, rows)


@pytest.mark.parametrize("rows", ROWS)
def test_evaluate_is_the_mean_over_all_rows_at_once(rows):
    x, y = some_rows(rows)
    scores = dnn.evaluate(MODEL, (x, y), loss=LOSS)
    assert scores["loss"] == pytest.approx(np.mean(LOSS(y, MODEL(x)), dtype=np.float64), rel=1e-6)
    accuracy = np.mean(MODEL(x).numpy().argmax(axis=1) == y)
    assert scores["accuracy"] == pytest.approx(accuracy, abs=1.1 / rows)  # one row may have two logits too near


@pytest.mark.parametrize("rows", ROWS)
def test_predict_is_the_model_over_all_rows_in_their_order(rows):
    x, _ = some_rows(rows)
    logits = dnn.predict(MODEL, x)
    assert (logits.dtype, logits.shape) == (np.float32, (rows, 3))
    np.testing.assert_allclose(logits, MODEL(x), rtol=1e-5, atol=1e-5)  # a row in another place differs by about 1


def test_predictions_of_many_sizes_are_one_trace():
    model = dnn.mlp([4, 3], seed=0)
    before = trace_prediction.cache_info().misses
    for rows in (1, 2, 5, 1500):
        dnn.predict(model, np.zeros((rows, 4)))
    assert trace_prediction.cache_info().misses == before + 1


def test_an_evaluation_sees_the_weights_as_they_are_now():
    model, (x, y) = dnn.mlp([4, 3], seed=0), some_rows(10)
    before = dnn.evaluate(model, (x, y), loss=LOSS)["loss"]
    model.layers[0].bias.assign([9, 0, 0])
    after = dnn.evaluate(model, (x, y), loss=LOSS)["loss"]
    assert after == pytest.approx(np.mean(LOSS(y, model(x))))
    assert after != before


def test_metrics_are_any_functions_of_labels_and_logits():
    x, y = some_rows(10)
    scores = dnn.evaluate(
        MODEL, (x, y), loss=LOSS, metrics={"second": lambda y, z: y == 1, "top": lambda y, z: z[:, 0]}
    )
    assert list(scores) == ["loss", "second", "top"]
    assert scores["second"] == np.mean(y == 1)
    assert scores["top"] == pytest.approx(MODEL(x).numpy()[:, 0].mean(), abs=1e-6)


def test_neither_takes_no_rows():
    with pytest.raises(ValueError, match="^x has no rows"):
        dnn.predict(MODEL, np.zeros((0, 4)))
    with pytest.raises(ValueError, match="^data: x has no rows"):
        dnn.evaluate(MODEL, (np.zeros((0, 4)), np.zeros(0, int)), loss=LOSS)


def test_evaluate_refuses_labels_out_of_range_and_text_for_a_loss():
    x, y = some_rows(10)
    with pytest.raises(ValueError, match=r"^data: labels must be in \[0, 3\)"):
        dnn.evaluate(MODEL, (x, y + 3), loss=LOSS)
    with pytest.raises(TypeError, match="^loss must be a function"):
        dnn.evaluate(MODEL, (x, y), loss="mse")


@pytest.mark.parametrize(
    ("sizes", "rows", "expected"),
    [
        ([4, 3], 10, 10),
        ([4, 3], 10**6, passes.MAX_ROWS),
        ([4, 2**12, 3], 10**6, 2**10),
        ([4, 10**5], 10**6, passes.MIN_ROWS),
    ],
)
def test_a_pass_takes_fewer_rows_at_once_the_wider_the_network(sizes, rows, expected):
    assert passes.rows_at_once(dnn.mlp(sizes, seed=0), (rows, sizes[0])) == expected


def test_members_and_what_lies_between_the_variables_count_as_width():
    ensemble = dnn.ensemble_mlp([4, 40, 3], k=50, seed=0)
    assert passes.rows_at_once(ensemble, (10**6, 4)) == passes.MAX_NUMBERS // (50 * 40)
    waves = dnn.Sequential([dnn.PeriodicEmbeddings(4, 8, frequencies=500, seed=0), dnn.Dense(32, 2, seed=0)])
    assert passes.rows_at_once(waves, (10**6, 4)) == passes.MAX_NUMBERS // (4 * 2 * 500)
    assert passes.rows_at_once(dnn.TabM([4, 2**9, 2], k=2**9, seed=0), (10**6, 4)) == 2**4
