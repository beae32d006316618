"""A fit of an ensemble: member i is, to rounding, the network that is fitted alone with the next seeds."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from modes import THOROUGH

import dnn
from dnn.train.border import checked_data
from dnn.train.member_watch import MemberWatch

RNG = np.random.default_rng(0)
X = RNG.normal(size=(70, 4)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int)
WEIGHTS = RNG.uniform(0, 2, size=70)
LOSS = dnn.sparse_softmax_cross_entropy


def network(seed):
    return dnn.Sequential(
        [
            dnn.Dense(4, 6, activation=dnn.tanh, kernel_regularizer=dnn.L2(0.01), seed=(seed, 0)),
            dnn.BatchNormalization(6),
            dnn.Dropout(0.25, seed=0),
            dnn.LayerNormalization(6),
            dnn.Dense(6, 2, seed=(seed, 1)),
        ]
    )


OPTIMIZERS = {
    "SGD": lambda p: dnn.SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "RMSprop": lambda p: dnn.RMSprop(p, 0.01, momentum=0.5),
    "Adam, cosine": lambda p: dnn.Adam(p, dnn.CosineDecay(0.01, 9), epsilon=1e-3),
    "AdamW": lambda p: dnn.AdamW(p, 0.01, epsilon=1e-3),
    "accumulated, averaged": lambda p: dnn.AccumulateGradients(dnn.AverageWeights(dnn.SGD(p, 0.1)), 2),
    "clipped by value": lambda p: dnn.ClipGradients(dnn.SGD(p, 0.1), clipvalue=0.01),
}


def fitted(model, optimizer, data, seed, **options):
    options = {"epochs": 2, "batch_size": 32, "jit_compile": False, **options}
    return dnn.fit(model, data, loss=LOSS, optimizer=optimizer(model.trainable_variables), seed=seed, **options)


USUAL = ("SGD", "Adam, cosine", "accumulated, averaged")


@pytest.mark.parametrize("name", OPTIMIZERS if THOROUGH else USUAL)
def test_a_member_is_what_it_is_alone(name):
    """Of weighted rows, ignored rows and a short last batch."""
    data, options = (X, np.where(np.arange(70) % 9 == 0, -1, Y), WEIGHTS), {"ignore_class": -1, "epochs": 1}
    ensemble, alone = dnn.Ensemble([network(seed) for seed in range(2)]), network(1)
    fitted(ensemble, OPTIMIZERS[name], data, 5, **options)
    fitted(alone, OPTIMIZERS[name], data, 6, **options)
    for there, here in zip(dnn.get_weights(ensemble.member(1)), dnn.get_weights(alone), strict=True):
        np.testing.assert_allclose(there, here, rtol=1e-3, atol=1e-3)


def test_a_member_with_embeddings_of_its_own_is_what_it_is_alone():
    edges = [np.quantile(X[:, 0], [0, 0.3, 1]), np.quantile(X[:, 1], [0, 0.5, 0.7, 1])]

    def first(seed):
        kinds = {"A": True, "B": False}.items()  # the activation
        piecewise = [dnn.PiecewiseLinearEmbeddings(edges, 2, activation=a, version=v, seed=seed) for v, a in kinds]
        waves = {"frequencies": 3, "frequency_scale": 0.5, "seed": seed}
        periodic = [dnn.PeriodicEmbeddings(2, 2, lite=lite, **waves) for lite in (False, True)]
        others = [dnn.LinearReLUEmbeddings(2, 2, seed=seed), dnn.Embedding(2, 4, seed=seed)]
        return dnn.ColumnBlocks([2] * 6, [*piecewise, *periodic, *others])

    data, seed = (np.tile(X[:, :2], 6), Y), 2**63 - 1  # after which comes 0
    ensemble = dnn.ensemble_mlp([24, 6, 2], k=2, embeddings=first, activation=dnn.tanh, seed=seed)
    alone = dnn.Sequential([first(0), *dnn.mlp([24, 6, 2], activation=dnn.tanh, seed=0).layers])
    for model, of_fit in ((ensemble, 5), (alone, 6)):
        fitted(model, lambda p: dnn.SGD(p, 0.3), data, of_fit, epochs=4)
    for there, here in zip(dnn.get_weights(ensemble.member(1)), dnn.get_weights(alone), strict=True):
        np.testing.assert_allclose(there, here, rtol=1e-3, atol=1e-4)
    moved = first(0).variables
    for there, here in zip(alone.layers[0].variables, moved, strict=True):
        assert np.abs(there - here).max() > 1e-3


def test_the_record_of_an_epoch_has_the_members_mean_loss_and_metrics():
    ensemble, records = dnn.Ensemble([network(seed) for seed in range(2)]), []
    history = fitted(ensemble, OPTIMIZERS["SGD"], (X, Y, WEIGHTS), 0)
    for seed in range(2):
        records.append(fitted(network(seed), OPTIMIZERS["SGD"], (X, Y, WEIGHTS), seed).last)
    for name in ("loss", "accuracy"):
        np.testing.assert_allclose(history.last[name], np.mean([record[name] for record in records]), rtol=1e-4)


def test_under_xla_too_and_the_mean_probability_is_monitored():
    optimizer, rule = OPTIMIZERS["Adam, cosine"], dnn.EarlyStopping(patience=2, restore_best_weights=True)
    ensemble = dnn.Ensemble([network(seed) for seed in range(2)])
    options = {"validation": (X[:20], Y[:20]), "early_stopping": rule, "epochs": 4, "jit_compile": True}
    history = fitted(ensemble, optimizer, (X, Y), 0, **options)
    members = [ensemble.member(i) for i in range(2)]
    logits = dnn.log_mean_softmax([member(X[:20]) for member in members])
    penalty = np.mean([member.layers[0].penalty() for member in members])
    np.testing.assert_allclose(history.best["val_loss"], np.mean(LOSS(Y[:20], logits)) + penalty, rtol=1e-4)
    np.testing.assert_allclose(history.best["val_accuracy"], np.mean(np.argmax(logits, 1) == Y[:20]))
    alone = network(1)
    fitted(alone, optimizer, (X, Y), 1, epochs=len(history.epochs), jit_compile=True)
    assert history.last_weights is not None
    ensemble_last = dict(zip([id(v) for v in ensemble.variables], history.last_weights, strict=True))
    kernel = ensemble_last[id(ensemble.network.layers[0].kernel)][1]
    np.testing.assert_allclose(kernel, alone.layers[0].kernel, rtol=1e-3, atol=1e-3)


def test_without_shuffling_all_members_see_the_rows_in_their_order():
    ensemble = dnn.Ensemble([dnn.mlp([4, 3, 2], seed=0)] * 2)
    fitted(ensemble, OPTIMIZERS["SGD"], (X, Y), 0, shuffle=False)
    alone = dnn.mlp([4, 3, 2], seed=0)
    fitted(alone, OPTIMIZERS["SGD"], (X, Y), 1, shuffle=False)
    np.testing.assert_allclose(ensemble.member(1)(X), alone(X), rtol=1e-4, atol=1e-5)


def test_a_step_of_tabm_makes_the_mean_over_members_smaller():
    model = dnn.TabM([4, 5, 2], k=3, seed=0)
    twin = dnn.TabM([4, 5, 2], k=3, seed=0)
    fitted(model, lambda p: dnn.SGD(p, 0.5), (X, Y), 0, epochs=1, batch_size=70)
    with tf.GradientTape() as tape:
        logits = tf.unstack(twin.member_logits(X))
        loss = tf.add_n([tf.reduce_mean(LOSS(Y, each)) for each in logits]) / 3
    gradients = tape.gradient(loss, twin.trainable_variables)
    for after, before, gradient in zip(model.trainable_variables, twin.trainable_variables, gradients, strict=True):
        np.testing.assert_allclose(after, before - 0.5 * gradient, rtol=1e-4, atol=1e-5)


def test_clipping_by_a_norm_of_all_members_is_refused():
    ensemble = dnn.ensemble_mlp([4, 3, 2], k=2, seed=0)
    for limit in ("clipnorm", "global_clipnorm"):
        clipped = lambda p: dnn.AccumulateGradients(dnn.ClipGradients(dnn.SGD(p, 0.1), **{limit: 1.0}), 2)  # noqa: B023, E731
        with pytest.raises(ValueError, match=f"{limit} would couple the members"):
            fitted(ensemble, clipped, (X, Y), 0)


def test_each_member_has_the_learning_rate_and_the_decay_of_its_own():
    rates, decays = [0.1, 0.01], [0.0, 0.1]
    kinds = (dnn.SGD, dnn.Adam, dnn.RMSprop, lambda p, r, weight_decay: dnn.AdamW(p, r, weight_decay=weight_decay))
    for kind in kinds:
        ensemble, alone = dnn.ensemble_mlp([4, 3, 2], k=2, seed=0), dnn.mlp([4, 3, 2], seed=1)
        fitted(ensemble, lambda p: kind(p, rates, weight_decay=decays), (X, Y), 0, epochs=1)  # noqa: B023
        fitted(alone, lambda p: kind(p, 0.01, weight_decay=0.1), (X, Y), 1, epochs=1)  # noqa: B023
        np.testing.assert_allclose(ensemble.member(1)(X), alone(X), rtol=1e-3, atol=1e-4)


def test_rates_of_members_are_assigned_and_reduced():
    ensemble, alone = dnn.ensemble_mlp([4, 3, 2], k=2, seed=0), dnn.mlp([4, 3, 2], seed=1)
    optimizer, single = dnn.SGD(ensemble.trainable_variables, [0.3, 0.3]), dnn.SGD(alone.trainable_variables, 0.3)
    optimizer.learning_rate, single.learning_rate = [0.2, 0.1], 0.1
    for model, each, seed in ((ensemble, optimizer, 0), (alone, single, 1)):
        reduce = dnn.ReduceLROnPlateau(each, "loss", patience=1, min_delta=9, min_lr=0.02)
        options = {"epochs": 3, "batch_size": 32, "jit_compile": False, "seed": seed}
        history = dnn.fit(model, (X, Y), loss=LOSS, optimizer=each, callbacks=[reduce], **options)
        assert history["learning_rate"][1] == (0.1 if model is alone else pytest.approx(0.15))
    np.testing.assert_allclose(optimizer.learning_rate, [0.02, 0.02])
    np.testing.assert_allclose(ensemble.member(1)(X), alone(X), rtol=1e-3, atol=1e-5)
    optimizer.learning_rate = 0.5
    np.testing.assert_array_equal(optimizer.learning_rate, [0.5, 0.5])
    with pytest.raises(ValueError, match="learning_rate is one for all"):
        dnn.SGD(ensemble.trainable_variables, 0.3).learning_rate = [0.2, 0.1]


def test_rates_that_are_not_one_of_each_member_are_refused():
    variables = dnn.ensemble_mlp([4, 3, 2], k=2, seed=0).trainable_variables
    with pytest.raises(ValueError, match=r"learning_rate must be a number, or one for each member .* got shape \(3,\)"):
        dnn.Adam(variables, [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match=r"learning_rate\[1\] must be positive, got 0.0"):
        dnn.Adam(variables, [0.1, 0.0])
    with pytest.raises(ValueError, match=r"weight_decay\[0\] must be a number of 0 or more, got -1.0"):
        dnn.Adam(variables, weight_decay=[-1.0, 0.0])
    square = dnn.mlp([4, 4, 4], seed=0)  # whose first axes are 4 too
    with pytest.raises(ValueError, match=r"beside a parameter of shape \(4,\), whose first axis is not theirs"):
        dnn.Adam(square.trainable_variables, [0.1] * 4)
    kernels = [layer.kernel for layer in square.layers]
    with pytest.raises(ValueError, match="for each of 4 members; the model has no independent members"):
        dnn.fit(square, (X, Y), loss=LOSS, optimizer=dnn.ClipGradients(dnn.Adam(kernels, [0.1] * 4), clipvalue=1))


def test_each_member_is_stopped_for_itself_as_it_is_alone():
    """The first learns fast and gets worse early, the second slowly and to the end."""
    rule = dnn.EarlyStopping(patience=2, restore_best_weights=True)
    held = (X[:30] + 1, Y[:30])
    options = {"validation": held, "epochs": 12}
    ensemble = dnn.ensemble_mlp([4, 8, 2], k=2, seed=0)
    together = dataclasses.replace(rule, each_member=True)
    history = fitted(ensemble, lambda p: dnn.Adam(p, [0.3, 1e-3]), (X, Y), 0, early_stopping=together, **options)
    for i, rate in enumerate([0.3, 1e-3]):
        alone = dnn.mlp([4, 8, 2], seed=i)
        single = fitted(alone, lambda p: dnn.Adam(p, rate), (X, Y), i, early_stopping=rule, **options)  # noqa: B023
        assert history.member_epochs[i] == single.best_epoch
        np.testing.assert_allclose(history.member_losses[i], single.best["val_loss"], rtol=1e-3)
        np.testing.assert_allclose(ensemble.member(i)(X), alone(X), rtol=1e-3, atol=1e-3)
    assert history.member_epochs[0] < history.member_epochs[1]


def test_members_are_watched_in_blocks_and_a_graph_that_does_not_grow_with_their_number(monkeypatch):
    monkeypatch.setattr("dnn.train.evaluate.MAX_NUMBERS", 1)
    monkeypatch.setattr("dnn.train.evaluate.MIN_ROWS", 64)
    rule, operations, sizes = dnn.EarlyStopping(each_member=True), [], []
    labels = np.where(np.arange(70) % 9 == 0, -1, Y)

    def loss(labels, logits):
        sizes.append(logits.shape[0])
        return LOSS(labels, logits)

    for k in (2, 5):  # 32 rows at once, and 12
        ensemble = dnn.ensemble_mlp([4, 3, 2], k=k, seed=0)
        watch = MemberWatch(ensemble, checked_data(ensemble, (X, labels, WEIGHTS), "validation", -1), loss, rule)
        record = {"epoch": 1}
        watch(record, None)
        held = {"loss": LOSS, "ignore_class": -1}
        alone = [dnn.evaluate(ensemble.member(i), (X, labels, WEIGHTS), **held)["loss"] for i in range(k)]
        np.testing.assert_allclose(watch.best_losses, alone, rtol=1e-5)
        np.testing.assert_allclose(record["val_member_loss"], np.mean(alone), rtol=1e-5)
        operations.append(watch.sums.operations())
    assert sizes == [2 * 32, 2 * 6, 5 * 12, 5 * 10]
    assert sorted(operations[0]) == sorted(operations[1])


def test_members_that_share_weights_cannot_be_stopped_for_themselves():
    rule = dnn.EarlyStopping(each_member=True)
    with pytest.raises(ValueError, match="whose members share no weights"):
        fitted(dnn.TabM([4, 3, 2], 2), dnn.Adam, (X, Y), 0, validation=(X, Y), early_stopping=rule)


def test_a_member_that_is_over_stays_at_its_best_though_others_go_on():
    rule = dnn.EarlyStopping(patience=2, restore_best_weights=True, each_member=True)
    ensemble = dnn.ensemble_mlp([4, 3, 2], k=2, seed=0)
    watch = MemberWatch(ensemble, checked_data(ensemble, (X, Y), "validation"), LOSS, rule)
    kernels = ensemble.network.layers[0].kernel
    for epoch, losses in enumerate([[1.0, 1.0], [2.0, 0.9], [2.0, 0.8], [0.5, 0.7]], start=1):
        kernels.assign(tf.fill(kernels.shape, float(epoch)))
        watch.sums = lambda rows, losses=losses: tf.constant(losses) * 70
        assert not watch({"epoch": epoch}, None)
    watch.restore()
    assert watch.best_epochs == [1, 4]
    assert kernels[:, 0, 0].numpy().tolist() == [1.0, 4.0]


def test_an_ensemble_within_another_model_and_one_for_another_loss_are_refused():
    inner = dnn.Sequential([dnn.TabM([4, 3, 2], k=2, seed=0)])
    with pytest.raises(ValueError, match="TabM is in another model"):
        fitted(inner, dnn.Adam, (X, Y), 0)

    def own(labels, outputs):
        return tf.reduce_sum(tf.abs(labels - outputs), axis=1)

    amounts = dnn.ensemble_mlp([4, 3, 2], k=2, seed=0)
    options = {"loss": dnn.mean_squared_error, "metrics": {}, "optimizer": dnn.Adam(amounts.trainable_variables)}
    with pytest.raises(ValueError, match=r"the loss is mean_squared_error: make it with combine=dnn.mean_output"):
        dnn.fit(amounts, (X, X[:, :2]), **options)
    with pytest.raises(ValueError, match=r"the loss is own: make it with combine"):
        dnn.fit(amounts, (X, X[:, :2]), **options | {"loss": own})
    right = dnn.ensemble_mlp([4, 3, 2], k=2, combine=dnn.mean_output, seed=0)
    dnn.fit(right, (X, X[:, :2]), **options | {"optimizer": dnn.Adam(right.trainable_variables)})
