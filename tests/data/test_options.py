"""A column of dates is refused where training had numbers, and the reverse; old models know of no origin."""

import datetime as dt
import json
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet
from typer.testing import CliRunner

from dnn.classifier import Classifier
from dnn.cli import app
from dnn.data.encoding import FILE, Encoding, load_encoding
from dnn.data.features import Features
from dnn.data.frames import as_table
from dnn.data.labels import Labels
from dnn.data.options import ReadOptions
from dnn.regressor import Regressor

DAYS = pd.date_range("2024-01-01", periods=4).tolist()
TIMES = [dt.time(hour) for hour in range(4)]
NUMBERS = [19723.0, 19724.0, 19725.0, 19726.0]
"""Columns of each origin; the numbers are the days of the dates."""
COLUMNS = {
    "numbers": NUMBERS,
    "dates": DAYS,
    "durations": [dt.timedelta(days) for days in range(1, 5)],
    "times of day": TIMES,
}


def encoding_of(cells) -> Encoding:
    table = as_table({"when": cells})
    return Encoding(Features(table.columns), Labels(np.array(["no", "yes"], object)), "y", options=table.options)


@pytest.mark.parametrize("make", [dict, pd.DataFrame, pl.DataFrame, pa.table, as_table])
@pytest.mark.parametrize("before", COLUMNS)
@pytest.mark.parametrize("after", COLUMNS)
def test_a_column_of_another_origin_is_refused_by_name(make, before, after):
    read = partial(encoding_of(COLUMNS[before]).read, make({"when": COLUMNS[after]}))
    if before == after:
        np.testing.assert_array_equal(read().columns["when"], as_table({"when": COLUMNS[after]}).columns["when"])
        return
    with pytest.raises(ValueError, match=f"column 'when': training had {before} there, and these are {after}"):
        read()


@pytest.mark.parametrize("cells", [[None, None], [float("nan")] * 2, [pd.NaT] * 2])
@pytest.mark.parametrize("before", COLUMNS)
def test_an_empty_column_has_no_origin(cells, before):
    assert np.isnan(encoding_of(COLUMNS[before]).read({"when": cells}).columns["when"]).all()
    options = as_table({"when": cells}, kinds={"when": "numeric"}).options
    assert not options.origins


def test_an_origin_is_kept_with_the_encoding_and_an_older_one_is_not_compared(tmp_path):
    first = encoding_of(DAYS)
    first.save(tmp_path)
    assert load_encoding(tmp_path).options == first.options
    with pytest.raises(ValueError, match="training had dates there, and these are numbers"):
        load_encoding(tmp_path).read({"when": NUMBERS})
    state = json.loads((tmp_path / FILE).read_text("utf-8"))
    del state["options"]["origins"]
    (tmp_path / FILE).write_text(json.dumps(state), "utf-8")
    assert load_encoding(tmp_path).read({"when": NUMBERS}).columns["when"].tolist() == NUMBERS


@pytest.mark.parametrize("estimator", [Classifier, Regressor])
def test_estimators_refuse_numbers_where_they_learnt_from_dates(estimator):
    frame = pd.DataFrame({"when": DAYS * 5, "x": np.arange(20.0)})
    other = frame.assign(when=NUMBERS * 5)
    y = np.arange(20) % 2
    told = "column 'when': training had dates there, and these are numbers"
    fitted = estimator(epochs=1, hidden=[]).fit(frame, y)
    for use in (fitted.predict, partial(fitted.evaluate, y=y), partial(fitted.score, y=y)):
        with pytest.raises(ValueError, match=told):
            use(other)
    with pytest.raises(ValueError, match=told):
        estimator(epochs=1, hidden=[]).fit(frame, y, validation_data=(other, y))


def test_predict_of_the_command_line_refuses_numbers_where_training_had_dates(tmp_path):
    y = ["no", "no", "no", "yes", "yes"] * 8
    frame = pd.DataFrame({"when": DAYS * 10, "y": y})
    Classifier(epochs=1, hidden=[]).fit(as_table(frame), target="y").save(tmp_path / "run")
    frame.assign(when=NUMBERS * 10).to_csv(tmp_path / "new.csv", index=False)
    result = CliRunner().invoke(app, ["predict", str(tmp_path / "run"), "--data", str(tmp_path / "new.csv")])
    assert result.exit_code == 2
    told = "".join(result.stderr.replace("│", "").split())  # the frame breaks lines
    assert "new.csv,column'when':traininghaddatesthere,andthesearenumbers" in told


def test_a_table_made_by_hand_is_not_compared_and_one_that_was_read_is(tmp_path):
    table = as_table({"when": DAYS})
    by_hand = type(table)({"when": np.array(NUMBERS)})
    assert encoding_of(DAYS).read(by_hand).columns["when"].tolist() == NUMBERS
    assert encoding_of(DAYS).read(table).columns["when"].tolist() == NUMBERS
    parquet.write_table(pa.table({"when": DAYS}), tmp_path / "days.parquet")
    assert as_table(tmp_path / "days.parquet").options.origins == {"when": "date"}


def test_an_unknown_origin_is_refused():
    with pytest.raises(ValueError, match="an origin must be one of"):
        ReadOptions(origins={"when": "money"})
