"""Encodings by the settings: trained, saved, loaded, exported and served with the numbers that training saw."""

import json

import numpy as np
import pytest
import tensorflow as tf
from sklearn.base import clone
from typer.testing import CliRunner

import dnn
from dnn.cli import app

SIZES = ["small", "medium", "large"]
ALL_AT_ONCE = {
    "scale": "piecewise",
    "bins": 4,
    "column_scale": {"debt": "quantile", "age": "piecewise_tree"},
    "missing_indicator": True,
    "min_count": 20,
    "ordinal": {"size": SIZES},
}


@pytest.fixture(scope="module")
def table():
    """300 rows with empty cells, rare jobs and ordered sizes."""
    draw = np.random.default_rng(0)
    age = draw.normal(40, 10, 300)
    return dnn.Table(
        {
            "age": np.where(draw.random(300) < 0.1, np.nan, age),
            "debt": draw.exponential(1_000, 300),
            "job": np.array(["cook", "pilot", "cook", "judge"] + ["cook", "pilot"] * 148, object),
            "size": draw.choice(SIZES, 300).astype(object),
            "y": np.where(np.sin(age) > 0, "yes", "no").astype(object),
            "amount": age + draw.normal(0, 10, 300),
        }
    )


@pytest.mark.parametrize(
    ("kind", "settings"), [(dnn.Classifier, ALL_AT_ONCE), (dnn.Regressor, {"scale": "piecewise_tree"})]
)
def test_a_loaded_estimator_predicts_the_same_bits_and_the_exported_model_nearly(table, kind, settings, tmp_path):
    target, other = ("y", "amount") if kind is dnn.Classifier else ("amount", "y")
    data = table.without(other)
    estimator = clone(kind((4,), epochs=1, jit=False, **settings)).fit(data, target=target)
    estimator.save(tmp_path / "saved")
    again = dnn.load(tmp_path / "saved")
    predict = "predict_proba" if kind is dnn.Classifier else "predict"
    expected = getattr(estimator, predict)(data)
    assert getattr(again, predict)(data).tobytes() == expected.tobytes()
    assert again.get_params() == estimator.get_params()
    estimator.export(tmp_path / "exported")
    signatures = tf.saved_model.load(tmp_path / "exported").signatures
    cells = {name: cells.tolist() if cells.dtype == object else cells for name, cells in data.columns.items()}
    name = "probabilities" if kind is dnn.Classifier else "amount"
    for serve in (signatures["serving_default"], signatures["without_strip"]):
        served = serve(**{name: tf.constant(cells[name]) for name in cells if name != target})
        np.testing.assert_allclose(served[name], expected, rtol=1e-5, atol=1e-6)
    graph = signatures["without_strip"].graph.as_graph_def()
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    used = {node.op for node in nodes}
    assert "LookupTableFindV2" in used
    assert not used & {"StringStrip", "LowerBound", "UpperBound", "Ndtri", "Erfinv"}  # which ONNX has not


def test_the_settings_give_the_features_that_one_writes_by_hand(table):
    columns = table.without("amount", "y").columns
    fitted = dnn.Classifier((4,), epochs=1, jit=False, validation=0, **ALL_AT_ONCE).fit(columns, table.columns["y"])
    classes = (table.columns["y"] == "yes").astype(int)
    by_hand = dnn.Features(
        columns,
        scale=dnn.PiecewiseLinear.learner(4),
        column_scale={"debt": dnn.Quantile.learn, "age": dnn.PiecewiseLinear.learner(4, target=classes)},
        missing_indicator=True,
        min_count=20,
        ordinal={"size": SIZES},
    )
    assert fitted.predictor_.encoding.features.state() == by_hand.state()
    assert by_hand.names[-6:] == ["debt", "age is missing", "job=cook", "job=pilot", "job is rare", "size"]


def test_the_command_has_the_same_choices(tmp_path):
    options = ["--scale", "piecewise", "--bins", "4", "--column-scale", "balance=quantile", "day=standardize"]
    options += [
        "--missing-indicator",
        "--min-count",
        "200",
        "--ordinal",
        "education=unknown,primary,secondary,tertiary",
    ]
    options += ["--epochs", "1", "--no-baselines", "--no-report"]
    run = tmp_path / "run"
    result = CliRunner().invoke(app, ["train", str(dnn.sample_path()), *options, "--out", str(run)])
    assert result.exit_code == 0, result.output
    assert "numeric, piecewise: age (4), duration (4), campaign (3), pdays (1), previous (1)" in result.output
    assert "numeric, quantile: balance" in result.output
    assert "categories, ordinal: education (4)" in result.output
    arguments = json.loads((run / "config.json").read_text("utf-8"))["arguments"]
    assert (arguments["bins"], arguments["column_scale"]) == (4, ["balance=quantile", "day=standardize"])
    loaded = dnn.load(run)
    assert loaded.get_params()["column_scale"] == {"balance": "quantile", "day": "standardize"}
    assert loaded.predictor_.encoding.features.names[-1] == "poutcome is rare"
    again = CliRunner().invoke(app, ["evaluate", str(run), "--data", str(dnn.sample_path())])
    assert again.exit_code == 0, again.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--column-scale", "age=log"], "--column-scale age=log: a scale is one of standardize, "),
        (["--column-scale", "age"], "--column-scale must be NAME=VALUE, got 'age'"),
        (["--column-scale", "agee=quantile"], "column_scale has 'agee', which is not a numeric column: age, balance"),
        (["--ordinal", "education"], "--ordinal must be NAME=VALUE, got 'education'"),
        (["--ordinal", "education=primary,secondary"], "has no place for: 'tertiary', 'unknown'"),
        (["--bins", "0"], "greater than or equal to 1"),
    ],
)
def test_the_command_refuses_a_choice_that_cannot_be(options, message, tmp_path):
    result = CliRunner().invoke(app, ["train", *options, "--out", str(tmp_path / "run")])
    assert result.exit_code != 0
    assert message in " ".join(result.output.replace("│", " ").split())
