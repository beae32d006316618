"""The logits are the first that break, and the test is red without the shift."""

import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

HOME = Path(__file__).parents[3]
TESTS = HOME / "tests" / "nn" / "test_softmax.py"


def breaks(z, dtype):
    """Whether the softmax as written gives a NaN."""
    exponentials = tf.exp(tf.constant([z, 0], dtype))
    return bool(np.isnan(exponentials / tf.reduce_sum(exponentials)).any())


@pytest.mark.parametrize(
    ("name", "dtype"), [("FIRST_NAN_IN_FLOAT32", tf.float32), ("FIRST_NAN_IN_FLOAT64", tf.float64)]
)
def test_the_logit_is_the_first_that_breaks(answer, name, dtype):
    z = getattr(answer, name)
    assert isinstance(z, int), f"{name} must be a whole number, it is {z}"
    assert breaks(z, dtype), f"{name} = {z} does not break it: it is too small"
    assert not breaks(z - 1, dtype), f"{name} = {z} is not the first: {z - 1} breaks it too"


def test_the_test_turns_red_without_the_shift(answer, monkeypatch):
    name = answer.RED_TEST
    assert name, "RED_TEST must be the name of a test"
    assert re.search(rf"^def {name}\(", TESTS.read_text("utf-8"), re.MULTILINE), f"{TESTS.name} has no test {name}"
    monkeypatch.setattr("dnn.nn.softmax._row_maximum", lambda logits, axis: tf.zeros((), logits.dtype))
    code = pytest.main(["-q", "--no-header", "--tb=no", "-p", "no:cacheprovider", "-k", name, str(TESTS)])
    assert code == pytest.ExitCode.TESTS_FAILED, f"{name} stays green without the shift"
