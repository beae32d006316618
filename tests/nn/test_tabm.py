"""TabM: the formulas in NumPy, member by member, and the first values of the authors' package."""

import json

import numpy as np
import pytest
import tensorflow as tf

import dnn
from scripts.tabm_figures import ARCHITECTURES, FIGURES
from scripts.tabm_figures import figures as tabm_figures

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


def test_embeddings_come_before_the_members_and_are_theirs_together():
    embeddings = dnn.PeriodicEmbeddings(4, 3, frequency_scale=0.5, seed=1)
    model, plain = dnn.TabM([12, 6, 2], k=3, embeddings=embeddings, seed=0), dnn.TabM([12, 6, 2], k=3, seed=0)
    np.testing.assert_array_equal(model.member_logits(X), plain.member_logits(embeddings(X)))
    assert len(model.trainable_variables) == len(plain.trainable_variables) + 3
    assert repr(model).splitlines()[1].startswith("  (embeddings) PeriodicEmbeddings(4 -> 4 · 3")


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


def peer_variables(model):
    """The variables by the names of the package, each with whether its matrix is transposed there."""
    named = {"output.weight": (model.head_kernels, False), "output.bias": (model.head_biases, False)}
    for i, layer in enumerate(model.layers):
        block = f"backbone.blocks.{i}.0"
        named |= {f"{block}.weight": (layer.kernel, True), f"{block}.bias": (layer.bias, False)}
        if layer.r is not None:
            mini = layer.s is None
            named["backbone.affine.weight" if mini else f"{block}.r"] = (layer.r, False)
        if layer.s is not None:
            named[f"{block}.s"] = (layer.s, False)
    return named


@pytest.mark.parametrize("source", ["recorded", "installed"])
@pytest.mark.parametrize("adapters", ARCHITECTURES)
def test_logits_and_gradients_are_those_of_the_authors_package(adapters, source):
    if source == "installed":
        pytest.importorskip("tabm", reason="the package tabm is not installed; its recorded figures are compared")
        figures = tabm_figures(ARCHITECTURES[adapters])
    else:
        figures = json.loads(FIGURES.read_text("utf-8"))[adapters]
    model = dnn.TabM([4, 5, 5, 2], k=3, adapters=adapters)
    named = peer_variables(model)
    assert named.keys() == figures["weights"].keys()
    for name, (variable, transposed) in named.items():
        value = np.array(figures["weights"][name], np.float32)
        variable.assign(value.T if transposed else value)
    with tf.GradientTape() as tape:
        logits = model.member_logits(np.array(figures["x"], np.float32))
        losses = [dnn.sparse_softmax_cross_entropy(figures["labels"], each) for each in tf.unstack(logits)]
        loss = tf.reduce_mean(losses)
    np.testing.assert_allclose(np.swapaxes(logits, 0, 1), figures["logits"], rtol=1e-4, atol=1e-5)
    gradients = tape.gradient(loss, [variable for variable, _ in named.values()])
    for (name, (_, transposed)), gradient in zip(named.items(), gradients, strict=True):
        expected = np.array(figures["gradients"][name])
        np.testing.assert_allclose(gradient, expected.T if transposed else expected, rtol=1e-3, atol=1e-5)
