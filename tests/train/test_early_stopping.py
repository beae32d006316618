"""Early stopping: Keras's callback on the same figures where the two agree, and both shown where they do not."""

import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnn.train.early_stopping import EarlyStopping, Progress, direction, observe, over

# exact in float32, in which Keras compares: so are their differences
FIGURE = st.integers(-64, 64).map(lambda n: n / 16)
NAN, INF = float("nan"), float("inf")
FIGURES = st.lists(FIGURE, min_size=1, max_size=30)
WITH_INFINITIES = st.lists(FIGURE | st.sampled_from([INF, -INF]), min_size=1, max_size=30)
RULES = st.fixed_dictionaries(
    {
        "monitor": st.sampled_from(["val_loss", "val_accuracy"]),
        "mode": st.sampled_from(["min", "max"]),
        "min_delta": st.sampled_from([0.0, 0.0, 0.25]),
        "patience": st.integers(0, 5),
        "baseline": st.none() | FIGURE,
        "start_from_epoch": st.integers(0, 4),
        "restore_best_weights": st.booleans(),
    }
)


def ours(figures, **rule):
    """(the epoch after which it ends, the best epoch), both from 1."""
    progress, rule = Progress(), EarlyStopping(**rule)
    for figure in figures:
        progress = observe(progress, figure, rule)
        if over(progress, rule):
            break
    return progress.epochs, progress.best_epoch


class Weights:
    """What Keras's callback saves and restores: here the number of the epoch."""

    stop_training, epoch = False, 0

    def get_weights(self):
        return self.epoch

    def set_weights(self, weights):
        self.epoch = weights


def keras_s(figures, monitor="val_loss", mode="min", **rule):
    """(the epoch after which it ends, the best epoch, the epoch whose weights remain), all from 1.

    The best epoch is None where it looked at no epoch.
    """
    callback = keras.callbacks.EarlyStopping(monitor, mode=mode, **rule)
    model = Weights()
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, figure in enumerate(figures):
        model.epoch = ended = epoch + 1
        callback.on_epoch_end(epoch, {monitor: figure})
        if model.stop_training:
            break
    callback.on_train_end()
    return ended, None if callback.best is None else callback.best_epoch + 1, model.epoch


@given(FIGURES | WITH_INFINITIES, RULES)
def test_it_ends_when_keras_does_with_the_same_best_epoch(figures, rule):
    ended, best, remaining = keras_s(figures, **rule)
    assert ours(figures, **rule) == (ended, best)
    assert remaining == (best if rule["restore_best_weights"] and best else ended)


@given(FIGURES, st.integers(1, 5))
def test_the_best_epoch_is_the_first_of_the_lowest_losses_seen(losses, patience):
    ended, best = ours(losses, patience=patience)
    seen = losses[:ended]
    assert best == seen.index(min(seen)) + 1


@given(FIGURES, RULES)
def test_more_is_better_is_less_is_better_of_the_negated_figures(figures, rule):
    mirrored = {"min": "max", "max": "min"}[rule["mode"]]
    baseline = None if rule["baseline"] is None else -rule["baseline"]
    assert ours([-figure for figure in figures], **rule | {"mode": mirrored, "baseline": baseline}) == ours(
        figures, **rule
    )


@given(FIGURES, st.integers(1, 5))
def test_it_ends_patience_epochs_after_the_best_or_with_the_last(losses, patience):
    ended, best = ours(losses, patience=patience)
    assert ended == min(best + patience, len(losses))


@given(FIGURES, RULES)
def test_more_patience_never_ends_sooner(figures, rule):
    assert ours(figures, **rule | {"patience": rule["patience"] + 1})[0] >= ours(figures, **rule)[0]


@given(FIGURES, RULES)
def test_patience_0_does_what_1_does(figures, rule):
    assert ours(figures, **rule | {"patience": 0}) == ours(figures, **rule | {"patience": 1})


def test_an_equal_loss_or_one_lower_by_min_delta_is_no_improvement():
    assert ours([1.0, 1.0], patience=1) == (2, 1)
    assert ours([1.0, 0.5], patience=1, min_delta=0.5) == (2, 1)
    assert ours([1.0, 0.25], patience=1, min_delta=0.5) == (2, 2)


def test_epochs_that_do_not_beat_the_baseline_are_waited_for_though_each_is_the_best():
    assert ours([5.0, 4.0, 3.0, 3.5], patience=2, baseline=1.0) == (4, 3)
    assert ours([5.0, 4.0, 0.5, 3.5], patience=2, baseline=1.0) == (4, 3)


def test_epochs_before_the_first_that_is_looked_at_neither_count_nor_are_best():
    assert ours([0.0, 0.0, 3.0, 4.0, 4.0], patience=2, start_from_epoch=2) == (5, 3)
    assert ours([0.0, 0.0], patience=1, start_from_epoch=2) == (2, None)


def test_improved_says_whether_the_last_epoch_is_the_best():
    progress, improved = Progress(), []
    for loss in (3.0, 1.0, 2.0, 0.0):
        progress = observe(progress, loss, EarlyStopping())
        improved.append(progress.improved)
    assert improved == [True, True, False, True]
    assert not Progress().improved


def test_a_nan_in_the_first_epoch_is_keras_s_best_for_good_and_never_ours():
    losses = [NAN, 1.0, 0.5, 0.25]
    assert keras_s(losses, patience=2, restore_best_weights=True) == (3, 1, 1)  # and restores the weights of the NaN
    assert ours(losses, patience=2) == (4, 4)


@given(FIGURES, RULES, st.data())
def test_a_nan_after_the_first_epoch_that_is_looked_at_is_worse_than_all_to_both(figures, rule, data):
    rule["start_from_epoch"] = 0
    for index in data.draw(st.sets(st.integers(1, 30))):
        figures.insert(index, NAN)
    assert ours(figures, **rule) == keras_s(figures, **rule)[:2]


def test_figures_that_never_are_a_number_have_no_best_epoch():
    assert ours([NAN, NAN, NAN], patience=2) == (2, None)
    assert ours([NAN, NAN], patience=3, monitor="val_accuracy") == (2, None)


@pytest.mark.parametrize(("monitor", "best"), [("loss", 1), ("val_log_loss", 1), ("val_accuracy", 2), ("accuracy", 2)])
def test_auto_knows_that_a_loss_should_fall_and_an_accuracy_rise(monitor, best):
    assert ours([0.25, 0.75], monitor=monitor)[1] == best


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"patience": -1}, "patience must be an integer of 0 or more, got -1"),
        ({"patience": NAN}, "patience must be an integer of 0 or more, got nan"),
        ({"patience": 1.5}, "patience must be an integer of 0 or more, got 1.5"),
        ({"start_from_epoch": -1}, "start_from_epoch must be an integer of 0 or more, got -1"),
        ({"min_delta": "0"}, "min_delta must be a number, got '0'"),
        ({"baseline": "a"}, "baseline must be a number, got 'a'"),
        ({"min_delta": -0.1}, "min_delta must be a number of 0 or more, got -0.1"),
        ({"min_delta": NAN}, "min_delta must be a number of 0 or more, got nan"),
        ({"min_delta": INF}, "min_delta must be a number of 0 or more, got inf"),
        ({"baseline": NAN}, "baseline must be a number or None, got nan"),
        ({"mode": "less"}, "mode must be 'min', 'max' or 'auto', got 'less'"),
        ({"monitor": "val_spread"}, "monitor='val_spread' is no known loss or score, so mode must be 'min' or 'max'"),
    ],
)
def test_what_is_out_of_its_range_is_refused(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        EarlyStopping(**arguments)


LESS = "loss val_loss mse val_mae rmse mape val_mean_squared_error log_loss brier_score val_binary_crossentropy"
MORE = (
    "val_accuracy acc val_auc auc_1 roc_auc_ovr_weighted f1 f1_score val_f1_macro r2_score precision val_recall_2 "
    "balanced_accuracy average_precision neg_mean_squared_error val_neg_log_loss matthews_corrcoef top_k_accuracy"
)


def test_auto_knows_the_names_of_keras_and_scikit_learn():
    assert {name: direction(name, "auto") for name in LESS.split()} == dict.fromkeys(LESS.split(), 1)
    assert {name: direction(name, "auto") for name in MORE.split()} == dict.fromkeys(MORE.split(), -1)
    for unknown in ("val_", "score", "true_positives", "spread", "neg"):
        with pytest.raises(ValueError, match="is no known loss or score, so mode must be 'min' or 'max'"):
            direction(unknown, "auto")
