"""How a cell became its feature: the words hold the numbers that were learnt, and what they give is the feature."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dnn.data.feature_origins import cell_text, feature_origins
from dnn.data.features import Features
from dnn.data.piecewise_linear import PiecewiseLinear
from dnn.data.quantiles import Quantile
from dnn.data.robust_scale import RobustScale
from dnn.data.scale_choice import SCALES

TRAINED = {
    "age": np.array([20.0, 41.0, 65.0, 33.0]),
    "debt": np.array([-3.5, np.nan, -8.0, 4.0]),
    "same": np.array([7.0, 7.0, 7.0, 7.0]),
    "job": np.array(["cook", "pilot", "", "cook"], object),
}
ROWS = {
    "age": np.array([30.0, -2.0, np.nan]),
    "debt": np.array([1.25, np.nan, -9.0]),
    "same": np.array([7.0, 8.0, 7.0]),
    "job": np.array(["pilot", "judge", ""], object),
}


def computed(text: str) -> float:
    """What Python makes of the formula in "age 30: (30 − 39.75) / 16.5 = -0.59"."""
    formula = text.rsplit(": ", 1)[1].partition(" = ")[0]
    return eval(formula.replace("−", "-").replace("·", "*"))


@pytest.mark.parametrize("scale", ["standardize", "rescale"])
def test_the_formula_of_a_number_gives_its_feature(scale):
    features = Features(TRAINED, scale=SCALES[scale].learn)
    made = features(ROWS).numpy()
    numeric = features.numeric
    for index, origin in enumerate(feature_origins(features, ROWS)[: len(numeric)]):
        assert origin.column == numeric[index]
        texts = [text for (text,) in origin.features]
        if "constant" not in origin.how:
            assert_allclose([computed(text) for text in texts], made[:, index], rtol=1e-4)
        assert_allclose([float(text.rpartition(" = ")[2]) for text in texts], made[:, index], rtol=1e-5)


def test_an_empty_number_and_a_constant_column_are_told():
    age, debt, same = feature_origins(Features(TRAINED), ROWS)[:3]
    assert age.features[2][0].startswith("age empty, so the training mean 39.75: (39.75 − 39.75) /")
    assert debt.short[1].startswith("empty → ")
    assert same.how == "0 · x, a constant in training"


def test_an_empty_number_is_0_and_not_what_the_rounding_of_the_mean_leaves():
    random = np.random.default_rng(0)
    cells = np.where(random.random((40, 200)) < 0.2, np.nan, random.normal(40, 10, size=(40, 200)).round(2))
    columns = {f"c{number}": column for number, column in enumerate(cells)}
    features, empty = Features(columns), {name: np.array([np.nan]) for name in columns}
    assert np.any(features(empty).numpy() != 0)
    for origin in feature_origins(features, empty):
        assert origin.short == ["empty → 0"]
        assert origin.features[0][0].endswith(" = 0")


def test_each_feature_of_a_category_is_told():
    features = Features(TRAINED)
    job = feature_origins(features, ROWS)[-1]
    assert job.how == "1 in the column of its value, of 3"
    assert job.short == ["pilot → job=pilot", "judge → zeros, not seen in training", "empty → its own column, job="]
    made = features(ROWS).numpy()[:, -3:]
    assert [[text.endswith("1 in the column of this value") for text in row] for row in job.features] == (
        made == 1
    ).tolist()
    assert job.features[1][0] == "job is judge, which training never saw, not empty: 0"


@pytest.mark.parametrize(
    ("scale", "formula"),
    [("normalize", r"x / √\(the sum of the squares of the row's numbers\)"), ("binarize", r"1 if x > 39\.75, else 0")],
)
def test_other_scales_have_their_formula(scale, formula):
    origins = feature_origins(Features(TRAINED, scale=SCALES[scale].learn), ROWS)
    assert re.fullmatch(formula, origins[0].how)


def test_a_scale_of_the_users_own_is_named():
    def halved(x):
        return x / 2

    (age,) = feature_origins(Features({"age": TRAINED["age"]}, scale=lambda x: halved), {"age": ROWS["age"][:1]})
    assert (age.how, age.short) == ("halved(x)", ["30 → 15"])


def test_a_scale_whose_name_has_an_x_is_named():
    def exp_max(x):
        return x / 2

    (age,) = feature_origins(Features({"age": TRAINED["age"]}, scale=lambda x: exp_max), {"age": ROWS["age"][:1]})
    assert (age.how, age.features) == ("exp_max(x)", [["age 30: exp_max(30) = 15"]])


def test_each_column_has_its_own_threshold():
    numbers = {"a": np.array([1.0, 3.0]), "b": np.array([10.0, 30.0])}
    origins = feature_origins(Features(numbers, scale=SCALES["binarize"].learn), numbers)
    assert [origin.how for origin in origins] == ["1 if x > 2, else 0", "1 if x > 20, else 0"]


def test_numbers_are_plain():
    assert [cell_text(cell) for cell in (np.float64(2.0), -0.5, np.nan, "", "a b")] == [
        "2",
        "-0.5",
        "empty",
        "empty",
        "a b",
    ]


def test_each_feature_of_any_encoding_is_told_with_its_value_in_the_order_of_the_matrix():
    trained = TRAINED | {"size": np.array(["small", "large", "medium", "small"], object)}
    rows = ROWS | {"size": np.array(["large", "huge", "medium"], object)}
    features = Features(
        trained,
        scale=PiecewiseLinear.learner(2),
        column_scale={"age": Quantile.learn},
        missing_indicator=True,
        min_count=2,
        ordinal={"size": ["small", "medium", "large"]},
    )
    made, origins = features(rows).numpy(), feature_origins(features, rows)
    assert [origin.column for origin in origins] == ["age", "debt", "same", "debt", "job", "size"]
    assert origins[1].short[0] == "1.25 → 1.607 of 2 bins"  # 1 + (1.25 + 3) / 7
    assert origins[2].how == "no feature, a constant in training"
    for row in range(3):
        told = [text for origin in origins for text in origin.features[row]]
        values = [1.0 if text.endswith("this value") else float(re.split(r"[ =:]", text)[-1]) for text in told]
        assert_allclose(values, made[row], rtol=1e-3, atol=1e-6)


def test_the_robust_scale_is_told_with_its_median_and_spread():
    features = Features(TRAINED, scale=RobustScale.learn)
    age, _, same = feature_origins(features, ROWS)[:3]
    assert age.how == "(x − 37) / 17.25, smoothly clipped to ±3"
    before = (30 - 37) / 17.25
    assert age.features[0] == [
        f"age 30: (30 − 37) / 17.25, smoothly clipped to ±3 = {before / np.sqrt(1 + before**2 / 9):.6g}"
    ]
    assert same.how == "0 · x, a constant in training"
