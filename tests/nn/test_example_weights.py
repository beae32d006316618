"""Weights of examples: against Keras's reductions, and by what a weight must mean."""

import keras
import numpy as np
import pytest
import sklearn.utils.class_weight
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from keras_peer import value_and_gradient
from modes import MODES
from tolerance import assert_near

from dnn.nn.example_weights import class_weights, counted, weighted_mean
from dnn.nn.losses import sparse_softmax_cross_entropy

in_every_mode = pytest.mark.parametrize("mode", MODES)
LOSSES = st.floats(0, 50, width=32, allow_subnormal=False)
WEIGHTS = st.just(0.0) | st.floats(2.0**-20, 20, width=32)  # smaller, and a product with a loss may be subnormal


@st.composite
def labels_logits_and_weights(draw):
    rows, classes = draw(st.integers(1, 8)), draw(st.integers(2, 4))
    labels = draw(hnp.arrays(np.int32, rows, elements=st.integers(0, classes - 1)))
    logits = draw(hnp.arrays(np.float32, (rows, classes), elements=st.floats(-9, 9, width=32)))
    return labels, logits, draw(hnp.arrays(np.float32, rows, elements=WEIGHTS))


@given(labels_logits_and_weights())
def test_the_weighted_mean_and_its_gradient_are_those_of_keras_s_loss(example):
    labels, logits, weights = example
    keras_s_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    ours = value_and_gradient(lambda z: weighted_mean(sparse_softmax_cross_entropy(labels, z), weights), logits)
    keras_s = value_and_gradient(lambda z: keras_s_loss(labels, z, sample_weight=weights), logits)
    for actual, expected in zip(ours, keras_s, strict=True):
        assert_near(actual, expected, ulps=8, absolute=2e-5)


@given(labels_logits_and_weights(), st.integers(-1, 3))
def test_an_ignored_class_is_left_out_of_the_mean_as_in_keras(example, ignored):
    labels, logits, weights = example
    losses = sparse_softmax_cross_entropy(labels, logits, ignore_class=ignored)
    mean = weighted_mean(losses, weights, counted(labels, ignored))
    keras_s = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=ignored)
    assert_near(mean, keras_s(labels, logits, sample_weight=weights), ulps=8, absolute=2e-5)
    used = labels != ignored
    expected = np.sum(losses.numpy().astype(np.float64) * weights) / used.sum() if used.any() else 0
    assert_near(mean, expected, ulps=8)


@given(hnp.arrays(np.float32, st.integers(1, 9), elements=LOSSES))
def test_weights_of_1_leave_the_mean_and_doubled_ones_double_it(losses):
    assert_near(weighted_mean(losses), losses.mean(dtype=np.float64))
    ones = np.ones(len(losses))
    np.testing.assert_array_equal(weighted_mean(losses, ones), weighted_mean(losses))
    np.testing.assert_array_equal(weighted_mean(losses, 2 * ones), 2 * weighted_mean(losses))


@given(hnp.arrays(np.float32, st.integers(1, 9), elements=LOSSES), st.data())
def test_whole_weights_are_rows_repeated(losses, data):
    times = data.draw(hnp.arrays(np.int64, len(losses), elements=st.integers(0, 5)))
    repeated = np.repeat(losses, times).astype(np.float64)
    assert_near(weighted_mean(losses, times), repeated.sum() / len(losses), ulps=8)


@given(hnp.arrays(np.float32, st.integers(1, 9), elements=LOSSES), st.data())
def test_rows_that_do_not_count_might_as_well_not_be_there(losses, data):
    counts = data.draw(hnp.arrays(bool, len(losses)))
    expected = losses[counts].mean(dtype=np.float64) if counts.any() else 0
    assert_near(weighted_mean(losses, counted=counts), expected, ulps=8)


@in_every_mode
@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_a_row_that_weighs_nothing_costs_nothing_though_its_loss_is_no_number(mode, bad):
    mean = MODES[mode](weighted_mean)
    np.testing.assert_array_equal(mean(np.float32([bad, 3]), np.float32([0, 2]), np.array([True, True])), 3)
    np.testing.assert_array_equal(mean(np.float32([bad, 3]), np.float32([1, 2]), np.array([False, True])), 6)
    assert not np.isfinite(mean(np.float32([bad, 3]), np.float32([1, 2]), np.array([True, True])))


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint8])
def test_counted_says_which_labels_are_not_the_ignored_one(dtype):
    np.testing.assert_array_equal(counted(np.array([0, 255 if dtype == np.uint8 else -1, 2], dtype), 2), [1, 1, 0])
    assert not counted(np.array([7], dtype), 7)[0]


@given(
    hnp.arrays(np.int32, st.integers(0, 20), elements=st.integers(-2, 5)),
    st.dictionaries(st.integers(-2, 5), st.floats(0, 1e9), max_size=4),
)
def test_each_row_has_the_weight_of_its_class_or_1(labels, weights):
    expected = [weights.get(label, 1.0) for label in labels.tolist()]
    np.testing.assert_array_equal(class_weights(labels, weights), np.array(expected, np.float64))


@given(
    hnp.arrays(np.int32, st.integers(1, 20), elements=st.integers(0, 5)),
    st.dictionaries(st.integers(0, 5), WEIGHTS, min_size=1, max_size=4),
)
def test_the_weights_of_classes_are_keras_s_in_fit(labels, weights):
    keras_s = keras.src.trainers.data_adapters.data_adapter_utils.class_weight_to_sample_weights(labels, weights)
    np.testing.assert_array_equal(class_weights(labels, weights).astype(np.float32), keras_s)


@given(st.lists(st.sampled_from(["no", "yes", "maybe"]) | st.sampled_from(["a" * 9, ""]), min_size=1, max_size=30))
def test_balanced_weights_are_scikit_learn_s_for_names_and_numbers(labels):
    expected = sklearn.utils.class_weight.compute_sample_weight("balanced", labels)
    np.testing.assert_allclose(class_weights(labels, "balanced"), expected, rtol=1e-14)
    _, numbers = np.unique(labels, return_inverse=True)
    np.testing.assert_allclose(class_weights(numbers * 7 - 3, "balanced"), expected, rtol=1e-14)
    assert class_weights(labels, "balanced").mean() == pytest.approx(1)


@given(st.lists(st.integers(0, 2), min_size=1), st.dictionaries(st.integers(0, 2), WEIGHTS))
def test_names_of_classes_weigh_as_their_numbers(labels, weights):
    names = ["no", "yes", "maybe"]
    by_name = {names[number]: weight for number, weight in weights.items()}
    expected = class_weights(labels, weights)
    np.testing.assert_array_equal(class_weights(labels, by_name, classes=names), expected)
    np.testing.assert_array_equal(class_weights(labels, weights, classes=names), expected)
    used = {name: weight for name, weight in by_name.items() if names.index(name) in labels}
    np.testing.assert_array_equal(class_weights(np.array(names, object)[labels], used), expected)


def test_nothing_has_no_weights():
    assert class_weights([], "balanced").shape == class_weights([], {}).shape == (0,)


@pytest.mark.parametrize("labels", [[0.0, 1.0], [True], [None, "no"]])
def test_labels_that_are_neither_integers_nor_names_have_no_class_weight(labels):
    for weights in ({0: 2.0}, "balanced"):
        with pytest.raises(TypeError, match="labels must be integers or the names of classes, got"):
            class_weights(labels, weights)


def test_classes_of_another_kind_than_the_labels_are_refused():
    with pytest.raises(TypeError, match="the classes of weights must be integers, got <U3; name the .* as classes="):
        class_weights([0, 1], {"yes": 2.0})
    with pytest.raises(TypeError, match="the classes of weights must be names, as the labels are, got int64"):
        class_weights(["no", "yes"], {1: 2.0})
    with pytest.raises(TypeError, match="the classes of weights must be integers or names, got float64"):
        class_weights([0, 1], {1.5: 2.0})


def test_a_name_that_is_no_class_is_refused():
    for labels, options in ((["no", "yes"], {}), ([0, 1], {"classes": ["no", "yes"]})):
        with pytest.raises(ValueError, match="weights has 'Yes', which is no class: the classes are 'no', 'yes'"):
            class_weights(labels, {"Yes": 2.0}, **options)
    with pytest.raises(ValueError, match=r'weights must be "balanced" or a dict, class -> weight, got \'balance\''):
        class_weights([0, 1], "balance")


def test_one_hot_labels_have_no_class_weight():
    with pytest.raises(ValueError, match=r"labels must be \[rows\], got shape \(2, 2\)"):
        class_weights(np.eye(2, dtype=int), {0: 2.0})


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_a_weight_out_of_range_is_refused(weight):
    with pytest.raises(ValueError, match=f"the weight of class 1 must be a number of 0 or more, got {weight}"):
        class_weights([0], {1: weight})


def test_class_weights_are_a_dict_of_numbers():
    with pytest.raises(TypeError, match=r"weights must be a dict, class number -> weight, got \[1, 2, 3\]"):
        class_weights([0, 1, 2], [1, 2, 3])
    with pytest.raises(TypeError, match="the weight of class 1 must be a number, got '2'"):
        class_weights([0, 1], {1: "2"})
