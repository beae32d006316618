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


FUNCTIONS = {"sqrt": np.sqrt, "max": np.maximum, "min": np.minimum, "sum": np.sum}


def python_of(latex):
    """An expression of LaTeX as one of Python: names get a _ at their end, what stands side by side is multiplied."""
    latex = re.sub(r"\\hat\{v\}", r"\\hat", latex.partition(r" \text")[0]).replace(r"\sum g^2", r"\sum(g^2)")
    latex = latex.replace(r"\;", "").replace(r"\left", "").replace(r"\right", "")
    before = ""
    while before != latex:
        before = latex
        latex = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", latex)
        latex = re.sub(r"\\sqrt\{([^{}]*)\}", r"\\sqrt(\1)", latex)
    tokens = re.findall(r"\\?[a-z]+(?:_\d)?|\d+|\S", latex)
    made = ""
    for token in tokens:
        name = token.strip("\\")
        if made and made[-1] in "_)" and (name[0].isalnum() or name == "("):
            made += "*"
        made += name if name in FUNCTIONS or not name[0].isalpha() else f"{name}_"
    return made.replace("^", "**")


def assignments(formula):
    """Names and expressions in the order in which they act: what a line of the derivation assigns, then the value."""
    lines = [line for line in formula.derivation if r"\leftarrow" in line]
    parts = [part.strip(", ") for line in lines for part in line.split(r"\quad")]
    parts += reversed([part.strip(", ") for part in formula.value.split(r"\quad")])
    pairs = [re.split(r" \\leftarrow | = ", part, maxsplit=1) for part in parts if part[:5] != r"\text"]
    return [(python_of(name), python_of(expression)) for name, expression in pairs]


COMPUTED = {
    "SGD": lambda p: dnn.SGD(p, 0.1),
    "decay": lambda p: dnn.SGD(p, 0.1, weight_decay=0.3),
    "momentum": lambda p: dnn.SGD(p, 0.1, momentum=0.7),
    "Nesterov": lambda p: dnn.SGD(p, 0.1, momentum=0.7, nesterov=True),
    "Adam": lambda p: dnn.Adam(p, 0.1, beta_1=0.6, beta_2=0.8, epsilon=0.1),
    "AMSGrad": lambda p: dnn.Adam(p, 0.1, beta_1=0.6, beta_2=0.8, epsilon=0.1, amsgrad=True),
    "RMSprop": lambda p: dnn.RMSprop(p, 0.1, rho=0.8, epsilon=0.1),
    "RMSprop, all": lambda p: dnn.RMSprop(p, 0.1, rho=0.8, epsilon=0.1, centered=True, momentum=0.5),
    "clipnorm": lambda p: dnn.ClipGradients(dnn.SGD(p, 0.1), clipnorm=0.5),
    "global_clipnorm": lambda p: dnn.ClipGradients(dnn.SGD(p, 0.1), global_clipnorm=0.5),
    "clipvalue": lambda p: dnn.ClipGradients(dnn.SGD(p, 0.1), clipvalue=0.25),
}
GRADIENTS = [np.array(g) for g in ([1.0, -0.5, 0.1], [0.3, 0.2, -2.0], [-0.2, 0.0, 0.05])]


def settings_of(optimizer):
    """Values of the letters in the formulas."""
    clip = optimizer if isinstance(optimizer, dnn.ClipGradients) else None
    inner = getattr(optimizer, "optimizer", optimizer)
    greek = {"beta_1": "beta_1", "beta_2": "beta_2", "epsilon": "epsilon", "rho": "rho", "mu": "momentum"}
    greek |= {"eta": "learning_rate", "lambda": "weight_decay"}
    values = {f"{letter}_": float(getattr(inner, name, None) or 0.0) for letter, name in greek.items()}
    limits = [getattr(clip, name, None) for name in ("clipnorm", "global_clipnorm", "clipvalue")]
    return values | {"c_": next((limit for limit in limits if limit), 0.0)}


@pytest.mark.parametrize("name", COMPUTED)
def test_the_formulas_computed_give_the_weights_that_apply_gives(name):
    parameter = tf.Variable([0.5, -1.0, 2.0])
    optimizer = COMPUTED[name]([parameter])
    values = FUNCTIONS | settings_of(optimizer)
    values |= dict.fromkeys(("m_", "v_", "hat_", "u_", "a_"), np.zeros(3)) | {"w_": parameter.numpy().astype(float)}
    for t, gradient in enumerate(GRADIENTS, start=1):
        values |= {"t_": t, "g_": gradient}
        for _, formula in optimizer_formulas(optimizer):
            for letter, expression in sorted(assignments(formula), key=lambda pair: pair[0] == "g_"):
                values[letter] = eval(expression, {}, values)
        optimizer.apply([tf.constant(gradient, tf.float32)])
        np.testing.assert_allclose(parameter, values["w_"], rtol=1e-5)


def test_the_formula_of_the_average_gives_the_average():
    parameter = tf.Variable([0.5, -1.0])
    optimizer = dnn.AverageWeights(dnn.SGD([parameter], 0.1), ema_momentum=0.9)
    ((letter, expression),) = assignments(optimizer_formulas(optimizer)[-1][1])
    average = np.zeros(2)
    for t in range(3):
        optimizer.apply([tf.constant([1.0, 2.0])])
        average = eval(expression, {}, {"mu_": 0.9 if t else 0.0, "a_": average, "w_": parameter.numpy()})
    assert letter == "a_"
    np.testing.assert_allclose(optimizer.averages[0], average, rtol=1e-6)


def test_gradients_that_are_not_finite_are_told_so():
    gradients = {"kernel": np.float32([1.0, np.nan]), "bias": np.float32([2.0]), "scale": np.float32([np.inf])}
    for kind, limit in CLIPPING.items():
        optimizer = dnn.ClipGradients(dnn.SGD([tf.Variable([1.0])]), **{kind: limit})
        told = "Not all gradients are finite, so clipping has no meaning: those of kernel, scale are not."
        assert clipping_told(optimizer, gradients) == told


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
