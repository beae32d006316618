"""Keras's models become ours and back: equal weights, equal predictions to rounding, and a refusal for the rest."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerance import assert_near

import dnn
from dnn.interop.keras import from_keras, get_weights, set_weights, to_keras
from dnn.interop.keras_activations import ACTIVATIONS

WIDTH = 5
X = np.random.default_rng(0).normal(size=(7, WIDTH)).astype(np.float32)
FEW = settings(deadline=None, max_examples=max(5, settings().max_examples // 10))

NAMES = st.sampled_from(sorted(ACTIVATIONS))
PENALTIES = st.sampled_from(
    [None, keras.regularizers.L1(0.1), keras.regularizers.L2(0.2), keras.regularizers.L1L2(0.1)]
)
# Keras's layers draw numbers when they are made, so what makes them is drawn
KERAS_LAYERS = st.one_of(
    st.builds(
        functools.partial,
        st.just(keras.layers.Dense),
        st.just(WIDTH),
        activation=st.none() | NAMES,
        kernel_regularizer=PENALTIES,
        bias_regularizer=PENALTIES,
    ),
    st.builds(functools.partial, st.just(keras.layers.Activation), NAMES),
    st.builds(functools.partial, st.just(keras.layers.Dropout), st.floats(0, 0.9)),
    st.builds(
        functools.partial,
        st.just(keras.layers.BatchNormalization),
        epsilon=st.floats(1e-3, 1),
        center=st.booleans(),
        scale=st.booleans(),
    ),
    st.builds(
        functools.partial,
        st.just(keras.layers.LayerNormalization),
        epsilon=st.floats(1e-3, 1),
        center=st.booleans(),
        scale=st.booleans(),
    ),
    st.builds(
        functools.partial,
        st.just(keras.layers.ReLU),
        max_value=st.none() | st.just(6.0),
        negative_slope=st.sampled_from([0.0, 0.1]),
    ),
    st.builds(functools.partial, st.just(keras.layers.LeakyReLU), negative_slope=st.floats(0, 1)),
    st.builds(functools.partial, st.just(keras.layers.ELU), alpha=st.floats(0.1, 2)),
    st.builds(functools.partial, st.just(keras.layers.Softmax)),
)


def built(layers, functional):
    inputs = keras.Input([WIDTH])
    if not functional:
        model = keras.Sequential([inputs, *layers])
    else:
        outputs = inputs
        for layer in layers:
            outputs = layer(outputs)
        model = keras.Model(inputs, outputs)
    random = np.random.default_rng(1)
    model.set_weights([random.uniform(0.5, 1.5, w.shape) for w in model.get_weights()])
    return model


def assert_equal_weights(ours, keras_s):
    for one, other in zip(get_weights(ours), keras_s.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@FEW
@given(st.lists(KERAS_LAYERS, min_size=1, max_size=5), st.booleans())
def test_a_model_of_keras_becomes_ours_and_keras_s_again(makers, functional):
    keras_s = built([*(make() for make in makers), keras.layers.Dense(3)], functional)
    ours = from_keras(keras_s)
    assert_equal_weights(ours, keras_s)
    assert_near(ours(X), keras_s(X), ulps=64, absolute=1e-4)
    np.testing.assert_allclose(float(dnn.penalty(ours)), float(sum(keras_s.losses)), rtol=1e-5)
    back = to_keras(ours)
    assert_equal_weights(ours, back)
    assert_near(back(X), keras_s(X), ulps=4, absolute=1e-6)
    assert [float(loss) for loss in back.losses] == [float(loss) for loss in keras_s.losses]


@pytest.mark.parametrize("last", [keras.layers.Dense(3, activation="softmax"), keras.layers.Activation("sigmoid")])
def test_a_last_softmax_is_dropped_or_kept_and_somebody_must_say_which(last):
    keras_s = built([keras.layers.Dense(3), last], functional=False)
    with pytest.raises(ValueError, match="ends with a s.*: logits=True drops it.*; logits=False keeps it"):
        from_keras(keras_s)
    probabilities = keras_s(X)
    assert_near(from_keras(keras_s, logits=False)(X), probabilities, ulps=16, absolute=1e-6)
    logits = from_keras(keras_s, logits=True)(X)
    name = "sigmoid" if isinstance(last, keras.layers.Activation) else "softmax"
    assert_near(ACTIVATIONS[name](logits), probabilities, ulps=16, absolute=1e-6)
    again = to_keras(from_keras(keras_s, logits=True), activation=name)
    assert_near(again(X), probabilities, ulps=16, absolute=1e-6)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own, when it saves
def test_a_keras_file_is_loaded_by_keras(tmp_path):
    keras_s = built([keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(2)], functional=True)
    keras_s.save(tmp_path / "model.keras")
    assert_equal_weights(from_keras(tmp_path / "model.keras"), keras_s)
    assert_equal_weights(from_keras(str(tmp_path / "model.keras")), keras_s)


def test_a_nested_and_a_shared_layer_come_over():
    shared = keras.layers.Dense(WIDTH)
    inputs = keras.Input([WIDTH])
    twice = keras.Model(inputs, shared(shared(inputs)))
    ours = from_keras(twice)
    assert ours.layers[0] is ours.layers[1]
    assert_near(ours(X), twice(X), ulps=64, absolute=1e-5)
    nested = keras.Sequential([keras.Input([WIDTH]), keras.Sequential([keras.layers.Dense(4)]), keras.layers.Dense(2)])
    assert_near(from_keras(nested)(X), nested(X), ulps=64, absolute=1e-5)
    with pytest.raises(ValueError, match="share variables"):
        to_keras(ours)


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_normalizations_activations_and_dropout_keep_the_dtype(dtype):
    kind = tf.as_dtype(dtype)
    ours = dnn.Sequential(
        [
            dnn.BatchNormalization(WIDTH, dtype=kind),
            dnn.Dense(WIDTH, 4, activation=dnn.tanh, seed=0, dtype=kind),
            functools.partial(dnn.relu, negative_slope=0.1),
            dnn.LayerNormalization(4, dtype=kind),
            dnn.Dropout(0.5),
            dnn.Dense(4, 3, seed=1, dtype=kind),
        ]
    )
    random = np.random.default_rng(1)
    set_weights(ours, [random.uniform(0.5, 1.5, weight.shape) for weight in get_weights(ours)])
    keras_s = to_keras(ours, activation="softmax")
    assert_equal_weights(ours, keras_s)
    x = tf.cast(X, kind)
    found, expected = keras_s(x).numpy().astype(np.float64), dnn.softmax(ours(x)).numpy().astype(np.float64)
    assert keras_s(x).dtype == kind
    bound = {"float64": 5e-9, "float32": 1e-5, "bfloat16": 0.05}[dtype]  # a slope of Keras is float32, 0.1 + 1e-9
    np.testing.assert_allclose(found, expected, rtol=0, atol=bound)
    assert_equal_weights(from_keras(to_keras(ours)), to_keras(ours))


def test_layers_of_several_dtypes_are_refused():
    keras_s = built([keras.layers.Dense(4, dtype="float64", name="a"), keras.layers.Dense(2, name="b")], False)
    with pytest.raises(
        ValueError, match="layer 'a' has weights of float64, and layer 'b' of float32: .* not supported"
    ):
        from_keras(keras_s)
    keras_s = built(
        [keras.layers.Dense(4, name="a"), keras.layers.LayerNormalization(dtype="float64", name="b")], False
    )
    with pytest.raises(ValueError, match="layer 'a' has weights of float32, and layer 'b' of float64"):
        from_keras(keras_s)
    ours = dnn.Sequential([dnn.Dense(WIDTH, 4, dtype=tf.float64), dnn.LayerNormalization(4)])
    with pytest.raises(ValueError, match=r"layers.0 has weights of float64, and layers.1 of float32"):
        to_keras(ours)


def test_the_softmax_of_a_layer_that_occurs_twice_is_not_dropped():
    shared, inputs = keras.layers.Dense(WIDTH, activation="softmax"), keras.Input([WIDTH])
    twice = keras.Model(inputs, shared(shared(inputs)))
    with pytest.raises(ValueError, match="a softmax in a layer that occurs twice, so only logits=False is supported"):
        from_keras(twice, logits=True)
    assert_near(from_keras(twice, logits=False)(X), twice(X), ulps=64, absolute=1e-6)


@pytest.mark.parametrize("last", [[keras.layers.Dense(3, "softmax")], [keras.layers.Dense(3), keras.layers.Softmax()]])
def test_a_softmax_before_dropout_is_one_at_the_end(last):
    keras_s = built([*last, keras.layers.Dropout(0.5)], functional=False)
    with pytest.raises(ValueError, match="ends with a softmax"):
        from_keras(keras_s)
    assert_near(from_keras(keras_s, logits=False)(X), keras_s(X), ulps=64, absolute=1e-6)
    assert_near(dnn.softmax(from_keras(keras_s, logits=True)(X)), keras_s(X), ulps=64, absolute=1e-6)


@pytest.mark.parametrize("name", ["gelu", "relu", "leaky_relu", "silu"])
def test_an_activation_of_tensorflow_is_keras_s_of_its_name(name):
    function = getattr(tf.nn, name)
    ours = dnn.Sequential([dnn.Dense(WIDTH, 3, activation=function, seed=0)])
    assert_near(to_keras(ours)(X), ours(X), ulps=64, absolute=1e-5)
    if name != "silu":  # which TensorFlow calls swish, so that Keras does not know its name
        keras_s = built([keras.layers.Dense(3, activation=function)], functional=False)
        assert_near(from_keras(keras_s)(X), keras_s(X), ulps=64, absolute=1e-5)


def branched():
    inputs = keras.Input([WIDTH])
    return keras.Model(inputs, keras.layers.Add()([keras.layers.Dense(2)(inputs), keras.layers.Dense(2)(inputs)]))


class Own(keras.Model):
    def call(self, x):
        return x


def own():
    model = Own(name="own")
    model(X)
    return model


REFUSED = {
    "branches": (branched, "has branches, and only layers one after the other"),
    "own class": (own, "own is of a class of its own"),
    "not built": (lambda: keras.Sequential([keras.layers.Dense(2)], name="s"), "s has no weights yet"),
    "layer": (lambda: built([keras.layers.GaussianNoise(0.1, name="g")], False), "layer 'g', GaussianNoise, has no"),
    "activation": (
        lambda: built([keras.layers.Dense(2, "hard_silu", name="d")], False),
        "'d', Dense: the activation 'hard_silu'",
    ),
    "activation with settings": (
        lambda: built([keras.layers.Dense(2, functools.partial(tf.nn.gelu, approximate=True), name="d")], False),
        "'d', Dense: .*functools.partial",
    ),
    "constraint": (
        lambda: built([keras.layers.Dense(2, kernel_constraint="non_neg", name="d")], False),
        "'d', Dense: kernel_constraint",
    ),
    "penalty": (
        lambda: built([keras.layers.Dense(2, kernel_regularizer=keras.regularizers.OrthogonalRegularizer())], False),
        "OrthogonalRegularizer has no twin",
    ),
    "policy": (
        lambda: built([keras.layers.Dense(2, dtype="mixed_bfloat16")], False),
        "its policy mixed_bfloat16 computes in another dtype",
    ),
    "normalization over the batch": (
        lambda: keras.Sequential([keras.Input([3, 4]), keras.layers.BatchNormalization(axis=1)]),
        "axis=1 has no twin",
    ),
}


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED)
def test_what_of_keras_has_no_twin_here_is_refused_by_its_name(make, message):
    with pytest.raises(ValueError, match=message):
        from_keras(make())


class OwnLayer(tf.Module):
    def __call__(self, x):
        return x


OURS_REFUSED = {
    "function": (lambda: dnn.Sequential([dnn.Dense(2, 2), dnn.maxout]), "layers.1, maxout, has no twin in Keras"),
    "module": (lambda: dnn.Sequential([dnn.Dense(2, 2), OwnLayer()]), "layers.1, OwnLayer, has no twin in Keras"),
    "penalty": (
        lambda: dnn.Sequential([dnn.Sequential([dnn.Dense(2, 2, kernel_regularizer=tf.nn.l2_loss)])]),
        "layers.0.layers.0: the penalty l2_loss has no twin",
    ),
    "width": (lambda: dnn.Sequential([dnn.relu]), "neither Dense nor normalization layers"),
}


@pytest.mark.parametrize(("make", "message"), OURS_REFUSED.values(), ids=OURS_REFUSED)
def test_what_of_ours_has_no_twin_in_keras_is_refused_by_its_path(make, message):
    with pytest.raises(ValueError, match=message):
        to_keras(make())


def test_other_objects_are_refused():
    with pytest.raises(TypeError, match="must be a Keras model"):
        from_keras(dnn.mlp([2, 2]))
    with pytest.raises(TypeError, match=r"must be a dnn\.Sequential"):
        to_keras(dnn.Dense(2, 2))


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_the_dtype_of_the_weights_comes_over(dtype):
    ours = dnn.mlp([WIDTH, 3, 2], dtype=tf.as_dtype(dtype))
    keras_s = to_keras(ours)
    assert {weight.dtype for weight in keras_s.weights} == {dtype}
    again = from_keras(keras_s)
    assert_equal_weights(again, keras_s)
    assert {variable.dtype.name for variable in again.variables} == {dtype}


def test_weights_of_another_shape_are_refused_and_none_is_assigned():
    model = dnn.mlp([2, 3, 2])
    before = get_weights(model)
    with pytest.raises(
        ValueError, match=r"must have the shapes of the model's variables, \[\(2, 3\), .*got \[\(2, 3\)\]"
    ):
        set_weights(model, [np.zeros((2, 3))])
    with pytest.raises(ValueError, match="must have the shapes"):
        set_weights(model, [np.zeros((2, 3)), np.zeros(3), np.zeros((3, 2)), np.zeros(3)])
    for one, other in zip(before, get_weights(model), strict=True):
        np.testing.assert_array_equal(one, other)
