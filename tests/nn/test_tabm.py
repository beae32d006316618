"""TabM: the formulas in NumPy, member by member, and the first values of the authors' package."""

import numpy as np
import pytest
import tensorflow as tf

import dnn

X = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)


def by_hand(model, x, member):
    """One member in float64, as the paper writes it."""
    h = x.astype(np.float64)
    for layer in model.layers:
        r, s = (1 if factor is None else factor[member].numpy() for factor in (layer.r, layer.s))
        bias = layer.bias[member] if layer.bias.shape.rank == 2 else layer.bias
        h = np.maximum(((h * r) @ layer.kernel.numpy().astype(np.float64)) * s + bias, 0)
    return h @ model.head_kernels[member].numpy().astype(np.float64) + model.head_biases[member].numpy()


@pytest.mark.parametrize("adapters", ["every", "first"])
def test_each_member_is_the_paper_s_formula(adapters):
    model = dnn.TabM([4, 6, 6, 3], k=3, adapters=adapters, seed=1)
    rng = np.random.default_rng(2)
    for variable in model.variables:
        variable.assign(variable + rng.normal(size=variable.shape, scale=0.3))
    logits = model.member_logits(X)
    for member in range(3):
        np.testing.assert_allclose(logits[member], by_hand(model, X, member), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(model(X), dnn.log_mean_softmax(logits), rtol=1e-6)


def test_mini_has_one_adapter_and_the_first_values_are_those_of_the_authors():
    every, first = (dnn.TabM([40, 50, 50, 2], k=8, adapters=which, seed=0) for which in ("every", "first"))
    assert [layer.s is None and layer.bias.shape.rank == 1 for layer in first.layers] == [True, True]
    assert [layer.r is None for layer in first.layers] == [False, True]
    assert abs(float(tf.math.reduce_std(every.layers[0].r)) - 1) < 0.2
    np.testing.assert_array_equal(every.layers[1].r, 1)
    np.testing.assert_array_equal(every.layers[0].s, 1)
    np.testing.assert_array_equal(every.layers[0].bias, tf.tile(every.layers[0].bias[:1], [8, 1]))
    assert float(tf.reduce_max(tf.abs(every.layers[0].kernel))) <= 1 / np.sqrt(40)
    assert float(tf.reduce_max(tf.abs(every.head_kernels))) <= 1 / np.sqrt(50)


def test_members_drop_independently():
    model = dnn.TabM([4, 400, 2], k=2, dropout=0.5, seed=0)
    hidden = model.dropout(tf.ones([2, 5, 400]), training=tf.constant([1, 2, 3])).numpy()
    assert abs((hidden[0] == hidden[1]).mean() - 0.5) < 0.1


def test_what_it_cannot_be_made_of_is_refused():
    with pytest.raises(ValueError, match="adapters must be 'every' or 'first', got 'mini'"):
        dnn.TabM([4, 3, 2], adapters="mini")
    with pytest.raises(ValueError, match="sizes must hold"):
        dnn.TabM([4])
    with pytest.raises(ValueError, match="k must be an integer of 2 or more"):
        dnn.TabM([4, 3, 2], k=1)


def test_without_a_hidden_layer_only_the_heads_are_left():
    model = dnn.TabM([4, 2], k=2, seed=0)
    np.testing.assert_allclose(model.member_logits(X)[1], by_hand(model, X, 1), rtol=1e-5, atol=1e-6)
