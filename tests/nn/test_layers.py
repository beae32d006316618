"""Layers: against Keras's Dense with the same weights, and what a tf.Module of ours promises."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from modes import MODES
from tolerance import assert_near

from dnn.nn.activations import relu
from dnn.nn.dropout import Dropout
from dnn.nn.initializers import default_seeds_anew, glorot_uniform, he_normal
from dnn.nn.layers import Dense, Sequential, dense
from dnn.nn.losses import sparse_softmax_cross_entropy
from dnn.nn.mlp import mlp
from dnn.nn.normalization import BatchNormalization, LayerNormalization
from dnn.nn.optimizers.adam import Adam
from dnn.nn.softmax import softmax

NUMBERS = st.floats(-8, 8, width=32, allow_subnormal=False)
EPS = float(np.finfo(np.float32).eps)


@st.composite
def inputs_kernel_bias(draw):
    rows, inputs, units = (draw(st.integers(1, 5)) for _ in range(3))
    return tuple(
        draw(hnp.arrays(np.float32, shape, elements=NUMBERS)) for shape in ((rows, inputs), (inputs, units), (units,))
    )


def gradients(function, x, variables):
    """Return the value, and the gradients of Σ value² / 2 with respect to x and the variables."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
        half_square = tf.reduce_sum(value**2) / 2
    return [value, *tape.gradient(half_square, [x, *variables])]


@settings(max_examples=settings().max_examples // 2)
@given(inputs_kernel_bias(), st.sampled_from([None, relu]))
def test_dense_and_its_gradients_are_keras_s(example, activation):
    x, kernel, bias = example
    ours = Dense(*kernel.shape, activation=activation)
    ours.kernel.assign(kernel)
    ours.bias.assign(bias)
    keras_s = keras.layers.Dense(len(bias), activation=activation and "relu")
    keras_s.build(x.shape)
    keras_s.set_weights([kernel, bias])
    expected = gradients(keras_s, x, [keras_s.kernel.value, keras_s.bias.value])
    for actual, keras_value in zip(gradients(ours, x, [ours.kernel, ours.bias]), expected, strict=True):
        assert_near(actual, keras_value, ulps=16, absolute=8**4 * EPS)


@given(inputs_kernel_bias())
def test_dense_is_the_matrix_product_plus_bias_in_float64(example):
    x, kernel, bias = (array.astype(np.float64) for array in example)
    expected = np.array([[sum(a * b for a, b in zip(row, column, strict=True)) for column in kernel.T] for row in x])
    assert_near(dense(x, kernel, bias), expected + bias, dtype=np.float64, absolute=1e-13)


def test_the_activation_is_any_function():
    layer = Dense(2, 3, activation=lambda sums: sums * 0 + 5)
    np.testing.assert_array_equal(layer(np.ones((4, 2), np.float32)), np.full((4, 3), 5))


@pytest.mark.parametrize("activation", ["relu", 3])
def test_a_string_is_not_an_activation(activation):
    with pytest.raises(TypeError, match=f"activation must be a function, got {activation!r}"):
        Dense(2, 3, activation=activation)


@pytest.mark.parametrize(("inputs", "units"), [(0, 2), (2, 0), (-1, 3)])
def test_sizes_must_be_positive(inputs, units):
    name, size = ("units", units) if inputs > 0 else ("inputs", inputs)
    with pytest.raises(ValueError, match=f"{name} must be positive, got {size}"):
        Dense(inputs, units)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dense(6, "8"), "units must be an integer, got '8'"),
        (lambda: Dense(6.0, 8), "inputs must be an integer, got 6.0"),
        (lambda: Dense(8, tf.nn.relu), "units must be an integer, got <function relu"),
        (lambda: Dense(True, 8), "inputs must be an integer, got True"),
        (lambda: mlp([4, 5.0, 3]), r"sizes\[1\] must be an integer, got 5.0"),
        (lambda: Dense(2, 3, kernel_initializer="he_normal"), "kernel_initializer must be a function, got 'he_normal'"),
        (lambda: Dense(2, 3, bias_initializer=None), "bias_initializer must be a function, got None"),
    ],
)
def test_arguments_of_another_type_are_refused_by_name(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def test_sizes_may_be_numpy_s_integers():
    assert Dense(np.int64(2), np.int32(3)).kernel.shape == (2, 3)


@pytest.mark.parametrize("sizes", [[], [3]])
def test_an_mlp_has_an_input_and_an_output_width(sizes):
    with pytest.raises(ValueError, match="sizes must hold the input and the output width"):
        mlp(sizes)


def test_every_variable_is_made_in_the_constructor():
    model = mlp([4, 3, 2])
    shapes = sorted(tuple(v.shape) for v in model.trainable_variables)
    assert shapes == [(2,), (3,), (3, 2), (4, 3)]
    before = [id(v) for v in model.variables]
    model(np.zeros((1, 4), np.float32))
    assert [id(v) for v in model.variables] == before


@settings(max_examples=settings().max_examples // 3)
@given(st.lists(st.integers(1, 6), min_size=2, max_size=5), st.integers(0, 1000))
def test_each_layer_of_an_mlp_draws_from_the_pair_of_seed_and_index(sizes, seed):
    model = mlp(sizes, seed=seed)
    for i, layer in enumerate(model.layers):
        np.testing.assert_array_equal(layer.kernel, glorot_uniform((sizes[i], sizes[i + 1]), (seed, i)))
        np.testing.assert_array_equal(layer.bias, np.zeros(sizes[i + 1]))


def test_an_mlp_has_the_activation_between_its_layers_and_not_after_the_last():
    model = mlp([3, 5, 4, 2], seed=1)
    x = np.linspace(-2, 2, 12).reshape(4, 3)
    hidden = x
    for layer in model.layers[:-1]:
        hidden = np.maximum(hidden @ layer.kernel.numpy() + layer.bias.numpy(), 0)
    expected = hidden @ model.layers[-1].kernel.numpy() + model.layers[-1].bias.numpy()
    assert (expected < 0).any()  # or the test would not see a relu at the end
    assert_near(model(x.astype(np.float32)), expected, absolute=1e-6)


def test_sequential_calls_any_functions_in_their_order():
    model = Sequential([Dense(2, 2), lambda x: x + 1, softmax])
    x = np.ones((3, 2), np.float32)
    np.testing.assert_array_equal(model(x), softmax(model.layers[0](x) + 1))
    np.testing.assert_array_equal(Sequential([])(x), x)


def test_the_kernel_initializer_is_any_function_of_shape_seed_and_dtype():
    np.testing.assert_array_equal(Dense(3, 2, kernel_initializer=he_normal, seed=4).kernel, he_normal((3, 2), 4))


@pytest.mark.parametrize("mode", MODES)
def test_a_float64_network_computes_in_float64_in_every_mode(mode):
    model = mlp([3, 4, 2], dtype=tf.float64, seed=0)
    x = np.linspace(-1, 1, 6).reshape(2, 3)
    logits = MODES[mode](model.__call__)(x)
    assert logits.dtype == tf.float64
    assert_near(logits, model(x), dtype=np.float64, ulps=16)


def test_a_checkpoint_brings_back_model_and_optimizer_exactly(tmp_path):
    x, y = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32), np.arange(8) % 2

    def made(seed):
        model = mlp([3, 4, 2], seed=seed)
        return model, Adam(model.trainable_variables, learning_rate=0.1 / (seed + 1))

    def step(model, optimizer):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(sparse_softmax_cross_entropy(y, model(x)))
        optimizer.apply(tape.gradient(loss, optimizer.parameters))

    def state(model, optimizer):
        return [v.numpy() for v in (*model.variables, *optimizer.variables)]

    saved = made(seed=0)
    for _ in range(3):
        step(*saved)
    path = tf.train.Checkpoint(model=saved[0], optimizer=saved[1]).write(str(tmp_path / "checkpoint"))
    other = made(seed=1)
    tf.train.Checkpoint(model=other[0], optimizer=other[1]).read(path).assert_consumed()
    for pair in (saved, other):
        step(*pair)
    assert len(state(*saved)) == 4 + (4 + 2 * 4 + 2)  # weights; weights again, m and v of each, t, learning_rate
    for expected, actual in zip(state(*saved), state(*other), strict=True):
        np.testing.assert_array_equal(actual, expected)


def test_a_wrong_width_is_refused_by_name():
    with pytest.raises(ValueError, match=r"x must be \[..., 3\], got shape \(5, 4\)"):
        Dense(3, 2)(np.ones((5, 4), np.float32))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones((5, 3), np.int32), "x must be floats, got int32"),
        (np.ones((5, 3), str), "x must be floats, got string"),
        (np.ones((5, 3)), "x must be float32, as the kernel is, got float64"),
        (tf.ones((5, 3), tf.bfloat16), "x must be float32, as the kernel is, got bfloat16"),
        (np.ones(3, np.float32), r"x must be \[batch, 3\], got shape \(3,\)"),
    ],
)
def test_x_of_another_dtype_or_rank_is_refused_by_name(x, message):
    """TensorFlow multiplies bfloat16 x with a float32 kernel, by an operation for sparse matrices."""
    with pytest.raises((TypeError, ValueError), match=message):
        Dense(3, 2)(x)


def test_checks_leave_nothing_in_the_graph():
    graph = tf.function(Dense(3, 2), autograph=False).get_concrete_function(tf.TensorSpec([None, 3])).graph
    computed = [operation.type for operation in graph.get_operations()]
    assert sorted({*computed} - {"Placeholder", "ReadVariableOp", "Identity", "NoOp"}) == ["AddV2", "MatMul"]
    assert computed.count("AddV2") == computed.count("MatMul") == 1


@pytest.mark.parametrize("name", ["kernel_regularizer", "bias_regularizer"])
def test_a_string_is_not_a_regularizer(name):
    with pytest.raises(TypeError, match=f"{name} must be a function, got 'l2'"):
        Dense(2, 3, **{name: "l2"})


def test_a_layer_that_cannot_be_called_is_refused_by_its_index():
    with pytest.raises(TypeError, match=r"layers\[1\] must be a function, got 'relu'"):
        Sequential([Dense(2, 2), "relu"])


def test_a_network_of_all_layers_takes_new_keys_without_a_second_trace_and_comes_back_from_a_checkpoint(tmp_path):
    def made():
        return Sequential(
            [Dense(3, 4, activation=relu), BatchNormalization(4), Dropout(0.5), LayerNormalization(4), Dense(4, 2)]
        )

    model, x = made(), np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    step = tf.function(lambda x, key: model(x, training=key), autograph=False)
    outputs = [step(x, tf.constant([0, 1, i])).numpy() for i in range(3)]
    assert not np.array_equal(outputs[0], outputs[1])
    assert step.experimental_get_tracing_count() == 1
    path = tf.train.Checkpoint(model=model).write(str(tmp_path / "checkpoint"))
    other = made()
    tf.train.Checkpoint(model=other).read(path).assert_consumed()
    np.testing.assert_array_equal(other(x), model(x))


def test_layers_and_models_made_by_defaults_begin_with_other_weights():
    layers = [Dense(3, 4), Dense(3, 4), mlp([3, 4]).layers[0], mlp([3, 4]).layers[0], Dense(3, 4, seed=0)]
    kernels = {layer.kernel.numpy().tobytes() for layer in layers}
    assert len(kernels) == len(layers)


def test_the_same_program_draws_the_same_default_weights_again():
    def program():
        return [Dense(3, 4).kernel.numpy().tobytes(), mlp([3, 4, 2]).layers[1].kernel.numpy().tobytes()]

    with default_seeds_anew():
        first = program()
        assert program() != first
    with default_seeds_anew():
        assert program() == first
