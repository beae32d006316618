"""A table in, classes out: any frame, in any order, weighted, thresholded, and told of what would go wrong."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from parsed_page import ParsedPage
from sklearn.metrics import accuracy_score
from sklearn.utils.class_weight import compute_sample_weight

import dnn
from dnn.estimator.examples import held_out

QUICK = {"hidden": (8,), "epochs": 3, "seed": 1}


def clients(rows: int = 120) -> pd.DataFrame:
    random = np.random.default_rng(0)
    age = random.integers(18, 80, rows).astype(float)
    frame = pd.DataFrame(
        {"age": age, "member": random.random(rows) < 0.5, "job": random.choice(["cook", "pilot"], rows)}
    )
    frame.loc[::9, "age"] = np.nan
    frame.loc[::7, "job"] = None
    return frame.assign(deposit=np.where(age + 10 * frame["member"] > 50, "yes", "no"))


FORMS = {
    "pandas": lambda frame: frame,
    "polars": lambda frame: pl.from_pandas(frame),
    "Arrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
    "mapping": lambda frame: {name: frame[name].tolist() for name in frame},
    "table": dnn.as_table,
    "rows": lambda frame: frame.to_dict("records"),
    "lazy": lambda frame: pl.from_pandas(frame).lazy(),
}


@pytest.fixture(scope="module")
def fitted():
    return dnn.Classifier(**QUICK).fit(clients(), target="deposit")


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_kind_of_frame_gives_the_same_network(fitted, form):
    other = dnn.Classifier(**QUICK).fit(form(clients()), target="deposit")
    assert np.array_equal(other.predict_proba(form(clients())), fitted.predict_proba(clients()))


@pytest.mark.parametrize(
    "write", [lambda frame, path: frame.to_csv(path, index=False), lambda frame, path: frame.to_parquet(path)]
)
def test_a_file_of_the_frame_gives_the_same_predictions(fitted, write, tmp_path):
    write(clients(), tmp_path / "clients")
    assert np.array_equal(fitted.predict_proba(tmp_path / "clients"), fitted.predict_proba(clients()))


def test_the_target_may_be_apart(fitted):
    frame = clients()
    other = dnn.Classifier(**QUICK).fit(frame.drop(columns="deposit"), frame["deposit"])
    assert np.array_equal(other.predict_proba(frame), fitted.predict_proba(frame))


def test_columns_may_come_in_another_order_and_some_more(fitted, caplog):
    frame = clients()
    shuffled = frame[["job", "age", "member"]].assign(id=range(len(frame)))
    with caplog.at_level("INFO", logger="dnn"):
        assert np.array_equal(fitted.predict_proba(shuffled), fitted.predict_proba(frame))
    assert "not used, since training had no such columns: 'id'" in caplog.text
    with pytest.raises(ValueError, match="has no column 'age'"):
        fitted.predict(frame.drop(columns="age"))


def test_its_figures_are_scikit_learn_s(fitted):
    frame = clients()
    assert fitted.score(frame) == fitted.evaluate(frame)["accuracy"]
    assert fitted.score(frame) == accuracy_score(frame["deposit"], fitted.predict(frame))


def test_a_missing_target_is_counted(fitted):
    frame = clients()
    frame.loc[3:5, "deposit"] = None
    with pytest.raises(ValueError, match="3 of 120 rows have no target"):
        dnn.Classifier(**QUICK).fit(frame, target="deposit")


def test_amounts_are_no_classes():
    x = np.arange(60.0)[:, np.newaxis]
    with pytest.raises(ValueError, match=r"60 different numbers in 60 rows: it looks like an amount.*dnn\.Regressor"):
        dnn.Classifier().fit(x, x[:, 0] + 0.5)


@pytest.fixture(params=["frame", "csv", "parquet"])
def amounts(request, tmp_path):
    """600 rows with an amount, and one that is whole."""
    x = np.random.default_rng(0).normal(size=600)
    frame = pd.DataFrame({"x": x, "score": (100 * x).round(1), "whole": (100 * x).round()})
    path = tmp_path / f"amounts.{request.param}"
    {"csv": frame.to_csv, "parquet": frame.to_parquet, "frame": lambda *_, **__: None}[request.param](path, index=False)
    return frame if request.param == "frame" else path


def test_amounts_are_refused_in_a_file_as_in_a_frame(amounts):
    with pytest.raises(ValueError, match=r"different numbers in 600 rows: it looks like an amount.*dnn\.Regressor"):
        dnn.Classifier(**QUICK, drop=["whole"]).fit(amounts, target="score")


def test_whole_amounts_are_warned_of(amounts):
    one = dnn.Classifier(hidden=(), epochs=1, drop=["score"])
    with pytest.warns(dnn.DataWarning, match="'whole' has 2.. different numbers in 600 rows: it looks like") as told:
        one.fit(amounts, target="whole")
    assert told[0].filename == __file__
    assert "dnn.Regressor" in one.notes_[0]


def test_whole_amounts_are_warned_of_where_x_and_y_are_apart():
    x = np.arange(60.0)[:, np.newaxis]
    with pytest.warns(dnn.DataWarning, match="the target has 60 different numbers in 60 rows: it looks like"):
        dnn.Classifier(hidden=(), epochs=1).fit(x, x[:, 0])


def test_balanced_weights_are_those_of_scikit_learn():
    frame = clients()
    y = np.where(np.arange(len(frame)) % 6 == 0, "rare", "common")
    x = frame.drop(columns="deposit")
    weighted = dnn.Classifier(**QUICK, class_weight="balanced", validation=0).fit(x, y)
    by_hand = dnn.Classifier(**QUICK, validation=0).fit(x, y, compute_sample_weight("balanced", y))
    by_name = dnn.Classifier(**QUICK, validation=0, class_weight={"rare": 3.0, "common": 0.6}).fit(x, y)
    np.testing.assert_allclose(weighted.predict_proba(x), by_hand.predict_proba(x), rtol=1e-5)
    np.testing.assert_allclose(weighted.predict_proba(x), by_name.predict_proba(x), rtol=1e-5)
    assert not np.allclose(weighted.predict_proba(x), dnn.Classifier(**QUICK, validation=0).fit(x, y).predict_proba(x))
    with pytest.raises(ValueError, match="'rarer', which is no class"):
        dnn.Classifier(**QUICK, class_weight={"rarer": 2.0}).fit(x, y)


@pytest.mark.parametrize("monitor", ["val_loss", "val_accuracy", "val_roc_auc", "val_average_precision"])
def test_the_monitored_figure_is_recorded_and_its_best_epoch_kept(monitor):
    fitted = dnn.Classifier(hidden=(8,), epochs=6, monitor=monitor, patience=6).fit(clients(), target="deposit")
    history = fitted.history_
    best = (min if monitor == "val_loss" else max)(history[monitor])
    assert history.best[monitor] == best


@pytest.mark.parametrize("wanted", [0.5, 0.9, 1.0])
def test_a_threshold_finds_the_wished_share_and_no_higher_one_does(fitted, wanted):
    frame = clients()
    found = fitted.choose_threshold(frame, recall=wanted)
    positive = fitted.predict_proba(frame)[:, 1]
    recall = lambda threshold: (positive[frame["deposit"] == "yes"] >= threshold).mean()  # noqa: E731
    assert recall(found.value) >= wanted
    assert all(recall(higher) < wanted for higher in np.unique(positive[positive > found.value]))
    assert fitted.evaluate(frame)["recall"]["yes"] == recall(found.value)
    fitted.threshold_ = None


def test_an_optimizer_and_an_activation_may_be_functions():
    fitted = dnn.Classifier(
        **QUICK, activation=dnn.gelu, optimizer=lambda parameters, rate: dnn.SGD(parameters, rate, momentum=0.9)
    ).fit(clients(), target="deposit")
    assert np.isfinite(fitted.history_["val_loss"]).all()
    with pytest.raises(
        ValueError, match="optimizer must be one of adam, adamw, rmsprop, sgd, or a function, got 'adagrad'"
    ):
        dnn.Classifier(**QUICK, optimizer="adagrad").fit(clients(), target="deposit")


def test_no_hidden_layer_is_logistic_regression():
    fitted = dnn.Classifier(hidden=()).fit(clients(), target="deposit")
    assert len(fitted.predictor_.model.layers) == 1


def test_a_class_of_few_rows_is_trained_on_and_not_held_out():
    train, held = held_out(np.array([0] * 30 + [1] * 3), 0.1, seed=0)
    assert held.size == 3
    assert set(range(30, 33)) <= set(train)
    assert sorted([*train, *held]) == list(range(33))
    assert held_out(np.zeros(4, int), 0.1, seed=0)[1].size == 0


def test_rows_for_validation_may_be_given():
    frame = clients()
    given = dnn.Classifier(**QUICK).fit(frame[:80], target="deposit", validation_data=frame[80:])
    apart = dnn.Classifier(**QUICK).fit(
        frame[:80].drop(columns="deposit"), frame["deposit"][:80],
        validation_data=(frame[80:].drop(columns="deposit"), frame["deposit"][80:]),
    )  # fmt: skip
    assert np.array_equal(given.predict_proba(frame), apart.predict_proba(frame))
    assert given.history_["val_loss"] == apart.history_["val_loss"]


def test_y_and_target_contradict_each_other():
    with pytest.raises(ValueError, match="both y and target='deposit' were given"):
        dnn.Classifier().fit(clients(), clients()["deposit"], target="deposit")
    with pytest.raises(ValueError, match="y is None; or fit"):
        dnn.Classifier().fit(clients())


def test_a_frame_s_truth_values_and_numbers_stay_what_they_are():
    frame = clients().assign(y=lambda frame: frame["deposit"] == "yes")
    fitted = dnn.Classifier(**QUICK).fit(frame.drop(columns="deposit"), target="y")
    assert fitted.classes_.tolist() == [False, True]
    assert fitted.score(frame) == (fitted.predict(frame) == frame["y"]).mean()
    codes = clients().assign(y=lambda frame: 2**60 + (frame["deposit"] == "yes")).drop(columns="deposit")
    assert dnn.Classifier(**QUICK).fit(codes, target="y").classes_.tolist() == [2**60, 2**60 + 1]


def test_a_file_s_classes_are_what_it_says(tmp_path):
    path = tmp_path / "codes.csv"
    path.write_text("a,y\n" + "".join(f"{i % 7},{('007', '07', '1')[i % 3]}\n" for i in range(60)), "utf-8")
    fitted = dnn.Classifier(**QUICK).fit(path, target="y")
    assert fitted.classes_.tolist() == ["1", "007", "07"]  # by size
    assert fitted.evaluate(path)["rows"] == 60


def test_rows_that_weigh_nothing_change_nothing():
    frame = clients()
    y = frame.pop("deposit")
    weights = np.where(np.arange(len(frame)) % 4 == 0, 0, 1)
    frame.loc[weights == 0, "age"] = 1e9
    with_them = dnn.Classifier(**QUICK).fit(frame, y, weights)
    without = dnn.Classifier(**QUICK).fit(frame[weights > 0], y[weights > 0], weights[weights > 0])
    assert np.array_equal(with_them.predict_proba(frame), without.predict_proba(frame))


def test_a_fit_that_ends_in_an_error_leaves_the_old_model():
    def interrupt(record, history):
        raise KeyboardInterrupt

    fitted = dnn.Classifier(**QUICK).fit(clients(), target="deposit")
    fitted.choose_threshold(clients(), recall=0.9)
    before = fitted.predict(clients()), fitted.threshold_, fitted.classes_, fitted.n_features_in_
    other = clients().assign(deposit=["a", "b", "c"] * 40).drop(columns="member")
    with pytest.raises(KeyboardInterrupt):
        fitted.fit(other, target="deposit", callbacks=[interrupt])
    after = fitted.predict(clients()), fitted.threshold_, fitted.classes_, fitted.n_features_in_
    for old, new in zip(before, after, strict=True):
        assert np.array_equal(old, new)


def test_one_number_is_no_list_of_layers():
    with pytest.raises(ValueError, match=r"hidden must be the units of each layer, such as \(30, 30\), got 4"):
        dnn.Classifier(hidden=4).fit(clients(), target="deposit")


def test_what_is_suspicious_is_warned_of_once_and_kept():
    frame = clients().assign(id=range(120), leak=lambda frame: frame["deposit"] + "!")
    with pytest.warns(dnn.DataWarning, match=r"'leak' alone decides the target .* \(and 1 more: see notes_\)"):
        fitted = dnn.Classifier(**QUICK).fit(frame, target="deposit")
    assert "drop=['id']" in fitted.notes_[1]
    dnn.Classifier(**QUICK, drop=["leak", "id"]).fit(frame, target="deposit")  # a warning is an error in these tests


def test_a_name_alone_is_one_name():
    frame = clients().assign(state=["NA", "N", "A", "x"] * 30)
    one, other = (dnn.Classifier(**QUICK, missing=missing).fit(frame, target="deposit") for missing in ("NA", ["NA"]))
    assert np.array_equal(one.predict_proba(frame), other.predict_proba(frame))
    assert dnn.Classifier(**QUICK, drop="state").fit(frame, target="deposit").n_features_in_ == 3


def test_a_figure_that_is_not_defined_is_not_monitored():
    frame, labels = clients(), ["no"] * 118 + ["yes"] * 2  # none of the two is held out
    with pytest.raises(ValueError, match="needs validation rows of each of two classes"):
        dnn.Classifier(**QUICK, monitor="val_roc_auc").fit(frame.drop(columns="deposit"), labels)


def test_rows_for_validation_are_a_table_or_a_pair():
    x, y = clients().drop(columns="deposit"), clients()["deposit"]
    with pytest.raises(ValueError, match=r"must be a table or \(X, y\), got a tuple of 3"):
        dnn.Classifier(**QUICK).fit(x, y, validation_data=(x, y, y))


def test_a_class_that_training_did_not_have_is_told_with_its_line(fitted, tmp_path):
    clients().assign(deposit=["perhaps", *clients()["deposit"][1:]]).to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(ValueError, match=r"new.csv, line 2, column 'deposit': the target 'perhaps' is not one of"):
        fitted.evaluate(tmp_path / "new.csv")


def test_a_notebook_shows_the_settings_and_once_it_is_fitted_the_columns_and_the_network(fitted):
    new = ParsedPage(dnn.Classifier(**QUICK)._repr_html_())
    assert "not fitted yet" in new.text_of("p")
    assert ["epochs", "3"] in new.tables[None]
    rows = ParsedPage(fitted._repr_html_()).tables[None]
    assert ["target", "deposit"] in rows
    assert ["0 (Dense)", "(None, 8)", f"{fitted.fitted.features.width * 8 + 8}"] in rows
    assert [f"best epoch: {name}" for name in fitted.history_.best] == [
        cells[0] for cells in rows if cells[0].startswith("best epoch")
    ]


def test_names_of_a_table_stay_texts_in_a_notebook():
    script = "<script>alert(1)</script>"
    frame = clients().rename(columns={"age": script, "deposit": f"{script}!"}).replace({"yes": f"{script}?"})
    shown = ParsedPage(dnn.Classifier(**QUICK, kinds={script: "numeric"}).fit(frame, target=f"{script}!")._repr_html_())
    assert "script" not in {tag for tag, _ in shown.elements}
    assert ["target", f"{script}!"] in shown.tables[None]


def test_a_number_so_large_that_the_outputs_overflow_is_refused_and_one_in_bins_is_not():
    """Standardised it is as many deviations away; the outermost bin takes it."""
    x, y = np.arange(40.0)[:, np.newaxis], np.tile(["a", "b"], 20)
    wild = np.array([[1.0], [1e300]])
    with pytest.raises(ValueError, match=r"row 2, column 'x0': 1e\+300 is too large"):
        dnn.Classifier.preset("article", epochs=1).fit(x, y).predict_proba(wild)
    assert np.isfinite(dnn.Classifier(epochs=1).fit(x, y).predict_proba(wild)).all()
