"""From settings to a network and its training: schedules over all epochs, smoothed labels, and RealMLP's preset."""

import json

import numpy as np
import pytest
import tensorflow as tf
import typer

import dnn
from dnn.cli import app
from dnn.data.scale_choice import SCALES
from dnn.estimator.learning_rate import learning_rate_of
from dnn.estimator.network import loss_of, make_network, make_optimizer
from dnn.presets import preset_of
from dnn.settings import NetworkSettings

RNG = np.random.default_rng(0)
TABLE = {"a": RNG.normal(size=120), "b": RNG.choice(["x", "y"], 120).astype(object)}
CLASSES = np.where(TABLE["a"] + (TABLE["b"] == "x") + 0.3 * RNG.normal(size=120) > 0.5, "yes", "no")
SMALL = {"hidden": (4,), "epochs": 2, "seed": 0}


def rates(steps_shown, **settings):
    rate = learning_rate_of(NetworkSettings(learning_rate=0.1, **settings), steps=5)
    return [float(rate(step)) for step in steps_shown]


def test_a_schedule_covers_all_steps_of_all_epochs():
    assert learning_rate_of(NetworkSettings(learning_rate=0.1), steps=5) == 0.1
    assert rates([0, 10, 20, 25], schedule="cosine", epochs=4) == pytest.approx([0.1, 0.05, 0, 0])
    assert rates([0, 5, 10, 20, 30], schedule="cosine", epochs=6, warmup=2) == pytest.approx([0, 0.05, 0.1, 0.05, 0])
    assert rates([0, 5, 15, 35, 75], schedule="coslog4", epochs=15) == pytest.approx([0] * 5, abs=1e-15)
    assert rates([2], schedule="coslog4", epochs=15)[0] > 0.05


def test_the_last_step_of_a_fit_is_the_end_of_its_schedule():
    """120 rows, 12 of them for validation, and batches of 25 are 5 steps of an epoch: after 4 epochs the rate is 0."""
    made = []

    def optimizer(parameters, learning_rate):
        made.append(dnn.SGD(parameters, learning_rate))
        return made[-1]

    dnn.Classifier(**{**SMALL, "epochs": 4}, patience=9, batch_size=25, schedule="cosine", optimizer=optimizer).fit(
        TABLE, CLASSES
    )
    assert int(made[0].t) == 20
    assert float(made[0].learning_rate) == pytest.approx(0, abs=1e-15)


def test_labels_are_smoothed_in_the_losses_and_not_in_the_scores():
    labels, logits = [0, 1], [[2.0, 0.0], [2.0, 0.0]]
    found = loss_of(2, NetworkSettings(label_smoothing=0.1))(labels, logits)
    soft = np.array([[0.95, 0.05], [0.05, 0.95]])
    expected = -(soft * np.log(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))).sum(axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    plain, smoothed = (
        dnn.Classifier(**SMALL, learning_rate=1e-9, label_smoothing=share).fit(TABLE, CLASSES) for share in (0, 0.9)
    )
    assert abs(smoothed.history_.last["loss"] - plain.history_.last["loss"]) > 1e-3
    assert smoothed.evaluate(TABLE, CLASSES)["loss"] == pytest.approx(plain.evaluate(TABLE, CLASSES)["loss"], rel=1e-5)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"schedule": "linear"}, "schedule must be one of constant, cosine, coslog4, got 'linear'"),
        ({"warmup": 1}, "warmup is for schedule='cosine', and less than epochs=2, got 1"),
        ({"warmup": 2, "schedule": "cosine"}, "warmup is for schedule='cosine', and less than epochs=2, got 2"),
        ({"label_smoothing": 1.0}, r"label_smoothing is for classes, and in \[0, 1\), got 1.0"),
        ({"beta_2": 0.9, "optimizer": "sgd"}, "beta_2 is for adam and adamw, and the optimizer is 'sgd'"),
        ({"beta_2": 1.0}, r"beta_2 must be in \[0, 1\), got 1.0"),
    ],
)
def test_settings_of_the_training_that_do_not_fit_are_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        dnn.Classifier(**{**SMALL, **changed}).fit(TABLE, CLASSES)


def test_labels_of_amounts_are_not_smoothed():
    with pytest.raises(ValueError, match="label_smoothing is for classes"):
        dnn.Regressor(**SMALL, label_smoothing=0.1).fit(TABLE, TABLE["a"])


def test_beta_2_reaches_the_optimizer():
    variables = [tf.Variable([1.0])]
    assert make_optimizer(variables, NetworkSettings(beta_2=0.95), 1).beta_2 == 0.95
    assert make_optimizer(variables, NetworkSettings(beta_2=0.95, optimizer="adamw"), 1).beta_2 == 0.95


@pytest.mark.parametrize("ensemble", [1, 2])
def test_realmlp_is_saved_loaded_and_exported(ensemble, tmp_path):
    settings = {"hidden": (6, 5), "epochs": 2, "batch_size": 30, "dropout": 0.1, "seed": 3, "ensemble": ensemble}
    classifier = dnn.Classifier.preset("realmlp", **settings).fit(TABLE, CLASSES)
    probabilities = classifier.predict_proba(TABLE)
    assert np.ptp(probabilities) > 0.01
    classifier.save(tmp_path / "kept")
    loaded = dnn.load(tmp_path / "kept")
    assert loaded.get_params() == classifier.get_params()
    np.testing.assert_array_equal(loaded.predict_proba(TABLE), probabilities)
    classifier.export(tmp_path / "exported")
    served = tf.saved_model.load(str(tmp_path / "exported")).signatures["serving_default"]
    outputs = served(a=tf.constant(TABLE["a"]), b=tf.constant(list(TABLE["b"])))
    np.testing.assert_allclose(outputs["probabilities"], probabilities, rtol=1e-5, atol=1e-6)


def test_each_member_of_realmlp_begins_from_its_own_seed():
    settings = NetworkSettings(architecture="realmlp", hidden=[6], ensemble=2, seed=4)
    kernels = [network.layers[1].kernel for network in (make_network(3, 2, settings).member(i) for i in range(2))]
    for i, kernel in enumerate(kernels):
        np.testing.assert_array_equal(kernel, dnn.realmlp([3, 6, 2], seed=4 + i).layers[1].kernel)


def test_the_preset_of_amounts_differs_where_the_paper_s_does():
    classes, amounts = (preset_of("realmlp", task) for task in ("classification", "regression"))
    assert {name for name in classes if classes[name] != amounts[name]} == {
        "activation",
        "learning_rate",
        "label_smoothing",
        "monitor",
    }
    assert dnn.Regressor.preset("realmlp").activation == "mish"
    assert classes["scale"] in SCALES
    regressor = dnn.Regressor.preset("realmlp", hidden=(6,), epochs=3, batch_size=10).fit(TABLE, 9 * TABLE["a"])
    assert regressor.score(TABLE, 9 * TABLE["a"]) > 0.5


def options_of_the_command(*given):
    train = typer.main.get_command(app).commands["train"]
    return train.make_context("train", list(given), resilient_parsing=False).params


def test_the_command_s_preset_is_that_of_its_task(tmp_path):
    classes = options_of_the_command("--preset", "realmlp")
    amounts = options_of_the_command("--preset", "realmlp", "--task", "regression", "--hidden", "4")
    assert (classes["activation"].value, classes["hidden"]) == ("selu", [256, 256, 256])
    assert (amounts["activation"].value, amounts["learning_rate"], amounts["hidden"]) == ("mish", 0.07, [4])
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"command": "train", "arguments": {"task": "regression", "epochs": 9}}), "utf-8")
    again = options_of_the_command("--config", str(config), "--preset", "realmlp")
    assert (again["activation"].value, again["epochs"]) == ("mish", 9)
