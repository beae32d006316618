"""The three ways TensorFlow runs a function: compare them within a tolerance, never bit by bit. And how thoroughly.

HYPOTHESIS_PROFILE=thorough draws more examples (see conftest.py) and takes the long forms of tests.
"""

import functools
import os

import tensorflow as tf

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"  # whether the long forms of tests run
MODES = {
    "eager": lambda function: function,
    "graph": functools.partial(tf.function, autograph=False),
    "xla": functools.partial(tf.function, autograph=False, jit_compile=True),
}
