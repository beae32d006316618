"""The kernel of the fused Adam: a step is taken whole or not at all, and one after the other."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf
from needs_compiler import needs_compiler

from dnn.kernels.compiled import compiled_ops
from dnn.kernels.fused_adam import FusedAdam

pytestmark = needs_compiler

STEPS, MANY = 200, 100_000  # numbers: a step takes long enough for others to begin meanwhile


def at_once(optimizers):
    """STEPS steps with gradients of 1, in turn by each optimizer, of eight threads. They have a minute."""
    ones = [tf.ones([MANY])] * 2

    def steps(thread):
        for i in range(thread, STEPS, 8):
            optimizers[i // 8 % len(optimizers)].apply(ones)

    # daemons: if they wait for each other, the tests end all the same
    threads = [threading.Thread(target=steps, args=(i,), daemon=True) for i in range(8)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + 60
    for thread in threads:
        thread.join(max(0, end - time.monotonic()))
    assert not any(thread.is_alive() for thread in threads)


def test_steps_at_once_are_those_of_one_after_the_other():
    ends = []
    for run in (at_once, lambda optimizers: [optimizers[0].apply([tf.ones([MANY])] * 2) for _ in range(STEPS)]):
        optimizer = FusedAdam([tf.Variable(tf.zeros([MANY])) for _ in range(2)])
        run([optimizer])
        ends.append([*optimizer.parameters, *optimizer.m, *optimizer.v, optimizer.t])
    for ours, wanted in zip(*ends, strict=True):
        np.testing.assert_array_equal(ours, wanted)


def test_optimizers_of_their_own_parameters_disturb_each_other_in_no_thread():
    def run(i):
        p, *gradients = (tf.random.stateless_normal([20_000 + i], [i, part]) for part in range(6))
        optimizer = FusedAdam([tf.Variable(p)])
        for g in gradients:
            optimizer.apply([g])
        return [x.numpy() for x in (*optimizer.parameters, *optimizer.m, *optimizer.v)]

    alone = list(map(run, range(32)))
    with ThreadPoolExecutor(8) as pool:
        for results, expected in zip(pool.map(run, range(32)), alone, strict=True):
            for ours, wanted in zip(results, expected, strict=True):
                np.testing.assert_array_equal(ours, wanted)


def test_two_optimizers_of_the_same_parameters_wait_for_each_other_in_any_order():
    p, q = tf.Variable(tf.zeros([MANY])), tf.Variable(tf.zeros([MANY]))
    optimizers = FusedAdam([p, q]), FusedAdam([q, p])
    at_once(optimizers)
    for parameter in (p, q):
        np.testing.assert_array_equal(parameter, np.full(MANY, parameter.numpy()[0]))  # none lost in a part of them
        np.testing.assert_allclose(parameter, -1e-3 * STEPS, rtol=1e-4)  # with gradients of 1, each step is the rate
    assert sum(optimizer.t.numpy() for optimizer in optimizers) == STEPS


def test_a_parameter_that_was_updated_sparsely_is_trained_as_any_other():
    """TensorFlow lets nobody share the memory of a variable that had such an update: each read is a copy."""
    p, indices = tf.Variable(tf.zeros([1000])), tf.range(0, 1000, 2)[:, tf.newaxis]
    optimizer = FusedAdam([p], 0.1)
    p.scatter_nd_add(indices, tf.ones([500]))
    before = p.read_value()
    optimizer.apply([tf.ones([1000])])
    np.testing.assert_array_equal(before, np.resize([1, 0], 1000))
    np.testing.assert_allclose(p, np.resize([0.9, -0.1], 1000), rtol=1e-5)


@pytest.mark.parametrize("threads", [0, -1], ids=["a thread of TensorFlow's", "the caller's thread"])
def test_subnormal_moments_are_zero_where_tensorflow_has_them_so(threads):
    """TensorFlow's threads flush; one of the caller's, which a session may use, keeps them, here as in every op."""
    with tf.Graph().as_default():
        p, m, v = (tf.Variable(tf.fill([40], value)) for value in (1.0, 1.2e-38, 1.2e-38))
        t, third = tf.Variable(0, dtype=tf.int64), tf.Variable(1.2e-38) / 3
        call([p], [m], [v], [tf.zeros([40])], t=t)
        step = tf.compat.v1.get_default_graph().get_operations()[-1]
        config = tf.compat.v1.ConfigProto(inter_op_parallelism_threads=threads)
        with tf.compat.v1.Session(config=config) as session:
            session.run(tf.compat.v1.global_variables_initializer())
            session.run(step)
            m, v, third = session.run([m, v, third])
    # (0 − m)(1 − β) is subnormal, as a third of 1.2e-38 is
    np.testing.assert_allclose([m, v], np.full((2, 40), 1.2e-38 if third == 0 else 1.08e-38), rtol=1e-6)


RULE = (0.1, 0.9, 0.9, 0.1, 0.1, 1e-7)


def call(p, m, v, g, rule=RULE, t=None):
    handles = {name: [x.handle for x in slot] for name, slot in {"p": p, "m": m, "v": v}.items()}
    t = tf.Variable(0, dtype=tf.int64) if t is None else t
    compiled_ops("fused_adam.cc").dnn_fused_adam(**handles, t=t.handle, g=g, rule=tf.constant(rule))


def test_the_kernel_refuses_what_does_not_fit_and_changes_nothing_then():
    a, b, c, *others = (tf.Variable(tf.zeros(size)) for size in (2, 2, 2, 3, 3, 3))
    wide, t, g = tf.Variable(np.zeros(2)), tf.Variable(3, dtype=tf.int64), [tf.ones([2])]
    pairs = [[a, others[0]], [b, others[1]], [c, others[2]]]
    for message, *arguments in (
        ("a variable is given twice among p, m, v and t", [a], [a], [c], g),
        (r"gradient 0 must match .*, float \[2\], got float \[3\]", [a], [b], [c], [tf.zeros([3])]),
        (r"gradient 0 must match .*, float \[3\], got float \[2\]", [a], [b], others[:1], g),
        (r"gradient 1 must match .*, float \[3\], got float \[2\]", *pairs, g * 2),
        (r"gradient 0 must .*, double \[2\], got float \[2\]", [wide], [b], [c], g),
        (r"rule must be \[6\]|dimension must be 6", [a], [b], [c], g, (0.1,)),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            call(*arguments, t=t)
    for bad, message in (
        (tf.Variable(0), "t must be an int64 scalar, got int32"),
        (tf.Variable([0], dtype=tf.int64), r"t must be an int64 scalar, got int64 \[1\]"),
        (tf.Variable(-1, dtype=tf.int64), r"t must be in \[0, 2\^63 - 1\), got -1"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            call([a], [b], [c], g, t=bad)
    assert t.numpy() == 3
    for variable in (a, b, c, *others):
        np.testing.assert_array_equal(variable, np.zeros(variable.shape))


def test_a_step_that_is_refused_counts_nowhere():
    optimizer = FusedAdam([tf.Variable([1.0, 2.0])], 0.1)
    unknown = tf.function(lambda g: optimizer.apply([g]), input_signature=[tf.TensorSpec(None)])
    with pytest.raises(tf.errors.InvalidArgumentError, match="gradient 0 must match its parameter"):
        unknown(tf.ones([3]))
    for gradients in ([tf.ones([3])], [tf.ones([2], tf.float64)], [tf.ones([2], tf.int32)], [None], []):
        with pytest.raises(ValueError, match=r"gradients|the loss does not depend on"):
            optimizer.apply(gradients)
    assert optimizer.t.numpy() == 0
    unknown(tf.ones([2]))
    assert optimizer.t.numpy() == 1


def test_a_variable_without_a_value_is_refused():
    a, b, t = tf.Variable(tf.zeros([2])), tf.Variable(tf.zeros([2])), tf.Variable(0, dtype=tf.int64)
    empty = tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[2], shared_name="dnn_test_no_value")
    handles = {"m": [a.handle], "v": [b.handle], "g": [tf.zeros([2])], "rule": RULE}
    with pytest.raises((tf.errors.FailedPreconditionError, tf.errors.NotFoundError)):
        compiled_ops("fused_adam.cc").dnn_fused_adam(p=[empty], t=t.handle, **handles)
    with pytest.raises((tf.errors.FailedPreconditionError, tf.errors.NotFoundError)):
        compiled_ops("fused_adam.cc").dnn_fused_adam(p=[tf.Variable(tf.zeros([2])).handle], t=empty, **handles)
    assert t.numpy() == 0
