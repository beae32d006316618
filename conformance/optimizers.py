"""The optimizers, their wrappers and the schedules: where eight parameters are after some steps.

The gradients are of sizes from 1e-9 to 1e3, of a constant, of a rare and of one that jumps; Adam also takes 10,000
steps, whose errors add up.
"""

import functools

import keras
import numpy as np
import tensorflow as tf

import dnn
from conformance import exact, recursions
from conformance.calling import array_of
from conformance.exact import EXACT
from conformance.measure import epsilon, ulp
from conformance.piece import Part, Piece

DTYPES = ("float32", "float64", "bfloat16")
START = np.linspace(-1, 1, 8)


def pieces() -> list[Piece]:
    return [
        *(_piece(name, dtype, *RULES[name]) for name in RULES for dtype in DTYPES),
        *(_piece("Adam", dtype, *RULES["Adam"], "10,000 steps", (200, 10_000)) for dtype in DTYPES),
        *(_schedule(name) for name in SCHEDULES),
    ]


def _adam(p, **options):
    return dnn.Adam(p, 0.01, **options)


def _exact_adam(gradients, p, **options):
    return recursions.adam(gradients, p, learning_rate=0.01, **options)


def _clipping(by: str):
    return (
        lambda p: dnn.ClipGradients(_adam(p), **{by: 0.5}),
        lambda: keras.optimizers.Adam(0.01, **{by: 0.5}),
        lambda gradients, p: _exact_adam(recursions.clipped(gradients, 0.5, by), p),
    )


def _keras_excluding():
    """Without the decay of the second variable."""
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["second"])
    return optimizer


# ours, of parameters; Keras's; and the recursion
RULES = {
    "SGD": (
        lambda p: dnn.SGD(p, 0.01),
        lambda: keras.optimizers.SGD(0.01),
        functools.partial(recursions.sgd, learning_rate=0.01),
    ),
    "SGD, momentum=0.9": (
        lambda p: dnn.SGD(p, 0.01, momentum=0.9),
        lambda: keras.optimizers.SGD(0.01, momentum=0.9),
        functools.partial(recursions.sgd, learning_rate=0.01, momentum=0.9),
    ),
    "SGD, nesterov": (
        lambda p: dnn.SGD(p, 0.01, momentum=0.9, nesterov=True),
        lambda: keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True),
        functools.partial(recursions.sgd, learning_rate=0.01, momentum=0.9, nesterov=True),
    ),
    "RMSprop": (
        lambda p: dnn.RMSprop(p, 0.01),
        lambda: keras.optimizers.RMSprop(0.01),
        functools.partial(recursions.rmsprop, learning_rate=0.01),
    ),
    "RMSprop, centered": (
        lambda p: dnn.RMSprop(p, 0.01, momentum=0.5, centered=True),
        lambda: keras.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
        functools.partial(recursions.rmsprop, learning_rate=0.01, momentum=0.5, centered=True),
    ),
    "Adam": (_adam, lambda: keras.optimizers.Adam(0.01), _exact_adam),
    "Adam, amsgrad": (
        functools.partial(_adam, amsgrad=True),
        lambda: keras.optimizers.Adam(0.01, amsgrad=True),
        functools.partial(_exact_adam, amsgrad=True),
    ),
    "AdamW": (
        lambda p: dnn.AdamW(p, 0.01, weight_decay=0.1),
        lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1),
        functools.partial(_exact_adam, weight_decay=0.1),
    ),
    "AdamW, exclude_from_weight_decay": (
        lambda p: dnn.AdamW(p, 0.01, weight_decay=0.1, exclude_from_weight_decay=p[1:]),
        _keras_excluding,
        functools.partial(_exact_adam, weight_decay=[0.1] * 4 + [0] * 4),
    ),
    "Adam, clipnorm": _clipping("clipnorm"),
    "Adam, global_clipnorm": _clipping("global_clipnorm"),
    "Adam, clipvalue": _clipping("clipvalue"),
    "Adam, accumulated": (
        lambda p: dnn.AccumulateGradients(_adam(p), 4),
        lambda: keras.optimizers.Adam(0.01, gradient_accumulation_steps=4),
        lambda gradients, p: _exact_adam(recursions.means_of(gradients, 4), p),
    ),
    "SGD, averaged": (
        lambda p: dnn.AverageWeights(dnn.SGD(p, 0.01), ema_momentum=0.9),
        lambda: keras.optimizers.SGD(0.01, use_ema=True, ema_momentum=0.9),
        functools.partial(recursions.averaged, learning_rate=0.01, momentum=0.9),
    ),
    "SGD, ema_overwrite_frequency=3": (
        lambda p: dnn.AverageWeights(dnn.SGD(p, 0.01), ema_momentum=0.9, ema_overwrite_frequency=3),
        lambda: keras.optimizers.SGD(0.01, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=3),
        functools.partial(recursions.averaged, learning_rate=0.01, momentum=0.9, overwrite=3),
    ),
}


def _piece(name, dtype, ours, keras_s, recursion, domain="ordinary", steps=(8, 200)) -> Piece:
    def draw(random, chunk):
        sizes = np.array([1e-9, 1e-5, 1e-3, 1e-1, 1, 1e3, 1, 1])
        g = random.normal(size=(steps[chunk], 8)) * sizes
        g[:, 4] = g[0, 4]
        g[:, 6] *= random.random(steps[chunk]) < 0.1
        g[:, 7] *= 10.0 ** random.integers(-3, 3, steps[chunk])
        return array_of(g, dtype), array_of(START, dtype)

    return Piece(
        name,
        domain,
        dtype,
        (Part("parameter", epsilon),),
        draw,
        functools.partial(_ours_after, ours),
        functools.partial(_keras_after, keras_s),
        lambda gradients, start: (recursion(exact.exact(gradients), exact.exact(start)),),
        chunks=len(steps),
    )


def _ours_after(make, gradients, start):
    variables = [tf.Variable(start[:4]), tf.Variable(start[4:])]
    optimizer = make(variables)
    _take_steps(lambda g: optimizer.apply([g[:4], g[4:]]), gradients)
    results = optimizer.averages if isinstance(optimizer, dnn.AverageWeights) else variables
    return (np.concatenate([variable.numpy() for variable in results]),)


def _keras_after(make, gradients, start):
    parts = {"first": start[:4], "second": start[4:]}
    variables = [keras.Variable(part, dtype=start.dtype.name, name=name) for name, part in parts.items()]
    optimizer = make()
    optimizer.build(variables)
    _take_steps(lambda g: optimizer.apply([g[:4], g[4:]], variables), gradients)
    results = optimizer._model_variables_moving_average if optimizer.use_ema else variables
    return (np.concatenate([variable.numpy() for variable in results]),)


def _take_steps(step, gradients) -> None:
    """In a compiled loop, where there are enough of them to be worth the compiling."""
    gradients = tf.convert_to_tensor(gradients)

    def steps():
        for g in gradients:
            step(g)

    (tf.function(steps).get_concrete_function() if len(gradients) > 20 else steps)()


def _cosine(t, start=1e-3, target=0.1, warm=100, decaying=1000, alpha=0.01):
    start, target, alpha = map(EXACT.mpf, (start, target, alpha))
    if t < warm:
        return start + (target - start) * t / warm
    progress = EXACT.mpf(min(t - warm, decaying)) / decaying
    return target * ((1 - alpha) * (1 + EXACT.cos(EXACT.pi * progress)) / 2 + alpha)


KERAS = keras.optimizers.schedules
SCHEDULES = {
    "ExponentialDecay": (
        dnn.ExponentialDecay(0.1, 100, 0.9),
        KERAS.ExponentialDecay(0.1, 100, 0.9),
        lambda t: EXACT.mpf(0.1) * EXACT.mpf(0.9) ** (EXACT.mpf(t) / 100),
    ),
    "CosineDecay, warm-up": (
        dnn.CosineDecay(1e-3, 1000, 0.01, 0.1, 100),
        KERAS.CosineDecay(1e-3, 1000, 0.01, warmup_target=0.1, warmup_steps=100),
        _cosine,
    ),
    "PiecewiseConstantDecay": (
        dnn.PiecewiseConstantDecay((100, 500), (0.1, 0.01, 0.001)),
        KERAS.PiecewiseConstantDecay([100, 500], [0.1, 0.01, 0.001]),
        lambda t: EXACT.mpf(0.1 if t <= 100 else 0.01 if t <= 500 else 0.001),
    ),
}


def _schedule(name: str) -> Piece:
    """The rate at some steps, in float32's last places."""
    ours, keras_s, formula = SCHEDULES[name]

    def at(schedule):
        return lambda steps: (np.array([np.float64(schedule(tf.constant(t))) for t in steps]),)

    return Piece(
        name,
        "ordinary",
        "float32",
        (Part("rate", ulp),),
        lambda random, chunk: ([0, 100, 101, 500, 1099, *random.integers(0, 1200, 10).tolist()],),
        at(ours),
        at(keras_s),
        lambda steps: (np.array([formula(t) for t in steps], dtype=object),),
    )
