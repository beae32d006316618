"""Two processes that share a fit compute what one does; here both are on this machine."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import dnn
from dnn.large_preparation import prepare_large
from dnn.settings import PrepareSettings
from dnn.train import shared_fit
from dnn.train.workers import Workers

SOURCE = Path(__file__).with_name("shared_worker.py")
spec = importlib.util.spec_from_file_location("shared_worker", SOURCE)
worker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(worker)


def free_ports(count):
    with_each = [socket.socket() for _ in range(count)]
    for each in with_each:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in with_each]
    for each in with_each:
        each.close()
    return ports


def started(arguments, ports, rank):
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    config = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": rank}})
    environment = {**os.environ, "TF_CONFIG": config, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")


def test_two_workers_train_as_one_process_does(tmp_path):
    worker.fitted(tmp_path / "begun-on-one", 2)
    (tmp_path / "prepared").mkdir()
    prepare_large(PrepareSettings(data=dnn.sample_path(), target="y"), 0).write(tmp_path / "prepared")
    ports = free_ports(2)
    processes = [started([SOURCE, rank, tmp_path], ports, rank) for rank in range(2)]
    alone, history = worker.fitted(None, 4)
    results = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], results[0][1][-2000:] + results[1][1][-2000:]
    told = [json.loads(output.splitlines()[-1]) for output, _ in results]

    for each in told:
        for weights, variable in zip(each["weights"], alone.variables, strict=True):
            np.testing.assert_allclose(weights, variable.numpy(), rtol=0, atol=1e-6)
        for record, expected in zip(each["history"], history.epochs, strict=True):
            assert record == pytest.approx(expected, abs=1e-6)
        assert each["evaluated"] == pytest.approx(each["alone"], abs=1e-9)
    assert told[0]["history"] == told[1]["history"]
    assert told[0]["unseeded"] == told[1]["unseeded"]
    assert len(told[0]["unseeded"][0]) == 2, "a callback of one worker ends the fit of both"
    other, native, batch = told[0]["refused"]
    assert told[0]["refused"] == told[1]["refused"]
    assert "worker 1 has other data than the chief" in other
    assert "jit_compile must be 'auto' or False, got True" in native
    assert "BatchNormalization" in batch
    assert told[0]["not finite"] == told[1]["not finite"]
    assert "not finite" in told[0]["not finite"]
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"begun-on-one", "begun-on-two-0", "prepared", "prepared-on-two-0"}, "the chief alone writes"
    check_prepared(tmp_path, [each["prepared"] for each in told])

    resumed, on_one = worker.fitted(tmp_path / "begun-on-two-0", 4)
    assert len(on_one.epochs) == 4
    for variable, expected in zip(resumed.variables, alone.variables, strict=True):
        np.testing.assert_allclose(variable.numpy(), expected.numpy(), rtol=0, atol=1e-6)


def check_prepared(folder, told):
    """The second fit went on after the first; each worker has read its half of the rows."""
    rows = dnn.open_prepared(folder / "prepared").train.rows
    assert rows % 12 == 1, "one batch has no row of the second worker"
    assert rows % 26 == 25, "a batch is as long as the others for the chief alone"
    for number, options in ((1, (3, None, 12)), (2, (2, None, 26))):
        alone, both = worker.of_prepared(folder / "prepared", *options), [each[number] for each in told]
        assert both[0]["read"] + both[1]["read"] == alone["read"], "of an epoch"
        assert abs(both[0]["read"] - both[1]["read"]) < alone["read"] / 1000
        for each in both:
            check_alike(each, alone)
    check_alike(
        worker.of_prepared(folder / "prepared", 4, folder / "prepared-on-two-0", 12),
        worker.of_prepared(folder / "prepared", 4, None, 12),
    )


def check_alike(each, expected):
    for weights, others in zip(each["weights"], expected["weights"], strict=True):
        np.testing.assert_allclose(weights, others, rtol=0, atol=1e-6)
    assert each["test"] == pytest.approx(expected["test"], abs=1e-6)
    for record, other in zip(each["history"], expected["history"], strict=True):
        assert record == pytest.approx(other, abs=1e-6)


def test_a_strategy_of_one_device_is_none():
    model, other = dnn.mlp([5, 2], seed=0), dnn.mlp([5, 2], seed=0)
    data = worker.X[:20], worker.Y[:20]
    dnn.fit(model, data, loss=worker.LOSS, optimizer=dnn.SGD(model.trainable_variables))
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        dnn.fit(other, data, loss=worker.LOSS, optimizer=dnn.SGD(other.trainable_variables))
    for variable, expected in zip(other.variables, model.variables, strict=True):
        np.testing.assert_array_equal(variable.numpy(), expected.numpy())


@pytest.mark.parametrize(
    ("kind", "message", "cause"),
    [
        (tf.errors.UnavailableError, "failed to connect", "failed to connect"),
        (tf.errors.CancelledError, "[_Derived_]RecvAsync is cancelled.\n\t [[{{node b}}]]", "RecvAsync is cancelled."),
        (
            tf.errors.InternalError,
            "Graph execution error:\n\nDetected at node c defined at (most recent call last):\n<stack traces "
            "unavailable>\nCollective ops is aborted by: /job:worker/replica:0/task:1 is gone\nRestart your program.",
            "Collective ops is aborted by: /job:worker/replica:0/task:1 is gone",
        ),
        (tf.errors.FailedPreconditionError, "{{function_node f_/job:worker/task:0}} Table not initialized.", None),
        (tf.errors.InternalError, 'Detected at node x:\n  File "/task/collective.py"\nthe op of a user failed', None),
        (tf.errors.CancelledError, "multitask was cancelled", None),
    ],
)
def test_an_error_that_names_no_other_process_stays_what_it_is(monkeypatch, kind, message, cause):
    monkeypatch.setattr(shared_fit, "workers", lambda: Workers(2, 0))
    error = kind(None, None, message)
    raised, lost = pytest.raises(kind if cause is None else ConnectionError), shared_fit.peers_may_be_lost
    with raised as caught, lost("go on"), lost("with a checkpoint"):
        raise error
    text = str(caught.value)
    assert caught.value is error if cause is None else f"{cause}): start all again; go on" in text
    assert cause is None or len(text.splitlines()) == 1
