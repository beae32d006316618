"""Lion, Nadam, Muon, schedule-free AdamW and groups: beside Optax, and what the classes add to the formulas.

Keras, and exact arithmetic over hundreds of steps: benchmarks/conformance/optimizers.py. Optax's figures are recorded
by scripts/optax_figures.py.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import dnn

OPTAX = json.loads(Path(__file__).with_name("optax.json").read_text("utf-8"))
OURS = {
    "Lion": lambda p: dnn.Lion(p, 0.01, weight_decay=0.1),
    "Muon": lambda p: dnn.Muon(p, 0.01, rms_rate=None, nesterov=False),  # Optax corrects Nesterov's for its beginning
    "ScheduleFreeAdamW": lambda p: dnn.ScheduleFreeAdamW(p, 0.01, weight_decay=0.1),
}


@pytest.mark.parametrize("name", OURS)
def test_it_goes_where_optax_goes(name):
    p = tf.Variable(OPTAX["start"], dtype=tf.float64)
    optimizer = OURS[name]([p])
    for g, expected in zip(OPTAX["gradients"], OPTAX[name], strict=True):
        optimizer.apply([tf.constant(g, tf.float64)])
        np.testing.assert_allclose(
            p, expected, rtol=1e-6 if name == "Muon" else 1e-11, atol=1e-8
        )  # ε beside m or (1 − β) m
    if name == "ScheduleFreeAdamW":
        trained = p.numpy()
        optimizer.swap()
        np.testing.assert_allclose(p, OPTAX["average"], rtol=1e-11)
        optimizer.swap()
        np.testing.assert_array_equal(p, trained)


def test_the_share_of_a_step_in_the_average_is_by_the_square_of_the_largest_rate_so_far():
    """Rates 1/2, 1, 1/4 by hand; β₁ = 0 keeps the parameter at z, and the gradient's size does not matter."""
    p, rates = tf.Variable([0.0]), iter((0.5, 1.0, 0.25))
    optimizer = dnn.ScheduleFreeAdamW([p], 1.0, beta_1=0.0, beta_2=0.0)
    for rate in rates:
        optimizer.learning_rate = rate
        optimizer.apply([tf.constant([2.0])])
    z = [-0.5, -1.5, -1.75]
    np.testing.assert_allclose(p, z[-1:], rtol=1e-6)
    np.testing.assert_allclose(optimizer.averages[0], [(z[0] / 4 + z[1] + z[2]) / 2.25], rtol=1e-6)


def test_a_matrix_that_is_orthogonal_but_for_its_size_stays_so_and_each_of_an_ensemble_is_its_own():
    q = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 3)))[0]
    g = tf.constant(np.stack([1e30 * q, q[::-1], 0 * q]), tf.float32)  # squares overflow; and zeros stay zeros
    singular = np.linalg.svd(dnn.orthogonalized(g), compute_uv=False)
    assert np.abs(singular[:2] - 1).max() < 0.35  # the polynomial's own band
    assert singular[2].tolist() == [0, 0, 0]
    np.testing.assert_allclose(dnn.orthogonalized(g)[0], dnn.orthogonalized(g[0]), rtol=1e-5, atol=1e-6)


def test_what_is_no_matrix_is_refused_with_the_remedy():
    with pytest.raises(
        ValueError, match=r"parameters\[1\], bias.* is no matrix: dnn.ByGroup\(\[dnn.Muon\(matrices\), "
    ):
        dnn.Muon(dnn.Dense(3, 2).trainable_variables[::-1])


def test_groups_have_their_rates_and_decays_and_keep_the_ratio_in_a_fit():
    x, y = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32), np.arange(20, dtype=np.int32) % 2
    model, alone = dnn.mlp([4, 3, 2], seed=0), dnn.mlp([4, 3, 2], seed=0)
    first, last = model.layers
    groups = [dnn.Adam(first.trainable_variables, 0.1), dnn.AdamW(last.trainable_variables, 0.05, weight_decay=0.5)]
    optimizer = dnn.ClipGradients(dnn.ByGroup(groups), global_clipnorm=1e9)
    expected = (
        dnn.Adam(alone.layers[0].trainable_variables, 0.1),
        dnn.AdamW(alone.layers[1].trainable_variables, 0.05, weight_decay=0.5),
    )
    loss = dnn.sparse_softmax_cross_entropy
    for rate in (0.1, 0.02):
        optimizer.learning_rate = rate
        np.testing.assert_allclose([float(group.learning_rate) for group in groups], [rate, rate / 2], rtol=1e-15)
        dnn.fit(
            model, (x, y), loss=loss, optimizer=optimizer, epochs=2, batch_size=20, jit_compile=False, shuffle=False
        )
        for one in expected:
            one.learning_rate = rate * (1 if one is expected[0] else 0.5)
        for _ in range(2):
            with tf.GradientTape(persistent=True) as tape:
                mean = tf.reduce_mean(loss(y, alone(x)))
            gradients = [tape.gradient(mean, one.parameters) for one in expected]
            for one, g in zip(expected, gradients, strict=True):
                one.apply(g)
    for ours, theirs in zip(dnn.weights(model), dnn.weights(alone), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_groups_that_are_none_overlap_or_follow_a_schedule_are_told():
    p, q = tf.Variable([1.0]), tf.Variable([1.0])
    with pytest.raises(ValueError, match="optimizers must be one for each group of parameters, got none"):
        dnn.ByGroup([])
    with pytest.raises(ValueError, match=r"parameters\[1\], .* is given twice"):
        dnn.ByGroup([dnn.SGD([p]), dnn.Adam([p])])
    with pytest.raises(TypeError, match=r"optimizers\[1\] must have parameters and apply"):
        dnn.ByGroup([dnn.SGD([p]), dnn.Adam])
    still = dnn.SGD([p])
    still.learning_rate = 0.0
    with pytest.raises(ValueError, match="rate of the first group must not be 0, since .* ratio to it, got 0.0: begin"):
        dnn.ByGroup([still, dnn.SGD([q])])
    assert dnn.ByGroup([dnn.SGD([q]), still]).learning_rate == dnn.SGD([q]).learning_rate
    optimizer = dnn.ByGroup([dnn.SGD([p]), dnn.SGD([q], dnn.CosineDecay(0.1, 10))])
    with pytest.raises(TypeError, match="learning_rate of a group follows a schedule"):
        optimizer.learning_rate = 0.5
    assert float(optimizer.learning_rate) == 0.01


@pytest.mark.parametrize(
    ("make", "formula"),
    [(dnn.Nadam, "nadam_update"), (dnn.Lion, "lion_update"), (dnn.ScheduleFreeAdamW, "schedule_free_update")],
)
def test_a_step_is_explained_by_the_code_that_took_it(make, formula):
    model = dnn.mlp([4, 3, 2], seed=0)
    x, y = np.ones((3, 4), np.float32), np.array([0, 1, 1], np.int32)
    assert f"def {formula}(" in dnn.explain(model, x, y, optimizer=make(model.trainable_variables), steps=2).html
