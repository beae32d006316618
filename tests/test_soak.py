"""Load: threads that predict while another fits, and what is left over after many fits."""

import gc
from pathlib import Path

import pytest
import tensorflow as tf

import dnn
from scripts import soak


def test_eight_threads_predict_what_one_does_while_another_fits():
    count, fits, problems = soak.predictions_beside_a_fit(threads=8, rounds=3)
    assert problems == []
    assert count >= 8 * 3 * 4
    assert fits >= 1


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts descriptors where Linux lists them")
def test_more_fits_of_the_same_objects_leave_no_descriptor_variable_or_tensor():
    model, data = dnn.mlp([soak.FEATURES, 8, 2], seed=0), soak.table(0, 64)
    optimizer = dnn.Adam(model.trainable_variables)

    def left_after(fits: int) -> tuple[int, int]:
        for _ in range(fits):
            soak.fit_of(model, optimizer, data, on_nan="skip")
        gc.collect()
        return soak.usage().descriptors, sum(isinstance(each, tf.Variable | tf.Tensor) for each in gc.get_objects())

    first = left_after(2)
    assert left_after(10) == first
