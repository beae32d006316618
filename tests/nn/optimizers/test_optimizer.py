"""What every optimizer inherits: weight decay, schedules, half precision, checks; against Keras and by hand."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from modes import MODES
from optimizer_peer import START, drawn_gradients
from tolerance import assert_near

from dnn.nn.optimizers.accumulate import AccumulateGradients
from dnn.nn.optimizers.adam import Adam
from dnn.nn.optimizers.adamw import AdamW
from dnn.nn.optimizers.average import AverageWeights
from dnn.nn.optimizers.clip import ClipGradients
from dnn.nn.optimizers.optimizer import Optimizer
from dnn.nn.optimizers.rmsprop import RMSprop
from dnn.nn.optimizers.sgd import SGD
from dnn.nn.optimizers.skip import SkipNotFinite

KINDS = {
    "SGD": (SGD, keras.optimizers.SGD, {}),
    "momentum": (SGD, keras.optimizers.SGD, {"momentum": 0.9, "nesterov": True}),
    "RMSprop": (RMSprop, keras.optimizers.RMSprop, {"momentum": 0.5, "centered": True}),
    "Adam": (Adam, keras.optimizers.Adam, {}),
    "AMSGrad": (Adam, keras.optimizers.Adam, {"amsgrad": True}),
    "AdamW": (AdamW, keras.optimizers.AdamW, {}),
}
SEEDS = st.integers(0, 2**32 - 1)
HALVES = [tf.bfloat16, tf.float16]


def normal(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def apply_each(optimizers, g):
    for optimizer in optimizers:
        optimizer.apply([g])


class Signs(Optimizer):
    """A user's own: p ← p − η sign(g)."""

    def __init__(self, parameters, learning_rate=0.25, **options):
        super().__init__(parameters, learning_rate, **options)

    def step(self, i, g, t, learning_rate):
        return learning_rate * tf.sign(g)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=settings().max_examples // 12)
@given(seed=SEEDS, decay=st.sampled_from([0.0, 0.004, 1.0]) | st.floats(0, 1), rate=st.floats(1e-6, 1))
def test_weight_decay_with_exclusions_is_keras_s_to_the_last_bit(kind, seed, decay, rate):
    ours, keras_s, options = KINDS[kind]
    parameters = [tf.Variable(START), tf.Variable(START)]
    optimizer = ours(parameters, rate, weight_decay=decay, exclude_from_weight_decay=parameters[:1], **options)
    theirs = [keras.Variable(START), keras.Variable(START)]
    peer = keras_s(rate, weight_decay=decay, **options)
    peer.exclude_from_weight_decay(theirs[:1])
    peer.build(theirs)
    for g in drawn_gradients(seed, 6):
        optimizer.apply([g, -g])
        peer.apply([tf.constant(g), tf.constant(-g)], theirs)
    for p, expected in zip(parameters, theirs, strict=True):
        np.testing.assert_array_equal(p, expected)


@pytest.mark.parametrize("kind", [name for name in KINDS if name != "AdamW"])
def test_a_parameter_without_a_gradient_decays_by_the_same_factor_each_step(kind):
    make, _, options = KINDS[kind]
    kept, decayed = tf.Variable([2.0], dtype=tf.float64), tf.Variable([2.0], dtype=tf.float64)
    optimizer = make([kept, decayed], 0.5, weight_decay=0.25, exclude_from_weight_decay=[kept], **options)
    for _ in range(6):
        optimizer.apply([tf.zeros(1, tf.float64)] * 2)
    assert kept.numpy() == [2]
    assert_near(decayed, [2 * (1 - 0.125) ** 6], dtype=np.float64)


def test_each_takes_the_same_steps_in_every_mode():
    """All in one function, which is compiled once."""
    ends = []
    for mode in MODES.values():
        parameters = [tf.Variable(normal(7)) for _ in KINDS]
        optimizers = [
            make([p], lambda t: 0.1 / tf.cast(t + 1, tf.float64), **options)
            for p, (make, _, options) in zip(parameters, KINDS.values(), strict=True)
        ]
        step = mode(functools.partial(apply_each, optimizers))
        for g in normal((8, 7), seed=1):
            step(tf.constant(g))
        ends.append(np.stack([p.numpy() for p in parameters]))
    assert_near(ends[1], ends[0], ulps=32, absolute=1e-6)
    assert_near(ends[2], ends[0], ulps=32, absolute=1e-6)


def test_a_schedule_sees_the_count_of_the_steps_before():
    """Rates 1, 1/2, 1/3 …: after n steps with the gradient 1, p is −(1 + … + 1/n)."""
    p = tf.Variable(0.0, dtype=tf.float64)
    optimizer = SGD([p], lambda t: 1 / (tf.cast(t, tf.float64) + 1))
    step = tf.function(lambda: optimizer.apply([tf.ones((), tf.float64)]))
    for n in range(1, 6):
        assert_near(optimizer.learning_rate, 1 / n, dtype=np.float64)
        step()
        assert_near(p, -sum(1 / i for i in range(1, n + 1)), dtype=np.float64)
    assert step.experimental_get_tracing_count() == 1


def test_keras_asks_a_schedule_for_the_same_counts():
    class Halves(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            return 0.5 ** tf.cast(step, tf.float32)

    p, theirs = tf.Variable([0.0]), keras.Variable([0.0])
    optimizer, peer = SGD([p], lambda t: 0.5 ** tf.cast(t, tf.float32)), keras.optimizers.SGD(Halves())
    peer.build([theirs])
    for g in normal((8, 1)):
        optimizer.apply([g])
        peer.apply([tf.constant(g)], [theirs])
        np.testing.assert_array_equal(p, theirs)


@pytest.mark.parametrize("constant", [lambda t: 0.1, lambda t: np.float64(0.1), lambda t: tf.constant(0.1, tf.float64)])
def test_a_schedule_may_give_a_number_which_keeps_its_digits(constant):
    assert SGD([tf.Variable(0.0)], constant).learning_rate.numpy() == 0.1


@pytest.mark.parametrize("wrap", [lambda o: o, AverageWeights], ids=["at once", "through a wrapper"])
def test_a_rate_of_0_may_be_assigned_and_nothing_moves(wrap):
    """As a callback that multiplies the rate by 0 does; to make an optimizer with 0 is refused as a mistake."""
    p = tf.Variable([1.0, 2.0])
    optimizer = wrap(Adam([p], 0.1, weight_decay=0.5))
    optimizer.learning_rate = 0.0
    optimizer.apply([tf.ones(2)])
    np.testing.assert_array_equal(p, [1, 2])
    optimizer.learning_rate = 0.1
    optimizer.apply([tf.ones(2)])
    assert (p.numpy() < [1, 2]).all()
    for bad in (-1e-9, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=f"^learning_rate must be a number of 0 or more, got {bad}$"):
            optimizer.learning_rate = bad


def test_a_parameter_given_twice_is_refused():
    """It would take two steps in one. Two variables of equal value are two."""
    p, other = tf.Variable(1.0, name="p"), tf.Variable(1.0, name="other")
    for make in (SGD, RMSprop, Adam, AdamW):
        with pytest.raises(ValueError, match=r"^parameters\[2\], p:0, is given twice$"):
            make([p, other, p])
        assert len(make([p, other]).parameters) == 2


def test_the_rate_of_a_schedule_cannot_be_assigned():
    optimizer = SGD([tf.Variable(1.0)], lambda t: 0.1)
    with pytest.raises(TypeError, match="learning_rate follows a schedule and cannot be assigned"):
        optimizer.learning_rate = 0.1


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (lambda t: -0.1, "learning_rate at step 0 must be a number of 0 or more, got -0.1"),
        (lambda t: float("nan"), "learning_rate at step 0 must be a number of 0 or more, got nan"),
        (lambda t: [0.1, 0.2], r"learning_rate must give one number for a step, got shape \(2,\)"),
    ],
)
def test_a_schedule_that_gives_no_rate_is_refused(schedule, message):
    with pytest.raises(ValueError, match=message):
        SGD([tf.Variable(1.0)], schedule)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=settings().max_examples // 12)
@given(seed=SEEDS)
def test_half_precision_is_trained_as_a_float32_copy_bit_for_bit(kind, seed):
    make, _, options = KINDS[kind]
    parameters = [tf.Variable(tf.cast(normal(20, seed), dtype)) for dtype in HALVES]
    copies = [tf.Variable(tf.cast(p, tf.float32)) for p in parameters]
    optimizers = [make(variables, 1e-2, weight_decay=0.1, **options) for variables in (parameters, copies)]
    for g in normal((6, 20), seed + 1):
        halves = [tf.cast(g, dtype) for dtype in HALVES]
        optimizers[0].apply(halves)
        optimizers[1].apply([tf.cast(half, tf.float32) for half in halves])
        for p, copy in zip(parameters, copies, strict=True):
            np.testing.assert_array_equal(p, tf.cast(copy, p.dtype))
    slots = [v for v in optimizers[0].variables if v.shape == [20] and not any(v is p for p in parameters)]
    assert all(slot.dtype == tf.float32 for slot in slots)


@pytest.mark.parametrize("dtype", HALVES, ids=lambda dtype: dtype.name)
def test_xla_does_not_optimize_the_masters_away(dtype):
    """It may leave out a rounding to half precision and back; 50 steps in one compiled loop add up all the same."""
    p = tf.Variable(tf.ones(1, dtype))
    optimizer = SGD([p], 1e-4)

    @tf.function(jit_compile=True)
    def steps():
        for _ in tf.range(50):
            optimizer.apply([tf.ones(1, dtype)])

    steps()
    np.testing.assert_array_equal(p, tf.cast([1 - 50e-4], dtype))


def test_in_bfloat16_adam_moves_and_keras_s_does_not():
    """From 1, against gradients of about 1, 30 steps of 0.001 end near 0.97. Keras's β₂ is 1, and so α is 0."""
    gradients = tf.cast(1 + 0.1 * normal((30, 8)), tf.bfloat16)
    p, theirs = tf.Variable(tf.ones(8, tf.bfloat16)), keras.Variable(np.ones(8), dtype="bfloat16")
    optimizer, peer = Adam([p]), keras.optimizers.Adam()
    peer.build([theirs])
    for g in gradients:
        optimizer.apply([g])
        peer.apply([g], [theirs])
    np.testing.assert_allclose(tf.cast(p, tf.float32), 0.97, atol=0.003)
    assert (tf.cast(theirs.value, tf.float32).numpy() == 1).all()


def test_in_float16_adam_steps_by_the_learning_rate_and_keras_s_by_hundreds_of_it():
    """0.001 for a first gradient of 0.002 or 0.005. Its square times 1 − β₂ is 0 in float16, so Keras divides by ε."""
    g = tf.constant([0.002, 0.005], tf.float16)
    p, theirs = tf.Variable(tf.zeros(2, tf.float16)), keras.Variable(np.zeros(2), dtype="float16")
    optimizer, peer = Adam([p]), keras.optimizers.Adam()
    peer.build([theirs])
    optimizer.apply([g])
    peer.apply([g], [theirs])
    np.testing.assert_allclose(p, [-0.001, -0.001], rtol=0.003)
    assert (theirs.numpy() < -0.4).all()


@pytest.mark.parametrize("dtype", HALVES, ids=lambda dtype: dtype.name)
def test_what_is_assigned_to_a_half_precision_parameter_holds(dtype):
    """Even where it is smaller than what the rounding of the old value had lost."""
    p = tf.Variable(tf.cast([100.0, 100.0], dtype))
    optimizer = SGD([p], 1.0)
    optimizer.apply([tf.constant([0.03, 0.03], dtype)])
    p.assign(tf.constant([0.001, 2.0], dtype))
    for _ in range(3):
        optimizer.apply([tf.zeros(2, dtype)])
        np.testing.assert_array_equal(p, tf.constant([0.001, 2.0], dtype))


def test_a_float16_parameter_that_overflows_comes_back_as_its_float32_copy_would():
    p = tf.Variable(tf.constant([6e4], tf.float16))
    optimizer = SGD([p], 1e4)
    optimizer.apply([tf.constant([-1.0], tf.float16)])
    assert p.numpy() == [np.inf]
    optimizer.apply([tf.constant([2.0], tf.float16)])
    np.testing.assert_array_equal(p, tf.constant([5e4], tf.float16))


def test_a_float32_parameter_has_no_master_and_half_a_parameter_of_each_kind_may_stand_together():
    parameters = [tf.Variable(tf.ones(2, dtype)) for dtype in (tf.float32, tf.bfloat16, tf.float64)]
    optimizer = Adam(parameters, 0.125)
    assert [v.name for v in optimizer.variables if "master" in v.name] == ["master:0"]
    for _ in range(4):
        optimizer.apply([tf.ones_like(p) for p in parameters])
    for p in parameters:
        np.testing.assert_allclose(tf.cast(p, tf.float32), [0.5, 0.5], rtol=1e-5)


@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16], ids=lambda dtype: dtype.name)
@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_brings_back_an_optimizer_exactly(kind, dtype, tmp_path):
    make, _, options = KINDS[kind]

    def made(rate):
        p = tf.Variable(tf.cast(normal(5), dtype))
        return p, make([p], rate, weight_decay=0.01, **options)

    (p, optimizer), (other, other_optimizer) = made(0.1), made(0.2)
    for g in tf.cast(normal((3, 5), 1), dtype):
        optimizer.apply([g])
    path = tf.train.Checkpoint(p=p, optimizer=optimizer).write(str(tmp_path / "checkpoint"))
    tf.train.Checkpoint(p=other, optimizer=other_optimizer).read(path).assert_consumed()
    for each in (optimizer, other_optimizer):
        each.apply([tf.ones(5, dtype)])
    assert len(optimizer.variables) == len(other_optimizer.variables)
    for v, w in zip(optimizer.variables, other_optimizer.variables, strict=True):
        np.testing.assert_array_equal(v, w)


def test_an_optimizer_of_the_user_s_own_needs_a_step_only():
    p = tf.Variable(tf.constant([1.0, 1.0, 1.0], tf.bfloat16))
    optimizer = Signs([p], weight_decay=0.5)
    optimizer.apply([tf.constant([3.0, -0.1, 0.0], tf.bfloat16)])
    np.testing.assert_array_equal(tf.cast(p, tf.float32), [0.625, 1.125, 0.875])
    with pytest.raises(TypeError, match="abstract"):
        Optimizer([p], 0.1)


def test_adamw_and_every_wrapper_are_optimizers_with_the_count_of_steps_taken():
    """AdamW is an Adam too; a call that only prepares a step, or leaves it out, is not counted."""
    wrappers = {
        "AdamW": lambda p: AdamW(p, 0.1),
        "clip": lambda p: ClipGradients(AdamW(p, 0.1), clipnorm=1.0),
        "average": lambda p: AverageWeights(SGD(p)),
        "accumulate": lambda p: AverageWeights(AccumulateGradients(SGD(p), 2)),
        "skip": lambda p: SkipNotFinite(RMSprop(p)),
    }
    counts = {}
    for name, make in wrappers.items():
        optimizer = make([tf.Variable([1.0])])
        assert isinstance(optimizer, Optimizer)
        for g in (1.0, float("nan"), 1.0, 1.0):
            optimizer.apply([tf.constant([g])])
        counts[name] = int(optimizer.t)
    assert counts == {"AdamW": 4, "clip": 4, "average": 4, "accumulate": 2, "skip": 3}
    assert isinstance(AdamW([tf.Variable(1.0)]), Adam)
    assert not isinstance(tf.Module(), Optimizer)


def test_an_array_is_a_gradient_too():
    p = tf.Variable([1.0, 2.0])
    SGD([p], 1.0).apply([np.float32([1, 1])])
    np.testing.assert_array_equal(p, [0, 1])


@pytest.mark.parametrize(
    ("gradients", "message"),
    [
        ([tf.ones(2)], "gradients must be one for each of 2 parameters, got 1"),
        ([tf.ones(2), tf.ones(3), tf.ones(3)], "gradients must be one for each of 2 parameters, got 3"),
        ([tf.ones(2), tf.ones((3, 1))], r"gradients\[1\] must be float32 of shape \(3,\), .*b:0, got .* \(3, 1\)"),
        ([tf.ones((1, 2)), tf.ones(3)], r"gradients\[0\] must be float32 of shape \(2,\), .*a:0"),
        ([tf.ones(2), tf.ones(3, tf.float64)], r"gradients\[1\] must be float32 .*, got float64"),
        ([tf.ones(2), None], r"the loss does not depend on the parameter b:0 of shape \(3,\)"),
    ],
)
def test_gradients_that_are_not_the_parameters_are_refused_and_nothing_moves(gradients, message):
    optimizer = SGD([tf.Variable(tf.ones(2), name="a"), tf.Variable(tf.ones(3), name="b")])
    with pytest.raises(ValueError, match=message):
        optimizer.apply(gradients)
    assert optimizer.t.numpy() == 0
    for p in optimizer.parameters:
        np.testing.assert_array_equal(p, tf.ones_like(p))


@pytest.mark.parametrize("make", [SGD, RMSprop, Adam, AdamW])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"learning_rate": -1.0}, ValueError, "learning_rate must be positive, got -1.0"),
        ({"learning_rate": "small"}, TypeError, "learning_rate must be a number, got 'small'"),
        ({"weight_decay": -0.1}, ValueError, "weight_decay must be a number of 0 or more, got -0.1"),
        ({"weight_decay": float("nan")}, ValueError, "weight_decay must be a number of 0 or more, got nan"),
        ({"exclude_from_weight_decay": "bias"}, TypeError, "exclude_from_weight_decay must be variables"),
        ({"exclude_from_weight_decay": tf.Variable([1.0, 2.0])}, TypeError, "exclude_from_weight_decay must be var"),
        ({"exclude_from_weight_decay": [tf.Variable(1.0, name="other")]}, ValueError, "other:0, is not one of the par"),
        ({"parameters": []}, ValueError, "there are no parameters to train"),
        ({"parameters": [1.0]}, TypeError, "parameters must be variables"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_argument_out_of_its_range_is_named(make, arguments, error, message):
    with pytest.raises(error, match=message):
        make(**({"parameters": [tf.Variable(1.0)]} | arguments))


@pytest.mark.parametrize(
    ("schedule", "second"), [(lambda t: 1e-3 / (1 + t), 5e-4), (lambda t: 0.1 * 0.9**t, 0.09), (lambda t: 1, 1)]
)
def test_a_schedule_is_any_arithmetic_of_the_step(schedule, second):
    """A float64 step: of an int64 one, 1e-3 / t and 0.9 ** t would be errors."""
    optimizer = SGD([tf.Variable(1.0)], schedule)
    optimizer.apply([tf.constant(1.0)])
    assert float(optimizer.learning_rate) == pytest.approx(second, rel=1e-15)


@pytest.mark.parametrize(
    ("schedule", "reason"),
    [
        (lambda t: 0.1 if t < 5 else 0.01, "as a Python `bool` is not allowed"),
        (lambda t: None, "value \\(None\\) with an unsupported type"),
        (lambda: 0.1, "too many positional arguments"),
        (lambda t: "a", "string"),
    ],
)
def test_a_schedule_that_gives_no_number_is_told_when_the_optimizer_is_made(schedule, reason):
    with pytest.raises(TypeError, match=f"learning_rate must give a number for a float64 step; it failed: .*{reason}"):
        SGD([tf.Variable(1.0)], schedule)
