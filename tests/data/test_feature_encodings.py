"""Features with encodings that widen, a scale for each column, indicators of empty cells, rare and ordered values."""

import copy
import json
import pickle
import re

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, OrdinalEncoder

from dnn.data.feature_choice import FeatureChoice
from dnn.data.features import Features
from dnn.data.files import read_csv, sample_path
from dnn.data.gaps import Gap
from dnn.data.piecewise_linear import PiecewiseLinear
from dnn.data.preprocess import Normalize, Rescale, Standardize
from dnn.data.quantiles import Quantile
from dnn.data.scale_choice import SCALES, ByColumn, columns_by_scale, scale_learner

NAN = float("nan")
ORDER = {"size": ["small", "medium", "large"]}
few = settings(max_examples=settings().max_examples // 5)  # each example traces


def strings(*cells):
    return np.array(cells, dtype=object)


def numbers(*cells):
    return np.array(cells, dtype=np.float64)


CLIENTS = {
    "age": numbers(20, 40, NAN, 25, 31),
    "job": strings("cook", "cook", "pilot", "", "judge"),
    "debt": numbers(0, 0, 3, 9, 1),
    "same": numbers(7, 7, 7, 7, 7),
    "size": strings("small", "large", "", "medium", "large"),
}
LATER = {
    "age": numbers(NAN, 99, -1e30),
    "job": strings("nurse", "cook", "judge"),
    "debt": numbers(2, NAN, 0.5),
    "same": numbers(7, 8, NAN),
    "size": strings("medium", "huge", ""),
}
CHOICES = st.fixed_dictionaries(
    {
        "scale": st.sampled_from([*SCALES]),
        "bins": st.integers(1, 9),
        "column_scale": st.dictionaries(st.sampled_from(["age", "debt", "same"]), st.sampled_from([*SCALES])),
        "missing_indicator": st.booleans(),
        "min_count": st.integers(1, 2),
        "ordinal": st.sampled_from([None, ORDER]),
    }
)


def learnt(choice):
    return FeatureChoice(**choice).learn(CLIENTS, np.array([0, 1, 0, 1, 1]), regression=False)


@few
@given(CHOICES)
def test_state_pickle_and_copy_of_any_choice_are_the_same_bit_for_bit(choice):
    features = learnt(choice)
    matrix = features(LATER).numpy()
    assert matrix.dtype == np.float32
    assert matrix.shape == (3, features.width)
    assert np.isfinite(matrix).all()
    assert len(set(features.names)) == features.width
    from_json = Features.from_state(json.loads(json.dumps(features.state())))
    for again in (from_json, pickle.loads(pickle.dumps(features)), copy.deepcopy(features)):
        assert again(LATER).numpy().tobytes() == matrix.tobytes()
        assert again.names == features.names
        assert json.dumps(again.state()) == json.dumps(features.state())
        assert again.gaps(LATER) == features.gaps(LATER)


@few
@given(CHOICES)
def test_a_traced_function_gives_the_same_as_an_exported_model_does(choice):
    features = learnt(choice)
    signature = {
        name: tf.TensorSpec([None], tf.string if cells.dtype == object else tf.float64)
        for name, cells in CLIENTS.items()
    }
    traced = tf.function(features, input_signature=[signature])
    for columns in (CLIENTS, LATER):
        tensors = {name: tf.constant(cells.tolist(), signature[name].dtype) for name, cells in columns.items()}
        np.testing.assert_allclose(traced(tensors), features(columns), rtol=1e-6, atol=1e-6)
    assert traced.experimental_get_tracing_count() == 1


def test_one_piecewise_column_is_scikit_learns_bins_one_hot_up_to_the_place_within():
    """The bin that is not full is the one in which KBinsDiscretizer finds the number."""
    balance = read_csv(sample_path()).columns["balance"]
    features = Features({"balance": balance}, scale=PiecewiseLinear.learner(8))
    discrete = KBinsDiscretizer(8, encode="ordinal", quantile_method="linear").fit(balance[:, None])
    within = balance != balance.max()  # which fills the last bin
    full = (features({"balance": balance}).numpy() == 1).sum(axis=1)
    np.testing.assert_array_equal(full[within], discrete.transform(balance[:, None])[within, 0])
    assert features.names[0] == "balance[-3313, 0)"
    assert features.names[-1] == "balance[3276, 7.119e+04]"


def test_each_column_has_the_scale_that_it_was_given():
    features = Features(CLIENTS, column_scale={"age": PiecewiseLinear.learner(2), "same": lambda x: lambda x: x / 7})
    assert isinstance(features.scale, ByColumn)
    assert features.names[:4] == ["age[20, 29)", "age[29, 40]", "debt", "same"]
    plain, found = Features(CLIENTS)(CLIENTS).numpy(), features(CLIENTS).numpy()
    np.testing.assert_array_equal(found[:, 2], plain[:, 1])
    assert found[:, 0].tolist() == [0, 1, 1, pytest.approx(5 / 9), 1]
    assert found[:, 3].tolist() == [1] * 5
    assert pickle.loads(pickle.dumps(Features(CLIENTS, column_scale={"age": Quantile.learn}))).names == plain_names()
    with pytest.raises(ValueError, match="only Standardize, .* can be written as JSON, got function"):
        features.state()


def plain_names():
    """Age is learnt after the others, since it has a scale of its own."""
    return Features(CLIENTS).names


def test_columns_of_one_scale_are_scaled_together():
    features = Features(CLIENTS, scale=Normalize.learn, column_scale={"debt": Rescale.learn})
    length = np.linalg.norm([20, 7])
    np.testing.assert_allclose(features(CLIENTS)[0, :3], [20 / length, 7 / length, 0], rtol=1e-6)
    assert features.names[:3] == ["age", "same", "debt"]
    assert columns_by_scale(features.scale, features.numeric) == {"normalize": ["age", "same"], "rescale": ["debt"]}


def test_the_columns_of_each_scale_are_told_with_their_bins():
    scale = ByColumn([([0], PiecewiseLinear([[0, 1, 2]])), ([2], PiecewiseLinear([[]])), ([1], Standardize([0], [1]))])
    told = {"piecewise": ["a (2)", "c (0)"], "standardize": ["b"]}
    assert columns_by_scale(scale, ["a", "b", "c"]) == told


def test_a_scale_of_the_users_own_may_widen_if_it_names_its_columns():
    class Square(tf.Module):
        def __call__(self, x):
            return tf.concat([x, x * x], axis=1)

        def names(self, columns):
            return [*columns, *(f"{name}²" for name in columns)]

    features = Features({"a": numbers(1, 2), "b": numbers(3, 5)}, scale=lambda x: Square())
    assert features.names == ["a", "b", "a²", "b²"]
    assert features({"a": numbers(3), "b": numbers(4)}).numpy().tolist() == [[3, 4, 9, 16]]


def test_empty_cells_have_an_indicator_where_training_had_some_as_sklearns():
    columns = {"debt": numbers(1, 2, 3), "age": numbers(1, NAN, 4), "job": strings("a", "b", "a")}
    later = {"age": numbers(NAN, 2), "debt": numbers(1, NAN), "job": strings("b", "a")}
    features = Features(columns, scale=lambda x: lambda x: x, missing_indicator=True)
    assert features.names == ["debt", "age", "age is missing", "job=a", "job=b"]
    theirs = SimpleImputer(add_indicator=True).fit(np.stack([columns["debt"], columns["age"]], axis=1))
    expected = theirs.transform(np.stack([later["debt"], later["age"]], axis=1))
    np.testing.assert_array_equal(features(later)[:, :3], expected)
    assert features.gaps(later) == [
        Gap("debt", "empty", 1, "the training mean"),
        Gap("age", "empty", 1, "the training mean, and 1 in 'age is missing'"),
    ]
    assert Features({"debt": numbers(1, 2)}, missing_indicator=True).names == ["debt"]


def test_rare_values_share_a_column_with_those_never_seen_as_sklearns():
    job = strings(*"aaabbbbccdde")
    features = Features({"job": job}, min_count=3)
    assert features.names == ["job=a", "job=b", "job is rare"]
    theirs = OneHotEncoder(min_frequency=3, handle_unknown="infrequent_if_exist", sparse_output=False)
    later = strings("a", "b", "c", "e", "z", "")
    theirs.fit(job[:, None])
    np.testing.assert_array_equal(features({"job": later}), theirs.transform(later[:, None]))
    assert features.gaps({"job": later}) == [
        Gap("job", "rare or never seen in training", 4, "the column of rare values")
    ]
    assert Features({"job": job}, min_count=1).names == [f"job={letter}" for letter in "abcde"]
    assert Features({"job": job[:7]}, min_count=3).names == ["job=a", "job=b"]  # none is rare


def test_a_column_of_many_values_can_be_learnt_when_the_rare_ones_are_grouped():
    town = strings(*(f"town {number}" for number in range(2_000)), *["Bonn"] * 10)
    assert Features({"town": town}, min_count=10).names == ["town=Bonn", "town is rare"]
    message = "column 'town' has 2,001 different values; one-hot takes at most 1,000; leave it out, or group its values"
    with pytest.raises(ValueError, match=re.escape(message)):
        Features({"town": town})


def test_ordered_values_are_numbers_and_others_stay_one_hot():
    features = Features(CLIENTS, ordinal=ORDER)
    assert features.names[-1] == "size"
    frame = np.stack([CLIENTS["job"], CLIENTS["size"]], axis=1)
    filled = np.where(frame == "", "medium", frame)
    theirs = ColumnTransformer([("size", OrdinalEncoder(categories=[ORDER["size"]]), [1])]).fit_transform(filled) / 2
    found = features(CLIENTS).numpy()[:, -1]
    np.testing.assert_array_equal(found[[0, 1, 3, 4]], theirs[[0, 1, 3, 4], 0])
    assert found[2] == np.float32((0 + 1 + 0.5 + 1) / 4)
    assert Gap("size", "empty or not in the order", 2, "the training mean") in features.gaps(LATER)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"column_scale": {"agee": Standardize.learn}}, "column_scale has 'agee', which is not a numeric column: age,"),
        ({"column_scale": {"job": Standardize.learn}}, "column_scale has 'job', which is not a numeric column"),
        ({"ordinal": {"age": ["1", "2"]}}, "ordinal has 'age', which is not a category"),
        ({"ordinal": {"sizes": ["1", "2"]}}, "ordinal has 'sizes', which is not a category"),
        (
            {"ordinal": {"size": ["small", "large"]}},
            "column 'size' has values that its order, 'small', 'large', has no place for: 'medium'",
        ),
        ({"ordinal": {"size": ["small"]}}, "column 'size' has an order that must have two categories or more"),
        ({"min_count": 9}, "column 'job' has rare values alone, fewer rows of each than min_count"),
    ],
)
def test_options_that_do_not_suit_the_columns_are_refused(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Features(CLIENTS, **options)


def test_columns_without_two_values_alone_are_refused():
    with pytest.raises(ValueError, match="no column has two different values in the training rows"):
        Features({"same": numbers(1, 1), "too": numbers(NAN, NAN)}, scale=PiecewiseLinear.learn)


def test_a_name_that_is_no_scale_is_refused_with_those_that_are():
    with pytest.raises(ValueError, match="one of standardize, .*, piecewise_tree, or a function, got 'log'"):
        scale_learner("log")


STATE = Features(
    CLIENTS, column_scale={"age": PiecewiseLinear.learner(2)}, missing_indicator=True, min_count=2, ordinal=ORDER
).state()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("indicated",), [3], "got another number of values"),
        (("indicated",), [0, 0], "got another number of values"),
        (("rare",), ["size"], "its contents are inconsistent"),
        (("ordinal",), {"size": 2.0}, "mean must be in [0, 1]"),
        (("scale", "groups", 0, "columns"), [1], "got another number of values"),
        (("scale", "groups", 0, "scale", "edges"), [[1, 0]], "must be increasing"),
        (("scale", "groups", 0, "scale", "edges"), [], "got another number of values"),
        (("scale", "groups", 0, "scale", "name"), "ByColumn", "not the state of features"),
    ],
)
def test_a_damaged_state_is_refused(path, value, message):
    state = copy.deepcopy(STATE)
    Features.from_state(state)
    *above, last = path
    at = state
    for key in above:
        at = at[key]
    at[last] = value
    with pytest.raises(ValueError, match=re.escape(message)):
        Features.from_state(state)
