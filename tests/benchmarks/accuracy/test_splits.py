"""All methods get the same rows, and nothing of validation or test rows is learnt."""

from importlib.util import find_spec

import numpy as np
import pytest

import dnn
from benchmarks.accuracy import tables
from benchmarks.accuracy.method import Method
from benchmarks.accuracy.methods import METHODS, named
from benchmarks.accuracy.presets import PRESETS
from benchmarks.accuracy.runs import measure, scores
from benchmarks.accuracy.splits import Split, split

RANDOM = np.random.default_rng(0)
ROWS = 600
X = RANDOM.normal(size=ROWS)
COLUMNS = {
    "x": np.where(RANDOM.uniform(size=ROWS) < 0.1, np.nan, X),
    "constant": np.ones(ROWS),
    "colour": np.array([*RANDOM.choice(["", "blue", "red"], ROWS - 3), "green", "black", "grey"], object),
    "y": np.where(X > 0.5, "high", np.where(X > -0.5, "middle", "low")).astype(object),
}
TABLE = dnn.Table(COLUMNS)


@pytest.fixture(scope="module")
def rows() -> Split:
    return split(TABLE, "y", 0)


def test_the_parts_are_those_of_dnn_split(rows):
    for ours, theirs in zip((rows.train, rows.validation, rows.test), dnn.split(TABLE, "y", seed=0), strict=True):
        assert ours.rows.tolist() == theirs.rows.tolist()


def test_a_frame_has_the_categories_of_the_training_rows(rows):
    frames = {name: rows.frame(getattr(rows, name)) for name in ("train", "validation", "test")}
    known = sorted(set(rows.train.columns["colour"]) - {""})
    assert all(frame["colour"].cat.categories.tolist() == known for frame in frames.values())
    cells = rows.train.columns["colour"]
    assert frames["train"]["colour"].isna().tolist() == (cells == "").tolist()
    assert np.array_equal(frames["test"]["x"], rows.test.columns["x"], equal_nan=True)


def test_a_filled_frame_has_the_training_rows_mean(rows):
    frame = rows.frame(rows.test, fill=True)
    gaps = np.isnan(rows.test.columns["x"])
    assert not frame.isna().any().any()
    assert frame["x"][gaps].tolist() == pytest.approx([np.nanmean(rows.train.columns["x"])] * gaps.sum())


def test_the_scores_of_certainty_and_of_a_guess(rows):
    certain = np.eye(3)[rows.classes(rows.test)]
    assert scores(rows, rows.test, certain) == {"accuracy": 1, "roc_auc": 1, "log_loss": pytest.approx(0, abs=1e-9)}
    guess = scores(rows, rows.test, np.full((len(rows.test.target), 3), 2.0))
    assert guess["roc_auc"] == 0.5
    assert guess["log_loss"] == pytest.approx(np.log(3))


FAST = ("dnn", "scikit-learn MLP", *(method.name for method in METHODS if method.kind == "trees"))


@pytest.mark.parametrize("method", named(FAST), ids=lambda method: method.name)
def test_a_method_learns_a_table_with_gaps_and_categories(rows, method: Method):
    if not method.installed:
        pytest.skip(f"{', '.join(method.packages)} not installed")
    found = measure(method, rows)
    assert found["accuracy"] > 0.4
    assert found["roc_auc"] > 0.6
    assert found["validation"].keys() == {"accuracy", "roc_auc", "log_loss"}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_of_settings_of_the_classifier(name):
    assert PRESETS[name].keys() <= dnn.Classifier().get_params().keys() - {"seed"}


@pytest.mark.parametrize("source", tables.SOURCES, ids=lambda source: source.name)
def test_a_table_is_there_without_a_download(source):
    if source.package and find_spec(source.package) is None:
        pytest.skip(f"{source.package} not installed")
    table = source.table()
    assert (table.rows > tables.MANY_ROWS) == source.many_rows
    assert min(np.unique(table.column(source.target).astype(str), return_counts=True)[1]) >= 3


def test_half_of_the_tables_are_held_out_and_many():
    roles = [source.role for source in tables.SOURCES]
    assert len(roles) >= 12
    assert roles.count(tables.HELD_OUT) in (len(roles) // 2, len(roles) // 2 + 1)
    assert len({source.name for source in tables.SOURCES}) == len(roles)
