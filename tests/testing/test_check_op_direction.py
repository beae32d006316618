"""check_op of a sum of very many numbers, one of which is always at a kink: a wrong gradient is found there too."""

import tensorflow as tf
from broken_laws import broken

from dnn.testing import check_op

DIFFERENCES = "has the gradient of finite differences"


def sum_of_saw_teeth(x):
    return tf.reduce_sum(tf.math.floormod(100 * x, 1))


@tf.custom_gradient
def wrong_beyond_the_first_500(x):
    def gradient(dy):
        part = tf.where(tf.range(tf.size(x)) < 500, 100.0, 50.0)
        return tf.reshape(tf.cast(part, x.dtype) * dy, tf.shape(x))

    return sum_of_saw_teeth(x), gradient


def test_a_wrong_gradient_of_a_sum_with_many_kinks_is_found():
    found = broken(wrong_beyond_the_first_500, None, ulps=1e6)
    assert "of a large example" in found[DIFFERENCES]


def test_a_right_one_holds():
    assert check_op(sum_of_saw_teeth, ulps=1e6, examples=8, calls=16)[DIFFERENCES].verdict == "holds"
