"""Gated linear units, PReLU and root mean square normalization: beside Keras, PyTorch's formulas and float64."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import dnn
from dnn.interop.keras import from_keras, to_keras
from dnn.nn.model_file import load_model, save_model

X = np.random.default_rng(0).normal(size=(9, 6))
ERF = keras.ops.erf
GATES = {  # torch.nn.functional.sigmoid, relu, gelu and silu, from their documentation
    "glu": lambda b: 1 / (1 + np.exp(-b)),
    "reglu": lambda b: np.maximum(b, 0),
    "geglu": lambda b: b * (1 + np.asarray(ERF(b / np.sqrt(2)))) / 2,
    "swiglu": lambda b: b / (1 + np.exp(-b)),
}
KINDS = {"glu": dnn.sigmoid, "reglu": dnn.relu, "geglu": dnn.gelu, "swiglu": dnn.silu}


@pytest.mark.parametrize("name", GATES)
def test_a_gated_unit_is_the_first_half_by_the_gate_of_the_second(name):
    function, expected = getattr(dnn, name), X[:, :3] * GATES[name](X[:, 3:])
    np.testing.assert_allclose(function(X), expected, rtol=1e-12, atol=1e-15)
    layer = dnn.GLU(6, 3, activation=KINDS[name], bias_initializer=dnn.constant(0.5), dtype=tf.float64)
    assert np.min(np.abs(layer.value.kernel - layer.gate.kernel)) > 0  # drawn apart
    joined = np.concatenate([layer.value.kernel, layer.gate.kernel], axis=1)
    np.testing.assert_allclose(layer(X), function(X @ joined + 0.5), rtol=1e-12, atol=1e-15)
    if name == "glu":
        np.testing.assert_allclose(function(X), keras.activations.glu(X), rtol=1e-12)


def test_an_odd_row_has_no_halves():
    with pytest.raises(ValueError, match=r"x must be \[..., 2 · units\], .*, got shape \(9, 5\)"):
        dnn.swiglu(X[:, :5])


def test_they_come_back_from_a_file_and_go_to_keras_and_back(tmp_path):
    chain = [dnn.RMSNormalization(6), dnn.Dense(6, 4), dnn.PReLU(4, initial=0.3), dnn.Dense(4, 2), dnn.mish]
    model, x = dnn.Sequential(chain), X.astype(np.float32)
    keras_s = to_keras(model)
    np.testing.assert_allclose(keras_s(x), model(x), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(from_keras(keras_s)(x), model(x))
    model = dnn.Sequential([dnn.GLU(6, 6, activation=dnn.silu, use_bias=False), *chain, dnn.swiglu])
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert repr(loaded) == repr(model)
    np.testing.assert_array_equal(loaded(x), model(x))


def test_the_slope_of_prelu_is_learnt_and_infinities_do_not_spoil_its_gradient():
    layer = dnn.PReLU(3)
    with tf.GradientTape() as tape:
        x = tf.constant([[-2.0, np.inf, 0.0]])
        tape.watch(x)
        y = layer(x)
    by_x, by_alpha = tape.gradient(y, [x, layer.alpha])
    assert y.numpy().tolist() == [[-0.5, np.inf, 0.0]]
    assert by_x.numpy().tolist() == [[0.25, 1.0, 0.25]]
    assert by_alpha.numpy().tolist() == [-2.0, 0.0, 0.0]
