"""Rows that are read in blocks are learnt from, dealt and encoded as one table in memory is."""

import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

import dnn
from dnn import large_preparation
from dnn.data import first_pass, row_files, shards
from dnn.data.exact_features import quantile_error
from dnn.data.feature_choice import FeatureChoice
from dnn.data.row_hash import parts_of_rows
from dnn.large_preparation import prepare_large
from dnn.preparation import feature_settings
from dnn.settings import PrepareSettings

RANDOM = np.random.default_rng(0)
ROWS = 900
AMOUNT = np.where(RANDOM.random(ROWS) < 0.1, np.nan, RANDOM.normal(40, 9, ROWS).round(3))
TABLE = pa.table(
    {
        "amount": pa.array(AMOUNT, from_pandas=True),
        "size": RANDOM.choice(["small", "large"], ROWS),
        "job": RANDOM.choice(["cook", "pilot", "judge", ""], ROWS),
        "y": RANDOM.choice(["no", "yes"], ROWS, p=[0.7, 0.3]),
    }
)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(row_files, "BLOCK_ROWS", 70)
    monkeypatch.setattr(shards, "MOST_SHARD_ROWS", 64)


def written(folder, cuts, suffix="parquet", table=TABLE):
    """Write the rows between the cuts as a file each, and return the folder."""
    folder.mkdir()
    for number, (first, last) in enumerate(zip([0, *cuts], [*cuts, table.num_rows], strict=True)):
        write = pa.parquet.write_table if suffix == "parquet" else pa.csv.write_csv
        write(table.slice(first, last - first), folder / f"part-{number}.{suffix}")
    return folder


def prepared(data, **options):
    """Prepare a folder, and open what is written."""
    folder = Path(f"{data}-{len(list(data.parent.iterdir()))}")
    folder.mkdir()
    large = prepare_large(PrepareSettings(data=data, target="y", **options), seed=3)
    large.write(folder)
    return dnn.open_prepared(folder, check=True), large


def in_memory(read, **options):
    """Return the features of the training rows of a table, and each part's inputs and targets."""
    parts = parts_of_rows(3, 0, read.rows, (0.8, 0.1, 0.1))
    tables = [read.where(parts == part) for part in range(3)]
    labels = dnn.Labels(tables[0].columns["y"])
    columns = tables[0].without("y").columns
    choice = FeatureChoice(**feature_settings(PrepareSettings(**options)))
    features = choice.learn(columns, labels(tables[0].columns["y"]), regression=False)
    arrays = [(features(each.without("y").columns).numpy(), labels(each.columns["y"])) for each in tables]
    return features, arrays


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_blocks_give_the_features_and_rows_of_one_table_whatever_the_files_and_shards(suffix, tmp_path, monkeypatch):
    options = {"ordinal": ["size=small,large"], "missing_indicator": True, "scale": "standardize"}
    (whole,) = written(tmp_path / "whole", [], suffix).iterdir()
    features, arrays = in_memory(dnn.read_table(whole), **options)
    several, large = prepared(written(tmp_path / "several", [1, 333, 850], suffix), **options)
    monkeypatch.setattr(shards, "MOST_SHARD_ROWS", 10_000)
    monkeypatch.setattr(row_files, "BLOCK_ROWS", 10_000)
    alone, _ = prepared(whole.parent, **options)
    assert len(several.train.shards) > 5 > len(alone.train.shards)
    assert large.learnt.sample == several.train.rows
    assert several.class_rows["test"] == np.bincount(arrays[2][1]).tolist()
    for folder in (several, alone):
        assert folder.encoding.state()["features"] == features.state()
        for part, (inputs, targets) in zip((folder.train, folder.validation, folder.test), arrays, strict=True):
            x, y = part.arrays()
            np.testing.assert_array_equal(x, inputs)
            np.testing.assert_array_equal(y, targets)


@pytest.mark.parametrize("scale", ["standardize", "piecewise", "quantile", "rescale"])
def test_beyond_the_sample_all_but_quantiles_is_exact_and_they_are_within_the_stated_error(
    scale, tmp_path, monkeypatch
):
    monkeypatch.setattr(first_pass, "SAMPLE_ROWS", 300)
    options = {"scale": scale, "min_count": 2, "missing_indicator": True, "ordinal": ["size=small,large"]}
    folder = written(tmp_path / "several", [400], table=TABLE.set_column(3, "y", [pa.array(AMOUNT + 1)]))
    options |= {"skip_unlabelled": True, "task": "regression"}
    large = prepare_large(PrepareSettings(data=folder, target="y", **options), seed=3)
    rows = np.flatnonzero(~np.isnan(AMOUNT) & (parts_of_rows(3, 0, ROWS, (0.8, 0.1, 0.1)) == 0))
    read = dnn.as_table(TABLE).without("y")
    columns = {name: cells[rows] for name, cells in read.columns.items()}
    choice = FeatureChoice(**feature_settings(PrepareSettings(**options)))
    exact = choice.learn(columns, AMOUNT[rows], regression=True).state()
    state = large.learnt.encoding.features.state()
    assert large.learnt.sample == 300 < len(rows)
    labels = large.learnt.encoding.labels
    np.testing.assert_allclose(
        [labels.mean, labels.deviation], [AMOUNT[rows].mean() + 1, AMOUNT[rows].std()], rtol=1e-12
    )
    scales = [each.pop("scale") for each in (state, exact)]
    np.testing.assert_allclose(state.pop("means"), exact.pop("means"), rtol=1e-12)
    np.testing.assert_allclose(state.pop("ordinal")["size"], exact.pop("ordinal")["size"], rtol=1e-12)
    assert state == exact
    if scale in ("standardize", "rescale"):
        for name in scales[0].keys() - {"name"}:
            np.testing.assert_allclose(scales[0][name], scales[1][name], rtol=1e-12)
    else:
        quantiles = np.array(scales[0]["edges" if scale == "piecewise" else "quantiles"][0])
        below = np.searchsorted(np.sort(AMOUNT[rows]), quantiles) / len(rows)
        assert np.abs(below - np.linspace(0, 1, len(quantiles))).max() < quantile_error(300) + 1 / len(rows)
        assert (quantiles[0], quantiles[-1]) == (AMOUNT[rows].min(), AMOUNT[rows].max())


def test_files_that_differ_are_named_in_one_error(tmp_path):
    folder = written(tmp_path / "several", [300, 600])
    pa.parquet.write_table(TABLE.drop_columns(["job"]), folder / "part-1.parquet")
    as_words = TABLE["amount"].cast(pa.string())
    pa.parquet.write_table(
        TABLE.append_column("more", TABLE["y"]).set_column(0, "amount", as_words), folder / "part-2.parquet"
    )
    with pytest.raises(ValueError, match="differs|lacks") as told:
        prepared(folder)
    first, second, third = str(told.value).splitlines()
    assert "part-1.parquet lacks column 'job', which" in first
    assert "part-2.parquet has column 'more', which" in second
    assert "part-2.parquet: column 'amount' is category, and numeric in" in third


def test_a_later_cell_that_does_not_fit_is_told_with_its_file_and_row_and_a_remedy(tmp_path):
    words = pa.array([*map(str, range(899)), "many"])
    folder = written(tmp_path / "several", [500], "csv", TABLE.set_column(0, "amount", words))
    with pytest.raises(
        ValueError, match=r"part-1.csv, line 401, column 'amount': 'many' is not a number.*--kind amount="
    ):
        prepared(folder)


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (TABLE.slice(0, 4), {}, "fell to the"),
        (TABLE, {"min_count": 899}, "column 'job' has rare values alone"),
        (TABLE.set_column(2, "job", [pa.array([f"j{row}" for row in range(ROWS)])]), {}, "than 100 different values"),
        (
            TABLE.set_column(3, "y", [pa.array(["rare"] + ["no"] * 899)]),
            {},
            "class 'rare' has 1 row, none of them among",
        ),
        (TABLE.set_column(3, "y", [pa.array([None] + ["no"] * 899)]), {}, "1 of 70 rows have no target 'y'"),
        (TABLE.set_column(3, "y", [pa.array(np.arange(900) % 30 / 4)]), {}, "'y' has 30 different numbers in 70 rows"),
    ],
    ids=["few rows", "rare", "many", "class", "target", "amounts"],
)
def test_what_cannot_be_learnt_from_is_told(table, options, message, tmp_path, monkeypatch):
    monkeypatch.setattr(first_pass, "MOST_CATEGORIES", 100)
    if "rare'" in message:
        monkeypatch.setattr(
            first_pass, "parts_of_rows", lambda seed, first, rows, fractions: (np.arange(rows) % 3 - 1) % 3
        )
    with pytest.raises(ValueError, match=message):
        prepared(written(tmp_path / "one", [], table=table), **options)


def test_files_that_grow_between_the_passes_are_told(tmp_path):
    folder = written(tmp_path / "several", [400])
    large = prepare_large(PrepareSettings(data=folder, target="y"), seed=3)
    pa.parquet.write_table(TABLE, folder / "part-1.parquet")
    (tmp_path / "out").mkdir()
    with pytest.raises(ValueError, match="several changed while it was read: they had 900 rows, and then 1,300"):
        large.write(tmp_path / "out")
    assert not (tmp_path / "out" / "index.json").exists()


def test_a_full_disk_is_told_before_it_is_written_to(tmp_path, monkeypatch):
    monkeypatch.setattr(large_preparation.shutil, "disk_usage", lambda folder: SimpleNamespace(free=100))
    with pytest.raises(OSError, match=r"the encoded rows take [\d,]+ bytes, and the disk of .* has 100 that are free"):
        prepared(written(tmp_path / "several", [400]))


def test_the_index_is_json_that_names_rows_columns_and_checksums_and_each_row_is_seen(tmp_path):
    folder, large = prepared(written(tmp_path / "several", [400]))
    index = json.loads((folder.path / "index.json").read_text("utf-8"))
    assert index["columns"] == folder.encoding.features.names
    assert index["rows"] == {"train": folder.train.rows, "validation": folder.validation.rows, "test": folder.test.rows}
    seen = Counter()
    large.write(folder.path, lambda part, columns: seen.update({part: len(columns["job"])}))
    assert seen == index["rows"]
    assert {len(shard["sha256"]) for shards in index["shards"].values() for shard in shards} == {64}
