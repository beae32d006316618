"""What a module contains: its variables in Keras's order, and the tree that its repr shows."""

import copy
import functools
import pickle

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from modes import THOROUGH
from tolerance import assert_near

import dnn
from dnn.nn.layers import Dense, Sequential
from dnn.nn.modules import function_name, named_parts, variable_paths, weights
from dnn.nn.normalization import BatchNormalization, LayerNormalization


def twin_layers(kind: str, width: int):
    """(ours, Keras's, the width of what they return)."""
    if kind == "dense":
        return Sequential([Dense(width, width + 1)]), keras.layers.Dense(width + 1), width + 1
    if kind == "row":
        return LayerNormalization(width), keras.layers.LayerNormalization(), width
    scale = kind == "batch"
    return BatchNormalization(width, scale=scale), keras.layers.BatchNormalization(scale=scale), width


@settings(max_examples=settings().max_examples // 5)
@given(st.permutations(["dense", "batch", "batch without scale", "row"]))
def test_weights_are_in_the_order_of_keras_s_get_weights(kinds):
    """Keras's weights are filled with values that tell their order, and ours by that order: the outputs are equal."""
    ours, keras_s, width = [Dense(3, 2)], [keras.layers.Dense(2)], 2
    for kind in kinds:
        layer, keras_layer, width = twin_layers(kind, width)
        ours, keras_s = [*ours, layer], [*keras_s, keras_layer]
    model = Sequential(ours)
    x = twin = np.float32([[1, 2, 4], [3, -1, 0.5]])
    for layer in keras_s:
        layer.build(twin.shape)
        layer.set_weights([np.linspace(1, 1 + i, w.size).reshape(w.shape) for i, w in enumerate(layer.get_weights())])
        twin = layer(twin)
    values = [w for layer in keras_s for w in layer.get_weights()]
    assert [tuple(v.shape) for v in weights(model)] == [w.shape for w in values]
    for variable, value in zip(weights(model), values, strict=True):
        variable.assign(value)
    assert_near(model(x), twin, ulps=64, absolute=1e-4)


def test_weights_are_the_variables_of_the_model_each_once():
    shared = Dense(2, 2)
    model = Sequential([shared, tf.nn.relu, BatchNormalization(2), shared])
    assert {id(v) for v in weights(model)} == {id(v) for v in model.variables}
    names = ["0/kernel", "0/bias", "2/gamma", "2/beta", "2/moving_mean", "2/moving_variance"]
    assert [v.name for v in weights(model)] == [f"layers/{name}:0" for name in names]


def test_of_a_module_s_own_variables_the_trainable_ones_come_first_as_in_keras():
    class Counted(tf.Module):
        def __init__(self):
            self.count = tf.Variable(0.0, trainable=False)
            self.weight = tf.Variable(1.0)

    class KerasCounted(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.count = self.add_weight(trainable=False, initializer="zeros")
            self.weight = self.add_weight(initializer="ones")

    assert [float(variable) for variable in weights(Counted())] == KerasCounted().get_weights() == [1, 0]


class WideAndDeep(tf.Module):
    """A user's own model, with variables, layers and functions in attributes of every kind."""

    def __init__(self):
        super().__init__()
        self.wide = Dense(3, 2)
        self.blocks = [Sequential([Dense(3, 4, activation=tf.nn.relu), Dense(4, 2)]), tf.nn.relu]
        self.scales = {"b": tf.Variable([1.0, 2.0], trainable=False), "a": tf.Variable(3.0)}
        self.owner = self

    def __call__(self, x):
        return self.wide(x) * self.scales["b"] + self.blocks[0](x) * self.scales["a"]


def test_the_parts_of_a_module_have_the_names_by_which_one_reaches_them():
    model = WideAndDeep()
    parts = {name: part for name, part in named_parts(model) if isinstance(part, tf.Module | tf.Variable)}
    assert list(parts) == ["wide", "blocks[0]", "scales['a']", "scales['b']", "owner"]
    for name, part in parts.items():
        assert eval(f"model.{name}") is part


def test_a_layer_shows_its_sizes_functions_dtype_and_parameters_in_one_line():
    regularized = Dense(3, 1, kernel_regularizer=dnn.L2(0.5), bias_regularizer=tf.reduce_sum, dtype=tf.float64)
    shown = {
        Dense(51, 30, activation=dnn.relu): "Dense(51 -> 30, activation=relu, float32, 1,560 parameters)",
        regularized: "Dense(3 -> 1, kernel_regularizer=L2(l2=0.5), bias_regularizer=reduce_sum, float64, 4 parameters)",
        dnn.Dropout(0.5): "Dropout(rate=0.5)",
        dnn.Dropout(0.25, seed=7): "Dropout(rate=0.25, seed=7)",
        LayerNormalization(1, center=False): "LayerNormalization(1, epsilon=0.001, center=False, float32, 1 parameter)",
        LayerNormalization(
            4, center=False, scale=False
        ): "LayerNormalization(4, epsilon=0.001, scale=False, center=False)",
        BatchNormalization(4, momentum=0.9, dtype=tf.bfloat16): (
            "BatchNormalization(4, momentum=0.9, epsilon=0.001, bfloat16, float32, 16 parameters)"
        ),
        dnn.L1(): "L1(l1=0.01)",
        dnn.L1L2(l2=1.0): "L1L2(l1=0.0, l2=1.0)",
    }
    for layer, line in shown.items():
        assert repr(layer) == line


def test_a_network_shows_its_tree_with_modules_of_the_user_in_it():
    """Shared variables count once in a sum. The module contains itself, which ends the tree there."""
    shared = Dense(2, 2)
    assert repr(Sequential([WideAndDeep(), tf.nn.relu, shared, shared])).splitlines() == [
        "Sequential(4 layers, float32, 43 parameters)",
        "  (0) WideAndDeep(float32, 37 parameters)",
        "    (wide) Dense(3 -> 2, float32, 8 parameters)",
        "    (blocks[0]) Sequential(2 layers, float32, 26 parameters)",
        "      (0) Dense(3 -> 4, activation=relu, float32, 16 parameters)",
        "      (1) Dense(4 -> 2, float32, 10 parameters)",
        "    (scales['a']) Variable((), float32)",
        "    (scales['b']) Variable((2,), float32, not trainable)",
        "    (owner) ...",
        "  (1) relu",
        "  (2) Dense(2 -> 2, float32, 6 parameters)",
        "  (3) Dense(2 -> 2, float32, 6 parameters)",
    ]
    assert repr(Sequential([])) == "Sequential(0 layers)"


def test_a_network_is_shown_in_ascii_on_any_console_and_while_it_is_traced():
    model = dnn.mlp([3, 4, 2])
    repr(model).encode("ascii")
    shown = []
    traced = tf.function(lambda x: shown.append(repr(model)) or model(x), autograph=False)
    traced.get_concrete_function(tf.TensorSpec([None, 3]))
    assert shown == [repr(model)]


class Scaled:
    """A callable object without a name and without a repr of its own."""

    def __call__(self, x):
        return 2 * x


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (dnn.relu, "relu"),
        (tf.nn.relu, "relu"),
        (functools.partial(dnn.gelu, approximate=True), "gelu(approximate=True)"),
        (functools.partial(dnn.leaky_relu, negative_slope=0.1), "leaky_relu(negative_slope=0.1)"),
        (lambda x: x, "<lambda>"),
        (Scaled(), "Scaled"),
        (dnn.L2(0.5), "L2(l2=0.5)"),
        (dnn.Dense(1, 1), "Dense"),
    ],
)
def test_a_function_is_shown_by_its_name(function, name):
    assert function_name(function) == name


def test_a_variable_without_a_fixed_shape_does_not_stop_a_repr():
    layer = WideAndDeep()
    layer.scales = tf.Variable(1.0, shape=tf.TensorShape(None))
    assert "(scales) Variable(<unknown>, float32)" in repr(Sequential([layer]))


class Holding(tf.Module):
    """A module that holds itself, a shared layer, and variables in every kind of container."""

    def __init__(self):
        super().__init__()
        self.me, self.layer = self, dnn.Dense(2, 3)
        self.parts = {"a": [self.layer, tf.Variable(1.0)], "b": (tf.Variable(2.0), {"me": self})}


def test_a_module_that_contains_itself_has_weights_and_paths():
    model = Holding()
    assert {id(v) for v in weights(model)} == {id(v) for v in model.variables}
    assert len(weights(model)) == 4
    paths = variable_paths(model)
    assert set(paths) == {"layer/kernel", "layer/bias", "parts/a/0/kernel", "parts/a/0/bias", "parts/a/1", "parts/b/0"}
    assert paths["layer/kernel"] is paths["parts/a/0/kernel"]


def test_two_variables_of_one_path_are_refused():
    model = Holding()
    model.more = {"x/y": tf.Variable(0.0), "x": {"y": tf.Variable(0.0)}}
    with pytest.raises(ValueError, match="two variables have the path 'more/x/y'"):
        variable_paths(model)


COPIES = {"pickle": lambda value: pickle.loads(pickle.dumps(value)), "deepcopy": copy.deepcopy}


@pytest.mark.parametrize("copied", COPIES.values() if THOROUGH else [COPIES["pickle"]])
def test_a_model_and_its_optimizer_are_copied_together_and_train_alike(copied):
    layers = [dnn.Dense(3, 4, activation=dnn.relu, kernel_regularizer=dnn.L2(0.1)), dnn.BatchNormalization(4)]
    model = dnn.Sequential([*layers, dnn.Dropout(0.5), dnn.LayerNormalization(4), tf.nn.relu, dnn.Dense(4, 2)])
    adam = dnn.Adam(model.trainable_variables, dnn.CosineDecay(0.1, 9))
    pair = model, dnn.ClipGradients(adam, clipnorm=1.0)
    random = np.random.default_rng(0)
    data = random.normal(size=(20, 3)).astype(np.float32), random.integers(0, 2, 20)

    def fitted(model, optimizer):
        dnn.fit(model, data, loss=dnn.sparse_softmax_cross_entropy, optimizer=optimizer, batch_size=8)
        return [variable.numpy().tobytes() for variable in model.variables]

    fitted(*pair)
    other = copied(pair)
    assert {id(v) for v in other[1].parameters} == {id(v) for v in other[0].trainable_variables}
    assert [v.trainable for v in other[0].variables] == [v.trainable for v in model.variables]
    assert dnn.predict(other[0], data[0]).tobytes() == dnn.predict(model, data[0]).tobytes()
    before = dnn.predict(model, data[0])
    weights_of_the_copy = fitted(*other)
    assert np.array_equal(dnn.predict(model, data[0]), before)
    assert weights_of_the_copy == fitted(*pair)
