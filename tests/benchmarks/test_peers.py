"""Peers at their best do equal work, each in its own process and environment; time to a quality counts what it must."""

import os
from importlib import import_module

import numpy as np
import pytest

from benchmarks import comparison
from benchmarks.comparison import Run
from benchmarks.contenders import LEARNERS, TRAINERS, reason_to_skip
from benchmarks.data import digits
from benchmarks.jobs import Job
from benchmarks.processes import Processes, made
from benchmarks.questions import time_to_quality
from benchmarks.repetitions import Repetitions


class InThisProcess(Processes):
    def made(self, peer, module, name, *arguments, environment=(), **options):
        return made(module, name, *arguments, **options)


@pytest.fixture
def run():
    """Return what all questions share, with peers in the test's own process."""
    return Run(InThisProcess(), None, ("", ""), quick=True)


def chosen(contenders, *names):
    return [contender for contender in contenders if contender.name in names]


def test_who_learns_something_else_is_a_failure_and_the_others_go_on(run, monkeypatch):
    trainers = {"dnn, graph mode": Learning(0.7), "dnn, XLA": Learning(0.7), "JAX + optax, lax.scan": Learning(0.71)}
    monkeypatch.setattr(comparison, "installed", list)
    monkeypatch.setattr(Run, "trainer", lambda _, contender, *rest: trainers[contender.name])
    found = comparison.ready_for_training(run, chosen(TRAINERS, *trainers), Job("", (2, 2), 1, 3))
    assert found.names() == ["dnn, graph mode", "dnn, XLA"]
    assert "has the losses [0.71, 0.71]" in found.failed["JAX + optax, lax.scan"]


class Learning:
    """Learns with one loss."""

    def __init__(self, loss):
        self.loss = loss

    def learn(self, orders):
        return [(self.loss, 0.5) for _ in orders]

    def probabilities(self, rows):
        return np.full((rows, 2), 0.5)

    def epoch_seconds(self, epochs):
        return 1.0


def test_the_rounds_to_a_log_loss_are_the_fewest_that_reach_it(tmp_path):
    tree = pytest.importorskip("sklearn") and import_module("benchmarks.peers.tree_peer")
    arrays = np.load(digits(tmp_path))
    np.savez(tmp_path / "few.npz", x=arrays["x"][:300, :20], y=arrays["y"][:300] % 2)
    trainer = tree.Trainer(Job("", (20, 2), 100, 300, str(tmp_path / "few.npz")), "scikit-learn")
    x, y = arrays["x"][300:500, :20], arrays["y"][300:500] % 2

    def loss(rounds):
        return -np.log(trainer._model(rounds).fit(trainer.x, trainer.y).predict_proba(x)[range(len(y)), y]).mean()

    rounds = trainer.rounds_to(0.6, x, y, 10)
    assert loss(rounds) <= 0.6 < loss(rounds - 1)
    assert trainer.rounds_to(1e-9, x, y, 2) is None


@pytest.mark.filterwarnings("ignore:Got .batch_size. less")  # of scikit-learn, when its peer is made with one row
def test_time_to_a_quality_is_of_as_many_epochs_as_each_needs(run, monkeypatch, tmp_path):
    """dnn and scikit-learn begin with the same weights and learn the same, so they need as many epochs."""
    pytest.importorskip("sklearn")
    networks = chosen(LEARNERS, "dnn", "scikit-learn MLPClassifier")
    monkeypatch.setattr(time_to_quality, "LEARNERS", networks)
    monkeypatch.setattr(time_to_quality, "TREES", [])
    monkeypatch.setattr(Run, "repetitions", Repetitions(1, 1))
    job = Job("digits", (64, 30, 30, 10), 100, 1_437, digits(tmp_path), time_to_quality.RATE)
    found = time_to_quality.findings_of(run, job, 1.5)
    assert found.failures == []
    [note] = found.notes
    ours, theirs = (int(part.split()[-1]) for part in note.rpartition(":")[2].split(","))
    assert ours == theirs > 1
    assert [answer.job for answer in found.answers] == ["digits, compiled before", "digits, from a new model"]


def test_a_process_begins_with_its_environment_and_this_one_keeps_its_own(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    with Processes() as processes:
        environment = ("KERAS_BACKEND=of the peer", "NEW=1")
        told = processes.made("ours", "machine", "variables", *("KERAS_BACKEND", "NEW"), environment=environment)
        assert told.copy() == {"KERAS_BACKEND": "of the peer", "NEW": "1"}
    assert os.environ["KERAS_BACKEND"] == "tensorflow"
    assert "NEW" not in os.environ


def test_jax_gives_its_weights_away_and_who_needs_what_is_not_installed_is_skipped():
    [keras_on_jax] = chosen(TRAINERS, "Keras fit, JAX as its backend")
    try:
        import jax  # noqa: F401
    except ImportError:
        assert reason_to_skip(keras_on_jax).startswith("jax not installed")
        pytest.skip("jax is not installed")
    trainer = import_module("benchmarks.peers.jax_peer").Trainer(Job("", (3, 4, 2), 10, 40))
    (kernel, _), *_ = trainer.layers
    trainer.training_seconds(1)  # jax warns of buffers that were given away in vain, and a warning is an error
    assert kernel.is_deleted()
