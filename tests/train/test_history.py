"""The table of a fit."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnn.train.history import History

RECORDS = st.lists(
    st.builds(
        lambda *values: dict(zip(("epoch", "loss", "val_loss"), values, strict=True)),
        st.integers(1),
        st.floats(allow_nan=False),
        st.floats(),
    ),
    min_size=1,
    max_size=5,
)


def test_its_repr_tells_the_figures_of_the_best_epoch_or_else_of_the_last():
    records = [{"epoch": 1, "loss": 0.5, "val_loss": 2 / 3}, {"epoch": 2, "loss": 0.25, "val_loss": 7.0}]
    assert repr(History()) == "History of 0 epochs"
    assert (
        repr(History(records[:1])) == "History of 1 epoch; in the last, epoch 1:\n  loss      0.5\n  val_loss  0.666667"
    )
    assert repr(History(records, best_epoch=1)).startswith(
        "History of 2 epochs; in the best, epoch 1:\n  loss      0.5\n"
    )


def test_it_is_as_long_as_it_has_epochs_and_has_keras_s_dict():
    records = [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25, "auc": 0.75}]
    history = History(records)
    assert len(history) == 2
    assert history.history == {"loss": [0.5, 0.25], "auc": [pytest.approx(np.nan, nan_ok=True), 0.75]}
    assert (len(History()), History().history) == (0, {})


@given(RECORDS)
def test_a_csv_file_holds_every_number_with_all_its_digits(tmp_path_factory, records):
    path = tmp_path_factory.mktemp("history") / "history.csv"
    History(records).to_csv(path)
    with open(path, newline="", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert list(read[0]) == ["epoch", "loss", "val_loss"]
    assert [int(row["epoch"]) for row in read] == [record["epoch"] for record in records]
    for name in ("loss", "val_loss"):
        assert [repr(float(row[name])) for row in read] == [repr(record[name]) for record in records]


def test_a_name_in_a_csv_file_is_no_formula(tmp_path):
    History([{"epoch": 1, "=loss": -0.5}]).to_csv(tmp_path / "history.csv")
    assert tmp_path.joinpath("history.csv").read_text("utf-8") == "epoch,'=loss\n1,-0.5\n"


def test_a_name_gives_one_value_an_epoch():
    history = History([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}])
    assert history["loss"] == [0.5, 0.25]


def test_a_figure_of_the_validation_rows_alone_is_drawn_too():
    axes = History([{"epoch": 1, "loss": 2.0, "val_auc": 0.5}]).plot().axes
    assert [(each.get_title(), [line.get_label() for line in each.lines]) for each in axes] == [
        ("loss", ["training"]),
        ("auc", ["validation"]),
    ]


UNEVEN = History(
    [{"epoch": 1, "loss": 2.0, "val_loss": 3.0}, {"epoch": 2, "loss": 1.0, "val_loss": 2.5, "auc": 0.5}], best_epoch=2
)


def test_a_figure_that_only_some_epochs_have_is_nan_in_the_others(tmp_path):
    np.testing.assert_array_equal(UNEVEN["auc"], [np.nan, 0.5])
    assert list(UNEVEN) == UNEVEN.names
    assert "val_loss" in UNEVEN
    assert "val_auc" not in UNEVEN
    assert UNEVEN.names == ["epoch", "loss", "val_loss", "auc"]
    UNEVEN.to_csv(tmp_path / "history.csv")
    assert (tmp_path / "history.csv").read_text("utf-8").splitlines() == [
        "epoch,loss,val_loss,auc",
        "1,2.0,3.0,",
        "2,1.0,2.5,0.5",
    ]


def test_a_figure_that_no_epoch_has_is_named_beside_those_they_have():
    with pytest.raises(KeyError, match="no epoch has 'val_auc'; they have epoch, loss, val_loss, auc"):
        UNEVEN["val_auc"]


def test_the_best_and_the_last_epoch_are_records():
    assert UNEVEN.best is UNEVEN.last is UNEVEN.epochs[1]
    assert History([{"epoch": 1, "loss": 2.0}]).best is None


def test_a_plot_has_a_curve_for_each_figure_and_marks_the_best_epoch(tmp_path):
    figure = UNEVEN.plot(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    loss, auc = figure.axes
    assert [axes.get_title() for axes in figure.axes] == ["loss", "auc"]
    curves = {line.get_label(): list(line.get_ydata()) for line in loss.lines}
    assert curves["training"] == [2.0, 1.0]
    assert curves["validation"] == [3.0, 2.5]
    assert "best epoch (2)" in curves
    assert "validation" not in [line.get_label() for line in auc.lines]


def test_a_plot_needs_no_best_epoch_and_no_file():
    lines = History([{"epoch": 1, "loss": 2.0}]).plot().axes[0].lines
    assert [line.get_label() for line in lines] == ["training"]


def test_a_notebook_shows_the_figures_and_the_curves():
    shown = History([{"epoch": 1, "loss": 0.75, "<b>": 1.0}, {"epoch": 2, "loss": 0.5, "<b>": 2.0}])._repr_html_()
    assert "&lt;b&gt;" in shown
    assert "<b>" not in shown.partition("<svg")[0]
    assert shown.endswith("</svg>\n")
    assert History()._repr_html_() == "<pre>History of 0 epochs</pre>"
