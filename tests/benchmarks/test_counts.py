"""What a training step costs, in counts that hold on any machine: operations, bytes, traces and instructions."""

import shutil

import numpy as np
import pytest
import tensorflow as tf
from needs_compiler import needs_compiler

import dnn
from benchmarks.counts import (
    bytes_of_step,
    counted,
    instructions_of_epochs,
    kernel_instructions,
    kernel_program,
    operations,
)
from benchmarks.machine import vectors
from benchmarks.step_limit import multiply_adds

MOST_OPERATIONS = 117  # of a step of 51-30-30-2 with Adam and accuracy; fewer is better: lower it then


def test_a_step_in_graph_mode_has_the_products_of_its_formulas_and_no_more_operations_than_it_had():
    kinds, deeper = operations(), operations((51, 30, 30, 30, 2))
    assert kinds["MatMul"] == 8  # of three layers x·W and xᵀ·g, and of two g·Wᵀ
    assert deeper["MatMul"] == 8 + 3
    assert kinds["GatherV2"] == 2  # a batch of features and of labels
    assert kinds["AssignSubVariableOp"] + kinds["AssignVariableOp"] <= 6  # kernels and biases
    assert kinds.total() <= MOST_OPERATIONS
    assert deeper.total() - kinds.total() <= MOST_OPERATIONS // 3  # a layer costs less than its share of three
    assert operations(batch=200) == kinds


def test_a_step_moves_bytes_in_proportion_to_the_rows_beside_what_the_weights_take():
    once, twice, thrice = (bytes_of_step(batch=rows) for rows in (100, 200, 300))
    assert thrice - twice == twice - once > 100 * 4 * (51 + 3 * (30 + 30 + 2))  # inputs; sums, outputs and gradients
    assert once <= 904_000
    weights = 51 * 30 + 30 + 30 * 30 + 30 + 30 * 2 + 2
    assert once - (twice - once) > 4 * 7 * weights  # the rest: weights, averages and gradients, each read and written


class CountedMlp(tf.Module):
    """A network that counts how often Python calls it: once for each trace."""

    def __init__(self):
        super().__init__()
        self.inner, self.calls = dnn.mlp([3, 4, 2], seed=0), 0

    def __call__(self, x):
        self.calls += 1
        return self.inner(x)


@pytest.mark.parametrize("epochs", [2, 6])
def test_a_fit_traces_a_prediction_an_evaluation_and_an_epoch_and_a_second_fit_of_the_same_nothing(epochs, monkeypatch):
    """The Python of the model is called once in each, however many epochs and batches there are."""
    model, random, traced, function = CountedMlp(), np.random.default_rng(0), [], tf.function

    def noted(python, **options):
        traced.append(python.func.__name__)
        return function(python, **options)

    monkeypatch.setattr(tf, "function", noted)
    parts = [(random.normal(size=(n, 3)).astype(np.float32), np.arange(n, dtype=np.int32) % 2) for n in (500, 50)]
    options = {"loss": dnn.sparse_softmax_cross_entropy, "optimizer": dnn.Adam(model.trainable_variables)}
    for _ in range(2):
        dnn.fit(model, *parts, **options, batch_size=10, epochs=epochs, jit_compile=False)
        assert traced == ["_logits", "evaluate_epoch", "train_guarded_epoch"]
        assert model.calls == 3


@needs_compiler
def test_a_step_of_the_kernel_has_fewer_instructions_than_multiply_adds_in_proportion_to_its_rows(tmp_path):
    """Eight numbers a vector of AVX2, so that each multiply-add has room for seven others: loads, stores, exp, Adam."""
    if not shutil.which("valgrind") or vectors() not in ("avx2", "avx512f"):
        pytest.skip("no valgrind, or no AVX2")
    program = kernel_program(tmp_path, (51, 30, 30, 2))
    few, many = (kernel_instructions(program, rows) for rows in (100, 200))
    assert few < multiply_adds((51, 30, 30, 2), 100)
    assert (
        multiply_adds((51, 30, 30, 2), 100) / 8 < many - few <= few
    )  # at least the products; Adam's part is not twice


def test_an_epoch_costs_the_same_instructions_each_time():
    """Of 200 epochs more; how many they are is the processor's and the compilers' affair."""
    if not counted(["true"]):
        pytest.skip("no perf, or it may not count here")
    few, many, most = (instructions_of_epochs(epochs, rows=1_000) for epochs in (1, 201, 401))
    assert 0.5 < (most - many) / (many - few) < 2
