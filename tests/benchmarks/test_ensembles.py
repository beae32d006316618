"""The question of ensembles divides by as many epochs of one network, and refuses those that learn something else."""

import pytest
import tensorflow as tf

import dnn
from benchmarks.jobs import Job
from benchmarks.questions.ensembles import AIM, answers, assert_all_learn_the_same, megabytes_by_arithmetic


def test_each_way_stands_beside_itself_and_xla_with_one_network_and_beside_the_others():
    seconds = {("dnn, XLA", 1): [1.0], ("dnn, MlpAdam", 1): [0.5], ("dnn, XLA", 32): [8.0], ("dnn, MlpAdam", 32): [2.0]}
    first, second, third, between = answers(seconds, 32, 500)
    assert (first.median, first.aim, second.median, second.aim) == (0.25, AIM, 0.125, None)
    assert (third.against, third.median, third.aim) == ("32 times one network of dnn, XLA", 0.0625, AIM)
    assert (between.ours, between.against, between.median) == ("dnn, MlpAdam", "32 networks by dnn, XLA", 4)
    assert len(answers({key: value for key, value in seconds.items() if key[0] == "dnn, XLA"}, 32, 500)) == 1


def test_the_memory_that_is_needed_counts_weights_gradients_averages_batches_and_orders():
    network = dnn.ensemble_mlp([51, 30, 30, 2], k=2, seed=0)
    numbers = 4 * sum(int(tf.size(weight)) for weight in dnn.weights(network))
    activations = 2 * 100 * (51 + 3 * (30 + 30 + 2))
    assert megabytes_by_arithmetic(2, 500) * 2**20 == 4 * (numbers + activations + 2 * 500)


def test_what_learns_something_else_is_named():
    class Learning:
        def __init__(self, loss):
            self.loss = loss

        def learn(self, orders):
            return [(self.loss, 0.5) for _ in orders]

    trainers = {("dnn, XLA", 1): Learning(0.7), ("dnn, XLA", 16): Learning(0.71)}
    with pytest.raises(AssertionError, match="16 by dnn, XLA has the losses"):
        assert_all_learn_the_same(trainers, Job("", (2, 2), 1, 3))
