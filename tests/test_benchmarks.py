"""What makes an epoch fast, in counts, which no busy machine changes; and that the benchmarks run, whoever is there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import dnn
import dnn.train.fit
from benchmarks.questions import QUESTIONS
from dnn.train.epoch import evaluation_program, trace_evaluation, trace_training, training_program
from dnn.train.rows import Rows
from dnn.train.runtime import Compiled

HOME = Path(dnn.__file__).parent.parent
ROWS, FEATURES, BATCH = 1_029, 51, 100  # ten steps, and a short one
EPOCHS = 5
OPERATIONS = 815  # in the graph of a training epoch and all its functions; half of them run in every step
SPECS = Rows(tf.TensorSpec([ROWS, FEATURES]), tf.TensorSpec([ROWS], tf.int32))
CACHES = (trace_training, trace_evaluation)
LOSS, METRICS = dnn.sparse_softmax_cross_entropy, (dnn.accuracy,)


@pytest.fixture(scope="module")
def fitted():
    """What a fit of five epochs compiled, by name; "calls": how often it called the training epoch; "traced": how many
    training and evaluation functions were made."""
    misses = [cached.cache_info().misses for cached in CACHES]
    model = dnn.mlp([FEATURES, 30, 30, 2])
    optimizer = dnn.Adam(model.trainable_variables)
    x = np.random.default_rng(0).standard_normal((ROWS, FEATURES), np.float32)
    data, calls = (x, (x[:, 0] > 0).astype(np.int32)), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dnn.train.fit, "trace_training", counting(trace_training, calls))
        dnn.fit(model, data, data, loss=LOSS, optimizer=optimizer, batch_size=BATCH, epochs=EPOCHS)
    return {
        "calls": len(calls),
        "training": trace_training(training_program(model, LOSS, optimizer, METRICS, BATCH, SPECS), False),
        "evaluation": trace_evaluation(evaluation_program(model, LOSS, METRICS, ROWS, SPECS)),
        "traced": [cached.cache_info().misses - before for cached, before in zip(CACHES, misses, strict=True)],
    }


def counting(compiled, calls: list):
    """`compiled`, but each call of what it makes is noted."""

    def made(*arguments):
        function = compiled(*arguments)
        return lambda *tensors: calls.append(1) or function(*tensors)

    return made


def test_an_epoch_is_one_call(fitted):
    assert fitted["calls"] == EPOCHS


def test_all_epochs_together_are_traced_once(fitted):
    assert fitted["traced"] == [1, 1]


def test_a_training_epoch_has_no_more_operations_than_were_recorded(fitted):
    assert BATCH < len(fitted["training"].operations()) <= OPERATIONS


@pytest.mark.parametrize("name", ["training", "evaluation"])
def test_an_epoch_never_goes_back_to_python(fitted, name):
    assert not {op for op in fitted[name].operations() if "PyFunc" in op or "Host" in op}


def test_a_function_of_python_would_be_seen():
    back = tf.function(lambda x: tf.py_function(lambda y: y, [x], tf.float32), input_signature=[tf.TensorSpec([])])
    assert "EagerPyFunc" in Compiled(back.get_concrete_function()).operations()


def ran(*arguments: str, before: str = "") -> str:
    """What `python -m benchmarks` prints, in a process of its own."""
    program = f"import runpy, sys; {before}; runpy.run_module('benchmarks', run_name='__main__')"
    command = [sys.executable, "-c", program, *arguments]
    environment = os.environ | {"PYTHONPATH": str(HOME)}
    done = subprocess.run(command, cwd=HOME, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_questions_are_listed_and_who_is_not_installed_is_left_out():
    peers = ("keras", "torch", "jax", "optax", "sklearn", "tensorflow")
    printed = ran("--list", before=f"sys.modules |= dict.fromkeys({peers})")
    assert all(f"{name}: " in printed for name in QUESTIONS)
    assert "left out: JAX, jit: jax and optax not installed; README.md says how" in printed
    assert "takes part" not in printed


def test_a_quick_run_of_one_question_compares_with_keras(tmp_path):
    missing = "sys.modules |= dict.fromkeys(['torch', 'jax', 'sklearn'])"
    printed = ran("--quick", "--only", "one_row", "--out", str(tmp_path), before=missing)
    results = json.loads((tmp_path / "results.json").read_text())
    answers = {answer["against"]: answer for answer in results["questions"]["one_row"]["answers"]}
    assert set(answers) == {"Keras predict", "calling the Keras model"}
    assert answers["Keras predict"]["median"] > 1
    assert "| Keras predict |" in printed
    assert "Left out: PyTorch: torch not installed; README.md" in printed
    assert not (tmp_path / "plot.png").exists()  # of one row there is nothing to draw


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "absent.csv"], "absent.csv"),
        (
            ["--data", "dnn/data/bank-sample.csv", "--target", "deposit"],
            "has no column 'deposit'; its columns are age, ",
        ),
        (["--target", "y"], "--target is a column of --data, which is not given"),
        (["--data", "README.md"], "README.md, line 3: 3 cells, but the header has 1"),
        (["--only", "one_row", "--out", "README.md"], "README.md"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_measured(arguments, message):
    command = [sys.executable, "-m", "benchmarks", *arguments]
    done = subprocess.run(command, cwd=HOME, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert message in done.stderr.splitlines()[-1]
