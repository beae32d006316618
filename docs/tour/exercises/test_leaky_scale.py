"""A signal keeps its size through twenty layers."""

import pytest
import tensorflow as tf

import dnn


def size_after(layers, scale, slope):
    signal = tf.random.stateless_normal([500, 300], seed=[1, 1])
    for index in range(layers):
        kernel = dnn.variance_scaling([300, 300], (0, index), scale=scale, mode="fan_in")
        signal = dnn.leaky_relu(signal @ kernel, slope)
    return float(tf.reduce_mean(signal**2))


@pytest.mark.parametrize("slope", [0.0, 0.3, 0.7, 1.0])
def test_a_signal_keeps_its_size(answer, slope):
    size = size_after(20, answer.scale(slope), slope)
    assert 0.1 < size < 10, f"slope {slope}: after 20 layers the mean square is {size:.2g}; it should be near 1"


def test_without_a_bend_it_is_one_over_n(answer):
    assert answer.scale(1.0) == pytest.approx(1)


def test_relu_is_the_leaky_relu_of_slope_0(answer):
    assert answer.scale(0.0) == pytest.approx(2)
