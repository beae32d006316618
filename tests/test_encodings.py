"""Encodings by the settings: trained, saved, loaded, exported and served with the numbers that training saw."""

import itertools
import json

import numpy as np
import pytest
import tensorflow as tf
from sklearn.base import clone
from typer.testing import CliRunner

import dnn
from dnn.cli import app
from dnn.data.split import split
from dnn.estimator.examples import held_out
from dnn.estimator.first_layer import first_layer
from dnn.nn.model_state import model_state
from dnn.report.voice import Voice
from dnn.settings import NetworkSettings, TrainSettings
from dnn.training_run import prepared_of

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
    ("kind", "settings"),
    [
        (dnn.Classifier, ALL_AT_ONCE),
        (dnn.Regressor, {"scale": "piecewise_tree"}),
        (dnn.Classifier, {"embedding": "pbld", "category_embedding": 2, "missing_indicator": True}),
        (dnn.Classifier, {"embedding": "periodic", "frequency_scale": 0.3, "ensemble": 2}),
        (dnn.Regressor, {"embedding": "piecewise", "architecture": "tabm", "ensemble": 2, "scale": "robust"}),
    ],
)
def test_a_loaded_estimator_predicts_the_same_bits_and_the_exported_model_nearly(table, kind, settings, tmp_path):
    target, other = ("y", "amount") if kind is dnn.Classifier else ("amount", "y")
    data = table.without(other)
    estimator = clone(kind((4,), epochs=1, jit=False, **settings)).fit(data, target=target)
    estimator.save(tmp_path / "saved")
    again = dnn.load(tmp_path / "saved")
    predict = "predict_proba" if kind is dnn.Classifier else "predict"
    expected = getattr(estimator, predict)(data)
    assert again.get_params() == estimator.get_params()
    again.export(tmp_path / "exported")
    assert getattr(again, predict)(data).tobytes() == expected.tobytes()  # the export's own graph is not what predicts
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
    assert not used & {"StringStrip", "LowerBound", "UpperBound", "Ndtri", "Erfinv", "Erfc"}  # which ONNX has not


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


def test_the_settings_give_the_layer_that_one_writes_by_hand(table):
    """Two numbers, an indicator of one, three jobs and three sizes, which are embedded as they are more than two."""
    features = dnn.Features(table.without("amount", "y").columns, missing_indicator=True)
    x = features(table.without("amount", "y").columns).numpy()
    settings = NetworkSettings(embedding="piecewise", embedding_size=3, category_embedding=2)
    made = first_layer(features, x, settings, bins=4)
    first, again, other = made(1), made(1), made(2)
    edges = [dnn.quantile_edges(column, 4) for column in x[:, :2].T.astype(np.float64)]
    by_hand = dnn.ColumnBlocks(
        [2, 1, 3, 3],
        [dnn.PiecewiseLinearEmbeddings(edges, 3, activation=False), None, dnn.Embedding(3, 2), dnn.Embedding(3, 2)],
    )
    assert model_state(first) == model_state(by_hand)
    assert first(x).shape == [300, 2 * 3 + 1 + 2 + 2]
    np.testing.assert_array_equal(first(x), again(x))
    tables = [layers[index].table.numpy() for layers in (first.layers, other.layers) for index in (2, 3)]
    assert all((one != two).any() for one, two in itertools.combinations(tables, 2))  # each has its own seed
    makers = [("linear", dnn.LinearReLUEmbeddings(2, 8)), ("periodic", dnn.PeriodicEmbeddings(2, 8, frequency_scale=3))]
    makers += [("pbld", dnn.PBLDEmbeddings(2, 8, frequency_scale=3, factor=0.1))]
    for name, layer in makers:
        scale = None if name == "linear" else 3.0
        settings = NetworkSettings(embedding=name, frequency_scale=scale, architecture="realmlp")
        assert model_state(first_layer(features, x, settings, bins=4)(0).layers[0]) == model_state(layer)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"embedding": "sine"}, "embedding must be one of linear, periodic, pbld, piecewise, or None, got 'sine'"),
        ({"embedding": "pbld", "scale": "piecewise"}, "takes one feature of each number, and a piecewise scale makes"),
        ({"embedding": "pbld", "column_scale": {"age": "piecewise"}}, "with scale='standardize' it is one"),
        ({"embedding": "pbld", "embedding_size": 0}, "embedding_size must be an integer of 1 or more, got 0"),
        ({"category_embedding": -1}, "category_embedding must be an integer of 0 or more, got -1"),
        ({"frequency_scale": 0.1}, "frequency_scale is for embedding='periodic' or 'pbld', and that is None"),
        ({"encoding": "piecewise"}, "no encoding 'piecewise'; it is a scale of numbers: --scale piecewise"),
    ],
)
def test_an_embedding_that_cannot_be_is_refused(settings, message, table):
    with pytest.raises(ValueError, match=message):
        dnn.Classifier((4,), epochs=1, **settings).fit({"age": table.columns["age"]}, table.columns["y"])


def test_a_number_without_a_bin_is_told_once(table, tmp_path):
    """Of "once" the training rows have one value; "never" is constant in all, which another note says."""
    y, once = table.columns["y"], np.zeros(300)
    _, held = held_out(np.unique(y, return_inverse=True)[1], 0.1, seed=0)
    once[held[0]] = 1
    data = {"age": table.columns["age"], "once": once, "never": np.full(300, np.nan), "y": y}
    problem = "'once' has one value in the training rows, or none: it has no bin and is left out"
    with pytest.warns(dnn.DataWarning) as warned:
        fitted = dnn.Classifier((4,), epochs=1, jit=False).fit(data, target="y")
    assert fitted.notes_ == ["'never' is empty in all rows: drop=['never']", f"{problem}: drop=['once']"]
    assert [str(each.message) for each in warned] == fitted.notes_
    assert {each.filename for each in warned} == {__file__}
    path, rare = tmp_path / "rare.csv", split(dnn.Table({"once": once, "y": y}), "y", seed=0)[1].rows[0]
    lines = [f"{i},{int(i == rare)},{label}" for i, label in enumerate(y)]
    path.write_text("\n".join(["age,once,y", *lines]), "utf-8")
    voice = Voice("json")
    prepared_of(TrainSettings(data=path), voice, seed=0)
    assert f"{problem}: --drop once" in voice.document["notes"]


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
