"""The parts of a split are disjoint and complete, and each holds its share of every class."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnn.data.files import read_csv, sample_path
from dnn.data.split import split, split_rows
from dnn.data.table import Table

SEEDS = st.integers(0, 2**32)


@st.composite
def fractions(draw):
    weights = draw(st.lists(st.integers(1, 20), min_size=1, max_size=5))
    return tuple(weight / sum(weights) for weight in weights)


@st.composite
def targets(draw, parts: int):
    """Texts or numbers in any order, each class with enough rows."""
    sizes = draw(st.lists(st.integers(parts, 40), min_size=2, max_size=5))
    classes = draw(st.sampled_from([np.arange(5.0), np.array(["a", "b", "c", "d", "e"], dtype=object)]))
    target = np.repeat(classes[: len(sizes)], sizes)
    return np.random.default_rng(draw(SEEDS)).permutation(target)


@given(st.data(), fractions(), SEEDS)
def test_each_row_is_in_one_part_and_the_rows_of_a_part_ascend(data, fractions, seed):
    target = data.draw(targets(len(fractions)))
    parts = split_rows(target, fractions=fractions, seed=seed)
    assert len(parts) == len(fractions)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(len(target)))
    assert all((np.diff(part) > 0).all() for part in parts)


@given(st.data(), fractions(), SEEDS)
def test_each_part_has_its_share_of_each_class_within_one_row_and_at_least_one(data, fractions, seed):
    target = data.draw(targets(len(fractions)))
    parts = split_rows(target, fractions=fractions, seed=seed)
    for name in np.unique(target):
        share = np.array(fractions) * np.count_nonzero(target == name)
        rows = np.array([np.count_nonzero(target[part] == name) for part in parts])
        assert (rows >= 1).all()
        if (share >= 1).all():
            assert (np.abs(rows - share) < 1 + 1e-9).all()


@given(st.data(), SEEDS)
def test_the_seed_decides_which_rows(data, seed):
    target = data.draw(targets(2))
    first, second = (split_rows(target, fractions=(0.5, 0.5), seed=seed) for _ in range(2))
    assert all(map(np.array_equal, first, second))


def test_another_seed_deals_other_rows():
    target = np.repeat([0, 1], 100)
    first, second = (split_rows(target, fractions=(0.5, 0.5), seed=seed)[0] for seed in (0, 1))
    assert not np.array_equal(first, second)
    assert abs(np.intersect1d(first, second).size - 50) < 25  # not nearly the same, not nearly the others


def test_every_row_has_the_same_chance():
    """Of 400 splits each row is in the smaller part 100 times, give or take 5 standard deviations of 8.7."""
    target = np.array([0, 1] * 20)
    counts = sum(
        np.bincount(split_rows(target, fractions=(0.75, 0.25), seed=seed)[1], minlength=40) for seed in range(400)
    )
    assert (np.abs(counts - 100) < 44).all()


def test_a_part_holds_the_cells_of_its_rows():
    table = read_csv(sample_path())
    for part in split(table, "y", seed=3):
        np.testing.assert_array_equal(part.target, table.columns["y"][part.rows])
        assert list(part.columns) == [name for name in table.columns if name != "y"]
        assert all(np.array_equal(cells, table.columns[name][part.rows]) for name, cells in part.columns.items())


def test_the_embedded_sample_is_dealt_80_10_10():
    parts = split(read_csv(sample_path()), "y")
    assert [(len(part.rows), np.count_nonzero(part.target == "yes")) for part in parts] == [
        (3617, 417),
        (452, 52),
        (452, 52),
    ]


@pytest.mark.parametrize(
    ("rows", "fractions", "sizes"),
    [(3, (0.8, 0.1, 0.1), [1, 1, 1]), (4, (0.02, 0.49, 0.49), [1, 2, 1]), (15, (0.8, 0.1, 0.1), [12, 2, 1])],
)
def test_a_class_as_small_as_the_parts_are_many_is_still_split(rows, fractions, sizes):
    parts = split_rows(np.repeat([0, 1], rows), fractions=fractions, seed=0)
    assert [len(part) / 2 for part in parts] == sizes


def test_a_class_with_too_few_rows_is_refused():
    with pytest.raises(ValueError, match="class 'rare' has 2 rows, too few to split into 3 parts$"):
        split_rows(np.array(["often"] * 20 + ["rare"] * 2), fractions=(0.8, 0.1, 0.1), seed=0)


def test_a_number_with_too_few_rows_may_be_an_amount():
    told = r"class '88' has 2 rows, too few to split into 3 parts; .* an amount, --task regression predicts it$"
    for cells in (np.array([30.0, 40.0] * 20 + [88.0] * 2), np.array(["30", "40"] * 20 + ["88"] * 2, object)):
        with pytest.raises(ValueError, match=told):
            split_rows(cells, fractions=(0.8, 0.1, 0.1), seed=0)


@pytest.mark.parametrize(
    "fractions", [(), (0.5, 0.4), (0.8, 0.3, -0.1), (1.0, 0.0), (float("nan"), 0.5), (0.5, 0.6), (2.0, -1.0)]
)
def test_fractions_must_be_positive_and_sum_to_one(fractions):
    with pytest.raises(ValueError, match=re.escape(f"fractions must be positive and sum to 1, got {fractions}")):
        split_rows(np.arange(20) % 2, fractions=fractions, seed=0)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"x": np.zeros(9)}, "bank.csv has no column 'y'; its columns are 'x'"),
        ({"y": np.arange(9) % 2}, "bank.csv has no column besides the target 'y'"),
        ({"x": np.zeros(9), "y": np.zeros(9)}, "the target has one class, '0', in all 9 rows"),
        (
            {"x": np.zeros(1_001), "y": np.arange(1_001)},
            "'y' has 1,001 different numbers in 1,001 rows: it looks like an amount",
        ),
        (
            {"x": np.zeros(2), "y": np.array(["a", ""], object)},
            "bank.csv: 1 of 2 rows have no target 'y', the first in row 2; fill",
        ),
    ],
)
def test_a_table_that_cannot_be_split_is_refused(columns, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        split(Table(columns, "bank.csv"), "y")


@given(st.integers(3, 200), SEEDS)
def test_amounts_are_dealt_by_rows_alone(rows, seed):
    target = np.random.default_rng(seed).normal(size=rows)
    parts = split_rows(target, fractions=(0.8, 0.1, 0.1), seed=seed, stratify=False)
    np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(rows))
    sizes = np.array([len(part) for part in parts])
    assert (sizes >= 1).all()
    if rows >= 10:
        assert (np.abs(sizes - rows * np.array([0.8, 0.1, 0.1])) < 1 + 1e-9).all()
    again = split_rows(target, fractions=(0.8, 0.1, 0.1), seed=seed, stratify=False)
    assert all(map(np.array_equal, parts, again))


def test_too_few_rows_of_amounts_are_refused():
    with pytest.raises(ValueError, match="there are 2 rows, too few to split into 3 parts"):
        split(Table({"x": np.zeros(2), "y": np.array([0.5, 1.5])}), "y", stratify=False)


def test_rows_without_a_target_are_counted_with_their_line_and_can_be_left_out(csv):
    table = read_csv(csv("x,y\n" + "1,no\n2,yes\n3,\n" * 6))
    with pytest.raises(ValueError, match=r"table.csv: 6 of 18 rows have no target 'y', the first in line 4; "):
        split(table, "y")
    kept = table.where(table.has("y"))
    assert sum(len(part.rows) for part in split(kept, "y")) == kept.rows == 12
    assert kept.location(2) == "line 5"


def test_a_target_that_looks_like_amounts_is_told_before_its_classes_are_too_small():
    prices = np.array([f"{number}.5" for number in range(300)], object)
    told = "'price' has 300 different numbers in 300 rows: it looks like an amount, not classes; --task regression"
    with pytest.raises(ValueError, match=told):
        split(Table({"x": np.zeros(300), "price": prices}), "price")


def test_a_target_that_cannot_be_split_is_told_with_its_file_and_column():
    table = Table({"a": np.arange(3.0), "y": np.array(["no"] * 3, object)}, source="bank.csv")
    with pytest.raises(ValueError, match=r"^bank.csv, column 'y': the target has one class, 'no'"):
        split(table, "y")
    with pytest.raises(ValueError, match="^fractions must be positive"):
        split(table, "y", fractions=(2,))


def test_rows_without_a_target_are_told_with_the_option_that_leaves_them_out():
    table = Table({"a": np.arange(3.0), "y": np.array(["no", "", "yes"], object)}, source="bank.csv")
    with pytest.raises(ValueError, match="or leave these rows out: --skip-unlabelled"):
        split(table, "y")
