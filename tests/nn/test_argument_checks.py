"""Hyperparameters are numbers: a tf.Variable, which would be read once, is refused by every piece that has one."""

import inspect

import pytest
import tensorflow as tf

import dnn

P = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
NEEDED = {
    "parameters": [P], "optimizer": dnn.SGD([P]), "inputs": 2, "units": 2, "size": 2, "columns": 2, "sizes": [2, 2, 2],
    "initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5, "total_steps": 4, "learning_rate": 0.1,
    "rate": 0.5, "frequencies": 2, "steps": 2, "activation": dnn.selu, "k": 2, "edges": [[0.0, 1.0]],
    "frequency_scale": 0.1, "boundaries": [2], "values": [0.1, 0.2],
}  # fmt: skip
MODULES = ("dnn.nn", "dnn.train.early_stopping", "dnn.train.callbacks")


def hyperparameters() -> list[tuple[type, str]]:
    """(class, parameter) of each number that a public piece is made with."""
    pieces = [getattr(dnn, name) for name in dnn.__all__ if getattr(dnn, name).__module__.startswith(MODULES)]
    return [
        (piece, name)
        for piece in pieces
        if inspect.isclass(piece) and not inspect.isabstract(piece) and not issubclass(piece, Warning | tuple)
        for name, parameter in inspect.signature(piece).parameters.items()
        if "float" in str(parameter.annotation) or name in ("steps", "cycles", "patience", "cooldown", "k")
    ]


@pytest.mark.parametrize(("piece", "name"), hyperparameters())
def test_a_variable_as_a_hyperparameter_is_refused_by_name(piece, name):
    needed = {
        key: NEEDED.get(key, 0.5)  # any number that a new piece needs
        for key, parameter in inspect.signature(piece).parameters.items()
        if parameter.default is inspect.Parameter.empty
    }
    variable = tf.Variable(0.5, name="rate")
    with pytest.raises((TypeError, ValueError), match=rf"^({name}|rate) must be .*tf.Variable"):
        piece(**needed | {name: variable})


def test_what_is_assigned_to_a_rate_may_be_a_variable_and_counts_as_it_is_then():
    optimizer, rate = dnn.SGD([P], 0.5), tf.Variable(0.25)
    optimizer.learning_rate = rate
    rate.assign(4.0)
    assert optimizer.learning_rate.numpy() == 0.25
    with pytest.raises(TypeError, match="weight_decay must be a number, got the tf.Variable each:0"):
        dnn.SGD([P], weight_decay=tf.Variable([0.5, 0.5], name="each"))
