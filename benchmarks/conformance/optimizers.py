"""The optimizers, their wrappers and the schedules: where eight parameters are after some steps.

The gradients are of sizes from 1e-9 to 1e3; one is constant, one rare, and one jumps. Adam also takes 10,000 steps,
whose errors add up. A new optimizer gets an entry in `RULES`, a new schedule one in `SCHEDULES`.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import dnn
from benchmarks.conformance import exact, recursions
from benchmarks.conformance.bounds import HALF, SHORT, rounded_once, sum_of
from benchmarks.conformance.calling import array_of
from benchmarks.conformance.comparison import Arrays, Comparison, Part, Reason
from benchmarks.conformance.exact import EXACT, Exact
from benchmarks.conformance.measure import Array, epsilon, ulp

DTYPES = ("float32", "float64", "bfloat16")
START = np.linspace(-1, 1, 8)
STEPS = (8, 200)  # of each chunk
LONG_STEPS = (50, 10_000)
ROUNDINGS = 4  # of a step, at the size of the parameter: the errors of T steps add up as those of a sum of T terms do
# 1 − β₂ᵗ in float32 is off by up to 6e-8 beside 0.001 t: its root by up to 3e-5, and so 200 steps of 0.01 by 6e-5, 500
# last places of 1; after some thousand steps it is right. Keras's is the same
BIAS_CORRECTION = 1000
# v − a² of equal gradients is 0 but for the rounding of v, which the denominator compares with ε = 1e-7
CANCELLING = 1e7
# a step of Muon multiplies the rounding of its matrix, beside the largest number of it, by up to 3.4⁵ = 485, and 200
# steps of 0.01 · 0.2 · √2 add up to 0.6: some 300 last places of 1 for each of the roundings of a product
ORTHOGONAL = 300 * ROUNDINGS
KERAS = keras.optimizers.schedules


@dataclass(frozen=True)
class Rule:
    """An optimizer beside Keras's and beside its recursion.

    Args:
        ours: Parameters -> an optimizer of `dnn`.
        keras_s: What makes Keras's; None if it has no such optimizer.
        recursion: Exact (gradients, parameters) -> the parameters after all steps.
        single: Last places by which a float32 step may be off, beyond the roundings of its steps.
        double: The same in float64.
        keras_bits: Whether, in float32, Keras runs the same operations in the same order.
        kept: Whether the result stays float32 for half precisions.
        reasons: Why its error is notable.
        shape: Of each of the two parameters.
        keras_dtypes: In which Keras's runs.
    """

    ours: Callable[[Sequence[tf.Variable]], Any]
    keras_s: Callable[[], Any] | None
    recursion: Callable[..., Exact]
    single: float = 0
    double: float = 0
    keras_bits: bool = True
    kept: bool = False
    reasons: Sequence[Reason] = ()
    shape: Sequence[int] = (4,)
    keras_dtypes: Sequence[str] = DTYPES


ADAM = (
    Reason(
        "large",
        "1 − β₂ᵗ in float32 is off by a hundred-thousandth in the first hundreds of steps, in Keras too, and the steps "
        "add it up",
        dtypes=["float32"],
    ),
    Reason("large", "the roundings of 10,000 steps add up", "*", "10,000 steps", ["float64"]),
)
SCHEDULE_FREE = (
    Reason(
        "stricter",
        "Keras keeps no x, and finds it from y and z, but from the z of after the step: with that of before it is ours",
    ),
)
REASONS = (
    Reason("stricter", "Keras rounds its factors to float32, for float64 too", dtypes=["float64"]),
    Reason(
        "stricter", "trains a float32 copy, with float32 slots: what a step adds is not lost in 8 digits", dtypes=HALF
    ),
)


def comparisons() -> list[Comparison]:
    """Return each optimizer in each dtype, and the schedules."""
    return [
        *(_comparison(name, rule, dtype) for name, rule in RULES.items() for dtype in DTYPES),
        *(_comparison("Adam", RULES["Adam"], dtype, "10,000 steps", LONG_STEPS) for dtype in DTYPES),
        *(_schedule(name) for name in SCHEDULES),
    ]


def _adam(parameters: Sequence[tf.Variable], **options: Any) -> dnn.Adam:
    return dnn.Adam(parameters, 0.01, **options)


def _exact_adam(gradients: Exact, parameters: Exact, **options: Any) -> Exact:
    return recursions.adam(gradients, parameters, learning_rate=0.01, **options)


def _clipping(by: str, *, keras_bits: bool) -> Rule:
    return Rule(
        lambda p: dnn.ClipGradients(_adam(p), **{by: 0.5}),
        lambda: keras.optimizers.Adam(0.01, **{by: 0.5}),
        lambda gradients, p: _exact_adam(recursions.clipped(gradients, 0.5, by), p),
        single=BIAS_CORRECTION,
        keras_bits=keras_bits,
        reasons=ADAM,
    )


def _keras_excluding() -> Any:
    """Return Keras's AdamW without the decay of the second variable."""
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["second"])
    return optimizer


RULES = {
    "SGD": Rule(
        lambda p: dnn.SGD(p, 0.01),
        lambda: keras.optimizers.SGD(0.01),
        functools.partial(recursions.sgd, learning_rate=0.01),
    ),
    "SGD, momentum=0.9": Rule(
        lambda p: dnn.SGD(p, 0.01, momentum=0.9),
        lambda: keras.optimizers.SGD(0.01, momentum=0.9),
        functools.partial(recursions.sgd, learning_rate=0.01, momentum=0.9),
    ),
    "SGD, nesterov": Rule(
        lambda p: dnn.SGD(p, 0.01, momentum=0.9, nesterov=True),
        lambda: keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True),
        functools.partial(recursions.sgd, learning_rate=0.01, momentum=0.9, nesterov=True),
    ),
    "RMSprop": Rule(
        lambda p: dnn.RMSprop(p, 0.01),
        lambda: keras.optimizers.RMSprop(0.01),
        functools.partial(recursions.rmsprop, learning_rate=0.01),
    ),
    "RMSprop, centered": Rule(
        lambda p: dnn.RMSprop(p, 0.01, momentum=0.5, centered=True),
        lambda: keras.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
        functools.partial(recursions.rmsprop, learning_rate=0.01, momentum=0.5, centered=True),
        single=CANCELLING,
        double=CANCELLING,
        reasons=[
            Reason(
                "large",
                "v − a² cancels where the gradients are alike, in Keras too: the step is divided by the root of "
                "what is left",
            )
        ],
    ),
    "Adam": Rule(_adam, lambda: keras.optimizers.Adam(0.01), _exact_adam, single=BIAS_CORRECTION, reasons=ADAM),
    "Adam, amsgrad": Rule(
        functools.partial(_adam, amsgrad=True),
        lambda: keras.optimizers.Adam(0.01, amsgrad=True),
        functools.partial(_exact_adam, amsgrad=True),
        single=BIAS_CORRECTION,
        reasons=ADAM,
    ),
    "AdamW": Rule(
        lambda p: dnn.AdamW(p, 0.01, weight_decay=0.1),
        lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1),
        functools.partial(_exact_adam, weight_decay=0.1),
        single=BIAS_CORRECTION,
        reasons=ADAM,
    ),
    "AdamW, exclude_from_weight_decay": Rule(
        lambda p: dnn.AdamW(p, 0.01, weight_decay=0.1, exclude_from_weight_decay=p[1:]),
        _keras_excluding,
        functools.partial(_exact_adam, weight_decay=[0.1] * 4 + [0] * 4),
        single=BIAS_CORRECTION,
        reasons=ADAM,
    ),
    "Nadam": Rule(
        lambda p: dnn.Nadam(p, 0.01),
        lambda: keras.optimizers.Nadam(0.01),
        functools.partial(recursions.nadam, learning_rate=0.01),
        keras_bits=False,  # Keras keeps the product of the μ in float32
    ),
    "Lion": Rule(
        lambda p: dnn.Lion(p, 0.01),
        lambda: keras.optimizers.Lion(0.01),
        functools.partial(recursions.lion, learning_rate=0.01),
        keras_bits=False,
    ),
    "Muon": Rule(
        lambda p: dnn.Muon(p, 0.01),
        lambda: keras.optimizers.Muon(0.01, weight_decay=None),
        functools.partial(recursions.muon, learning_rate=0.01),
        single=ORTHOGONAL,
        double=ORTHOGONAL,
        keras_bits=False,
        shape=(2, 2),
        keras_dtypes=["float32"],
        reasons=[Reason("stricter", "Keras's multiplies by a factor of float32, and fails", dtypes=["float64", *HALF])],
    ),
    "ScheduleFreeAdamW": Rule(
        lambda p: dnn.ScheduleFreeAdamW(p, 0.01),
        lambda: keras.optimizers.ScheduleFreeAdamW(0.01),
        functools.partial(recursions.schedule_free, learning_rate=0.01),
        keras_bits=False,  # Keras keeps no x, and finds it from y and z
        reasons=SCHEDULE_FREE,
    ),
    "ScheduleFreeAdamW, weight_decay": Rule(
        lambda p: dnn.ScheduleFreeAdamW(p, 0.01, weight_decay=0.1, warmup_steps=50),
        None,
        functools.partial(recursions.schedule_free, learning_rate=0.01, weight_decay=0.1, warmup_steps=50),
        keras_bits=False,
        reasons=[Reason("stricter", "Keras's decay is of y, after which the x that it finds is another")],
    ),
    # ours divides by the norm first, in float64: no square of a gradient overflows
    "ClipGradients, clipnorm": _clipping("clipnorm", keras_bits=False),
    "ClipGradients, global_clipnorm": _clipping("global_clipnorm", keras_bits=False),
    "ClipGradients, clipvalue": _clipping("clipvalue", keras_bits=True),
    "AccumulateGradients": Rule(
        lambda p: dnn.AccumulateGradients(_adam(p), 4),
        lambda: keras.optimizers.Adam(0.01, gradient_accumulation_steps=4),
        lambda gradients, p: _exact_adam(recursions.means_of(gradients, 4), p),
        single=BIAS_CORRECTION,
        reasons=ADAM,
    ),
    "AverageWeights": Rule(
        lambda p: dnn.AverageWeights(dnn.SGD(p, 0.01), ema_momentum=0.9),
        lambda: keras.optimizers.SGD(0.01, use_ema=True, ema_momentum=0.9),
        functools.partial(recursions.averaged, learning_rate=0.01, momentum=0.9),
        kept=True,
        reasons=[Reason("stricter", "trains a float32 copy, and keeps the averages in float32", dtypes=HALF)],
    ),
    "AverageWeights, ema_overwrite_frequency=3": Rule(
        lambda p: dnn.AverageWeights(dnn.SGD(p, 0.01), ema_momentum=0.9, ema_overwrite_frequency=3),
        lambda: keras.optimizers.SGD(0.01, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=3),
        functools.partial(recursions.averaged, learning_rate=0.01, momentum=0.9, overwrite=3),
        kept=True,
        reasons=[Reason("stricter", "trains a float32 copy, and keeps the averages in float32", dtypes=HALF)],
    ),
}


def _comparison(
    name: str, rule: Rule, dtype: str, domain: str = "ordinary", steps: tuple[int, int] = STEPS
) -> Comparison:
    def draw(random: np.random.Generator, chunk: int) -> Arrays:
        sizes = np.array([1e-9, 1e-5, 1e-3, 1e-1, 1, 1e3, 1, 1])
        g = random.normal(size=(steps[chunk], 8)) * sizes
        g[:, 4] = g[0, 4]
        g[:, 6] *= random.random(steps[chunk]) < 0.1
        g[:, 7] *= 10.0 ** random.integers(-3, 3, steps[chunk])
        return array_of(g, dtype), array_of(START, dtype)

    places = ROUNDINGS * sum_of(max(steps)) + (rule.double if dtype == "float64" else rule.single)
    keras_bits = rule.keras_bits and dtype == "float32"
    return Comparison(
        name,
        domain,
        dtype,
        (Part("parameter", epsilon, rounded_once(places, dtype, kept=rule.kept), keras_bits),),
        draw,
        functools.partial(_ours_after, rule.ours, rule.shape),
        None
        if rule.keras_s is None or dtype not in rule.keras_dtypes
        else functools.partial(_keras_after, rule.keras_s, rule.shape),
        lambda gradients, start: (rule.recursion(exact.exact(gradients), exact.exact(start)),),
        chunks=len(steps),
        reasons=[*rule.reasons, *REASONS],
    )


def _ours_after(
    make: Callable[[Sequence[tf.Variable]], Any], shape: Sequence[int], gradients: Array, start: Array
) -> Arrays:
    variables = [tf.Variable(part) for part in _parts(start, shape)]
    optimizer = make(variables)
    _take_steps(lambda g: optimizer.apply(_parts(g, shape)), gradients)
    results = optimizer.averages if isinstance(optimizer, dnn.AverageWeights) else variables
    return (np.concatenate([variable.numpy().ravel() for variable in results]),)


def _keras_after(make: Callable[[], Any], shape: Sequence[int], gradients: Array, start: Array) -> Arrays:
    parts = dict(zip(("first", "second"), _parts(start, shape), strict=True))
    variables = [keras.Variable(part, dtype=start.dtype.name, name=name) for name, part in parts.items()]
    optimizer = make()
    optimizer.build(variables)
    _take_steps(lambda g: optimizer.apply(_parts(g, shape), variables), gradients)
    results = optimizer._model_variables_moving_average if optimizer.use_ema else variables
    return (np.concatenate([variable.numpy().ravel() for variable in results]),)


def _parts(values: Any, shape: Sequence[int]) -> list[Any]:
    """Return the first four numbers and the others, each in this shape."""
    reshape = tf.reshape if tf.is_tensor(values) else np.reshape
    return [reshape(values[:4], shape), reshape(values[4:], shape)]


def _take_steps(step: Callable[[tf.Tensor], None], gradients: Array) -> None:
    """Take a step for each gradient, in a compiled loop where there are enough of them to be worth the compiling."""
    gradients = tf.convert_to_tensor(gradients)

    def steps() -> None:
        for g in gradients:
            step(g)

    (tf.function(steps).get_concrete_function() if len(gradients) > 20 else steps)()


def _exponential(t: int) -> Any:
    return EXACT.mpf(0.1) * EXACT.mpf(0.9) ** (EXACT.mpf(t) / 100)


def _cosine(
    t: int, start: float = 1e-3, target: float = 0.1, warm: int = 100, decaying: int = 1000, alpha: float = 0.01
) -> Any:
    start, target, alpha = map(EXACT.mpf, (start, target, alpha))
    if t < warm:
        return start + (target - start) * t / warm
    progress = EXACT.mpf(min(t - warm, decaying)) / decaying
    return target * ((1 - alpha) * (1 + EXACT.cos(EXACT.pi * progress)) / 2 + alpha)


def _polynomial(t: int) -> Any:
    first, last = EXACT.mpf(0.01), EXACT.mpf(0.1)
    return (first - last) * (1 - EXACT.mpf(min(t, 1000)) / 1000) ** 2 + last


def _restarts(t: int) -> Any:
    begin, length, height = 0, 100, EXACT.mpf(1)
    while t >= begin + length:
        begin, length, height = begin + length, 2 * length, height * EXACT.mpf(0.9)
    wave = height * (1 + EXACT.cos(EXACT.pi * (t - begin) / length)) / 2
    return EXACT.mpf(0.1) * ((1 - EXACT.mpf(0.01)) * wave + EXACT.mpf(0.01))


def _one_cycle(t: int) -> Any:
    rise, total = EXACT.mpf(0.25) * 1000, 1000
    first, last, part = (0.01, 0.1, t / rise) if t < rise else (0.1, 0.001, (min(t, total) - rise) / (total - rise))
    first, last = EXACT.mpf(first), EXACT.mpf(last)
    return last + (first - last) * (1 + EXACT.cos(EXACT.pi * part)) / 2


def _piecewise(t: int) -> Any:
    return EXACT.mpf(0.1 if t <= 100 else 0.01 if t <= 500 else 0.001)


# ours, Keras's, step -> the exact rate, and last places of float64 by which ours may be off
SCHEDULES: dict[str, tuple[Callable[..., Any], Callable[..., Any] | None, Callable[[int], Any], float]] = {
    # 0.9^12 is e^−1.3: a rounding of the exponent counts no more than 2
    "ExponentialDecay": (
        dnn.ExponentialDecay(0.1, 100, 0.9),
        KERAS.ExponentialDecay(0.1, 100, 0.9),
        _exponential,
        SHORT,
    ),
    # near its end 1 + cos cancels beside α = 1/100
    "CosineDecay, warm-up": (
        dnn.CosineDecay(1e-3, 1000, 0.01, 0.1, 100),
        KERAS.CosineDecay(1e-3, 1000, 0.01, warmup_target=0.1, warmup_steps=100),
        _cosine,
        100 * SHORT,
    ),
    "PolynomialDecay": (
        dnn.PolynomialDecay(0.01, 1000, 0.1, 2.0),
        KERAS.PolynomialDecay(0.01, 1000, 0.1, 2.0),
        _polynomial,
        10 * SHORT,  # at first the end rate cancels beside the first
    ),
    "CosineDecayRestarts": (
        dnn.CosineDecayRestarts(0.1, 100, 2.0, 0.9, 0.01),
        KERAS.CosineDecayRestarts(0.1, 100, 2.0, 0.9, 0.01),
        _restarts,
        100 * SHORT,
    ),
    "OneCycle": (dnn.OneCycle(0.1, 1000, 0.01, 0.001, 0.25), None, _one_cycle, 100 * SHORT),
    "PiecewiseConstantDecay": (
        dnn.PiecewiseConstantDecay((100, 500), (0.1, 0.01, 0.001)),
        KERAS.PiecewiseConstantDecay([100, 500], [0.1, 0.01, 0.001]),
        _piecewise,
        0,
    ),
}


def _schedule(name: str) -> Comparison:
    """The rate at some steps: ours is float64, and is counted in float32's last places, as Keras's."""
    ours, keras_s, formula, places = SCHEDULES[name]

    def at(schedule: Callable[..., Any]) -> Callable[[list[int]], Arrays]:
        return lambda steps: (np.array([np.float64(schedule(tf.constant(t))) for t in steps]),)

    return Comparison(
        name,
        "ordinary",
        "float32",
        (Part("rate", ulp, places * 2.0**-29),),
        lambda random, chunk: ([0, 100, 101, 500, 1099, *random.integers(0, 1200, 10).tolist()],),
        at(ours),
        None if keras_s is None else at(keras_s),
        lambda steps: (np.array([formula(t) for t in steps], dtype=object),),
        reasons=[
            Reason("stricter", "is computed in float64" + (", Keras's in float32" if keras_s else "; Keras has none"))
        ],
    )
