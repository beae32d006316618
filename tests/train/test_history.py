"""The table of a fit."""

import csv

from hypothesis import given
from hypothesis import strategies as st

from dnn.train.history import History

RECORDS = st.lists(
    st.builds(lambda *values: dict(zip(("epoch", "loss", "val_loss"), values, strict=True)),
              st.integers(1), st.floats(allow_nan=False), st.floats()),
    min_size=1, max_size=5,
)  # fmt: skip


@given(RECORDS)
def test_a_csv_file_holds_every_number_with_all_its_digits(tmp_path_factory, records):
    path = tmp_path_factory.mktemp("history") / "history.csv"
    History(records).to_csv(path)
    with open(path, newline="") as file:
        read = list(csv.DictReader(file))
    assert list(read[0]) == ["epoch", "loss", "val_loss"]
    assert [int(row["epoch"]) for row in read] == [record["epoch"] for record in records]
    for name in ("loss", "val_loss"):
        assert [repr(float(row[name])) for row in read] == [repr(record[name]) for record in records]


def test_a_name_gives_one_value_an_epoch():
    history = History([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}])
    assert history["loss"] == [0.5, 0.25]
