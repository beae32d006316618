"""The members of an ensemble on test rows: their own losses, and their standard deviation."""

import numpy as np

import dnn
from dnn.pages.members import member_scores, members_part

X = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)


def test_each_member_has_the_loss_and_accuracy_that_it_has_alone():
    ensemble, labels = dnn.ensemble_mlp([4, 3, 2], k=3, seed=0), np.arange(9) % 2
    found = member_scores(ensemble, X, labels)
    for i, score in enumerate(found["scores"]):
        alone = dnn.evaluate(ensemble.member(i), (X, labels), loss=dnn.sparse_softmax_cross_entropy)
        np.testing.assert_allclose([score["loss"], score["accuracy"]], list(alone.values()), rtol=1e-5)
    probabilities = np.stack([dnn.softmax(ensemble.member(i)(X)).numpy() for i in range(3)])
    predicted = probabilities.mean(axis=0).argmax(axis=1)
    deviation = probabilities.std(axis=0)[np.arange(9), predicted]
    np.testing.assert_allclose(found["disagreement"], np.quantile(deviation, [0, 0.25, 0.5, 0.75, 1]), rtol=1e-4)


def test_the_section_shows_them_and_a_network_alone_has_none():
    found = member_scores(dnn.TabM([4, 3, 1], k=2, seed=0), X, X[:, 0])
    page = members_part(found)
    assert "2 networks" in page
    assert f"{found['scores'][1]['rmse']:.4f}"[:5] in page
    assert member_scores(dnn.mlp([4, 2]), X, np.zeros(9, int)) is None
    assert members_part(None) == ""
