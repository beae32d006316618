"""The three ways TensorFlow runs a function. Compare them within a tolerance, never bit by bit."""

import functools
import os

import tensorflow as tf

MODES = {
    "eager": lambda function: function,
    "graph": functools.partial(tf.function, autograph=False),
    "xla": functools.partial(tf.function, autograph=False, jit_compile=True),
}
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"  # whether the long forms of tests run
