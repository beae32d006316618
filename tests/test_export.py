"""What is used after training gives what training gave, here and where `dnn` is not."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from tolerance import assert_near

import dnn
from dnn.data.encoding import Encoding

TABLE = dnn.Table(
    {
        "age of client": np.array([30.0, 45.0, np.nan, 61.0] * 10),
        "job": np.array(["cook", "", "pilot, retired", "läkare"] * 10, object),
        "y": np.array(["no", "yes", "no", "yes"] * 10, object),
    }
)
ELSEWHERE = """
import json, sys
sys.modules["dnn"] = None
import tensorflow as tf
serve = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
dtypes = {"age_of_client": tf.float64, "job": tf.string}
out = serve(**{name: tf.constant(cells, dtypes[name]) for name, cells in json.loads(sys.stdin.read()).items()})
print(json.dumps([out["probabilities"].numpy().tolist(), [label.decode() for label in out["label"].numpy()]]))
"""


def classifier_of(scale) -> dnn.Classifier:
    features = dnn.Features(TABLE.without("y").columns, scale=scale.learn)
    labels = dnn.Labels(TABLE.columns["y"])
    model = dnn.mlp([features.width, 5, 2], seed=3)
    return dnn.Classifier(Encoding(features, labels, "y", ("id",)), model)


@pytest.fixture(scope="module", params=[dnn.Standardize, dnn.Rescale, dnn.Normalize, dnn.Binarize])
def classifier(request):
    return classifier_of(request.param)


def test_a_loaded_classifier_equals_the_saved_one_to_the_bit(classifier, tmp_path):
    classifier.save(tmp_path)
    loaded = dnn.load(tmp_path)
    columns = TABLE.without("y").columns
    assert np.array_equal(loaded.logits(columns), classifier.logits(columns))
    assert loaded.encoding.labels.names == ["no", "yes"]
    assert loaded.encoding.dropped == ("id",)


def test_a_repr_tells_the_columns_the_classes_and_the_number_of_weights(classifier):
    assert repr(classifier) == (
        "Classifier(Encoding(Features(2 columns: age of client (numeric), job (category); width 5), "
        "Labels(2 classes: 'no', 'yes'), target='y', dropped=('id',)), Sequential with 42 weights)"
    )


def test_rows_in_chunks_equal_rows_at_once(classifier, monkeypatch):
    columns = TABLE.without("y").columns
    whole = classifier.logits(columns)
    monkeypatch.setattr("dnn.export.CHUNK", 7)
    assert_near(classifier.logits(columns), whole, absolute=1e-6 * np.abs(whole).max())  # sums in another order


def test_a_saved_model_gives_the_same_probabilities_where_dnn_is_not_installed(tmp_path):
    classifier = classifier_of(dnn.Standardize)
    classifier.export(tmp_path / "model")
    columns = {"age of client": [20.0, float("nan")], "job": ["läkare", "astronaut"]}
    given = {name.replace(" ", "_"): cells for name, cells in columns.items()}
    process = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, str(tmp_path / "model")],
        input=json.dumps(given),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    probabilities, labels = json.loads(process.stdout)
    here = classifier({name: tf.constant(cells) for name, cells in columns.items()}).numpy()
    assert_near(probabilities, here, ulps=16)  # of logits of everyday size, whose sums may have another order
    assert labels == [["no", "yes"][best] for best in here.argmax(axis=1)]


def test_an_op_in_cpp_that_a_saved_model_does_not_hold_is_told(tmp_path, caplog):
    """The op is one that TensorFlow has, so that none need be built; its name is left out of those of TensorFlow."""
    classifier = classifier_of(dnn.Standardize)
    classifier.export(tmp_path / "before")
    assert not caplog.records
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(tf.raw_ops, "MatMul")
        classifier.export(tmp_path / "model")
    (record,) = caplog.records
    assert record.getMessage().startswith("export: MatMul is not TensorFlow's: its library must be loaded before")
    assert f"dnn.ops.carry(SOURCE, {str(tmp_path / 'model')!r})" in record.getMessage()


def test_weights_that_do_not_fit_are_refused(classifier, tmp_path):
    classifier.save(tmp_path)
    np.savez(tmp_path / "weights.npz", **{"layers/0/kernel": np.zeros((3, 4), np.float32)})
    with pytest.raises(ValueError, match=r"weights\.npz does not fit the features"):
        dnn.load(tmp_path)


def test_a_network_that_would_be_loaded_as_another_is_not_saved(tmp_path):
    encoding = classifier_of(dnn.Standardize).encoding
    model = dnn.mlp([encoding.features.width, 5, 2], activation=dnn.tanh)
    with pytest.raises(ValueError, match="only an mlp with relu"):
        dnn.Classifier(encoding, model).save(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("spoil", [lambda w: w.astype("U8"), lambda w: w.astype(np.float64), lambda w: w * np.nan])
def test_weights_of_another_dtype_or_not_finite_are_refused(tmp_path, spoil):
    classifier_of(dnn.Standardize).save(tmp_path)
    with np.load(tmp_path / "weights.npz") as file:
        weights = {name: spoil(file[name]) for name in file.files}
    np.savez(tmp_path / "weights.npz", **weights)
    with pytest.raises(ValueError, match=r"weights\.npz"):
        dnn.load(tmp_path)


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"format": 2}'])
def test_a_damaged_features_file_is_refused(classifier, tmp_path, damage):
    classifier.save(tmp_path)
    (tmp_path / "features.json").write_text(damage, "utf-8")
    with pytest.raises(ValueError, match=r"features\.json"):
        dnn.load(tmp_path)
