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
from dnn.estimator.predictor import Predictor

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


def predictor_of(scale) -> Predictor:
    features = dnn.Features(TABLE.without("y").columns, scale=scale.learn)
    labels = dnn.Labels(TABLE.columns["y"])
    model = dnn.mlp([features.width, 5, 2], seed=3)
    return Predictor(Encoding(features, labels, "y", ("id",)), model)


@pytest.fixture(scope="module", params=[dnn.Standardize, dnn.Rescale, dnn.Normalize, dnn.Binarize])
def predictor(request):
    return predictor_of(request.param)


def test_a_repr_tells_the_columns_the_classes_and_the_number_of_weights(predictor):
    assert repr(predictor) == (
        "Predictor(Encoding(Features(2 columns: age of client (numeric), job (category); width 5), "
        "Labels(2 classes: 'no', 'yes'), target='y', dropped=('id',)), Sequential with 42 weights)"
    )


def test_rows_in_chunks_equal_rows_at_once(predictor, monkeypatch):
    columns = TABLE.without("y").columns
    whole = predictor.logits(columns)
    monkeypatch.setattr("dnn.estimator.predictor.CHUNK", 7)
    assert_near(predictor.logits(columns), whole, absolute=1e-6 * np.abs(whole).max())  # sums in another order


def test_a_saved_model_gives_the_same_probabilities_where_dnn_is_not_installed(tmp_path):
    predictor = predictor_of(dnn.Standardize)
    predictor.export(tmp_path / "model")
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
    here = predictor({name: tf.constant(cells) for name, cells in columns.items()}).numpy()
    assert_near(probabilities, here, ulps=16)  # of logits of everyday size, whose sums may have another order
    assert labels == [["no", "yes"][best] for best in here.argmax(axis=1)]


def test_an_op_in_cpp_that_a_saved_model_does_not_hold_is_told(tmp_path, caplog):
    """The op is one that TensorFlow has, so that none need be built; its name is left out of those of TensorFlow."""
    predictor = predictor_of(dnn.Standardize)
    predictor.export(tmp_path / "before")
    assert not caplog.records
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(tf.raw_ops, "MatMul")
        predictor.export(tmp_path / "model")
    (record,) = caplog.records
    assert record.getMessage().startswith("export: MatMul is not TensorFlow's: its library must be loaded before")
    assert f"dnn.ops.carry(SOURCE, {str(tmp_path / 'model')!r})" in record.getMessage()


def test_columns_of_any_name_can_be_exported(tmp_path):
    """TensorFlow takes ASCII letters, digits and _, not "self", and does not tell capitals apart."""
    names = ("a", "A", "a.", "a_", "self", "inputs", "training", "年齢", "名前", "Größe", "1st", "")
    numbers = {name: (np.arange(40.0) * 7 + number) % 11 for number, name in enumerate(names)}
    classifier = dnn.Classifier(hidden=(), epochs=1, validation=0).fit(numbers, ["no", "yes"] * 20)
    classifier.export(tmp_path / "model")
    serve = tf.saved_model.load(str(tmp_path / "model")).signatures["serving_default"]
    inputs = dnn.input_names(numbers)
    out = serve(**{inputs[name]: tf.constant(cells) for name, cells in numbers.items()})
    assert_near(out["probabilities"].numpy(), classifier.predict_proba(numbers), ulps=16)


def test_amounts_are_exported_in_their_unit(tmp_path):
    x = np.arange(20.0)[:, np.newaxis]
    regressor = dnn.Regressor(hidden=(4,), epochs=2, validation=0).fit(x, 1e6 + 1e3 * x[:, 0])
    regressor.export(tmp_path / "model")
    serve = tf.saved_model.load(str(tmp_path / "model")).signatures["serving_default"]
    amount = serve(x0=tf.constant(x[:, 0]))["amount"].numpy()
    assert amount.dtype == np.float64
    np.testing.assert_allclose(amount, regressor.predict(x), rtol=1e-9)  # 1e-6 of the deviation, on a mean of 1e6


def test_the_exported_label_is_what_predict_says_at_the_threshold_too(tmp_path):
    table = dnn.as_table({"a": np.arange(40.0) % 13, "y": ["no", "yes"] * 20})
    classifier = dnn.Classifier(hidden=(), epochs=1, validation=0).fit(table, target="y")
    classifier.choose_threshold(table, recall=0.5)
    assert len(set(classifier.predict(table))) == 2
    classifier.export(tmp_path / "model")
    serve = tf.saved_model.load(str(tmp_path / "model")).signatures["serving_default"]
    labels = serve(a=tf.constant(np.arange(40.0) % 13))["label"].numpy().astype(str)
    assert labels.tolist() == classifier.predict(table).tolist()
