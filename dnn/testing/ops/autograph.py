"""Functions that are traced without AutoGraph, which rewrites the source of each, where they can be."""

from collections.abc import Callable

import tensorflow as tf

BRANCHED = (TypeError, NotImplementedError)  # what Python says of an `if`, a `len` and an `int` of a tensor


def without_autograph(function: Callable, specs, needed=BRANCHED) -> Callable:
    """The function, which AutoGraph leaves as it is, but if a trace of such arguments raises an error that is `needed`.

    It is slow, and of a function whose source it cannot tell, as of two lambdas on one line, it prints a page a trace.
    """
    left = tf.autograph.experimental.do_not_convert(function)
    try:
        tf.function(lambda *tensors: left(*tensors), autograph=False).get_concrete_function(*specs)
    except needed:
        return function
    except Exception:  # its own, which a law will tell
        return left
    return left
