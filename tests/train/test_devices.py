"""Several devices of one process compute what one does; here they are logical devices of the processor."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import dnn
from dnn.train import devices
from dnn.train.devices import DevicePart, Share, dealt, mean_gradients, own_key
from dnn.train.rows import Rows
from dnn.train.workers import Workers, workers

SOURCE = Path(__file__).with_name("shared_devices.py")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    command = [sys.executable, str(SOURCE), str(tmp_path_factory.mktemp("devices"))]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    result = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=300, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    return json.loads(result.stdout.splitlines()[-1])


def assert_alike(told, expected, count):
    """Compare what came of two fits; the first was of variables with `count` components."""
    for weights, others in zip(told["weights"], expected["weights"], strict=True):
        np.testing.assert_allclose(weights, others, rtol=0, atol=1e-6)
    for record, other in zip(told["history"], expected["history"], strict=True):
        assert record == pytest.approx(other, abs=1e-6)
    assert told["components"] == count
    assert told["apart"] == 0


def test_two_devices_train_as_one_does_wherever_variables_were_made(found):
    alone, places = found["arrays"], found["places"]
    for told, count in zip(places, [1, 1, 2], strict=True):
        assert_alike(told, alone, count)
        for weights, others in zip(told["last"], alone["last"], strict=True):
            np.testing.assert_allclose(weights, others, rtol=0, atol=1e-6)
    moved = np.abs(np.subtract(alone["last"][0], alone["weights"][0])).max()
    assert moved > 0.01, "early stopping gives back other weights than the last"


@pytest.mark.parametrize("kind", ["dataset", "ensemble", "ignoring"])
def test_three_devices_train_as_one_does(found, kind):
    alone, told = found[kind]
    assert_alike(told, alone, 3)


def test_a_fit_goes_on_on_another_number_of_devices(found):
    resumed, whole = found["resumed"]
    assert_alike(resumed["one then two"], whole, 2)
    assert_alike(resumed["two then one"], whole, 1)


def test_the_same_objects_are_fitted_in_one_scope_after_another(found):
    alone, both = found["again"]
    assert_alike(both, alone, 1)


def test_each_device_multiplies_its_own_rows(found):
    forward = {"CPU:0 (13, 2) of (13, 5)": 1, "CPU:1 (12, 2) of (12, 5)": 1}
    back = {"CPU:0 (5, 2) of (13, 5)": 1, "CPU:1 (5, 2) of (12, 5)": 1}
    assert found["products"] == forward | back


def test_what_devices_cannot_share_is_refused(found):
    compiled, skipping, normal, other = found["refused"]
    assert "with 2 devices epochs run in graph mode: jit_compile must be 'auto' or False, got True" in compiled
    assert "with 2 devices no step can be left out" in skipping
    assert "BatchNormalization would see the rows of its device alone" in normal
    assert "in the scope of this strategy or of none, not of another" in other


def test_other_strategies_are_refused(monkeypatch):
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    monkeypatch.setattr(tf.distribute.OneDeviceStrategy, "num_replicas_in_sync", 2)
    monkeypatch.setattr(tf.distribute, "has_strategy", lambda: True)
    monkeypatch.setattr(tf.distribute, "get_strategy", lambda: strategy)
    with pytest.raises(ValueError, match="OneDeviceStrategy is not for several devices"):
        workers()


def of_worker(monkeypatch, rank, total):
    """Let this be one of two workers with two devices each."""
    monkeypatch.setattr(devices, "workers", lambda: Workers(2, rank, ("CPU:0", "CPU:0")))
    monkeypatch.setattr(devices, "total", total)


def test_each_device_of_each_worker_draws_other_numbers(monkeypatch):
    key, keys = tf.constant([7, 1, 0]), []
    for rank in range(2):
        of_worker(monkeypatch, rank, None)
        keys += [tuple(own_key(key, device).numpy()) for device in range(2)]
    assert keys[0] == (7, 1, 0)
    assert len(set(keys)) == 4


def test_the_gradient_is_that_of_the_rows_of_all_devices_of_all_workers(monkeypatch):
    """Of the mean of w x over the rows that count, and of a penalty of w²: the mean of x, and 2 w."""
    w, model = tf.Variable(3.0), tf.Module()
    x = np.float32([1, 2, 4, 8, 16, 32, 64])
    counted = np.array([True, True, False, True, True, False, True])
    vectors = []

    def total(vector):
        vectors.append(vector)
        return tf.add_n(vectors)

    for rank in range(2):
        of_worker(monkeypatch, rank, total)
        batch = Rows(x[rank::2, None], x[rank::2], None, counted[rank::2])
        shares = []
        for part in dealt(model, batch, None):
            rows = part.rows
            mean = rows.x[rows.counted].mean() if rows.counted.any() else 0.0
            shares.append(Share(part, [tf.constant(mean + 2 * 3.0), None], rows, None))
        assert len(shares) == 2
        gradient, missing = mean_gradients(shares)
    assert missing is None
    assert gradient.numpy() == pytest.approx(x[counted].mean() + 2 * w.numpy(), rel=1e-6)


def test_a_device_without_a_row_has_no_part(monkeypatch):
    monkeypatch.setattr(devices, "workers", lambda: Workers(devices=("a", "b", "c")))
    ensemble = dnn.Ensemble([dnn.mlp([5, 2], seed=seed) for seed in range(2)])
    x, y = np.zeros([2, 5], np.float32), np.arange(2)
    assert [(part.name, part.rows.y.tolist()) for part in dealt(tf.Module(), Rows(x, y), None)] == [
        ("a", [0]),
        ("b", [1]),
    ]
    (part,) = dealt(ensemble, Rows(x[:, None], y[:, None]), None)
    assert part.rows.y.tolist() == [[0], [1]]


def test_one_device_computes_with_the_batch_as_it_is():
    batch, key = Rows(np.zeros([2, 5]), np.zeros(2)), tf.constant([7, 1, 0])
    (part,) = dealt(tf.Module(), batch, key)
    assert part == DevicePart(batch, key)
    assert part.rows is batch
    assert part.key is key


@pytest.mark.skipif(len(tf.config.list_physical_devices("GPU")) < 2, reason="there are no two GPUs")
def test_two_gpus_train_as_one_does():
    random = np.random.default_rng(0)
    x = random.normal(size=(101, 5)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int32)
    models = []
    for names in (["GPU:0"], ["GPU:0", "GPU:1"]):
        with tf.distribute.MirroredStrategy(names).scope():
            model = dnn.mlp([5, 8, 2], seed=0)
            optimizer = dnn.Adam(model.trainable_variables, 0.05)
            options = {"loss": dnn.sparse_softmax_cross_entropy, "batch_size": 25, "epochs": 3}
            dnn.fit(model, (x, y), (x, y), optimizer=optimizer, **options)
        models.append(model)
    for variable, expected in zip(models[1].variables, models[0].variables, strict=True):
        assert [component.device[-5:] for component in variable.values] == ["GPU:0", "GPU:1"]
        for component in variable.values:
            np.testing.assert_allclose(component.numpy(), expected.numpy(), rtol=0, atol=1e-5)
