"""A table in, amounts out, in the unit of the target."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mean_absolute_error, r2_score

import dnn


def flats(rows: int = 400) -> pd.DataFrame:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"area": random.uniform(20, 150, rows), "town": random.choice(["Bonn", "Ulm"], rows)})
    return frame.assign(rent=8e3 * frame["area"] + 1e5 * (frame["town"] == "Ulm") + random.normal(0, 1e4, rows))


@pytest.fixture(scope="module")
def fitted():
    settings = {"hidden": (16,), "epochs": 60, "learning_rate": 0.01, "batch_size": 20, "patience": 20}
    return dnn.Regressor(**settings).fit(flats(), target="rent")


def test_it_learns_and_predicts_in_the_unit_of_the_target(fitted):
    frame = flats()
    predicted = fitted.predict(frame)
    assert predicted.dtype == np.float64
    assert fitted.score(frame) == pytest.approx(r2_score(frame["rent"], predicted))
    assert fitted.score(frame) > 0.95  # the noise leaves 0.998
    scores = fitted.evaluate(frame)
    assert scores["mae"] == pytest.approx(mean_absolute_error(frame["rent"], predicted))


def test_its_unit_changes_the_predictions_and_nothing_else(fitted):
    """A target that is multiplied and shifted has the same standardised values, to rounding."""
    frame = flats()
    settings = fitted.get_params() | {"epochs": 3}
    one, two = (dnn.Regressor(**settings) for _ in range(2))
    one.fit(frame, target="rent")
    two.fit(frame.assign(rent=frame["rent"] * 1024 + 2**30), target="rent")
    np.testing.assert_allclose(two.predict(frame), one.predict(frame) * 1024 + 2**30, rtol=1e-4)


def test_words_and_missing_amounts_are_refused():
    frame = flats(40)
    with pytest.raises(ValueError, match="column 'town': 'Bonn' is not a number|the target must be numbers"):
        dnn.Regressor().fit(frame, target="town")
    frame.loc[4:6, "rent"] = np.nan
    with pytest.raises(ValueError, match="3 of 40 rows have no target, the first is row 5"):
        dnn.Regressor().fit(frame, target="rent")


@pytest.mark.parametrize("monitor", ["val_accuracy", "val_roc_auc"])
def test_a_classifiers_figure_cannot_be_monitored(monitor):
    epochs = []
    with pytest.raises(ValueError, match=f"monitor='{monitor}' is for classes; of amounts there is 'val_loss' alone"):
        dnn.Regressor(monitor=monitor, epochs=1).fit(flats(40), target="rent", callbacks=[epochs.append])
    assert not epochs


def test_one_row_is_enough_to_be_tested(fitted):
    assert fitted.evaluate(flats()[:1])["rows"] == 1
