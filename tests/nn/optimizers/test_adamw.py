"""AdamW: against Keras's to the last bit, and as what it is made of."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from optimizer_peer import drawn_gradients, keras_end, our_end
from tolerance import assert_near

from dnn.nn.optimizers.adam import Adam
from dnn.nn.optimizers.adamw import AdamW

RULES = st.fixed_dictionaries(
    {
        "learning_rate": st.sampled_from([1e-5, 1e-3, 1.0]) | st.floats(1e-6, 1),
        "weight_decay": st.sampled_from([0.0, 0.004, 1.0]) | st.floats(0, 1),
        "beta_1": st.sampled_from([0.5, 0.9]),
        "beta_2": st.sampled_from([0.9, 0.999]),
        "epsilon": st.sampled_from([1e-7, 1e-3]),
        "amsgrad": st.booleans(),
    }
)


@settings(max_examples=settings().max_examples // 6)
@given(rule=RULES, seed=st.integers(0, 2**32 - 1), steps=st.integers(1, 20))
def test_adamw_is_keras_s_to_the_last_bit(rule, seed, steps):
    gradients = drawn_gradients(seed, steps)
    expected = keras_end(keras.optimizers.AdamW(**rule), gradients)
    np.testing.assert_array_equal(our_end(lambda p: AdamW(p, **rule), gradients), expected)


def test_its_defaults_are_adam_s_with_a_decay_of_4_in_a_thousand():
    gradients = drawn_gradients(0, 10)
    expected = our_end(lambda p: Adam(p, weight_decay=0.004), gradients)
    np.testing.assert_array_equal(our_end(AdamW, gradients), expected)


def test_the_first_step_worked_by_hand():
    """p = 2, η = 0.5, λ = 0.25: 2 − 2 · 0.25 · 0.5 = 1.75, less Adam's first step, which is η for any gradient."""
    p = tf.Variable(2.0, dtype=tf.float64)
    AdamW([p], 0.5, weight_decay=0.25, epsilon=1e-30).apply([tf.constant(3.0, tf.float64)])
    assert_near(p, 1.25, dtype=np.float64, ulps=16)


def test_there_is_no_adamw_without_a_decay():
    with pytest.raises(TypeError, match="weight_decay must be a number: without it, AdamW is Adam"):
        AdamW([tf.Variable(1.0)], weight_decay=None)
