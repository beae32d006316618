"""Early stopping: Keras's callback on the same losses where the two agree, and both shown where they do not."""

import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnn.train.early_stopping import EarlyStopping, Progress, observe, over

# exact in float32, in which Keras compares: so are their differences
LOSSES = st.lists(st.integers(-64, 64).map(lambda n: n / 16), min_size=1, max_size=30)
DELTAS = st.integers(0, 8).map(lambda n: n / 16)
NAN, INF = float("nan"), float("inf")


def ours(losses, patience, min_delta=0.0):
    """(the epoch after which it ends, the best epoch), both from 1."""
    progress = Progress()
    for loss in losses:
        progress = observe(progress, loss, min_delta=min_delta)
        if over(progress, patience):
            break
    return progress.epochs, progress.best_epoch


class Weights:
    """What Keras's callback saves and restores: here the number of the epoch."""

    stop_training, epoch = False, 0

    def get_weights(self):
        return self.epoch

    def set_weights(self, weights):
        self.epoch = weights


def keras_s(losses, patience, min_delta=0.0, restore=False):
    """(the epoch after which it ends, the best epoch, the epoch whose weights remain), all from 1."""
    callback = keras.callbacks.EarlyStopping(
        "val_loss", mode="min", patience=patience, min_delta=min_delta, restore_best_weights=restore
    )
    model = Weights()
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        model.epoch = ended = epoch + 1
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            break
    callback.on_train_end()
    return ended, callback.best_epoch + 1, model.epoch


@given(LOSSES, st.integers(1, 5), DELTAS, st.booleans())
def test_it_ends_when_keras_does_with_the_same_best_epoch(losses, patience, min_delta, restore):
    ended, best, remaining = keras_s(losses, patience, min_delta, restore)
    assert ours(losses, patience, min_delta) == (ended, best)
    assert remaining == (best if restore else ended)


@given(LOSSES, st.integers(1, 5))
def test_the_best_epoch_is_the_first_of_the_lowest_losses_seen(losses, patience):
    ended, best = ours(losses, patience)
    seen = losses[:ended]
    assert best == seen.index(min(seen)) + 1


@given(LOSSES, st.integers(1, 5))
def test_it_ends_patience_epochs_after_the_best_or_with_the_last(losses, patience):
    ended, best = ours(losses, patience)
    assert ended == min(best + patience, len(losses))


@given(LOSSES, st.integers(1, 4), DELTAS)
def test_more_patience_never_ends_sooner_nor_finds_a_worse_epoch(losses, patience, min_delta):
    ended, best = ours(losses, patience, min_delta)
    later, better = ours(losses, patience + 1, min_delta)
    assert later >= ended
    assert losses[better - 1] <= losses[best - 1]


def test_an_equal_loss_or_one_lower_by_min_delta_is_no_improvement():
    assert ours([1.0, 1.0], patience=1) == (2, 1)
    assert ours([1.0, 0.5], patience=1, min_delta=0.5) == (2, 1)
    assert ours([1.0, 0.25], patience=1, min_delta=0.5) == (2, 2)


def test_improved_says_whether_the_last_epoch_is_the_best():
    progress, improved = Progress(), []
    for loss in (3.0, 1.0, 2.0, 0.0):
        progress = observe(progress, loss)
        improved.append(progress.improved)
    assert improved == [True, True, False, True]
    assert not Progress().improved


def test_a_nan_in_the_first_epoch_is_keras_s_best_for_good_and_never_ours():
    losses = [NAN, 1.0, 0.5, 0.25]
    assert keras_s(losses, patience=2, restore=True) == (3, 1, 1)  # ends, and restores the weights of the NaN
    assert ours(losses, patience=2) == (4, 4)


@given(LOSSES, st.integers(1, 5), DELTAS, st.data())
def test_a_nan_after_the_first_epoch_is_a_loss_that_is_not_lower_to_both(losses, patience, min_delta, data):
    for place in data.draw(st.sets(st.integers(1, 30))):
        losses.insert(place, NAN)
    assert ours(losses, patience, min_delta) == keras_s(losses, patience, min_delta)[:2]


def test_losses_that_never_are_a_number_have_no_best_epoch():
    assert ours([NAN, NAN, NAN], patience=2) == (2, None)
    assert ours([INF, INF], patience=2) == (2, None)


@pytest.mark.parametrize("patience", [0, -1, NAN])
def test_patience_is_one_epoch_at_least(patience):
    with pytest.raises(ValueError, match=f"patience must be 1 or more epochs, got {patience}"):
        EarlyStopping(patience=patience)


@pytest.mark.parametrize("min_delta", [-0.1, NAN, INF])
def test_min_delta_is_a_number_of_0_or_more(min_delta):
    with pytest.raises(ValueError, match=f"min_delta must be a number of 0 or more, got {min_delta}"):
        EarlyStopping(min_delta=min_delta)
