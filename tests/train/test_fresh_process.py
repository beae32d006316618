"""What only a fresh process can show: the same bits from the same seed, and no need of anything but TensorFlow."""

import contextlib
import io
import json
import os
import subprocess
import sys

import pytest

from dnn.nn.initializers import default_seeds_anew

# what the core must do without; pyarrow, rich, typer and matplotlib are for files, the screen and curves
BLOCKED = ("keras", "pyarrow", "rich", "typer", "matplotlib", "sklearn", "scipy", "pandas")

PROGRAM = """
import sys
sys.modules |= dict.fromkeys({blocked!r})  # None makes every import of it fail

import hashlib, json
import numpy as np
import dnn

random = np.random.default_rng(0)
x = random.normal(size=(700, 8)).astype(np.float32)
y = (x[:, 0] * x[:, 1] > 0).astype(int)
result = {{}}
for name, jit_compile in (("graph", False), ("xla", True)):
    model = dnn.mlp([8, 16, 2])
    history = dnn.fit(model, (x[:600], y[:600]), (x[600:], y[600:]), loss=dnn.sparse_softmax_cross_entropy,
                      optimizer=dnn.Adam(model.trainable_variables), batch_size=64, epochs=4,
                      early_stopping=dnn.EarlyStopping(patience=2, restore_best_weights=True), jit_compile=jit_compile)
    weights = b"".join(variable.numpy().tobytes() for variable in model.variables)
    predicted = dnn.predict(model, x[600:]).tolist()
    result[name] = [hashlib.sha256(weights).hexdigest(), repr(history.epochs), repr(predicted)]
print(json.dumps(result | {{"absent": [name for name in {blocked!r} if sys.modules.get(name) is None]}}))
"""


@pytest.fixture(scope="module")
def results():
    """What a fresh process prints, and what this one does, whose strings have other hashes and which has Keras."""
    command = [sys.executable, "-W", "error::DeprecationWarning:dnn", "-c", PROGRAM.format(blocked=BLOCKED)]
    environment = os.environ | {"PYTHONHASHSEED": "1" if os.environ.get("PYTHONHASHSEED") == "2" else "2"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()) as here, default_seeds_anew():
        exec(PROGRAM.format(blocked=()), {})
    output = process.communicate(timeout=600)[0]
    assert process.returncode == 0
    return [json.loads(printed.splitlines()[-1]) for printed in (output, here.getvalue())]


def test_it_trains_and_predicts_with_tensorflow_and_numpy_alone(results):
    assert results[0]["absent"] == list(BLOCKED)


@pytest.mark.parametrize("mode", ["graph", "xla"])
def test_the_same_seed_gives_the_same_bits_in_two_processes(results, mode):
    weights, history, predictions = zip(*(result[mode] for result in results), strict=True)
    assert weights[0] == weights[1]
    assert history[0] == history[1]
    assert predictions[0] == predictions[1]
