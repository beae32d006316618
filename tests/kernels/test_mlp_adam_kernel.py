"""The kernel of the epochs in C++: each step is taken whole or not at all, and one epoch after the other."""

import itertools
import threading

import numpy as np
import pytest
import tensorflow as tf
from mlp_epochs import LOSS, RATE, drawn, state_of
from needs_compiler import needs_compiler

import dnn
from dnn.kernels.compiled import compiled_ops
from dnn.kernels.mlp_adam import FLAGS, SOURCE, MlpAdam
from dnn.train.rows import Rows

pytestmark = needs_compiler

SIZES = [4, 20, 3]
RULE = (0.1, 0.9, 0.9, 0.1, 0.1, 1e-7)


def made(sizes=SIZES, dtype=tf.float32):
    model = dnn.mlp(sizes, seed=1, dtype=dtype)
    return model, MlpAdam(model, RATE)


def epoch(model, optimizer, rows, order, batch_size=8):
    return optimizer.train_epoch(model, LOSS, (dnn.accuracy,), rows, np.int32(order), batch_size).numpy()


def assert_same(ours, wanted):
    for one, other in zip(ours, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("batch", [0, 2, 3])
@pytest.mark.parametrize(
    ("what", "wrong", "message"),
    [
        ("label", -1, r"labels must be in \[0, 3\), got -1 in row 29"),
        ("label", 3, "got 3 in row 29"),
        ("label", 2**31 - 1, "got 2147483647 in row 29"),
        ("index", -1, r"order must hold indices in \[0, 30\), got -1"),
        ("index", 30, "got 30"),
        ("index", -(2**31), "got -2147483648"),
    ],
)
def test_what_is_out_of_range_ends_the_epoch_before_its_batch(what, wrong, message, batch):
    (x, y), order = drawn(30, SIZES), np.random.default_rng(2).integers(0, 29, 30)
    index = min(8 * batch + 5, 29)
    order[index] = wrong if what == "index" else 29
    bad = np.where(np.arange(30) == 29, wrong if what == "label" else 0, y).astype(np.int32)
    model, optimizer = made()
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        epoch(model, optimizer, Rows(x, bad), order)
    other_model, other = made()
    if batch:
        epoch(other_model, other, Rows(x, y), order[: 8 * batch])
    assert optimizer.t.numpy() == batch
    assert_same(state_of(optimizer), state_of(other))


def test_a_tensor_that_was_read_before_stays_as_it_was():
    model, optimizer = made()
    variables = *optimizer.parameters, *optimizer.m, *optimizer.v, optimizer.t
    held, before = [variable.read_value() for variable in variables], state_of(optimizer)
    for _ in range(2):
        epoch(model, optimizer, Rows(*drawn(30, SIZES)), range(30))
    assert_same(held, before)
    for one, other in zip(state_of(optimizer), before, strict=True):
        assert (one != other).any()


def test_in_a_graph_a_value_read_before_the_epoch_stays_too():
    model, optimizer = made()
    rows, order = Rows(*map(tf.constant, drawn(30, SIZES))), tf.range(30)

    @tf.function
    def read_and_train():
        before = [variable.read_value() for variable in optimizer.parameters]
        optimizer.train_epoch(model, LOSS, (), rows, order, 8)
        return before, [variable.read_value() for variable in optimizer.parameters]

    start = [variable.numpy() for variable in optimizer.parameters]
    before, after = read_and_train()
    assert_same(before, start)
    assert_same(after, optimizer.parameters)
    assert all((one.numpy() != other).any() for one, other in zip(after, start, strict=True))


def test_the_rows_may_lie_in_the_memory_of_the_weights_and_the_order_be_the_labels():
    ends = []
    for copied in (False, True):
        model, optimizer = made([3, 3])
        x, y = model.layers[0].kernel.read_value(), tf.constant([0, 2, 1])
        x, order = (tf.constant(x.numpy()), tf.constant(y.numpy())) if copied else (x, y)
        for _ in range(2):
            optimizer.train_epoch(model, LOSS, (), Rows(x, y), order, 1)
        ends.append(state_of(optimizer))
    assert_same(*ends)


def in_threads(calls):
    """Run each call in a thread, for a minute at most; daemons, so that the tests end even after a deadlock."""
    threads = [threading.Thread(target=call, daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)


def test_epochs_at_once_are_those_of_one_after_the_other_in_some_order():
    sizes = [20, 64, 3]
    rows = Rows(*map(tf.constant, drawn(400, sizes)))
    orders = [np.random.default_rng(i).permutation(400) for i in range(3)]

    def after(run):
        model, optimizer = made(sizes)
        run([lambda order=order: epoch(model, optimizer, rows, order, 10) for order in orders])
        return state_of(optimizer)

    possible = [
        after(lambda calls, turns=turns: [calls[i]() for i in turns]) for turns in itertools.permutations(range(3))
    ]
    for _ in range(10):
        found = after(in_threads)
        assert found[-1] == 3 * 40
        assert any(all(map(np.array_equal, found, one)) for one in possible)


@pytest.mark.parametrize("dtype", [tf.float32, tf.float64])
def test_no_order_takes_no_step_and_batches_may_be_of_any_size(dtype):
    (x, y), (model, optimizer) = drawn(30, SIZES, dtype.as_numpy_dtype), made(dtype=dtype)
    before = state_of(optimizer)
    np.testing.assert_array_equal(epoch(model, optimizer, Rows(x, y), []), [0, 0])
    np.testing.assert_array_equal(epoch(model, optimizer, Rows(x[:0], y[:0]), []), [0, 0])
    assert_same(state_of(optimizer), before)
    other_model, other = made(dtype=dtype)
    for one_model, one, size in ((model, optimizer, 30), (other_model, other, 2**62)):
        epoch(one_model, one, Rows(x, y), range(30), size)
    assert_same(state_of(optimizer), state_of(other))
    assert optimizer.t.numpy() == 1


def plain(layers):
    return {
        "seeds": np.zeros(layers, np.int32),
        "rates": np.zeros(layers),
        "epoch": 1,
        "activations": ["relu"] * layers,
    }


def call(p, m=None, v=None, *, x=None, labels=(0, 1), order=(0, 1), rule=RULE, t=None, batch_size=1, **dropout):
    m, v = ([tf.Variable(tf.zeros_like(each)) for each in p] if slot is None else slot for slot in (m, v))
    handles = {name: [each.handle for each in slot] for name, slot in {"p": p, "m": m, "v": v}.items()}
    t = tf.Variable(0, dtype=tf.int64) if t is None else t
    x = tf.ones([2, 4]) if x is None else x
    return compiled_ops(SOURCE, *FLAGS).dnn_mlp_adam(
        x=x,
        labels=np.int32(labels),
        order=np.int32(order),
        **plain(max(len(p) // 2 - 1, 0)) | dropout,
        **handles,
        t=t.handle,
        rule=tf.constant(rule, x.dtype),
        batch_size=batch_size,
    )


def parameters(sizes=SIZES, dtype=np.float32):
    return dnn.weights(made(sizes, tf.as_dtype(dtype))[0])


def zeros(*shape, dtype=np.float32):
    return tf.Variable(np.zeros(shape, dtype))


NOTHING = tf.zeros([0])
OF_MEMBERS = {"order": [[0, 1]] * 2, "rule": [RULE] * 2, "seeds": np.zeros((2, 1), np.int32), "rates": np.zeros((2, 1))}
REFUSED = {
    "x of one axis": ({"x": tf.ones([4])}, "rank 2|x must be"),
    "labels of another number": ({"labels": [0]}, "must be equal|labels \\[rows\\]"),
    "an order of three axes": ({"order": [[[0, 1]]]}, "rank 2|order \\[any\\]"),
    "an order of no axis": ({"order": 0}, "rank 1|order \\[any\\]"),
    "an order of members": ({"order": [[0, 1]]}, r"rule \[6\], the last two also with an axis of members"),
    "no members": (OF_MEMBERS | {"order": np.zeros((0, 2)), "rule": np.zeros((0, 6))}, "seeds and rates must be"),
    "a network for members": (
        OF_MEMBERS,
        r"gradient 0 must match its parameter and slots, float \[4,20\], got float \[2,4",
    ),
    "a rule of five": ({"rule": RULE[:5]}, r"rule \[6\]"),
    "a rate of 1": ({"rates": [1.0]}, r"seeds and rates must be \[1\], each rate in \[0, 1\), and epoch a scalar, got"),
    "a negative rate": ({"rates": [-0.1]}, "each rate in"),
    "a rate of NaN": ({"rates": [np.nan]}, "each rate in"),
    "a rate too many": ({"rates": [0.1, 0.1]}, r"got \[1\], .*\[2\].* and \[\]"),
    "no seeds": ({"seeds": np.int32([])}, r"got \[0\]"),
    "two epochs": ({"epoch": [1, 2]}, r"and \[2\]"),
    "other features": ({"x": tf.ones([2, 5])}, r"float \[4,20\], got float \[5,20\]"),
    "another dtype": ({"x": tf.ones([2, 4], tf.float64)}, r"float \[4,20\], got double \[4,20\]"),
    "features beyond any memory": ({"x": tf.reshape(NOTHING, [0, 2**62]), "labels": [], "order": []}, "narrower than"),
    "an order of no rows": ({"x": tf.zeros([0, 4]), "labels": []}, r"order must hold indices in \[0, 0\), got 0"),
    "no steps left": ({"t": tf.Variable(np.int64(2**63 - 2))}, r"t must be in \[0, 2\^63 - 2\), got 9223372036854"),
    "a negative t": ({"t": tf.Variable(np.int64(-1))}, r"t must be in \[0, 2\^63 - 2\), got -1"),
    "a t of int32": ({"t": tf.Variable(0)}, "t must be an int64 scalar, got int32"),
    "a t of one axis": ({"t": tf.Variable([0], dtype=tf.int64)}, r"t must be an int64 scalar, got int64 \[1\]"),
    "a batch of no rows": ({"batch_size": 0}, "batch_size"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_input_that_does_not_fit_is_refused_and_changes_nothing(name):
    p, (options, message) = parameters(), REFUSED[name]
    m, v = ([tf.Variable(tf.zeros_like(each)) for each in p] for _ in range(2))
    before = [each.numpy() for each in p]
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        call(p, m, v, **options)
    assert_same(p, before)
    assert_same([*m, *v], map(np.zeros_like, [*p, *p]))


@pytest.mark.parametrize(
    ("index", "other"),
    [
        (0, zeros(4, 19)),
        (0, zeros(80)),
        (1, zeros(19)),
        (1, zeros(20, 1)),
        (1, zeros()),
        (2, zeros(19, 3)),
        (3, zeros(1, 3)),
        (0, zeros(4, 20, dtype=np.float64)),
        (3, zeros(3, dtype=np.float64)),
        (2, tf.Variable([[1, 2]])),
    ],
)
def test_so_is_a_variable_among_p_or_the_slots(index, other):
    for slot in ("p", "m", "v"):
        p = parameters()
        slots = {"p": p, **{name: [tf.Variable(tf.zeros_like(each)) for each in p] for name in ("m", "v")}}
        slots[slot] = [*p[:index], other, *p[index + 1 :]] if slot == "p" else list(slots[slot])
        slots[slot][index] = other
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"must match its parameter and slots, .*, got "):
            call(**slots)


def test_an_odd_number_and_a_variable_twice_are_refused():
    p = parameters()
    with pytest.raises(tf.errors.InvalidArgumentError, match="p must hold a kernel and a bias for each layer"):
        call(p[:3])
    with pytest.raises(tf.errors.InvalidArgumentError, match="'N' of 1 must be at least minimum 2"):
        call(p[:1])
    slot = [tf.Variable(tf.zeros_like(each)) for each in p]
    for m, v in ((p, None), (slot, slot), ([*slot[:3], p[3]], None)):
        with pytest.raises(tf.errors.InvalidArgumentError, match="a variable is given twice among p, m, v and t"):
            call(p, m, v)


@pytest.mark.parametrize("slot", ["p", "m", "v", "t"])
def test_a_variable_without_a_value_is_refused(slot):
    p = parameters([4, 3])
    slots = {"p": p, **{name: [tf.Variable(tf.zeros_like(each)) for each in p] for name in ("m", "v")}}
    handles = {name: [each.handle for each in variables] for name, variables in slots.items()}
    handles["t"] = tf.Variable(0, dtype=tf.int64).handle
    empty = tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[4, 3], shared_name="dnn_test_no_value_in_an_epoch")
    handles[slot] = empty if slot == "t" else [empty, handles[slot][1]]
    with pytest.raises((tf.errors.FailedPreconditionError, tf.errors.NotFoundError)):
        compiled_ops(SOURCE, *FLAGS).dnn_mlp_adam(
            x=tf.ones([1, 4]), labels=[0], order=[0], rule=RULE, batch_size=1, **plain(0), **handles
        )


def test_shapes_that_only_the_kernel_sees_are_refused():
    p = parameters()
    specs = tf.TensorSpec(None), *[tf.TensorSpec(None, tf.int32)] * 2, tf.TensorSpec(None)
    m, v, t = (*([tf.Variable(tf.zeros_like(each)) for each in p] for _ in range(2)), tf.Variable(0, dtype=tf.int64))
    handles = {name: [each.handle for each in slot] for name, slot in {"p": p, "m": m, "v": v}.items()}

    @tf.function(input_signature=specs, autograph=False)
    def traced(x, labels, order, rule):
        return compiled_ops(SOURCE, *FLAGS).dnn_mlp_adam(
            x=x, labels=labels, order=order, rule=rule, t=t.handle, batch_size=2, **handles, **plain(1)
        )

    assert traced.get_concrete_function().output_shapes == [2]
    good = [np.ones((2, 4)), [0, 1], [0, 1], RULE]
    for index, wrong in ((0, np.ones(4)), (0, 1.0), (1, [0]), (1, 0), (2, [[[0]]]), (2, 0), (3, RULE[:5]), (3, 1.0)):
        given = [*good[:index], wrong, *good[index + 1 :]]
        dtypes = tf.float32, tf.int32, tf.int32, tf.float32
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"x must be \[rows, features\], labels \["):
            traced(*map(tf.constant, given, dtypes))
    assert t.numpy() == 0
