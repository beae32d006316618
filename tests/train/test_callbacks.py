"""Callbacks: reducing the learning rate as Keras's callback does from the same figures, and ending a fit."""

import signal
from itertools import pairwise

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

import dnn
from dnn.train.callbacks import ReduceLROnPlateau, terminate_on_nan
from dnn.train.history import History

# exact in float32, in which Keras compares: so are their differences
FIGURE = st.integers(-8, 8).map(lambda n: n / 4) | st.sampled_from([float("inf"), -float("inf")])
FIGURES = st.lists(FIGURE, min_size=1, max_size=40)
NAN = float("nan")
RULES = st.fixed_dictionaries(
    {
        "monitor": st.sampled_from(["val_loss", "val_accuracy"]),
        "mode": st.sampled_from(["min", "max"]),
        "factor": st.sampled_from([0.0, 0.5, 0.25]),
        "patience": st.integers(0, 4),
        "min_delta": st.sampled_from([0.0, 0.5]),
        "cooldown": st.integers(0, 3),
        "min_lr": st.sampled_from([0.0, 2**-5]),
    }
)


class WithRate:
    """What a callback needs of an optimizer, ours or Keras's."""

    def __init__(self, learning_rate=1.0):
        self.learning_rate = learning_rate


class WithOptimizer:
    """What Keras's callback needs of a model."""

    def __init__(self):
        self.optimizer = WithRate()


def our_rates(figures, **rule):
    """The learning rate of each epoch, and that after the last."""
    optimizer = WithRate()
    callback = ReduceLROnPlateau(optimizer, **rule)
    records = [{"epoch": epoch, rule["monitor"]: figure} for epoch, figure in enumerate(figures, start=1)]
    for record in records:
        assert callback(record, History()) is None
    return [record["learning_rate"] for record in records] + [optimizer.learning_rate]


def keras_s_rates(figures, **rule):
    callback, model = keras.callbacks.ReduceLROnPlateau(**rule), WithOptimizer()
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, figure in enumerate(figures):
        logs = {rule["monitor"]: figure}
        callback.on_epoch_end(epoch, logs)
        rates.append(logs["learning_rate"])
    return [*rates, model.optimizer.learning_rate]


@given(FIGURES, RULES)
def test_the_rates_are_keras_s(figures, rule):
    assert our_rates(figures, **rule) == keras_s_rates(figures, **rule)


@given(FIGURES, RULES)
def test_rates_never_rise_nor_fall_below_the_least(figures, rule):
    rates = our_rates(figures, **rule)
    assert all(after <= before for before, after in pairwise(rates))
    assert min(rates) >= rule["min_lr"]


def test_the_rates_are_those_worked_by_hand():
    """Of patience 2 and cooldown 2: the best is the first, so reduced after the third; the fourth rests, the fifth is
    counted again, so that the sixth is the second."""
    rule = {"monitor": "val_loss", "factor": 0.5, "patience": 2, "cooldown": 2, "min_lr": 0.3}
    assert our_rates([1, 1, 1, 1, 1, 1, 1, 1], **rule) == [1, 1, 1, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3]


def test_a_nan_is_keras_s_best_for_good_and_never_ours():
    rule = {"monitor": "val_loss", "factor": 0.5, "patience": 2}
    figures = [NAN, 4.0, 3.0, 2.0]
    assert keras_s_rates(figures, **rule)[-1] == 0.5
    assert our_rates(figures, **rule)[-1] == 1


def test_a_new_fit_begins_anew():
    optimizer = WithRate()
    callback = ReduceLROnPlateau(optimizer, factor=0.5, patience=2)
    for epoch in (1, 2, 1, 2, 1, 2):
        callback({"epoch": epoch, "val_loss": 1.0}, History())
    assert optimizer.learning_rate == 1


def test_it_reduces_the_rate_of_a_compiled_fit():
    model = dnn.mlp([2, 2], seed=0)
    optimizer = dnn.Adam(model.trainable_variables, 0.5)
    reduce = ReduceLROnPlateau(optimizer, "loss", factor=0.25, patience=1, min_delta=100.0)
    x = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32)
    history = dnn.fit(
        model, (x, [0, 1] * 4), loss=dnn.sparse_softmax_cross_entropy, optimizer=optimizer, epochs=3, callbacks=[reduce]
    )
    assert history["learning_rate"] == [0.5, 0.5, 0.125]
    assert repr(reduce).startswith("ReduceLROnPlateau(learning_rate=0.03125, monitor='loss', factor=0.25, patience=1, ")
    assert repr(reduce).endswith(f"best={history['loss'][0]}, wait=0, resting=0)")
    assert float(optimizer.learning_rate) == 0.5 / 16


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"factor": 1.0}, r"factor must be in \[0, 1\), got 1.0"),
        ({"factor": NAN}, r"factor must be in \[0, 1\), got nan"),
        ({"patience": -1}, "patience must be an integer of 0 or more, got -1"),
        ({"cooldown": -1}, "cooldown must be an integer of 0 or more, got -1"),
        ({"min_delta": -1.0}, "min_delta must be a number of 0 or more, got -1.0"),
        ({"min_lr": NAN}, "min_lr must be a number of 0 or more, got nan"),
        ({"mode": "up"}, "mode must be 'min', 'max' or 'auto', got 'up'"),
    ],
)
def test_what_is_out_of_its_range_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ReduceLROnPlateau(WithRate(), **arguments)


def test_a_rate_that_cannot_be_assigned_is_told_at_once():
    with pytest.raises(TypeError, match="optimizer must have a learning_rate, got <object"):
        ReduceLROnPlateau(object())
    optimizer = dnn.SGD([tf.Variable(1.0)], dnn.CosineDecay(0.1, 10))
    with pytest.raises(TypeError, match="learning_rate follows a schedule"):
        ReduceLROnPlateau(optimizer)


def test_a_factor_of_0_ends_the_learning_as_in_keras():
    optimizer = dnn.SGD([tf.Variable(1.0)], 0.5)
    callback = ReduceLROnPlateau(optimizer, factor=0.0, patience=1)
    records = [{"epoch": epoch, "val_loss": 1.0} for epoch in (1, 2, 3, 4)]
    for record in records:
        callback(record, History())
    assert [record["learning_rate"] for record in records] == [0.5, 0.5, 0.0, 0.0]


def test_a_figure_that_the_record_has_not_is_named():
    with pytest.raises(ValueError, match="a record of this fit has no 'val_loss'; it has epoch, loss, learning_rate"):
        ReduceLROnPlateau(WithRate())({"epoch": 1, "loss": 1.0}, History())


@pytest.mark.parametrize(("loss", "ended"), [(1.0, False), (0.0, False), (NAN, True), (np.inf, True), (-np.inf, True)])
def test_a_loss_that_is_not_finite_ends_the_fit(loss, ended):
    assert terminate_on_nan({"epoch": 1, "loss": loss}, History()) is ended


@pytest.fixture
def interruptible():
    """SIGINT raises KeyboardInterrupt, also in a process whose parent had it ignored, as `nohup` and `&` do."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_leaves_the_weights_of_its_epoch():
    x = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    model, seen = dnn.mlp([4, 2], seed=1), []

    def callback(record, _):
        seen.append(model.layers[0].kernel.numpy())
        if record["epoch"] == 2:
            signal.raise_signal(signal.SIGINT)

    arguments = {"loss": dnn.sparse_softmax_cross_entropy, "optimizer": dnn.Adam(model.trainable_variables)}
    with pytest.raises(KeyboardInterrupt):
        dnn.fit(model, (x, (x[:, 0] > 0).astype(int)), epochs=5, callbacks=[callback], **arguments)
    assert len(seen) == 2
    np.testing.assert_array_equal(model.layers[0].kernel, seen[1])
    assert (seen[0] != seen[1]).any()
