"""Checkpoints: a fit that was interrupted anywhere and gone on with ends, to the bit, as one that was not."""

import functools
import hashlib
import json
import logging
import os
import pickle
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from modes import THOROUGH
from needs_compiler import needs_compiler

import dnn
from dnn.kernels.mlp_adam import MlpAdam
from dnn.train import fit_identity
from dnn.train.border import checked_data
from dnn.train.every import checked_every

LOSS = dnn.sparse_softmax_cross_entropy
ROWS, VALIDATION = 83, 40
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(ROWS + VALIDATION, 4)).astype(np.float32)
Y = (X[:, 0] + RANDOM.normal(size=len(X)) > 0).astype(np.int32)
DATA, HELD = (X[:ROWS], Y[:ROWS]), (X[ROWS:], Y[ROWS:])


class KilledError(Exception):
    """What a callback raises, as if the process had ended."""


def network(kind):
    if kind == "ensemble":
        return dnn.ensemble_mlp([4, 6, 2], 3, dropout=0.3, seed=0)
    if kind == "normalized":
        first, last = dnn.Dense(4, 6, seed=1), dnn.Dense(6, 2, seed=2)
        return dnn.Sequential([first, dnn.BatchNormalization(6), dnn.relu, dnn.Dropout(0.3, seed=3), last])
    return dnn.mlp([4, 6, 2], seed=0)


def adam(parameters):
    return dnn.Adam(parameters, 0.02)


def scheduled(parameters):
    return dnn.AdamW(parameters, dnn.CosineDecay(0.03, 40))


def wrapped(parameters):
    clipped = dnn.ClipGradients(adam(parameters), clipnorm=1.0)
    return dnn.AverageWeights(dnn.AccumulateGradients(clipped, 2), ema_momentum=0.9)


class Job:
    """A fit that can be made again and again; its objects are made once, since to trace them takes longest.

    Before one that goes on all weights are 1, so that a checkpoint that leaves one out shows.
    """

    def __init__(self, kind="mlp", make=adam, *, jit=False, epochs=7, each=False, **options):
        self.model = network(kind)
        self.optimizer = MlpAdam(self.model, 0.02) if make is MlpAdam else make(self.model.trainable_variables)
        self.variables = [*self.model.variables, *self.optimizer.variables]
        self.first = [variable.numpy() for variable in self.variables]
        self.reduces = make not in (scheduled, wrapped)
        rule = dnn.EarlyStopping(patience=3, restore_best_weights=True, each_member=each)
        self.options = {"jit_compile": jit, "epochs": epochs, "early_stopping": rule, "batch_size": 8, **options}

    def fit(self, folder=None, *callbacks, every="1 epoch", **options):
        """Return (the final variables of model and optimizer, the history)."""
        for variable, value in zip(self.variables, self.first, strict=True):
            variable.assign(value)
        if folder and dnn.Checkpoints(folder).states():
            for variable in self.model.variables:
                variable.assign(tf.ones_like(variable))
        plateau = [dnn.ReduceLROnPlateau(self.optimizer, patience=1, factor=0.5)] if self.reduces else []
        options = self.options | {"callbacks": [*plateau, *callbacks]} | options
        keep = folder and dnn.Checkpoints(folder, every=every)
        history = dnn.fit(self.model, DATA, HELD, loss=LOSS, optimizer=self.optimizer, checkpoint=keep, **options)
        return [variable.numpy() for variable in self.variables], history

    def killed(self, folder, epoch):
        with pytest.raises(KilledError):
            self.fit(folder, functools.partial(_killing, epoch=epoch))


def _killing(record, history, epoch):
    if record["epoch"] == epoch:
        raise KilledError


def assert_same(actual, expected):
    lists = [(actual[0], expected[0])]
    lists += [(getattr(actual[1], name), getattr(expected[1], name)) for name in ("best_weights", "last_weights")]
    for ours, theirs in lists:
        for one, other in zip(ours or [], theirs or [], strict=True):
            np.testing.assert_array_equal(one, other)
    assert actual[1] == expected[1]


CASES = {
    "graph, no shuffle, ignored rows": {"shuffle": False, "ignore_class": 1, "seed": 9},
    "XLA": {"kind": "normalized", "jit": True},
    "MlpAdam": {"make": MlpAdam},
    "schedule": {"kind": "normalized", "make": scheduled},
    "wrappers": {"make": wrapped},
    "ensemble": {"kind": "ensemble", "each": True},
}


@pytest.mark.parametrize("name", CASES if THOROUGH else [name for name in CASES if name != "schedule"])
def test_a_killed_fit_ends_as_one_that_was_not_killed(name, tmp_path):
    job = Job(**CASES[name])
    expected = job.fit()
    for epoch in (2, 5):
        job.killed(tmp_path / "run", epoch)
    assert_same(job.fit(tmp_path / "run"), expected)
    assert_same(job.fit(tmp_path / "run"), expected)  # which trains nothing more


@pytest.mark.parametrize("jit", [False, True] if THOROUGH else [True])
def test_a_fit_killed_within_an_epoch_goes_on_at_the_very_step(jit, tmp_path, monkeypatch):
    """Of ten steps and three more rows in an epoch, killed after each fourth step, until nothing is left to kill."""
    job = Job("normalized", epochs=3, jit=jit)
    expected = job.fit()
    saves, save = [], dnn.train.keeper.Keeper.save

    def killing(keeper, state):
        save(keeper, state)
        saves.append((state.epoch, state.step))
        raise KilledError

    monkeypatch.setattr(dnn.train.keeper.Keeper, "save", killing)
    for _ in range(7):
        with pytest.raises(KilledError):
            job.fit(tmp_path, every="4 steps")
    monkeypatch.undo()
    assert saves == [(1, 4), (1, 8), (2, 4), (2, 8), (3, 4), (3, 8), (4, 0)]
    assert_same(job.fit(tmp_path, every="4 steps"), expected)


def test_auto_goes_over_to_xla_in_the_same_epoch_when_it_is_resumed(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(dnn.train.trainers, "epochs_before_xla", lambda *_: 3)
    caplog.set_level(logging.INFO, "dnn")
    job = Job(jit="auto")
    for kill in (2, 5):
        job.killed(tmp_path, kill)
    job.fit(tmp_path)
    told = [message for message in caplog.messages if message.startswith("jit_compile")]
    assert told == [f"jit_compile: under XLA, after {epochs} epochs in graph mode" for epochs in (3, 4)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_fit_after_it_is_saved(number, tmp_path):
    def send(record, history):
        if record["epoch"] == 3:
            os.kill(os.getpid(), number)

    if signal.getsignal(number) == signal.SIG_IGN:
        pytest.skip("it is ignored here, as nohup does, and stays so")
    job = Job()
    before, expected = signal.getsignal(number), job.fit()
    with pytest.raises(dnn.FitInterrupted, match="interrupted after epoch 3; saved in") as caught:
        job.fit(tmp_path, send, every="50 minutes")
    assert caught.value.number == number
    assert signal.getsignal(number) is before
    assert_same(job.fit(tmp_path), expected)


def test_a_fit_with_other_arguments_is_refused_by_name(tmp_path):
    job = Job(epochs=1)
    job.fit(tmp_path)
    for name, value in {"seed": 1, "shuffle": False, "batch_size": 7, "early_stopping": None}.items():
        with pytest.raises(ValueError, match=f"checkpoints of another fit: its {name} was"):
            job.fit(tmp_path, **{name: value})
    with pytest.raises(ValueError, match="checkpoints of another fit: its data was another one"):
        dnn.fit(job.model, HELD, HELD, loss=LOSS, optimizer=job.optimizer, checkpoint=tmp_path, **job.options)


def test_a_damaged_state_is_named_and_the_one_before_it_is_used(tmp_path, caplog):
    job = Job()
    expected = job.fit()
    job.killed(tmp_path, 4)
    newest, _ = dnn.Checkpoints(tmp_path).states()
    flip(newest / "values.json")
    assert_same(job.fit(tmp_path), expected)
    assert "values.json is damaged" in caplog.text
    for path in dnn.Checkpoints(tmp_path).states():
        flip(path / "variables.index")
    with pytest.raises(ValueError, match=r"variables\.index is damaged.*begin anew"):
        job.fit(tmp_path)


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_second_fit_in_the_same_folder_is_refused(tmp_path):
    job = Job(epochs=2)
    with pytest.raises(ValueError, match="in use: another process trains there"):
        job.fit(tmp_path, lambda record, history: job.fit(tmp_path) and None)


def test_the_last_states_are_kept_in_tensorflows_form_and_what_killed_writers_left_is_removed(tmp_path):
    (tmp_path / ".state-000001-x").mkdir()
    variables, _ = Job(epochs=4, early_stopping=None).fit(tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [".lock", "state-000003-000000000", "state-000004-000000000"]
    kept = json.loads((tmp_path / names[2] / "values.json").read_text("utf-8"))
    assert [record["epoch"] for record in kept["epochs"]] == [1, 2, 3, 4]
    reader = tf.train.load_checkpoint(str(tmp_path / names[2] / "variables"))
    np.testing.assert_array_equal(reader.get_tensor("model/0/.ATTRIBUTES/VARIABLE_VALUE"), variables[0])


@needs_compiler
@pytest.mark.skipif(sys.platform != "linux", reason="faults.c knows Linux's system calls")
def test_after_each_failed_call_of_a_save_each_crash_and_a_power_cut_a_whole_state_is_there(tmp_path):
    """The program asserts that what is found is whole; here: that a call failed is told, or did not matter."""
    source, library = Path(__file__).with_name("faults.c"), tmp_path / "faults.so"
    command = ["g++", "-x", "c", "-shared", "-fPIC", "-w", "-o", str(library), str(source), "-ldl"]
    subprocess.run(command, check=True)
    program = [sys.executable, str(source.with_name("crash_points.py")), str(tmp_path)]
    done = subprocess.run(program, env=os.environ | {"LD_PRELOAD": str(library)}, capture_output=True, check=True)
    found = json.loads(done.stdout)
    assert found.pop("lost") == []
    for calls, kinds in found.values():
        assert calls > 4
        for name, found in kinds.items():
            assert sum(found.values()) == calls, name
            assert set(found) <= {"1, told", "2, told", "2", "old, told", "new, told", "new"}, name


@pytest.mark.parametrize(
    "text", ["", "5", "0 steps", "1.5 steps", "-1 epochs", "nan minutes", "1.2.3 minutes", "5 hours"]
)
def test_when_to_save_is_said_in_steps_epochs_or_minutes(text):
    with pytest.raises(ValueError, match="every '500 steps'"):
        checked_every(text)


def test_a_state_that_cannot_be_kept_is_told_and_the_training_goes_on(tmp_path, monkeypatch, caplog):
    job = Job()
    expected = job.fit()

    def full(*_):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(tf.train.Checkpoint, "write", full)
    assert_same(job.fit(tmp_path), expected)
    assert caplog.messages[0].endswith(f"'{tmp_path}'; the training goes on, and this state is not kept")
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_disk_too_small_for_checkpoints_is_refused_before_training(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=2_000_000))
    with pytest.raises(OSError, match="checkpoints need 3 MB, and 2 MB are free"):
        Job().fit(tmp_path)


@pytest.mark.parametrize("every", ["3 steps", "1 epoch"] if THOROUGH else ["3 steps"])
def test_an_epoch_that_was_left_goes_on_in_the_pieces_it_began_in(every, tmp_path, monkeypatch):
    job = Job("normalized", epochs=2)
    expected, save = job.fit(), dnn.train.keeper.Keeper.save

    def killing(keeper, state):
        save(keeper, state)
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(dnn.train.keeper.Keeper, "save", killing)
        with pytest.raises(KilledError):
            job.fit(tmp_path, every="4 steps")
    assert_same(job.fit(tmp_path, every=every), expected)


def test_variables_of_a_loss_are_kept_and_another_function_of_the_same_name_is_refused(tmp_path):
    scale = tf.Variable(1.0, trainable=False)

    def loss_of(factor):
        def loss(labels, logits):
            with tf.control_dependencies([scale.assign(scale * 1.01)]):
                return factor * scale.read_value() * LOSS(labels, logits)

        return loss

    options = {"optimizer": (job := Job()).optimizer, "epochs": 3, "jit_compile": False, "on_nan": "ignore"}
    results = []
    for folder, kills in (("whole", False), ("parts", True)):
        scale.assign(1.0)
        for variable, value in zip(job.variables, job.first, strict=True):
            variable.assign(value)
        loss = loss_of(2.0)
        if kills:
            killing = functools.partial(_killing, epoch=2)
            with pytest.raises(KilledError):
                dnn.fit(job.model, DATA, loss=loss, checkpoint=tmp_path / folder, callbacks=[killing], **options)
            scale.assign(5.0)
        history = dnn.fit(job.model, DATA, loss=loss, checkpoint=tmp_path / folder, **options)
        results.append(([*(each.numpy() for each in job.variables), scale.numpy()], history))
    assert_same(*results)
    with pytest.raises(ValueError, match="another fit: its loss was"):
        dnn.fit(job.model, DATA, loss=loss_of(7.0), checkpoint=tmp_path / "parts", **options)
    lambdas = [lambda labels, logits, times=times: times * LOSS(labels, logits) for times in (1.0, 7.0)]
    dnn.fit(job.model, DATA, loss=lambdas[0], checkpoint=tmp_path / "default", **options)
    with pytest.raises(ValueError, match="another fit: its loss was"):
        dnn.fit(job.model, DATA, loss=lambdas[1], checkpoint=tmp_path / "default", **options)


def test_the_same_call_in_the_same_process_goes_on_after_its_rate_was_reduced(tmp_path):
    job = Job(epochs=7)
    expected = job.fit()
    job.killed(tmp_path, 6)
    options = job.options | {"loss": LOSS, "optimizer": job.optimizer, "checkpoint": tmp_path}
    history = dnn.fit(
        job.model, DATA, HELD, callbacks=[dnn.ReduceLROnPlateau(job.optimizer, patience=1, factor=0.5)], **options
    )
    assert_same(([variable.numpy() for variable in job.variables], history), expected)


def test_a_signal_in_the_last_epoch_is_sent_again_after_the_fit(tmp_path):
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        pytest.skip("it is ignored here, as in a shell's background")
    job = Job(epochs=2)
    with pytest.raises(KeyboardInterrupt):
        job.fit(tmp_path, lambda record, _: os.kill(os.getpid(), signal.SIGINT) if record["epoch"] == 2 else None)
    assert len(job.fit(tmp_path)[1]) == 2
    assert isinstance(pickle.loads(pickle.dumps(dnn.FitInterrupted(15, "x"))), dnn.FitInterrupted)


def test_rows_are_hashed_some_at_a_time(monkeypatch):
    rows = checked_data(dnn.mlp([4, 2], seed=0), DATA, "data")
    whole = hashlib.sha256(b"<dtype: 'float32'>(83, 4)" + DATA[0].tobytes())
    whole.update(b"<dtype: 'int32'>(83,)" + DATA[1].tobytes())
    copied, numpy = [], type(rows.x).numpy

    def noted(tensor):
        copied.append(tensor.shape.num_elements())
        return numpy(tensor)

    monkeypatch.setattr(type(rows.x), "numpy", noted)
    for at_once in (1, 30, 1 << 20):
        monkeypatch.setattr(fit_identity, "AT_ONCE", at_once)
        copied.clear()
        assert fit_identity.digest_of_rows(rows) == whole.hexdigest()
        assert max(copied) <= max(4, at_once)
