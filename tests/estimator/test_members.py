"""Estimators of several networks: one object from training to the file, and what each member predicts."""

import csv

import numpy as np
import pytest
from typer.testing import CliRunner

import dnn
from dnn.cli import app
from dnn.estimator.members import disagreement
from dnn.presets import PRESETS, preset_of

RNG = np.random.default_rng(0)
TABLE = {"a": RNG.normal(size=200), "b": RNG.choice(["x", "y"], 200).astype(object)}
CLASSES = np.where(TABLE["a"] + (TABLE["b"] == "x") + 0.3 * RNG.normal(size=200) > 0.5, "yes", "no")
SMALL = {"hidden": (4,), "ensemble": 3, "epochs": 2, "seed": 0}


@pytest.mark.parametrize("architecture", ["mlp", "tabm"])
def test_the_probabilities_of_the_members_have_the_predicted_ones_as_their_mean(architecture, tmp_path):
    classifier = dnn.Classifier(architecture=architecture, dropout=0.1, **SMALL).fit(TABLE, CLASSES)
    of_members = classifier.predict_members(TABLE)
    assert of_members.shape == (3, 200, 2)
    np.testing.assert_allclose(of_members.mean(axis=0), classifier.predict_proba(TABLE), rtol=1e-5)
    classifier.save(tmp_path / "kept")
    loaded = dnn.load(tmp_path / "kept")
    np.testing.assert_array_equal(loaded.predict_members(TABLE), of_members)
    np.testing.assert_array_equal(loaded.predict_proba(TABLE), classifier.predict_proba(TABLE))


def test_the_amounts_of_the_members_have_the_predicted_one_as_their_mean():
    regressor = dnn.Regressor(**SMALL).fit(TABLE, 1000 + 50 * TABLE["a"])
    amounts = regressor.predict_members(TABLE)
    assert amounts.shape == (3, 200)
    np.testing.assert_allclose(amounts.mean(axis=0), regressor.predict(TABLE), rtol=1e-6)


def test_a_network_alone_is_one_member():
    classifier = dnn.Classifier(**{**SMALL, "ensemble": 1}).fit(TABLE, CLASSES)
    np.testing.assert_array_equal(classifier.predict_members(TABLE), classifier.predict_proba(TABLE)[np.newaxis])


def test_disagreement_is_the_deviation_of_the_label_s_probability_and_of_amounts():
    predictions = np.array([[[0.5, 0.5], [0.1, 0.9]], [[0.7, 0.3], [0.1, 0.9]]])
    np.testing.assert_allclose(disagreement(predictions, np.array([1, 0])), [0.1, 0.0])
    np.testing.assert_allclose(disagreement(np.array([[1.0, 2.0], [3.0, 2.0]])), [1.0, 0.0])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ensemble": 0}, "ensemble must be an integer of 1 or more, got 0"),
        ({"ensemble": 2.5}, "ensemble must be an integer of 1 or more, got 2.5"),
        ({"architecture": "forest"}, "architecture must be one of mlp, tabm, realmlp, got 'forest'"),
        ({"architecture": "tabm", "ensemble": 1}, "architecture='tabm' is an ensemble: give it ensemble=16, say"),
    ],
)
def test_settings_that_make_no_ensemble_are_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        dnn.Classifier(**{**SMALL, **changed}).fit(TABLE, CLASSES)


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_is_settings_of_an_estimator_and_changes_go_before_them(name):
    changed = dnn.Classifier.preset(name, patience=7, seed=3)
    stated = {**preset_of(name), "patience": 7, "seed": 3}
    assert {key: changed.get_params()[key] for key in stated} == stated


def test_a_preset_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="preset must be one of article, ensemble, tabm, realmlp, got 'best'"):
        dnn.Classifier.preset("best")


def test_the_command_takes_a_preset_and_what_is_given_goes_before_it(tmp_path):
    data = tmp_path / "clients.csv"
    rows = zip(TABLE["a"], TABLE["b"], CLASSES, strict=True)
    data.write_text("a,b,y\n" + "".join(f"{a},{b},{y}\n" for a, b, y in rows), "utf-8")
    options = ["--preset", "tabm", "--ensemble", "2", "--hidden", "4", "--epochs", "2", "--no-baselines"]
    result = CliRunner().invoke(app, ["train", str(data), *options, "--out", str(tmp_path / "run")])
    assert result.exit_code == 0, result.output
    assert "2 networks as one (tabm): 10 → 4 → 2, gelu between; batches of 256" in result.output
    predict = ["predict", str(tmp_path / "run"), "--data", str(data), "--out", str(tmp_path / "predicted.csv")]
    assert CliRunner().invoke(app, predict).exit_code == 0
    with (tmp_path / "predicted.csv").open(encoding="utf-8") as file:
        predicted = list(csv.DictReader(file))
    expected = dnn.load(tmp_path / "run").predict_members(data)
    labels = np.array([["no", "yes"].index(row["label"]) for row in predicted])
    told = [float(row["disagreement"]) for row in predicted]
    np.testing.assert_allclose(told, disagreement(expected, labels), rtol=1e-6, atol=1e-9)
