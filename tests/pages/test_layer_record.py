"""The record of the layers: what it measures, at which epochs, and that it changes nothing."""

import numpy as np
import pytest
import tensorflow as tf

import dnn
from dnn.pages.layer_record import MOST_EPOCHS, LayerRecord, layer_quantiles


def rows(count=40):
    random = np.random.default_rng(0)
    return random.normal(size=(count, 3)).astype(np.float32), random.integers(0, 2, count).astype(np.int32)


def test_it_measures_the_kernel_the_outputs_and_the_gradient_of_each_layer():
    x, y = rows()
    model = dnn.mlp([3, 4, 2], seed=0)
    first, last = layer_quantiles(model, x, y, dnn.sparse_softmax_cross_entropy)
    assert (first["units"], last["units"], last["dead"]) == (4, 2, None)
    kernel, outputs = model.layers[0].kernel.numpy(), model.layers[0](x).numpy()
    assert first["weights"][::6] == [kernel.min(), kernel.max()]
    assert first["activations"][3] == pytest.approx(np.median(outputs))
    probabilities = dnn.softmax(model(x)).numpy()
    gradient = outputs.T @ (probabilities - np.eye(2)[y]) / len(y)  # of the last kernel: by hand
    assert last["gradients"][::6] == pytest.approx([gradient.min(), gradient.max()], rel=1e-4)


def test_a_unit_is_dead_that_is_0_for_all_rows():
    x, y = rows()
    model = dnn.mlp([3, 4, 2], seed=0)
    model.layers[0].bias.assign([-100.0, -100.0, 100.0, 0.0])  # the last is 0 for some of the rows
    assert layer_quantiles(model, x, y, dnn.sparse_softmax_cross_entropy)[0]["dead"] == 0.5


def test_what_is_not_finite_is_none():
    x, y = rows()
    model = dnn.mlp([3, 4, 2], seed=0)
    model.layers[1].kernel.assign(tf.fill([4, 2], np.nan))
    found = layer_quantiles(model, x, y, dnn.sparse_softmax_cross_entropy)
    assert found[1]["weights"] is found[1]["activations"] is None
    assert found[0]["weights"] is not None


@pytest.mark.parametrize(
    ("epochs", "recorded"), [(3, [1, 2, 3]), (10, list(range(1, 11))), (25, list(range(1, 26, 4)))]
)
def test_no_more_than_ten_epochs_are_kept_evenly_spaced(epochs, recorded):
    record = LayerRecord(*rows(), dnn.sparse_softmax_cross_entropy)
    record.set_model(dnn.mlp([3, 2], seed=0))
    for epoch in range(1, epochs + 1):
        record({"epoch": epoch}, None)
    assert [each["epoch"] for each in record.records] == recorded
    assert len(recorded) <= MOST_EPOCHS


@pytest.mark.parametrize("most_copied", [0, 10**6])
def test_what_is_recorded_is_the_network_as_it_was_and_what_is_forgotten_is_not_measured(monkeypatch, most_copied):
    monkeypatch.setattr("dnn.pages.layer_record.MOST_COPIED", most_copied)
    measured, measure = [], layer_quantiles
    counting = lambda *given: measured.append(given) or measure(*given)  # noqa: E731
    monkeypatch.setattr("dnn.pages.layer_record.layer_quantiles", counting)
    model, expected = dnn.mlp([3, 4, 2], seed=0), {}
    record = LayerRecord(*rows(), dnn.sparse_softmax_cross_entropy)
    record.set_model(model)
    for epoch in range(1, 26):
        model.layers[0].kernel.assign_add(tf.ones([3, 4]) / 8)
        record({"epoch": epoch}, None)
        expected[epoch] = measure(model, record.inputs, record.targets, dnn.sparse_softmax_cross_entropy)
    state = record.get_state()
    assert state["records"] == record.records == [{"epoch": e, "layers": expected[e]} for e in range(1, 26, 4)]
    assert len(measured) == (7 if most_copied else 17)
    record.set_state(state)
    assert record.get_state() == state


def test_a_training_with_it_is_the_same_as_without():
    x, y = rows()
    histories = []
    for callbacks in ([], [LayerRecord(x, y, dnn.sparse_softmax_cross_entropy)]):
        estimator = dnn.Classifier(hidden=(4,), scale="standardize", dropout=0.3, epochs=3, validation=0.2, seed=0).fit(
            x, y, callbacks=callbacks
        )
        histories.append(estimator.history_.epochs)
    assert histories[0] == histories[1]
    assert len(callbacks[0].records) == 3
