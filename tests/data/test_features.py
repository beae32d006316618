"""Named columns become one float32 matrix, and all that is learnt for it is learnt from the training rows."""

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
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from tolerance import assert_near

from dnn.data.features import Features
from dnn.data.files import read_csv, sample_path
from dnn.data.gaps import Gap
from dnn.data.preprocess import Binarize, Normalize, Rescale, Standardize
from dnn.data.split import split
from dnn.data.table import Table, kinds_of

NAN = float("nan")
ROWS = st.integers(1, 6)
SCALES = pytest.mark.parametrize("scale", [Standardize.learn, Rescale.learn, Normalize.learn, Binarize.learn])


def strings(*cells):
    return np.array(cells, dtype=object)


def numbers(*cells):
    return np.array(cells, dtype=np.float64)


CLIENTS = {"age": numbers(20, 40, NAN), "job": strings("cook", "", "pilot"), "debt": numbers(0, 0, 3)}


@st.composite
def columns(draw, rows=ROWS):
    """One to four columns of either kind, with empty cells; a number is big enough for its square to be a number."""
    rows = draw(rows)
    cells = {
        "numeric": st.just(NAN) | st.floats(-1e9, 1e9).map(lambda x: x if abs(x) > 1e-9 else 0.0),
        "category": st.sampled_from(["", "a", "b", "ü", "x" * 30]),
    }
    kinds = draw(st.lists(st.sampled_from(list(cells)), min_size=1, max_size=4))
    make = {"numeric": numbers, "category": strings}
    return {
        f"{kind} {number}": make[kind](*draw(st.lists(cells[kind], min_size=rows, max_size=rows)))
        for number, kind in enumerate(kinds)
    }


half = settings(max_examples=settings().max_examples // 2)  # of each of four scales
few = settings(max_examples=settings().max_examples // 5)  # each example traces, or reads the sample


def same(state):
    """Equal only if every bit is: JSON writes −0.0 and 0.0 differently."""
    return json.dumps(state)


def test_the_matrix_is_what_sklearns_column_transformer_makes():
    table = read_csv(sample_path()).without("y")
    numeric = [name for name, kind in kinds_of(table.columns).items() if kind == "numeric"]
    frame = np.array(list(table.columns.values()), dtype=object).T
    index = {name: number for number, name in enumerate(table.columns)}
    theirs = ColumnTransformer(
        [
            ("numeric", StandardScaler(), [index[name] for name in numeric]),
            (
                "category",
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                [index[name] for name in table.columns if name not in numeric],
            ),
        ]
    ).fit(frame[:3000])
    features = Features({name: cells[:3000] for name, cells in table.columns.items()})
    found = features(table.columns)
    assert (found.dtype, found.shape) == (tf.float32, (4521, features.width))
    assert_near(found, theirs.transform(frame), absolute=1e-7)


@SCALES
@half
@given(columns(), columns())
def test_numbers_come_first_and_then_one_column_for_each_category(scale, training, later):
    features = Features(training, scale=scale)
    numeric = [name for name in training if name.startswith("numeric")]
    one_hot = [f"{name}={text}" for name in training if name not in numeric for text in sorted(set(training[name]))]
    assert features.names == numeric + one_hot
    assert features.width == len(features.names)
    found = features(training).numpy()
    assert found.shape == (len(next(iter(training.values()))), features.width)
    assert np.isfinite(found).all()
    for name in one_hot:
        column, text = name.split("=", 1)
        np.testing.assert_array_equal(found[:, features.names.index(name)], training[column] == text)


@given(columns(), st.integers(0, 5))
def test_each_row_is_encoded_by_itself(training, row):
    features = Features(training)
    row %= len(next(iter(training.values())))
    alone = features({name: cells[row : row + 1] for name, cells in training.items()})
    assert_near(alone[0], features(training)[row])


@few
@given(st.data())
def test_validation_and_test_rows_teach_nothing(data):
    table = read_csv(sample_path())
    training, *others = split(table, "y", seed=data.draw(st.integers(0, 9)))
    changed = {name: cells.copy() for name, cells in table.columns.items()}
    for rows in (part.rows for part in others):
        changed["age"][rows] = data.draw(st.sampled_from([NAN, -1e9, 0.0]))
        changed["job"][rows] = data.draw(st.sampled_from(["", "astronaut", "student"]))
    columns = Table(changed).without("y").columns
    again = Features({name: cells[training.rows] for name, cells in columns.items()})
    assert same(again.state()) == same(Features(training.columns).state())


def test_an_empty_number_takes_the_training_mean():
    features = Features(CLIENTS, scale=lambda x: lambda x: x)
    later = CLIENTS | {"age": numbers(NAN, 50, NAN)}
    assert features(later).numpy()[:, 0].tolist() == [30, 50, 30]
    assert features.gaps(later) == [
        Gap("age", "empty", 2, "the training mean"),
        Gap("job", "empty", 1, "a category of its own"),
    ]


def test_a_column_that_is_empty_in_all_training_rows_is_zero_in_all():
    features = Features({"age": numbers(NAN, NAN), "job": strings("", "")})
    assert features({"age": numbers(NAN), "job": strings("")}).numpy().tolist() == [[0, 1]]


def test_a_category_never_seen_in_training_becomes_zeros_and_is_counted():
    features = Features(CLIENTS)
    later = CLIENTS | {"job": strings("judge", "cook", "judge")}
    assert features.names == ["age", "debt", "job=", "job=cook", "job=pilot"]
    assert features(later).numpy()[:, 2:].tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert Gap("job", "never seen in training", 2, "all zeros") in features.gaps(later)


def test_an_empty_category_that_training_never_saw_is_one_never_seen():
    features = Features({"job": strings("cook", "pilot")})
    assert features.gaps({"job": strings("", "cook")}) == [Gap("job", "never seen in training", 1, "all zeros")]


def test_no_gap_is_reported_where_there_is_none():
    features = Features({"age": numbers(1, 2), "job": strings("a", "b")})
    assert features.gaps({"age": numbers(3), "job": strings("a")}) == []


@SCALES
@few
@given(columns(st.just(5)))
def test_a_traced_function_of_any_batch_size_gives_the_same_and_is_traced_once(scale, training):
    features = Features(training, scale=scale)
    kinds = {"numeric": tf.float64, "category": tf.string}
    signature = {name: tf.TensorSpec([None], kinds[name.split()[0]]) for name in training}
    traced = tf.function(features, input_signature=[signature])
    for rows in (5, 1, 3):
        some = {name: cells[:rows] for name, cells in training.items()}
        tensors = {name: tf.constant(cells.tolist(), signature[name].dtype) for name, cells in some.items()}
        assert_near(traced(tensors), features(some), absolute=1e-6)
    assert traced.experimental_get_tracing_count() == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"age": ...}, "the columns must be those of the training data: missing 'age'"),
        ({"pet": strings("cat", "dog", "")}, "the columns must be those of the training data: extra 'pet'"),
        ({"age": ..., "job": ..., "pet": numbers(1, 2, 3)}, "training data: missing 'age', 'job'; extra 'pet'"),
        ({"age": strings("20", "40", "")}, "column 'age' must be numeric, got category"),
        ({"job": numbers(1, 2, 3)}, "column 'job' must be category, got numeric"),
        ({"age": tf.constant(["20"])}, "column 'age' must be numeric, got category"),
        ({"job": tf.constant([1.0])}, "column 'job' must be category, got numeric"),
    ],
)
def test_columns_other_than_in_training_are_refused_by_name(change, message):
    columns = {name: cells for name, cells in (CLIENTS | change).items() if cells is not ...}
    features = Features(CLIENTS)
    for use in (features, features.check):
        with pytest.raises(ValueError, match=re.escape(message)):
            use(columns)


def test_the_order_of_the_columns_does_not_matter_later():
    features = Features(CLIENTS)
    backwards = dict(reversed(CLIENTS.items()))
    np.testing.assert_array_equal(features(backwards), features(CLIENTS))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "features need at least one column"),
        ({"age": numbers()}, "features need at least one row"),
        ({"job": strings()}, "features need at least one row"),
        ({"age": numbers(1, -1e151)}, "column 'age' has numbers beyond ±1e+150"),
        ({"job": strings("a", None)}, "column 'job' has None among its strings"),
        (
            {"id": strings(*map(str, range(1_001)))},
            "column 'id' has 1,001 different values; one-hot takes at most 1,000; leave it out, or group its values",
        ),
    ],
)
def test_training_columns_that_cannot_be_learnt_are_refused_with_the_remedy(columns, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Features(columns)


@SCALES
@half
@given(columns())
def test_the_state_comes_back_from_json_bit_for_bit(scale, training):
    features = Features(training, scale=scale)
    again = Features.from_state(json.loads(json.dumps(features.state())))
    assert same(again.state()) == same(features.state())
    assert again.names == features.names
    np.testing.assert_array_equal(again(training), features(training))


def test_one_threshold_for_all_columns_comes_back_too():
    features = Features(CLIENTS, scale=lambda x: Binarize(25))
    again = Features.from_state(features.state())
    np.testing.assert_array_equal(again(CLIENTS)[:, :2], [[0, 0], [1, 0], [1, 0]])


def test_a_scale_of_the_users_own_works_but_is_not_written_as_json():
    class Standardize(tf.Module):  # the name alone does not make it ours
        def __call__(self, x):
            return x / 10

    for own in (Standardize(), lambda x: x / 10):
        features = Features(CLIENTS, scale=lambda x, own=own: own)
        assert_near(features(CLIENTS)[:, 0], [2, 4, 3])
        with pytest.raises(ValueError, match=r"only Standardize, .* can be written as JSON, got .*tf.train.Checkpoint"):
            features.state()


@SCALES
def test_a_checkpoint_restores_all_that_was_learnt_from_the_numbers(scale, tmp_path):
    features, other = (Features(CLIENTS | {"age": age}, scale=scale) for age in (CLIENTS["age"], numbers(7, 8, 1)))
    path = tf.train.Checkpoint(features=features).write(tmp_path / "features")
    tf.train.Checkpoint(features=other).read(path).assert_consumed()
    assert same(other.state()) == same(features.state())


def test_a_repr_names_the_columns_their_kinds_and_the_width():
    expected = "Features(3 columns: age (numeric), job (category), debt (numeric); width 5)"
    assert repr(Features(CLIENTS)) == expected
    wide = repr(Features({f"x{number}": numbers(1, 2) for number in range(1_000)}))
    assert len(wide) < 300
    assert "x11 (numeric), … (1,000 in all); width 1,000" in wide


STATE = Features(CLIENTS).state()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kinds": ...}, "missing 1 required positional argument: 'kinds'"),
        ({"more": 1}, "unexpected keyword argument 'more'"),
        ({"kinds": {}}, "kinds must be numeric or category"),
        ({"kinds": {"age": "number", "job": "category", "debt": "numeric"}}, "kinds must be numeric or category"),
        ({"means": [1.0]}, "2 columns are numeric, got another number of values"),
        ({"means": [1.0, NAN]}, "its contents are inconsistent"),
        ({"means": ["1", "2"]}, "not the state of features"),
        ({"means": [[1.0, 2.0]]}, "got another number of values"),
        ({"scale": {"name": "Standardize", "mean": [0, 0], "deviation": [1]}}, "got another number of values"),
        ({"scale": {"name": "Standardize", "mean": [0, 0]}}, "missing 1 required positional argument: 'deviation'"),
        ({"scale": {"name": "os.system"}}, "KeyError('os.system')"),
        ({"scale": {"mean": [0, 0], "deviation": [1, 1]}}, "KeyError('name')"),
        ({"categories": {}}, "KeyError('job')"),
        ({"categories": {"job": "ab"}}, "its contents are inconsistent"),
        ({"categories": {"job": ["cook", "cook"]}}, "there must be categories, each once, got ('cook', 'cook')"),
        ({"categories": {"job": [1, 2]}}, "not the state of features"),
        ({"categories": {"job": ["cook"], "pet": ["cat"]}}, "its contents are inconsistent"),
    ],
)
def test_a_damaged_state_is_refused(change, message):
    state = {name: value for name, value in (STATE | change).items() if value is not ...}
    with pytest.raises(ValueError, match=re.escape(message)):
        Features.from_state(state)


@SCALES
@few
@given(columns(), columns())
def test_features_are_pickled_and_copied_bit_for_bit(scale, training, later):
    features = Features(training, scale=scale)
    later = {name: later.get(name, cells) for name, cells in training.items()}
    rows = min(map(len, later.values()))
    later = {name: cells[:rows] for name, cells in later.items()}
    for again in (pickle.loads(pickle.dumps(features)), copy.deepcopy(features), copy.copy(features)):
        assert again(later).numpy().tobytes() == features(later).numpy().tobytes()
        assert same(again.state()) == same(features.state())


def test_features_with_a_scale_of_the_users_own_are_pickled():
    features = Features(CLIENTS, scale=halved)
    assert pickle.loads(pickle.dumps(features))(CLIENTS).numpy().tobytes() == features(CLIENTS).numpy().tobytes()


def halved(x):
    return half_of


def half_of(x):
    return x / 2


@pytest.mark.parametrize("now", [np.array, tf.constant, lambda truth: np.where(truth, "true", "false").astype(object)])
def test_truth_values_are_a_category(now):
    features = Features({"age": numbers(1, 2, 3), "cook": np.array([False, False, True])})
    assert features.names == ["age", "cook=false", "cook=true"]
    found = features({"age": numbers(1, 2, 3), "cook": now([True, False, True])}).numpy()
    np.testing.assert_array_equal(found[:, 1:], [[0, 1], [1, 0], [0, 1]])
    assert features.gaps({"age": numbers(1), "cook": np.array([True])}) == []


def test_all_columns_that_cannot_be_learnt_are_told_and_a_word_among_numbers_first():
    many = [str(number) for number in range(1_100)]
    income = strings(*many[:700], "unknown", *many[701:])
    columns = {"income": income, "id": strings(*(f"u{one}" for one in many)), "big": numbers(*[1e200] * 1_100)}
    with pytest.raises(ValueError, match="income") as raised:
        Features(columns)
    assert str(raised.value).splitlines() == [
        "column 'income' has 1,100 different values; one-hot takes at most 1,000; 1,099 of 1,100 are numbers, but "
        "'unknown' in row 701 is not: --missing \"unknown\" reads it as missing",
        "column 'id' has 1,100 different values; one-hot takes at most 1,000; leave it out, or group its values: "
        '--drop "id"',
        "column 'big' has numbers beyond ±1e+150",
    ]
