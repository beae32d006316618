"""`mlp` with options is Keras's model of the same layers; and a Dense without a bias is taken for what it is."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import dnn
from dnn.interop.keras import from_keras, to_keras
from dnn.nn.model_file import load_model, save_model

X = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
Y = (X.sum(axis=1) > 0).astype(np.int32)


def no_bias():
    return dnn.Sequential([dnn.Dense(4, 8, activation=dnn.relu, use_bias=False, seed=1), dnn.Dense(8, 2, seed=2)])


def test_normalized_residual_and_activated_at_the_end_it_is_keras_s_model():
    model = dnn.mlp([4, 6, 6, 3], normalization=dnn.LayerNormalization, residual=True, activate_final=True, seed=1)
    inputs = x = keras.Input([4])
    for width, adds in ((6, False), (6, True), (3, False)):
        units = keras.layers.Dense(width)(x)
        units = keras.layers.ReLU()(keras.layers.LayerNormalization()(units))
        x = keras.layers.Add()([x, units]) if adds else units
    theirs = keras.Model(inputs, x)
    theirs.set_weights(dnn.get_weights(model))
    np.testing.assert_allclose(model(X), theirs(X), rtol=1e-5, atol=1e-5)
    assert np.min(model(X)) >= 0


def test_its_initializers_are_those_of_each_layer_and_dropout_follows_each_but_the_last():
    model = dnn.mlp(
        [4, 5, 2], dropout=0.5, kernel_initializer=dnn.he_normal, bias_initializer=dnn.constant(0.5), seed=3
    )
    np.testing.assert_array_equal(model.layers[2].kernel, dnn.he_normal((5, 2), (3, 1)))
    assert [variable.numpy().min() for variable in dnn.weights(model) if variable.shape.rank == 1] == [0.5, 0.5]
    assert [type(layer).__name__ for layer in model.layers] == ["Dense", "Dropout", "Dense"]


@pytest.mark.parametrize("wrong", [{"normalization": "batch"}, {"activation": None}])
def test_what_cannot_be_called_is_refused(wrong):
    with pytest.raises(TypeError, match=f"{next(iter(wrong))} must be a function"):
        dnn.mlp([4, 3, 2], **wrong)


def test_without_a_bias_it_is_the_product_and_keras_s_and_comes_back_from_a_file(tmp_path):
    model = no_bias()
    np.testing.assert_allclose(model.layers[0](X), np.maximum(X @ model.layers[0].kernel.numpy(), 0), atol=1e-6)
    keras_s = to_keras(model)
    assert [layer.use_bias for layer in keras_s.layers if hasattr(layer, "use_bias")] == [False, True]
    save_model(model, tmp_path / "model")
    for other in (from_keras(keras_s), load_model(tmp_path / "model")):
        assert [layer.bias is None for layer in other.layers if isinstance(layer, dnn.Dense)] == [True, False]
        np.testing.assert_array_equal(other(X), model(X))
    with pytest.raises(ValueError, match="bias_regularizer is given, and with use_bias=False there is no bias"):
        dnn.Dense(4, 2, use_bias=False, bias_regularizer=dnn.L2(0.1))


def test_no_fast_path_takes_it_for_one_with_a_bias():
    with pytest.raises(ValueError, match=r"layers\[0\] has no bias, and the kernel adds one to every layer"):
        dnn.MlpAdam(no_bias())
    weights = []
    for jit_compile in ("auto", False):  # "auto" would let the kernel take over
        model = no_bias()
        optimizer = dnn.Adam(model.trainable_variables, 0.01)
        arguments = {"loss": dnn.sparse_softmax_cross_entropy, "optimizer": optimizer, "batch_size": 20, "epochs": 2}
        dnn.fit(model, (X, Y), jit_compile=jit_compile, **arguments)
        weights.append(np.concatenate([v.numpy().ravel() for v in dnn.weights(model)]))
    np.testing.assert_allclose(*weights, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(dnn.predict(model, X[:3]), model(X[:3]), rtol=1e-5, atol=1e-6)  # of few rows
    page = dnn.explain(model, X[:5], Y[:5], optimizer=optimizer)
    assert "layers/0/kernel" in page.html
    assert "layers/0/bias" not in page.html


def test_an_ensemble_of_them_is_its_members():
    networks = [
        dnn.Sequential([dnn.GLU(4, 3, use_bias=False, seed=s), dnn.PReLU(3), dnn.Dense(3, 2, seed=s)]) for s in (1, 2)
    ]
    np.testing.assert_allclose(dnn.Ensemble(networks).member_logits(X)[1], networks[1](X), rtol=1e-5, atol=1e-6)


def test_variables_have_the_names_of_their_places_in_models_graphs_and_errors(tmp_path):
    model = dnn.Sequential([dnn.mlp([4, 3, 3], residual=False, seed=0), dnn.Residual(dnn.Dense(3, 3)), dnn.Dense(3, 2)])
    assert [v.name for v in dnn.weights(model)][::2] == [
        "layers/0/layers/0/kernel:0",
        "layers/0/layers/1/kernel:0",
        "layers/1/inner/kernel:0",
        "layers/2/kernel:0",
    ]
    with pytest.raises(ValueError, match="does not depend on the parameter layers/2/bias:0 of shape"):
        dnn.SGD([model.layers[-1].bias]).apply([None])
    shared = model.layers[-1]
    assert dnn.Sequential([dnn.Dense(2, 3), shared, dnn.relu]).layers[1].kernel.name == "layers/1/kernel:0"
    tf.saved_model.save(model, str(tmp_path / "saved"))  # two variables of one name are two
    checkpoint = tf.train.Checkpoint(model=model)
    checkpoint.restore(checkpoint.save(str(tmp_path / "c"))).assert_consumed()


def test_a_key_is_the_one_that_a_fit_gives_in_this_step():
    class Noting(tf.Module):
        def __init__(self):
            super().__init__()
            self.dense, self.keys = dnn.Dense(4, 2, seed=0), tf.Variable(tf.zeros([6, 3], tf.int32), trainable=False)

        def __call__(self, x, training=None):
            if training is not None:
                self.keys.assign(tf.concat([self.keys[1:], [training]], axis=0))
            return self.dense(x)

    model, seed = Noting(), 2**31 + 5
    optimizer = dnn.SGD(model.trainable_variables)
    arguments = {"loss": dnn.sparse_softmax_cross_entropy, "optimizer": optimizer, "jit_compile": False}
    dnn.fit(model, (X, Y), batch_size=15, epochs=2, seed=seed, **arguments)
    expected = [dnn.key(seed, epoch, step) for epoch in (1, 2) for step in range(3)]
    np.testing.assert_array_equal(model.keys, expected)
    with pytest.raises(ValueError, match="epoch must be an integer of 1 or more, got 0"):
        dnn.key(0, 0, 0)
