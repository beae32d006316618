"""The fused cross-entropy: against the package's in float64, mpmath and finite differences; what it refuses."""

import logging
import mmap
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import mpmath
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from modes import THOROUGH
from needs_compiler import needs_compiler
from tolerance import assert_near

import dnn
from dnn.kernels.compiled import compiled_ops
from dnn.kernels.softmax_cross_entropy import fused_sparse_softmax_cross_entropy
from dnn.testing import Floats, Integers, check_op

pytestmark = needs_compiler


def with_gradient(loss, labels, logits):
    """Return (losses, gradient of their sum) as arrays."""
    logits = tf.convert_to_tensor(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        losses = loss(tf.constant(labels), logits)
    return losses.numpy(), tape.gradient(losses, logits).numpy()


def assert_exact(labels, logits, *, ulps=4):
    """As near to the package's loss in float64 as rounding permits, down to 1e-37."""
    got = with_gradient(fused_sparse_softmax_cross_entropy, labels, logits)
    expected = with_gradient(dnn.sparse_softmax_cross_entropy, labels, logits.astype(np.float64))
    for ours, exact in zip(got, expected, strict=True):
        assert ours.dtype == logits.dtype
        assert_near(ours, exact, ulps=ulps, dtype=logits.dtype, absolute=2e-37)


@given(
    rows=st.integers(1, 9),
    classes=st.integers(2, 300),
    spread=st.sampled_from([0.0, 1e-3, 1.0, 30.0, 1e3, 1e30]),
    seed=st.integers(0, 2**32 - 1),
    labels_of=st.sampled_from([np.int32, np.int64]),
)
def test_loss_and_gradient_of_float32_are_right_to_rounding(rows, classes, spread, seed, labels_of):
    random = np.random.default_rng(seed)
    logits = (spread * random.normal(size=(rows, classes)) + spread * random.normal()).astype(np.float32)
    logits[:, -1] = logits[:, 0]  # now and then the two largest
    assert_exact(random.integers(0, classes, rows).astype(labels_of), logits)


@pytest.mark.parametrize("gap", [1.0, 20.0, 80.0])
def test_a_small_loss_has_all_its_digits(gap):
    """e^−80 is 2e-35, and would be lost if it were added to the 1 of the largest class."""
    logits = np.array([[5, 5 - gap, 5 - gap], [5, 5, 5 - gap]], np.float32)
    losses, gradient = with_gradient(fused_sparse_softmax_cross_entropy, [0, 1], logits)
    small = np.exp(-gap)
    assert_near(losses, [np.log1p(2 * small), np.log1p(1 + small)], ulps=2)
    assert_near(gradient[:, 0], [-2 * small / (1 + 2 * small), 1 / (2 + small)], ulps=2)


def test_the_float32_exponential_is_within_2_ulps_of_float64():
    """Beside a logit of 0, one of x < −20 has the probability eˣ, its gradient. Down to the least normal number."""
    x = np.linspace(-87.33, -20, 100_001).astype(np.float32)
    logits = np.stack([np.zeros_like(x), x], axis=1)
    _, gradient = with_gradient(fused_sparse_softmax_cross_entropy, np.zeros(len(x), np.int32), logits)
    assert_near(gradient[:, 1], np.exp(x.astype(np.float64)), ulps=2)


def test_loss_and_gradient_of_float64_are_mpmath_s():
    random = np.random.default_rng(0)
    logits, labels = random.normal(size=(20, 7)) * np.geomspace(0.1, 500, 20)[:, np.newaxis], random.integers(0, 7, 20)
    losses, gradient = with_gradient(fused_sparse_softmax_cross_entropy, labels, logits)
    with mpmath.workdps(400):
        for z, y, loss, g in zip(logits, labels, losses, gradient, strict=True):
            total = mpmath.fsum(mpmath.exp(float(k)) for k in z)
            assert_near(loss, float(mpmath.log(total) - float(z[y])), ulps=4, dtype=np.float64)
            exact = [float(mpmath.exp(float(k)) / total - (j == y)) for j, k in enumerate(z)]
            assert_near(g, exact, ulps=6, dtype=np.float64, absolute=1e-300)


def test_the_gradient_is_that_of_finite_differences():
    logits = tf.constant(np.random.default_rng(1).normal(size=(3, 5)))
    theory, numeric = tf.test.compute_gradient(lambda z: fused_sparse_softmax_cross_entropy([4, 0, 2], z), [logits])
    np.testing.assert_allclose(theory[0], numeric[0], atol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_infinities_and_nan_are_as_in_the_package(dtype):
    rows = [[0, -np.inf, 1], [-np.inf, 2, 2], [np.nan, 0, 1], [0, 1, np.nan], [np.inf, 0, 1], [-np.inf] * 3, [1, 2, 3]]
    for labels in ([0] * 7, [1] * 7, [2] * 7):
        got = fused_sparse_softmax_cross_entropy(labels, np.array(rows, dtype))
        assert_near(got, dnn.sparse_softmax_cross_entropy(labels, np.array(rows, np.float64)), dtype=dtype)


def test_other_dtypes_are_cast():
    logits, labels = np.array([[0.5, 1, -2]]), np.array([1], np.uint8)
    for dtype, given_back in ((tf.bfloat16, tf.float32), (tf.float16, tf.float32), (tf.float64, tf.float64)):
        assert fused_sparse_softmax_cross_entropy(labels, tf.constant(logits, dtype)).dtype == given_back


def test_it_keeps_the_laws_of_a_loss():
    dnn.testing.check_loss(fused_sparse_softmax_cross_entropy, xla=False)


@pytest.mark.parametrize("label", [-1, 3, 2**31 - 1, -(2**31)])
def test_a_label_out_of_range_is_an_invalid_argument_that_names_its_row(label):
    labels, logits = tf.constant([0, label]), tf.zeros([2, 3])
    for function in (fused_sparse_softmax_cross_entropy, tf.function(fused_sparse_softmax_cross_entropy)):
        with pytest.raises(tf.errors.InvalidArgumentError, match=rf"labels must be in \[0, 3\), got {label} in row 1"):
            function(labels, logits)


def test_the_largest_label_of_uint64_is_told_as_it_is():
    with pytest.raises(tf.errors.InvalidArgumentError, match=rf"got {2**64 - 1} in row 1"):
        fused_sparse_softmax_cross_entropy(np.uint64([0, 2**64 - 1]), np.zeros((2, 3), np.float32))


WRITER = """
import mmap, sys
with open(sys.argv[1], "r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
    print("started", flush=True)
    while True:
        memory[-16] = 8
        memory[-16] = 0
"""


def test_labels_that_change_meanwhile_are_those_that_were_checked(tmp_path):
    """In memory to which another process writes 0, a class, and 8, which is out of range, in turn."""
    rows, file = 2**17, tmp_path / "labels"
    file.write_bytes(bytes(8 * rows))
    logits = tf.random.stateless_normal([rows, 8], [4, 0])
    expected = fused_sparse_softmax_cross_entropy(tf.zeros(rows, tf.int64), logits)
    with file.open("r+b") as opened:
        labels = np.frombuffer(mmap.mmap(opened.fileno(), 0), np.int64)
    shared = tf.experimental.dlpack.from_dlpack(labels.__dlpack__())
    with subprocess.Popen([sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE) as writer:
        writer.stdout.readline()
        end, results = time.monotonic() + 30, []
        while len(results) < 40 or (len({losses is None for losses in results}) < 2 and time.monotonic() < end):
            results.append(accepted(shared, logits))
        writer.kill()
    taken = [losses for losses in results if losses is not None]
    assert 0 < len(taken) < len(results)
    for losses in taken:
        np.testing.assert_array_equal(losses, expected)


def accepted(labels, logits):
    """Return the losses, or None if the labels are refused."""
    try:
        return fused_sparse_softmax_cross_entropy(labels, logits).numpy()
    except tf.errors.InvalidArgumentError:
        return None


def test_wrong_arguments_are_named():
    with pytest.raises(TypeError, match="labels must be integers, got float32"):
        fused_sparse_softmax_cross_entropy([0.0], [[1.0, 2.0]])
    with pytest.raises(TypeError, match="logits must be floats, got int32"):
        fused_sparse_softmax_cross_entropy([0], [[1, 2]])
    with pytest.raises(ValueError, match="logits must have at least two classes"):
        fused_sparse_softmax_cross_entropy([0], [[1.0]])
    with pytest.raises(ValueError, match=r"labels must be \[batch\], logits .*, got \(2,\) and \(1, 2\)"):
        fused_sparse_softmax_cross_entropy([0, 1], [[1.0, 2.0]])


@pytest.mark.parametrize("shape", [(0, 3), (0, 0), (0, 1)])
def test_an_empty_batch_has_no_losses(shape):
    losses, gradient = with_gradient(_op, np.zeros(0, np.int32), np.zeros(shape, np.float32))
    assert losses.shape == (0,)
    assert gradient.shape == shape


def test_no_classes_have_no_label():
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"labels must be in \[0, 0\), got 0 in row 0"):
        _op(tf.constant([0]), tf.zeros([1, 0]))


def test_a_shape_that_only_the_kernel_sees_is_refused():
    traced = tf.function(_op, input_signature=[tf.TensorSpec(None, tf.int32), tf.TensorSpec(None)])
    for labels, logits in (([0], [1.0]), ([[0]], [[1.0]]), ([0, 0], [[1.0, 2.0]]), (0, 1.0)):
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"labels must be \[batch\] and logits \[batch, class"):
            traced(tf.constant(labels), tf.constant(logits))


def test_the_shape_is_known_before_the_batch_is():
    specs = [tf.TensorSpec([None], tf.int64), tf.TensorSpec([None, 5])]
    assert tf.function(fused_sparse_softmax_cross_entropy).get_concrete_function(*specs).output_shapes.as_list() == [
        None
    ]
    specs = [tf.TensorSpec([None], tf.int64), tf.TensorSpec([8, 5])]
    assert tf.function(fused_sparse_softmax_cross_entropy).get_concrete_function(*specs).output_shapes.as_list() == [8]


def test_a_second_derivative_is_refused():
    z = tf.constant([[1.0, 2.0]])
    with tf.GradientTape() as outer:
        outer.watch(z)
        with tf.GradientTape() as inner:
            inner.watch(z)
            loss = fused_sparse_softmax_cross_entropy([0], z)
        gradient = inner.gradient(loss, z)
    with pytest.raises(LookupError, match="the fused softmax cross-entropy has no second derivative: use dnn.sparse"):
        outer.gradient(gradient, z)


def test_many_threads_with_arguments_of_their_own_give_what_each_gives_alone():
    random = np.random.default_rng(2)
    cases = [(random.integers(0, 50, rows), random.normal(size=(rows, 50))) for rows in range(500, 532)]
    alone = [with_gradient(fused_sparse_softmax_cross_entropy, *case) for case in cases]
    with ThreadPoolExecutor(8) as pool:
        again = pool.map(lambda i: with_gradient(fused_sparse_softmax_cross_entropy, *cases[i % 32]), range(256))
        for i, results in enumerate(again):
            for ours, expected in zip(results, alone[i % 32], strict=True):
                np.testing.assert_array_equal(ours, expected)


def test_it_keeps_the_laws_of_an_op():
    classes, logits = Integers(["batch"], below="classes"), Floats(["batch", "classes"], least=2)
    options = {"examples": 500 if THOROUGH else 8, "calls": 256}
    check_op(fused_sparse_softmax_cross_entropy, dnn.sparse_softmax_cross_entropy, (classes, logits), **options)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
def test_fit_trains_with_it_and_xla_that_cannot_says_so_in_one_line(jit_compile, caplog):
    """In float64, where 14 steps do not amplify the rounding errors to more than 1e-12."""
    random = np.random.default_rng(3)
    x, y = random.normal(size=(200, 4)), random.integers(0, 3, 200).astype(np.int32)
    histories = []
    for loss in (fused_sparse_softmax_cross_entropy, dnn.sparse_softmax_cross_entropy):
        model = dnn.mlp([4, 8, 3], dtype=np.float64, seed=0)
        optimizer = dnn.SGD(model.trainable_variables, 0.1)
        with caplog.at_level(logging.WARNING, "dnn"):
            history = dnn.fit(
                model,
                (x, y),
                (x, y),
                loss=loss,
                optimizer=optimizer,
                batch_size=32,
                epochs=2,
                seed=0,
                jit_compile=jit_compile,
            )
        histories.append(history["val_loss"])
    np.testing.assert_allclose(*histories, rtol=1e-12)
    told = "jit_compile: in graph mode, since XLA has no kernel for DnnSoftmaxCrossEntropy"
    assert [record.getMessage() for record in caplog.records] == ([told] if jit_compile else [])


def _op(labels, logits):
    return compiled_ops("softmax_cross_entropy.cc").dnn_softmax_cross_entropy(labels=labels, logits=logits).loss
