"""The summary of a model: Keras's figures for equal models, and any other module, each variable counted once."""

import re

import keras
import pytest
import tensorflow as tf
from keras_twins import KINDS, twin_networks

import dnn


def lines_of(model, inputs=None) -> list[str]:
    tables = []
    dnn.summary(model, inputs, print_fn=tables.append)
    (table,) = tables
    return table.splitlines()


def cells_of(model, inputs=None) -> list[list[str]]:
    """The cells of the rows, without the header, the rules and the totals."""
    return [re.split(r"  +", line.strip()) for line in lines_of(model, inputs)[3:-4]]


def test_each_layer_and_the_totals_are_keras_s():
    """Of a network that has every kind of layer; the three lines of totals, bytes included, are Keras's text."""
    ours, keras_s = twin_networks(5, [(kind, 3 + i) for i, kind in enumerate(KINDS)], 2, seed=0)
    rows = cells_of(ours)
    assert [count for _, _, count in rows] == [f"{layer.count_params():,}" for layer in keras_s.layers]
    assert [shape for _, shape, _ in rows] == [str(layer.output.shape) for layer in keras_s.layers]
    text = []
    keras_s.summary(print_fn=text.append)
    assert lines_of(ours)[-3:] == [line.strip() for line in text[0].splitlines()[-3:]]


@pytest.mark.parametrize("dtype", ["bfloat16", "float64"])
def test_the_bytes_are_keras_s_in_other_dtypes(dtype):
    ours, keras_s = dnn.mlp([300, 1000, 1], dtype=tf.as_dtype(dtype)), keras.Sequential([keras.Input((300,))])
    for units in (1000, 1):
        keras_s.add(keras.layers.Dense(units, dtype=dtype))
    text = []
    keras_s.summary(print_fn=text.append)
    assert lines_of(ours)[-3:] == [line.strip() for line in text[0].splitlines()[-3:]]


def test_a_table_looks_as_keras_s_users_expect(capsys):
    dnn.summary(dnn.Sequential([dnn.Dense(51, 30), tf.nn.relu, dnn.BatchNormalization(30), dnn.Dense(30, 2)]))
    assert capsys.readouterr().out.splitlines() == [
        'Model: "Sequential"',
        "Layer (type)            Output Shape  Param #",
        "---------------------------------------------",
        "0 (Dense)               (None, 30)      1,560",
        "1 (relu)                (None, 30)          0",
        "2 (BatchNormalization)  (None, 30)        120",
        "3 (Dense)               (None, 2)          62",
        "---------------------------------------------",
        "Total params: 1,742 (6.80 KB)",
        "Trainable params: 1,682 (6.57 KB)",
        "Non-trainable params: 60 (240.00 B)",
    ]


class WideAndDeep(tf.Module):
    """A user's own model: layers in attributes, one of them twice, a frozen variable, and a layer of the user's own."""

    def __init__(self):
        super().__init__()
        self.wide = dnn.Dense(3, 2)
        self.deep = dnn.mlp([3, 4, 2])
        self.again = [self.wide]
        self.scale = tf.Variable([1.0, 2.0], trainable=False)

    def __call__(self, x):
        return (self.wide(x) + self.deep(x)) * self.scale


def test_any_module_has_a_row_for_each_module_in_it_and_counts_each_variable_once():
    assert cells_of(WideAndDeep()) == [
        ["wide (Dense)", "(None, 2)", "8"],
        ["deep (Sequential)", "(None, 2)", "26"],
        ["again[0] (Dense)", "(None, 2)", "0 (8 shared)"],
        ["WideAndDeep itself", "?", "2"],
    ]
    assert [line.partition(" (")[0] for line in lines_of(WideAndDeep())[-3:]] == [
        "Total params: 36",
        "Trainable params: 34",
        "Non-trainable params: 2",
    ]


class Row(tf.Module):
    """A layer that does not tell the width it takes, and needs AutoGraph."""

    def __call__(self, x):
        if tf.reduce_sum(x) > 0:
            x = -x
        return x[:, :2]


@pytest.mark.parametrize(
    "inputs", [[[1, 2, 3]], tf.TensorSpec([None, 3]), tf.zeros([7, 3], tf.float64)], ids=["list", "spec", "tensor"]
)
def test_the_output_shapes_are_found_from_the_shape_of_inputs(inputs):
    assert cells_of(WideAndDeep(), inputs)[-1] == ["WideAndDeep itself", "(None, 2)", "2"]
    model = dnn.Sequential([Row(), dnn.Dense(2, 5)])
    assert [shape for _, shape, _ in cells_of(model, inputs)] == ["(None, 2)", "(None, 5)"]


def test_without_inputs_the_first_layer_that_tells_its_width_decides():
    layers = [dnn.Dropout(0.5), dnn.LayerNormalization(3, dtype=tf.float64), dnn.Dense(3, 2, dtype=tf.float64)]
    assert [shape for _, shape, _ in cells_of(dnn.Sequential(layers))] == ["(None, 3)", "(None, 3)", "(None, 2)"]
    assert cells_of(dnn.Sequential([dnn.Sequential(layers)]))[0][1] == "(None, 2)"
    assert [shape for _, shape, _ in cells_of(dnn.Sequential([Row(), dnn.Dense(2, 5)]))] == ["?", "(None, 5)"]


def test_a_summary_changes_nothing():
    layer = dnn.BatchNormalization(3)
    before = [variable.numpy().tolist() for variable in layer.variables]
    assert cells_of(layer) == [["BatchNormalization itself", "(None, 3)", "12"]]
    assert [variable.numpy().tolist() for variable in layer.variables] == before
