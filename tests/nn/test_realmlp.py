"""RealMLP: scale, network, gradients and steps are those of the authors' package; and each member is one alone."""

import functools
import json

import numpy as np
import pytest
import tensorflow as tf

import dnn
from scripts.realmlp_figures import BETA_2, CASES, EMBEDDING, FIGURES, RATE, SMOOTHING, STEPS, TOTAL
from scripts.realmlp_figures import figures as pytabkit_figures


@pytest.fixture(scope="module", params=["recorded", "installed"])
def figures(request):
    if request.param == "installed":
        pytest.importorskip("pytabkit", reason="pytabkit is not installed; its recorded figures are compared")
        return pytabkit_figures()
    return json.loads(FIGURES.read_text("utf-8"))


def test_the_scale_is_that_of_the_authors_package(figures):
    scale = dnn.RobustScale.learn(np.array(figures["scale"]["x"]))
    scaled = scale(np.array(figures["scale"]["new"]))
    np.testing.assert_allclose(scaled, figures["scale"]["scaled"], rtol=1e-5, atol=1e-6)  # theirs are float32


def test_the_schedule_is_that_of_the_authors_package(figures):
    rates = [float(dnn.Coslog(1.0, 32)(step)) for step in range(33)]
    np.testing.assert_allclose(rates, figures["coslog4"], rtol=0, atol=1e-12)


def test_embeddings_of_numbers_and_their_gradients_are_those_of_the_authors_package(figures):
    expected, factor = figures["embeddings"], 0.1
    frequencies, size = EMBEDDING.values()
    layer = dnn.PBLDEmbeddings(4, size, frequencies=frequencies, factor=factor)
    variables = [layer.frequencies, layer.phases, layer.weight, layer.bias]
    for variable, value in zip(variables, expected["weights"].values(), strict=True):
        variable.assign(np.reshape(value, variable.shape) / factor)

    def ours(values):  # they put the numbers themselves behind all vectors
        values = np.array(values)
        learnt = values[:, :-4].reshape(-1, 4, size - 1)
        return np.concatenate([learnt, values[:, -4:, np.newaxis]], axis=2).reshape(-1, 4 * size)

    x = tf.cast(dnn.smooth_clip(expected["x"]), tf.float32)  # which their network does itself
    with tf.GradientTape() as tape:
        vectors = layer(x)
    np.testing.assert_allclose(vectors, ours(expected["vectors"]), rtol=1e-4, atol=1e-5)
    upstream = tf.cast(ours(expected["upstream"]), tf.float32)
    gradients = tape.gradient(vectors, variables, output_gradients=upstream)
    for gradient, value in zip(gradients, expected["gradients"].values(), strict=True):
        np.testing.assert_allclose(gradient / factor, np.reshape(value, gradient.shape), rtol=1e-3, atol=1e-4)


def with_factors(model):
    """The variables in their order, each with f, what it is multiplied by where it is used."""
    for layer in model.layers:
        if isinstance(layer, dnn.NTKDense):
            yield from [(layer.kernel, 1.0), (layer.bias, layer.bias_factor)]
        else:
            yield (layer.scale if isinstance(layer, dnn.Scaling) else layer.weight), layer.factor


@pytest.mark.parametrize("case", CASES)
def test_logits_gradients_and_steps_are_those_of_the_authors_package(case, figures):
    activation, parametric = CASES[case]
    expected = figures[case]
    model = dnn.realmlp([4, 5, 5, 2], activation=getattr(dnn, activation), parametric=parametric)
    variables = list(with_factors(model))
    for (variable, factor), value in zip(variables, expected["weights"].values(), strict=True):
        variable.assign(np.reshape(value, variable.shape).astype(np.float32) / factor)
    x = tf.cast(dnn.smooth_clip(expected["x"]), tf.float32)  # which their network does itself

    def gradients():
        with tf.GradientTape() as tape:
            logits = model(x)
            losses = dnn.sparse_softmax_cross_entropy(expected["labels"], logits, label_smoothing=SMOOTHING)
            loss = tf.reduce_mean(losses)
        return logits, tape.gradient(loss, [variable for variable, _ in variables])

    logits, found = gradients()
    np.testing.assert_allclose(logits, expected["logits"], rtol=1e-4, atol=1e-5)
    for gradient, (_, factor), value in zip(found, variables, expected["gradients"].values(), strict=True):
        np.testing.assert_allclose(gradient / factor, np.reshape(value, gradient.shape), rtol=1e-3, atol=1e-5)
    optimizer = dnn.Adam([variable for variable, _ in variables], dnn.Coslog(RATE, TOTAL), beta_2=BETA_2, epsilon=1e-8)
    for _ in range(STEPS):
        optimizer.apply(gradients()[1])
    for (variable, factor), value in zip(variables, expected["trained"].values(), strict=True):
        np.testing.assert_allclose(
            factor * variable, np.reshape(value, variable.shape), rtol=0, atol=0.02 * RATE
        )  # ε stands elsewhere


def test_the_first_network_predicts_nothing_and_draws_from_its_seed():
    one, again, other = (dnn.realmlp([40, 300, 300, 3], seed=seed) for seed in (0, 0, 1))
    x = np.random.default_rng(0).normal(size=(9, 40)).astype(np.float32)
    np.testing.assert_array_equal(one(x), np.zeros([9, 3]))
    _, hidden, second, _ = one.layers
    for values in (hidden.kernel, second.kernel, hidden.bias_factor * hidden.bias):
        assert abs(float(tf.math.reduce_std(values)) - 1) < 0.15
    assert abs(float(np.corrcoef(hidden.kernel[0], hidden.bias)[0, 1])) < 0.3  # not the same draws
    np.testing.assert_array_equal(hidden.kernel, again.layers[1].kernel)
    assert not np.array_equal(hidden.kernel, other.layers[1].kernel)


def test_a_member_of_an_ensemble_learns_what_it_learns_alone():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 4)).astype(np.float32), rng.integers(0, 2, 60)
    networks = [dnn.realmlp([4, 6, 2], parametric=True, dropout=0.2, seed=seed) for seed in range(3)]
    ensemble = dnn.Ensemble(networks)
    loss = functools.partial(dnn.sparse_softmax_cross_entropy, label_smoothing=0.1)
    for model, seed in ((ensemble, 5), (networks[2], 7)):
        optimizer = dnn.Adam(model.trainable_variables, dnn.Coslog(RATE, 4), beta_2=BETA_2)
        dnn.fit(model, (x, y), loss=loss, optimizer=optimizer, batch_size=32, epochs=2, seed=seed, jit_compile=False)
    np.testing.assert_allclose(ensemble.member(2)(x), networks[2](x), rtol=1e-3, atol=1e-4)
    assert np.ptp(networks[2](x)) > 0.01


def test_it_is_saved_and_loaded_with_its_factors(tmp_path):
    model = dnn.realmlp([4, 6, 2], activation=dnn.mish, parametric=True, dropout=0.2, seed=3)
    for variable in model.variables:
        variable.assign(variable + 0.5)
    dnn.save(model, tmp_path / "model")
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    np.testing.assert_array_equal(dnn.load(tmp_path / "model")(x), model(x))


def test_sizes_that_make_no_network_are_refused():
    with pytest.raises(ValueError, match="sizes must hold the input and the output width"):
        dnn.realmlp([4])
    with pytest.raises(ValueError, match=r"sizes\[1\] must be positive, got 0"):
        dnn.realmlp([4, 0, 2])
