"""What an optimizer shows of itself: settings as in a call, its rate now, how many parameters and steps."""

import numpy as np
import pytest
import tensorflow as tf

from dnn.nn.optimizers.accumulate import AccumulateGradients
from dnn.nn.optimizers.adam import Adam
from dnn.nn.optimizers.adamw import AdamW
from dnn.nn.optimizers.average import AverageWeights
from dnn.nn.optimizers.clip import ClipGradients
from dnn.nn.optimizers.optimizer import Optimizer
from dnn.nn.optimizers.rmsprop import RMSprop
from dnn.nn.optimizers.schedules import ExponentialDecay
from dnn.nn.optimizers.sgd import SGD


class Signs(Optimizer):
    """A user's own, with a setting of its own."""

    def __init__(self, parameters):
        super().__init__(parameters, 0.25)
        self.width = np.float32(2)
        self.u = self.slots("u")

    def step(self, i, g, t, learning_rate):
        return learning_rate * tf.sign(g)


class Descent:
    """A user's own that is not made from ours."""

    parameters = (tf.Variable(1.0),)

    def apply(self, gradients):
        pass

    def __repr__(self):
        return "Descent()"


def parameters():
    return [tf.Variable(tf.zeros((50, 40))), tf.Variable(tf.zeros(40))]


SIZE = "parameters=2 (2,040 numbers)"


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (SGD, f"SGD(learning_rate=0.01, momentum=0.0, nesterov=False, {SIZE}, steps=0)"),
        (Adam, f"Adam(learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-07, amsgrad=False, {SIZE}, steps=0)"),
        (
            lambda p: RMSprop(p, 0.5, centered=True, weight_decay=0.25, exclude_from_weight_decay=p[1:]),
            "RMSprop(learning_rate=0.5, weight_decay=0.25, rho=0.9, momentum=0.0, epsilon=1e-07, centered=True, "
            f"exclude_from_weight_decay=1 of them, {SIZE}, steps=0)",
        ),
        (
            AdamW,
            "AdamW(learning_rate=0.001, weight_decay=0.004, beta_1=0.9, beta_2=0.999, epsilon=1e-07, "
            f"amsgrad=False, {SIZE}, steps=0)",
        ),
        (Signs, f"Signs(learning_rate=0.25, width=np.float32(2.0), {SIZE}, steps=0)"),
        (
            lambda p: AccumulateGradients(AverageWeights(ClipGradients(Signs(p), clipnorm=1.0)), 4),
            "AccumulateGradients(AverageWeights(ClipGradients(Signs(learning_rate=0.25, width=np.float32(2.0), "
            f"{SIZE}, steps=0), clipnorm=1.0), ema_momentum=0.99), steps=4)",
        ),
        (lambda p: ClipGradients(Descent(), clipvalue=2), "ClipGradients(Descent(), clipvalue=2)"),
    ],
)
def test_an_optimizer_shows_its_settings_and_what_it_wraps(make, expected):
    assert repr(make(parameters())) == expected


def test_the_rate_and_the_steps_are_those_of_now():
    schedule = ExponentialDecay(0.5, 1, 0.5)
    p = [tf.Variable([1.0])]
    for optimizer, rate in ((SGD(p, 0.5), "0.125"), (SGD(p, schedule), f"0.125 by {schedule}")):
        for _ in range(2):
            optimizer.apply([tf.ones(1)])
        if rate == "0.125":
            optimizer.learning_rate = 0.125
        shown = f"SGD(learning_rate={rate}, momentum=0.0, nesterov=False, parameters=1 (1 numbers), steps=2)"
        assert repr(optimizer) == shown


def test_in_a_trace_there_are_no_values_to_show_and_none_is_asked_for():
    optimizers = [ClipGradients(Adam(parameters(), rate), clipnorm=1.0) for rate in (0.5, lambda t: 1 / (t + 1))]
    shown = []

    @tf.function
    def step():
        shown.extend(map(repr, optimizers))

    operations = step.get_concrete_function().graph.get_operations()
    assert all("learning_rate=<symbolic>" in text and "steps=<symbolic>" in text for text in shown)
    assert len(shown) == 2
    assert operations == []
