"""Where arguments come from: what is drawn, large, very large, of edge values, or by a strategy of the user's."""

import time

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from op_laws import VALUES, holds

from dnn.testing import Floats, Integers
from dnn.testing.ops.source import argument_source, most_numbers, very_large_examples

LABELS_AND_LOGITS = (Integers(["batch"]), Floats(["batch", "classes"]))


@pytest.mark.parametrize(
    ("specs", "shapes"),
    [
        (Floats(), [(4081, 257)]),
        ((Floats(["batch", "inputs"]), Floats(["inputs", "units"])), [(61681, 17), (17, 17)]),
        (LABELS_AND_LOGITS, [(4081,), (4081, 257)]),
        (Floats(["side", "side"]), [(1025, 1025)]),
        (Floats([4]), []),
        (Integers([4], below="classes"), []),
    ],
    ids=str,
)
def test_the_batch_is_longer_or_else_what_has_a_name(specs, shapes):
    found = very_large_examples(argument_source(specs), [lambda arrays: arrays])
    assert [array.shape for array in (found[0] if found else ())] == shapes


def test_where_a_call_takes_long_arrays_are_no_larger():
    def busy(arrays):
        clock, processor = time.perf_counter(), time.process_time()
        while min(time.perf_counter() - clock, time.process_time() - processor) < 0.06:
            pass

    assert most_numbers(very_large_examples(argument_source(Floats()), [busy])[0]) == 255 * 257


def test_a_call_that_waits_is_not_one_that_takes_long():
    found = very_large_examples(argument_source(Floats()), [lambda arrays: time.sleep(0.06)])
    assert most_numbers(found[0]) == 4081 * 257


def test_axes_of_one_name_have_one_size_and_class_numbers_are_below_theirs():
    labels, logits = argument_source(LABELS_AND_LOGITS).large(2)[1]
    assert labels.shape == (64,)
    assert logits.shape == (64, 256)
    assert 200 < labels.max() < 256
    for labels, logits in argument_source(LABELS_AND_LOGITS).edges():
        assert {*labels} == {0, logits.shape[1] - 1}
        assert np.abs(logits).max() == 100


def test_a_trace_need_not_know_the_batch():
    specs = argument_source(LABELS_AND_LOGITS)
    found = specs.for_any_batch([np.zeros(4, np.int32), np.zeros([4, 3], np.float32)])
    assert found == [tf.TensorSpec([None], tf.int32), tf.TensorSpec([None, 3])]
    assert argument_source(Floats([3])).for_any_batch([np.zeros(3)]) is None


SIDES = st.integers(1, 4).flatmap(lambda n: arrays(np.float32, (n, n), elements=st.floats(0, 1, width=32)))


def test_arrays_may_come_from_a_strategy_of_the_users():
    source = argument_source(st.tuples(SIDES))
    for (array,) in source.large(3):
        assert array.shape in [(n, n) for n in range(1, 5)]
    assert source.for_any_batch([np.zeros([4, 3])]) == [tf.TensorSpec([None, 3], tf.float64)]
    detail = holds(tf.linalg.matrix_transpose, np.transpose, st.tuples(SIDES), law=VALUES)
    assert "a large one, none larger (no axis of a spec has a name" in detail


def test_what_is_neither_specs_nor_a_strategy_is_refused():
    for inputs in ([np.ones(3)], [], 3):
        with pytest.raises(TypeError, match="inputs must be Floats and Integers, or a strategy"):
            argument_source(inputs)
