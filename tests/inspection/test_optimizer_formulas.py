"""Formulas of optimizers and wrappers: each part has its own, in the order of a step, and clipping is told as it is."""

import re

import numpy as np
import pytest
import tensorflow as tf
from latex2mathml.converter import convert

import dnn
from dnn.inspection.optimizer_formulas import clipping_told, optimizer_formulas

OPTIMIZERS = {
    "clipped, averaged, accumulated": (
        lambda p: dnn.AccumulateGradients(
            dnn.AverageWeights(dnn.ClipGradients(dnn.AdamW(p, weight_decay=0.1), clipnorm=1.0)), 4
        ),
        ["AccumulateGradients", "ClipGradients", "weight decay", "Adam", "AverageWeights"],
    ),
    "by value": (lambda p: dnn.ClipGradients(dnn.SGD(p), clipvalue=0.5), ["ClipGradients(clipvalue)", "SGD"]),
    "RMSprop": (lambda p: dnn.RMSprop(p, centered=True, momentum=0.5), ["RMSprop"]),
    "the user's own": (lambda p: Own(p), []),
}


class Own(tf.Module):
    """A user's optimizer."""

    def __init__(self, parameters):
        super().__init__()
        self.parameters = parameters

    def apply(self, gradients):
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.assign_sub(gradient)


@pytest.mark.parametrize(("make", "names"), OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_each_part_has_its_formula_in_the_order_of_a_step(make, names):
    assert [name for name, _ in optimizer_formulas(make([tf.Variable([1.0])]))] == names


def test_settings_choose_the_formula():
    parameter = [tf.Variable([1.0])]
    values = {
        name: optimizer_formulas(optimizer)[-1][1].value
        for name, optimizer in {
            "adam": dnn.Adam(parameter),
            "amsgrad": dnn.Adam(parameter, amsgrad=True),
            "rmsprop": dnn.RMSprop(parameter),
            "centered": dnn.RMSprop(parameter, centered=True),
            "with momentum": dnn.RMSprop(parameter, momentum=0.5),
            "sgd": dnn.SGD(parameter),
            "momentum": dnn.SGD(parameter, momentum=0.5),
            "nesterov": dnn.SGD(parameter, momentum=0.5, nesterov=True),
        }.items()
    }
    assert len(set(values.values())) == len(values)
    assert [name for name, value in values.items() if r"\mu" in value] == ["with momentum", "momentum", "nesterov"]
    assert [name for name, value in values.items() if r"\max" in value] == ["amsgrad", "centered"]


def test_every_line_becomes_mathml_without_a_rest_of_latex():
    for make, _ in OPTIMIZERS.values():
        for _, formula in optimizer_formulas(make([tf.Variable([1.0])])):
            for line in (formula.value, *formula.derivation):
                assert "\\" not in convert(line)
                assert "merror" not in convert(line)


CLIPPING = {"clipnorm": 0.5, "global_clipnorm": 0.5, "clipvalue": 0.25}


@pytest.mark.parametrize("kind", CLIPPING)
def test_what_clipping_does_is_told_as_it_is_done(kind):
    gradients = {"kernel": np.float32([[0.3, -0.9], [0.1, 2.0]]), "bias": np.float32([0.1, 0.2])}
    parameters = [tf.Variable(tf.zeros(g.shape)) for g in gradients.values()]
    optimizer = dnn.ClipGradients(dnn.SGD(parameters, 1.0), **{kind: CLIPPING[kind]})
    told = clipping_told(optimizer, gradients)
    optimizer.apply([tf.constant(g) for g in gradients.values()])
    clipped = [-parameter.numpy() for parameter in parameters]
    changed = [c != g for c, g in zip(clipped, gradients.values(), strict=True)]
    if kind == "clipvalue":
        assert told == f"{sum(map(np.sum, changed))} numbers are beyond ±0.25, and are set to it."
        return
    factor = float(re.search(r"by ([\d.]+\d)", told)[1])
    np.testing.assert_allclose(clipped[0], factor * gradients["kernel"], rtol=1e-5)
    assert changed[1].any() == (kind == "global_clipnorm") == ("multiplied by" in told)


def test_short_gradients_are_told_to_stay():
    optimizer = dnn.ClipGradients(dnn.SGD([tf.Variable([1.0])]), global_clipnorm=5.0)
    told = "The common norm of all gradients is 3, and the largest allowed is 5: all stay as they are."
    assert clipping_told(optimizer, {"w": np.float32([3.0])}) == told
    assert clipping_told(dnn.AccumulateGradients(optimizer, 2), {"w": np.float32([3.0])}) == ""
    assert clipping_told(optimizer.optimizer, {"w": np.float32([3.0])}) == ""


def test_the_page_has_the_formula_of_each_part():
    model = dnn.mlp([3, 2], seed=0)
    optimizer = dnn.AverageWeights(dnn.ClipGradients(dnn.Adam(model.trainable_variables), global_clipnorm=0.1))
    page = dnn.explain(model, np.eye(3), [0, 1, 0], optimizer=optimizer).html
    titles = re.findall(r"<h3>(.*?)</h3>", page)
    assert titles == ["ClipGradients", "Adam", "AverageWeights"]
    assert "The common norm of all gradients is" in page
    assert ">global_clipnorm</th>" in page


@pytest.mark.parametrize("amsgrad", [False, True])
def test_a_space_after_the_root_keeps_epsilon_out_of_it(amsgrad):
    ((_, formula),) = optimizer_formulas(dnn.Adam([tf.Variable([1.0])], amsgrad=amsgrad))
    drawn = convert(formula.value)
    assert re.search(r"</msqrt>\s*<mspace[^>]*>\s*<mo>(\+|&#x0002B;)</mo>", drawn)
