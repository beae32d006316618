"""What is saved comes back: bit for bit, in a folder without code, and damage is told."""

import json

import numpy as np
import pytest
import tensorflow as tf

import dnn
from dnn.data.encoding import load_encoding
from dnn.files.manifest import write_manifest
from dnn.nn.modules import variable_paths

ROWS = 60
TABLE = dnn.Table(
    {
        "age": np.arange(ROWS) % 17 * 1.0,
        "job": np.array(["cook", "pilot", "judge"] * (ROWS // 3), object),
        "y": np.array(["no", "yes"] * (ROWS // 2), object),
    }
)
QUICK = {"hidden": (5,), "epochs": 2, "seed": 3}
X = TABLE.without("y")


@pytest.fixture(scope="module")
def classifier():
    return dnn.Classifier(**QUICK, activation="tanh", dropout=0.25).fit(TABLE, target="y")


def test_a_loaded_classifier_equals_the_saved_one_to_the_bit(classifier, tmp_path):
    classifier.save(tmp_path / "model")
    loaded = dnn.load(tmp_path / "model")
    assert np.array_equal(loaded.predict_proba(X), classifier.predict_proba(X))
    assert loaded.get_params() == classifier.get_params()
    assert loaded.predict(X).tolist() == classifier.predict(X).tolist()
    assert loaded.evaluate(TABLE) == classifier.evaluate(TABLE)


def test_a_saved_model_is_replaced_and_nothing_else_is(classifier, tmp_path):
    classifier.save(tmp_path / "model")
    dnn.save(dnn.Classifier(**QUICK).fit(TABLE, target="y"), tmp_path / "model")
    assert dnn.load(tmp_path / "model").activation == "gelu"
    (tmp_path / "model" / "thesis.txt").write_text("precious", "utf-8")
    with pytest.raises(ValueError, match="holds something else than a saved model"):
        classifier.save(tmp_path / "model")
    assert (tmp_path / "model" / "thesis.txt").read_text("utf-8") == "precious"


@pytest.mark.parametrize(
    "labels", [np.array([3, 7]), np.array([False, True]), np.array(["a", "b"]), np.array([0.0, 1])]
)
def test_classes_come_back_in_their_dtype(labels, tmp_path):
    fitted = dnn.Classifier(**QUICK).fit(np.arange(40.0)[:, np.newaxis], np.tile(labels, 20))
    fitted.save(tmp_path / "model")
    loaded = dnn.load(tmp_path / "model")
    assert loaded.classes_.dtype == fitted.classes_.dtype
    assert loaded.classes_.tolist() == labels.tolist()
    assert list(map(type, loaded.classes_.tolist())) == list(map(type, labels.tolist()))


def test_a_threshold_is_kept_with_the_model(tmp_path):
    fitted = dnn.Classifier(**QUICK).fit(TABLE, target="y")
    fitted.choose_threshold(TABLE, recall=1.0)
    fitted.save(tmp_path / "model")
    loaded = dnn.load(tmp_path / "model")
    assert loaded.threshold_ == fitted.threshold_
    assert loaded.evaluate(TABLE)["recall"]["yes"] == 1


def test_a_loaded_regressor_equals_the_saved_one_to_the_bit(tmp_path):
    x = np.arange(30.0)[:, np.newaxis]
    regressor = dnn.Regressor(**QUICK).fit(x, x[:, 0] ** 2)
    regressor.save(tmp_path / "model")
    loaded = dnn.load(tmp_path / "model")
    assert np.array_equal(loaded.predict(x), regressor.predict(x))
    assert loaded.evaluate(x, x[:, 0] ** 2) == regressor.evaluate(x, x[:, 0] ** 2)


def test_a_mere_model_is_saved_and_loaded_by_the_same_names(tmp_path):
    model = dnn.mlp([3, 4, 2], seed=1)
    dnn.save(model, tmp_path / "model")
    x = tf.ones([2, 3])
    assert np.array_equal(dnn.load(tmp_path / "model")(x), model(x))


def old_run_folder(folder, classifier):
    """Write what version 0.1 wrote: features.json, format 1, and weights.npz."""
    encoding = classifier.predictor_.encoding
    state = encoding.state()
    old = {"format": 1, "target": "y", "classes": state["classes"], "dropped": [], "features": state["features"]}
    (folder / "features.json").write_text(json.dumps(old), "utf-8")
    named = variable_paths(classifier.predictor_.model)
    np.savez(folder / "weights.npz", **{name: variable.numpy() for name, variable in named.items()})


def test_a_run_folder_of_version_0_1_still_loads(tmp_path):
    fitted = dnn.Classifier.preset("article", **QUICK).fit(TABLE, target="y")
    old_run_folder(tmp_path, fitted)
    loaded = dnn.load(tmp_path)
    assert np.array_equal(loaded.predict_proba(X), fitted.predict_proba(X))
    assert loaded.predict(X).tolist() == fitted.predict(X).tolist()


@pytest.mark.parametrize("spoil", [lambda w: w.astype("U8"), lambda w: w.astype(np.float64), lambda w: w * np.nan])
def test_old_weights_of_another_dtype_or_not_finite_are_refused(tmp_path, spoil):
    old_run_folder(tmp_path, dnn.Classifier.preset("article", **QUICK).fit(TABLE, target="y"))
    with np.load(tmp_path / "weights.npz") as file:
        weights = {name: spoil(file[name]) for name in file.files}
    np.savez(tmp_path / "weights.npz", **weights)
    with pytest.raises(ValueError, match=r"weights\.npz"):
        dnn.load(tmp_path)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda state: state | {"format": 99}, "its format is 99, and this version reads 1"),
        (lambda state: {"format": 1}, "is damaged"),
        (lambda state: state | {"estimator": "eval"}, "is damaged: KeyError"),
        (lambda state: [], "is damaged"),
        (lambda state: state | {"threshold": 10**400}, "damaged|threshold"),
        (lambda state: state | {"threshold": float("-inf")}, "estimator.json is damaged: -Infinity is not"),
        (lambda state: state | {"threshold": "abc"}, "the threshold must be a probability"),
        (lambda state: state | {"threshold": float("nan")}, "NaN is not a number of JSON"),
        (lambda state: state | {"classes": {"dtype": "M8[ns]", "values": [0, 1]}}, "got the dtype 'M8"),
        (lambda state: state | {"classes": {"dtype": "int64", "values": [0, 1]}}, "are not those of the encoding"),
    ],
)
def test_a_damaged_estimator_is_told(classifier, tmp_path, spoil, message):
    classifier.save(tmp_path / "model")
    path = tmp_path / "model" / "estimator.json"
    path.write_text(json.dumps(spoil(json.loads(path.read_text("utf-8")))), "utf-8")
    write_manifest(tmp_path / "model")  # as one who meant it would
    with pytest.raises(ValueError, match=message):
        dnn.load(tmp_path / "model")


@pytest.mark.parametrize("name", ["estimator.json", "features.json", "network/model.json"])
def test_a_file_that_is_nested_too_deep_is_told_as_damaged(classifier, tmp_path, name):
    classifier.save(tmp_path / "model")
    (tmp_path / "model" / name).write_text("[" * 100_000, "utf-8")
    with pytest.raises(ValueError, match=f"{name} is damaged"):
        dnn.load(tmp_path / "model")


def test_a_network_of_other_features_is_refused(classifier, tmp_path):
    classifier.save(tmp_path / "model")
    dnn.Classifier(**QUICK).fit(TABLE.without("job"), target="y").save(tmp_path / "other")
    other = (tmp_path / "other" / "network").rename(tmp_path / "network")
    (tmp_path / "model" / "network").rename(tmp_path / "old")
    other.rename(tmp_path / "model" / "network")
    with pytest.raises(ValueError, match="network/manifest.json is damaged"):
        dnn.load(tmp_path / "model")
    write_manifest(tmp_path / "model")
    with pytest.raises(ValueError, match="the network does not fit the features"):
        dnn.load(tmp_path / "model")


def test_a_folder_of_something_else_is_told(tmp_path):
    with pytest.raises(ValueError, match="is not a run folder or a saved model"):
        dnn.load(tmp_path)
    with pytest.raises(ValueError, match="is not a run folder or a saved model"):
        dnn.load(tmp_path / "absent")


def test_an_activation_that_is_a_function_is_kept_by_the_network(tmp_path):
    fitted = dnn.Classifier(hidden=(4,), epochs=1, activation=dnn.gelu).fit(TABLE, target="y")
    fitted.save(tmp_path / "model")
    assert np.array_equal(dnn.load(tmp_path / "model").predict_proba(X), fitted.predict_proba(X))
    assert load_encoding(tmp_path / "model").target == "y"


def test_settings_of_numpy_are_kept_and_functions_are_told(tmp_path, caplog):
    settings = {"epochs": np.int64(2), "batch_size": np.int32(50), "hidden": np.array([4]), "seed": 3}
    fitted = dnn.Classifier(**settings, class_weight={"no": 1, "yes": np.float32(5)}).fit(TABLE, target="y")
    fitted.save(tmp_path / "model")
    loaded = dnn.load(tmp_path / "model")
    assert (loaded.epochs, loaded.batch_size, loaded.hidden) == (2, 50, (4,))
    assert loaded.class_weight == {"no": 1, "yes": 5}
    assert caplog.records == []
    dnn.Classifier(**QUICK, activation=dnn.relu).fit(TABLE, target="y").save(tmp_path / "model")
    assert "save: activation cannot be kept in JSON" in caplog.text
