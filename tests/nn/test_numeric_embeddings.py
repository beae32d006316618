"""Learnt embeddings compute what rtdl_num_embeddings computes with the same weights, train, and are saved."""

import json

import numpy as np
import pytest
import tensorflow as tf
from tolerance import assert_near

import dnn
from dnn.nn.model_state import model_from_state, model_state
from scripts import num_embeddings

EDGES = [[-1.0, 0.0, 1.0], [0.0, 2.0]]


@pytest.fixture(scope="module", params=["as recorded", "as installed"])
def theirs(request):
    """The figures of the package: those of tests/nn/num_embeddings.json, and those of the one that is installed."""
    if request.param == "as recorded":
        return json.loads(num_embeddings.FIGURES.read_text("utf-8"))
    pytest.importorskip("rtdl_num_embeddings", reason="pip install torch rtdl_num_embeddings compares with it itself")
    with pytest.warns(UserWarning, match="just two bin edges"):
        return num_embeddings.figures()


def output_of(layer):
    return tf.reshape(layer(num_embeddings.new_rows()), [5, 3, -1])


def test_linear_embeddings_are_theirs(theirs):
    for name, prefix, make in (
        ("linear", "", dnn.LinearEmbeddings),
        ("linear relu", "linear.", dnn.LinearReLUEmbeddings),
    ):
        layer, weights = make(3, num_embeddings.SIZE), theirs[name]["weights"]
        layer.weight.assign(weights[f"{prefix}weight"])
        layer.bias.assign(weights[f"{prefix}bias"])
        assert_near(output_of(layer), theirs[name]["output"], absolute=1e-6)


@pytest.mark.parametrize(
    ("name", "settings"),
    [("periodic", {}), ("periodic without activation", {"activation": False}), ("periodic lite", {"lite": True})],
)
def test_periodic_embeddings_are_theirs(theirs, name, settings):
    layer = dnn.PeriodicEmbeddings(3, num_embeddings.SIZE, frequencies=num_embeddings.FREQUENCIES, **settings)
    weights = theirs[name]["weights"]
    kernel = np.array(weights["linear.weight"])
    layer.frequencies.assign(weights["periodic.weight"])
    layer.weight.assign(kernel.T if "lite" in settings else kernel)  # PyTorch's Linear has [size, inputs]
    layer.bias.assign(weights["linear.bias"])
    assert_near(output_of(layer), theirs[name]["output"], absolute=2e-5)  # angles up to 2π · 20


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("piecewise A", {"activation": True, "version": "A"}),
        ("piecewise A without activation", {"activation": False, "version": "A"}),
        ("piecewise B", {"activation": True}),
    ],
)
def test_piecewise_linear_embeddings_are_theirs(theirs, name, settings):
    edges, weights = theirs["quantiles"], theirs[name]["weights"]
    layer = dnn.PiecewiseLinearEmbeddings(edges, num_embeddings.SIZE, **settings)
    layer.weight.assign(bins_at_the_front(np.array(weights["linear.weight"]), edges))
    layer.bias.assign(weights.get("linear.bias", weights.get("linear0.bias")))
    if layer.linear is not None:
        layer.linear.assign(weights["linear0.weight"])
    assert_near(output_of(layer), theirs[name]["output"], absolute=1e-5)


def bins_at_the_front(kernel, edges):
    """Their last bin of a column stands last, behind unused ones; ours behind the others."""
    ours = np.zeros_like(kernel)
    for column, of_column in enumerate(edges):
        bins = len(of_column) - 1
        ours[column, : bins - 1], ours[column, bins - 1] = kernel[column, : bins - 1], kernel[column, -1]
    return ours


def test_the_edges_are_theirs(theirs):
    x, y = num_embeddings.training_rows()
    for column, quantiles, tree in zip(x.T.astype(np.float64), theirs["quantiles"], theirs["tree"], strict=True):
        np.testing.assert_allclose(dnn.quantile_edges(column, num_embeddings.BINS), quantiles, rtol=1e-5, atol=1e-6)
        found = dnn.tree_edges(column, y, num_embeddings.BINS, regression=False)
        np.testing.assert_allclose(found, tree, rtol=1e-6)


def test_the_encoding_is_theirs_where_it_extrapolates_and_the_same_clipped_where_not(theirs):
    x, output = num_embeddings.new_rows().astype(np.float64), np.array(theirs["encoding"]["output"])
    extrapolated = dnn.PiecewiseLinear(theirs["quantiles"], extrapolate=True)(x)
    np.testing.assert_allclose(extrapolated, output, rtol=1e-5, atol=2e-6)
    clipped = dnn.PiecewiseLinear(theirs["quantiles"])(x)
    np.testing.assert_allclose(clipped, np.clip(output, 0, 1), rtol=1e-5, atol=2e-6)


LAYERS = [
    dnn.LinearEmbeddings(2, 3, activation=True),
    dnn.LinearReLUEmbeddings(2, 3),
    dnn.PeriodicEmbeddings(2, 3, frequencies=4, frequency_scale=0.5, activation=False),
    dnn.PeriodicEmbeddings(2, 3, frequencies=4, lite=True),
    dnn.PiecewiseLinearEmbeddings(EDGES, 3, activation=False, version="A"),
    dnn.PiecewiseLinearEmbeddings(EDGES, 3, activation=True),
    dnn.PBLDEmbeddings(2, 3, frequencies=4, factor=0.1),
    dnn.Sequential([dnn.LinearEmbeddings(2, 3), dnn.Residual(dnn.Dense(6, 6, seed=0))]),
    dnn.ColumnBlocks([1, 1], [dnn.Embedding(1, 6), None]),
]


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_a_model_with_such_a_layer_is_saved_with_its_structure(layer, tmp_path):
    width = 7 if isinstance(layer, dnn.ColumnBlocks) else 6
    model = dnn.Sequential([layer, dnn.Dense(width, 2, seed=1)])
    x = np.array([[0.5, -3.0], [9.0, 1.0]], np.float32)
    assert model_state(model_from_state(model_state(model))) == model_state(model)
    dnn.save(model, tmp_path / "model")
    assert dnn.load(tmp_path / "model")(x).numpy().tobytes() == model(x).numpy().tobytes()


def test_the_first_weights_are_drawn_as_theirs():
    layer = dnn.PeriodicEmbeddings(50, 24, frequency_scale=0.1, seed=3)
    frequencies = layer.frequencies.numpy()
    assert np.abs(frequencies).max() < 0.3
    assert frequencies.std() == pytest.approx(0.1, rel=0.05)
    for variable in (layer.weight, layer.bias):
        drawn = variable.numpy() * np.sqrt(96)
        assert drawn.std() == pytest.approx(3**-0.5, rel=0.05)
        assert 0.99 < np.abs(drawn).max() <= 1
    again = dnn.PeriodicEmbeddings(50, 24, frequency_scale=0.1, seed=3)
    assert [v.numpy().tobytes() for v in again.variables] == [v.numpy().tobytes() for v in layer.variables]
    assert (layer.frequencies.numpy() != dnn.PeriodicEmbeddings(50, 24).frequencies.numpy()).all()


def test_version_b_is_linear_at_first():
    layer = dnn.PiecewiseLinearEmbeddings(EDGES, 3, activation=True, seed=0)
    at = [layer(np.full([1, 2], x, np.float32)).numpy() for x in (-2.0, 0.5, 3.0)]
    np.testing.assert_allclose(at[1] - at[0], at[2] - at[1], rtol=1e-5)


def test_numbers_and_a_category_are_embedded_in_a_model_that_fit_trains():
    """No linear model of these columns can tell the classes: a sign of the sine, turned round by the category."""
    x = np.linspace(-3, 3, 400)
    job = np.array(["cook", "pilot", "judge", "nurse"], object)[np.arange(400) % 4]
    features = dnn.Features({"x": x, "job": job})
    labels = ((np.sin(4 * x) > 0) ^ (job == "cook")).astype(np.int32)
    embed = dnn.ColumnBlocks(
        [1, 4], [dnn.PeriodicEmbeddings(1, 8, frequency_scale=0.5, seed=1), dnn.Embedding(4, 2, seed=2)]
    )
    model = dnn.Sequential([embed, dnn.mlp([10, 16, 2], seed=3)])
    before = [variable.numpy() for variable in model.trainable_variables]
    dnn.fit(
        model,
        (features({"x": x, "job": job}).numpy(), labels),
        loss=dnn.sparse_softmax_cross_entropy,
        optimizer=dnn.Adam(model.trainable_variables, 0.02),
        batch_size=50,
        epochs=40,
        jit_compile=False,
    )
    assert all((old != new.numpy()).any() for old, new in zip(before, model.trainable_variables, strict=True))
    logits = dnn.predict(model, features({"x": x, "job": job}).numpy())
    assert dnn.accuracy_score(labels, logits.argmax(axis=1)) > 0.9


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: dnn.PeriodicEmbeddings(2, activation=False, lite=True), "lite=True needs activation=True"),
        (lambda: dnn.PeriodicEmbeddings(2, frequency_scale=0), "frequency_scale must be positive, got 0"),
        (lambda: dnn.LinearEmbeddings(0, 2), "columns must be positive, got 0"),
        (
            lambda: dnn.PiecewiseLinearEmbeddings([[0, 1, 1]], 2, activation=True),
            r"edges\[0\] must be two or more incr",
        ),
        (lambda: dnn.PiecewiseLinearEmbeddings([[0, 1], [1]], 2, activation=True), r"edges\[1\] must be two or more"),
        (lambda: dnn.PiecewiseLinearEmbeddings([[0, np.nan]], 2, activation=True), "increasing numbers, got"),
        (lambda: dnn.PiecewiseLinearEmbeddings(EDGES, 2, activation=True, version="C"), "version must be 'A' or 'B'"),
        (lambda: dnn.ColumnBlocks([2, 3], [None]), "a layer for each of 2 widths, got 1"),
        (lambda: dnn.ColumnBlocks([2], [None])(tf.ones([1, 3])), r"x must be \[..., 2\], got shape \(1, 3\)"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_blocks_hand_on_the_key_of_a_training_step():
    layer = dnn.ColumnBlocks([4, 4], [dnn.Dropout(0.5), dnn.Dropout(0.5)])
    ones = tf.ones([8, 8])
    dropped = layer(ones, training=tf.constant([1, 2, 3])).numpy()
    assert set(np.unique(dropped)) == {0, 2}
    assert (dropped[:, :4] != dropped[:, 4:]).any()
    np.testing.assert_array_equal(layer(ones), ones)
