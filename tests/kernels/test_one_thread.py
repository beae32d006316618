"""The kernels of this package run in the one thread of a small step, with the results of many threads."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from needs_compiler import needs_compiler

import dnn
from dnn.kernels.fused_adam import FusedAdam
from dnn.kernels.layer_normalization import FusedLayerNormalization
from dnn.kernels.softmax_cross_entropy import fused_sparse_softmax_cross_entropy
from dnn.train import runtime, trainers
from dnn.train.runtime import ONE_THREAD

pytestmark = needs_compiler

X = np.random.default_rng(0).normal(size=(50, 4))
Y = (X[:, 0] > 0).astype(np.int32)


def losses():
    """Return the losses of a model that is large enough for the kernels to use several threads."""
    layers = [
        dnn.Dense(4, 600, dtype=np.float64, seed=0),
        FusedLayerNormalization(600, dtype=np.float64),
        dnn.Dense(600, 20, seed=1, dtype=np.float64),
    ]
    model = dnn.Sequential(layers)
    return dnn.fit(
        model,
        (X, Y),
        loss=fused_sparse_softmax_cross_entropy,
        optimizer=FusedAdam(model.trainable_variables, 0.01),
        batch_size=8,
        epochs=3,
        jit_compile=False,
    )["loss"]


def test_a_small_step_of_all_of_them_is_begun_by_one_thread(monkeypatch):
    """With one thread TensorFlow's products sum in another order, which 21 steps of Adam amplify: in float32 the losses
    differ by more or less, depending on the machine. In float64 an error of 1e-16 would have to grow by 1e7.
    """
    made, trace = [], trainers.trace_training
    monkeypatch.setattr(trainers, "trace_training", lambda *of: made.append(trace(*of)) or made[-1])
    with ThreadPoolExecutor(2) as pool:
        by_one, again = (future.result(timeout=300) for future in [pool.submit(losses) for _ in range(2)])
    assert by_one == again
    monkeypatch.setattr(runtime, "FEW", 0)
    by_many = losses()
    assert [epoch.executor for epoch in made] == [ONE_THREAD, ONE_THREAD, ""]
    assert by_one == pytest.approx(by_many, rel=1e-9)
