"""Polynomial decay, cosine with restarts and one cycle: beside Keras's and Optax's, and at every restart."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import dnn

KERAS = keras.optimizers.schedules
OPTAX = json.loads(Path(__file__).with_name("optax.json").read_text("utf-8"))
STEPS = [0.0, 1.0, 7.0, 10.0, 11.0, 25.0, 30.0, 33.0]
CASES = {
    "line": (dnn.PolynomialDecay(0.1, 30, 0.2), KERAS.PolynomialDecay(0.1, 30, 0.2)),
    "again": (dnn.PolynomialDecay(0.1, 10, 0.0, 2.0, True), KERAS.PolynomialDecay(0.1, 10, 0.0, 2.0, True)),
    "waves": (dnn.CosineDecayRestarts(0.1, 4, 1.0, 0.5, 0.2), KERAS.CosineDecayRestarts(0.1, 4, 1.0, 0.5, 0.2)),
    "longer": (dnn.CosineDecayRestarts(0.1, 4, 1.5), KERAS.CosineDecayRestarts(0.1, 4, 1.5)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_rate_is_keras_s(name):
    ours, theirs = CASES[name]
    rates = [[float(schedule(tf.constant(step, tf.float64))) for step in STEPS] for schedule in (ours, theirs)]
    np.testing.assert_allclose(*rates, rtol=1e-5, atol=1e-7)


def test_a_wave_begins_at_its_step_whatever_the_logarithm_rounds_to():
    for factor in (1, 2, 3, 5, 10):
        begin = 0
        schedule = dnn.CosineDecayRestarts(1.0, 7, factor)
        for wave in range(8):
            assert float(schedule(begin)) == 1, (factor, wave)
            begin += 7 * factor**wave


def test_one_cycle_is_optax_s_and_goes_from_and_to_any_rate():
    schedule = dnn.OneCycle(0.1, 20)
    rates = [float(schedule(step)) for step in range(len(OPTAX["one_cycle"]))]
    np.testing.assert_allclose(rates, OPTAX["one_cycle"], rtol=1e-6)
    other = dnn.OneCycle(0.1, 10, initial_learning_rate=0.3, end_learning_rate=0.2, pct_start=0.5)
    assert [round(float(other(step)), 9) for step in (0, 5, 10, 99)] == [0.3, 0.1, 0.2, 0.2]
    for share in (0.0, 1.0):  # no rise, or no fall
        assert float(dnn.OneCycle(0.1, 10, pct_start=share)(10 * share)) == pytest.approx(0.1, rel=1e-12) or share == 1
        assert np.isfinite([float(dnn.OneCycle(0.1, 10, pct_start=share)(step)) for step in range(12)]).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: dnn.PolynomialDecay(-1, 10), "initial_learning_rate must be a number of 0 or more, got -1"),
        (lambda: dnn.CosineDecayRestarts(1, 10, 0.5), "t_mul must be a number of 1 or more, got 0.5"),
        (lambda: dnn.OneCycle(0.1, 10, pct_start=1.5), r"pct_start must be in \[0, 1\], got 1.5"),
    ],
)
def test_numbers_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
