"""Processes: a forked one says why it cannot train or predict, one that is spawned can."""

import multiprocessing
import os
import signal
from types import SimpleNamespace

import numpy as np
import pytest

import dnn
from dnn.train import forks

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(50, 4)).astype(np.float32), RANDOM.integers(0, 3, 50)
LOSS = dnn.sparse_softmax_cross_entropy
MODEL = dnn.mlp([4, 5, 3], seed=1)
ADAM = dnn.Adam(MODEL.trainable_variables)
CLASSIFIER = dnn.Classifier(hidden=(4,), epochs=1)

CALLS = {
    "predict of a row": lambda: dnn.predict(MODEL, X[:1]),
    "predict": lambda: dnn.predict(MODEL, X),
    "evaluate": lambda: dnn.evaluate(MODEL, (X, Y), loss=LOSS),
    "fit": lambda: dnn.fit(MODEL, (X, Y), loss=LOSS, optimizer=ADAM),
    "a classifier's fit": lambda: dnn.Classifier().fit(X, Y),
    "its probabilities": lambda: CLASSIFIER.predict_proba(X),
    "its predictor": lambda: CLASSIFIER.fitted({name: [0.0] for name in CLASSIFIER.fitted.features.kinds}),
}


@pytest.fixture(scope="module", autouse=True)
def used():
    """TensorFlow has started, and what is called was called before."""
    CLASSIFIER.fit(X, Y)
    for name in ("predict", "evaluate"):
        CALLS[name]()


def said_by_a_fork() -> list[str]:
    """What each call says in a forked process, which has 20 seconds."""
    ours, theirs = os.pipe()
    if not (child := os.fork()):
        signal.alarm(20)
        for call in CALLS.values():
            try:
                call()
                said = "nothing"
            except Exception as error:
                said = f"{type(error).__name__}: {error}"
            os.write(theirs, f"{said}\n".encode())
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, encoding="utf-8") as told:
        lines = told.read().splitlines()
    assert os.waitpid(child, 0)[1] == 0
    return lines


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Python 3.12 warns of a fork beside threads
def test_a_forked_process_says_in_one_line_why_it_cannot():
    message = (
        "RuntimeError: this process was forked after TensorFlow had started, whose threads do not survive a fork: "
    )
    for name, said in zip(CALLS, said_by_a_fork(), strict=True):
        assert said.startswith(message), name
    assert "nothing" not in said
    CALLS["predict"]()  # here it goes on


def test_a_fork_before_tensorflow_started_is_no_problem(monkeypatch):
    monkeypatch.setattr(forks.context, "context_safe", lambda: SimpleNamespace(_initialized=False))
    forks._note_fork()
    forks.refuse_after_fork()


def test_a_spawned_process_predicts_the_same_bits():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        (predicted,) = pool.map(CLASSIFIER.predict_proba, [X])
    assert predicted.tobytes() == CLASSIFIER.predict_proba(X).tobytes()
