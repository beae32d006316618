"""check_op: a good op keeps all laws, each fault is found by the law that is for it, and the table says so."""

import sys

import faulty
import numpy as np
import pytest
import tensorflow as tf
from broken_laws import QUICK, broken, by_numpy, relu
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import dnn
from dnn.testing import Floats, Integers, check_op

LABELS_AND_LOGITS = (Integers(["batch"], below="classes"), Floats(["batch", "classes"], least=2))


def verdicts(report) -> set[str]:
    return {finding.verdict for finding in report.findings}


def test_a_good_op_is_checked_in_one_line():
    report = check_op(dnn.relu, tf.nn.relu)
    others = {finding.law for finding in report.findings if finding.verdict != "holds"}
    assert others == {
        "treats nan as the reference",
        "keeps the dtype of its floats",
        "has the gradient by its variables",
    }
    assert str(report).splitlines()[0] == "relu keeps its laws"
    assert "4,096 calls from 8 threads, 16 different" in str(report)
    assert "(None, " in report["infers its shape for any batch"].detail
    dtypes = "bfloat16 gives bfloat16, float16 gives float16, float32 gives float32, float64 gives float64"
    assert report["takes other dtypes"].detail == dtypes


def test_a_loss_of_labels_and_logits_beside_numpy():
    def reference(labels, logits):
        shifted = logits - logits.max(axis=1, keepdims=True)
        return np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]

    report = check_op(dnn.sparse_softmax_cross_entropy, reference, LABELS_AND_LOGITS, **QUICK)
    assert report["has the values of the reference"].detail.endswith("NumPy in float64")
    assert report["has the gradient of the reference"].verdict == "not applicable"


def test_a_layer_with_parameters_and_axes_that_fit_together():
    specs = (Floats(["batch", "inputs"]), Floats(["inputs", "units"]), Floats(["units"]))
    report = check_op(lambda x, w, b: dnn.relu(x @ w + b), lambda x, w, b: np.maximum(x @ w + b, 0), specs, **QUICK)
    assert "float32[64, 16], float32[16, 16], float32[16]" in report["can be called"].detail


def test_an_op_without_a_batch_is_asked_for_none():
    report = check_op(tf.square, np.square, Floats([3]), **QUICK)
    assert report["infers its shape for any batch"].detail.startswith('no axis is named "batch"')


def test_an_op_with_variables_begins_each_call_with_the_same():
    class Counting(tf.Module):
        def __init__(self):
            super().__init__()
            self.calls = tf.Variable(0.0)

        def __call__(self, x):
            return x * self.calls.assign_add(1.0)

    op = Counting()
    report = check_op(op, lambda x: x, **QUICK)
    assert report["keeps its bits among threads"].detail == "it changes its variables"
    check_op(dnn.Dense(3, 2), None, Floats(["batch", 3]), **QUICK)


def test_arrays_may_come_from_a_strategy_of_the_users():
    sides = st.integers(1, 4).flatmap(lambda n: arrays(np.float32, (n, n), elements=st.floats(0, 1, width=32)))
    report = check_op(tf.linalg.matrix_transpose, np.transpose, st.tuples(sides), **QUICK)
    assert "BREAKS" not in verdicts(report)


def test_several_outputs_and_integers_are_compared():
    found = broken(lambda x: tf.math.top_k(x, 1), lambda x: tf.reduce_max(x, 1))
    assert found["has the values of the reference"].startswith("2 outputs instead of 1")
    assert broken(lambda x: tf.argmax(x, 1), lambda x: np.argmin(x, 1)).keys() == {
        "has the values of the reference",
        "takes other dtypes",
    }


@tf.custom_gradient
def straight_through_round(x):
    return tf.round(x), lambda g: g


def test_a_surrogate_gradient_is_compared_with_the_references_alone():
    def reference(x):
        return x + tf.stop_gradient(tf.round(x) - x)

    found = broken(straight_through_round, reference)
    assert found.keys() == {"has the gradient of finite differences"}
    check_op(straight_through_round, reference, gradient="surrogate", **QUICK)


@tf.custom_gradient
def relu_with_the_gradient_of_identity(x):
    return tf.nn.relu(x), lambda g: g


@tf.custom_gradient
def product_with_swapped_gradients(x, y):
    return x * y, lambda g: (g * x, g * y)


@tf.custom_gradient
def scaled_gradient(x):
    """Off by 0.1 %."""
    return tf.exp(x), lambda g: 1.001 * g * tf.exp(x)


def is_zero_without_a_reason(x):
    return tf.stop_gradient(x * x)


PAIR = (Floats(), Floats())
SMALL = Floats(low=-3, high=3)
GRADIENTS = [
    (relu_with_the_gradient_of_identity, tf.nn.relu, Floats()),
    (product_with_swapped_gradients, tf.multiply, PAIR),
    (scaled_gradient, tf.exp, SMALL),
    (is_zero_without_a_reason, tf.square, Floats()),
]


@pytest.mark.parametrize(("op", "reference", "inputs"), GRADIENTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_wrong_gradient_is_found(op, reference, inputs):
    found = broken(op, reference, inputs=inputs)
    assert found.keys() == {"has the gradient of finite differences", "has the gradient of the reference"}
    assert "gradient by float argument" in found["has the gradient of finite differences"]


def test_a_wrong_gradient_beside_numpy_is_found():
    found = broken(relu_with_the_gradient_of_identity, lambda x: np.maximum(x, 0))
    assert found.keys() == {"has the gradient of finite differences"}


def test_a_race_is_found():
    scratch = np.empty([64, 256], np.float32)

    def shared(x):
        if (x.shape, x.dtype) != (scratch.shape, scratch.dtype):
            return relu(x)
        np.maximum(x, 0, out=scratch)
        return scratch.copy()

    found = broken(by_numpy(shared, lambda x: x.shape), relu, gradient=None, calls=4096)
    assert found.keys() == {"keeps its bits among threads"}
    assert "give other bits than one by one" in found["keeps its bits among threads"]


FAULTS = [
    (lambda x: x + tf.random.normal([]), None, "gives the same bits each time"),
    (faulty.doubled_in_a_graph, lambda x: x, "agrees in graph mode"),
    (lambda x: tf.math.log(1 + tf.exp(x)), tf.math.softplus, "has the values of the reference"),
    (lambda x: tf.where(x > 33, x + 1, x), lambda x: x, "has the values of the reference"),
    (lambda x: tf.cast(tf.cast(x, tf.bfloat16), x.dtype), tf.identity, "takes other dtypes"),
    (lambda x: x + tf.random.stateless_uniform([], [1, 2]), None, "agrees under xla"),
    (lambda x: np.nan * x, None, "has the gradient of finite differences"),
    (lambda x: x[:2] + 0 * x[1], tf.identity, "has the values of the reference"),
]


@pytest.mark.parametrize(("op", "reference", "law"), FAULTS, ids=[f"{n}: {law}" for n, (*_, law) in enumerate(FAULTS)])
def test_other_faults_are_found(op, reference, law):
    assert law in broken(op, reference)


def test_the_example_of_a_breach_is_small_and_shown():
    detail = broken(lambda x: tf.where(x > 33, x + 1, x), tf.identity)["has the values of the reference"]
    assert "; of float32[1, 1] [[100.0]]" in detail


def test_an_op_that_cannot_be_called_breaks_one_law():
    assert broken(lambda x, y: x, tf.identity).keys() == {"can be called"}


def test_a_domain_is_kept_and_nan_is_among_the_values_if_asked_for():
    check_op(tf.math.log, np.log, Floats(low=0.1, high=1e30), **QUICK)
    assert broken(lambda x: tf.where(x > 0, x, 0 * tf.ones_like(x)), tf.nn.relu, inputs=Floats(finite=False))
    check_op(lambda x: tf.maximum(x, 0), tf.nn.relu, Floats(kinks=(0.0,)), **QUICK)


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="low must be at most high, got 1 and 0"):
        Floats(low=1, high=0)
    with pytest.raises(ValueError, match=r"gradient must be one of \('exact', 'surrogate', None\), got 'wrong'"):
        check_op(dnn.relu, gradient="wrong")
    with pytest.raises(TypeError, match="inputs must be Floats and Integers, or a strategy"):
        check_op(dnn.relu, inputs=[np.ones(3)])


def test_without_hypothesis_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis.strategies", None)
    with pytest.raises(ModuleNotFoundError, match=r"check_op draws its examples with Hypothesis.*'dnn\[test\]'"):
        check_op(dnn.relu)


def test_a_formula_in_numpy_that_also_takes_tensors_is_one_in_numpy():
    """tensor / (1 + array) is a tensor, whose derivative takes |x| for a constant."""
    report = check_op(tf.nn.softsign, lambda x: x / (1 + np.abs(x)), calls=64, examples=2)
    assert report["has the values of the reference"].detail.endswith("beside NumPy in float64")


@tf.custom_gradient
def half_beyond_the_first_150(x):
    def gradient(dy):
        flat = tf.reshape(2 * x * dy, [-1])
        part = tf.where(tf.range(tf.size(flat)) < 150, tf.ones_like(flat), 0.5 * tf.ones_like(flat))
        return tf.reshape(flat * part, tf.shape(x))

    return x * x, gradient


def test_a_gradient_that_is_wrong_only_in_a_large_array_is_found_beside_numpy():
    found = broken(half_beyond_the_first_150, np.square)
    assert "of a large example" in found["has the gradient of finite differences"]


def test_an_edge_value_among_others_is_found():
    def wrong_at_minus_zero(x):
        return tf.where((x == 0) & (1 / x < 0), 5.0, x)

    assert "has the values of the reference" in broken(wrong_at_minus_zero, lambda x: x + 0.0)


def test_a_batch_of_a_size_that_is_not_drawn_is_tried():
    found = broken(lambda x: x + tf.cast(tf.shape(x)[0] > 64, x.dtype), lambda x: x * 1.0, gradient=None)
    assert "has the values of the reference" in found


def test_integers_are_no_floats():
    found = broken(lambda x: tf.cast(tf.nn.relu(x), tf.int32), lambda x: np.maximum(x, 0))
    assert "the reference gives floats" in found["has the values of the reference"]


def test_an_op_that_writes_over_its_argument_in_a_graph_is_found():
    def halved_where_it_is(x):
        x *= 0.5
        return x

    op = by_numpy(halved_where_it_is, lambda x: x.shape)  # eagerly TensorFlow gives NumPy a copy
    found = broken(op, lambda x: 0.5 * x, gradient=None)
    assert found["leaves its arguments alone"] == "argument 0 was changed by the call, graph mode"
