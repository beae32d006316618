"""Twins: our networks, losses, metrics and optimizers, each paired with Keras's that should do the same, in float64."""

from functools import partial

import keras
import tensorflow as tf

import dnn

F64 = {"dtype": tf.float64}
KERAS_F64 = {"dtype": "float64"}


def twin_networks(inputs: int, hidden, outputs: int, seed: int):
    """Return (ours, Keras's) with the same weights. hidden: (kind, units) of each hidden layer, kind one of KINDS."""
    ours, keras_s, width = [], [keras.Input((inputs,), **KERAS_F64)], inputs
    for index, (kind, units) in enumerate(hidden):
        pair = twin_layers(kind, width, units, seed=seed + index)
        ours, keras_s, width = ours + pair[0], keras_s + pair[1], units
    ours = dnn.Sequential([*ours, dnn.Dense(width, outputs, seed=seed, **F64)])
    keras_s = keras.Sequential([*keras_s, keras.layers.Dense(outputs, **KERAS_F64)])
    keras_s.set_weights([variable.numpy() for variable in dnn.weights(ours)])
    return ours, keras_s


def twin_layers(kind: str, width: int, units: int, seed: int):
    """Return (our layers, Keras's): a dense layer, its activation, and what the kind adds to them."""
    name, _, extra = kind.partition("+")
    ours = [dnn.Dense(width, units, seed=seed, **F64), getattr(dnn, name)]
    keras_s = [keras.layers.Dense(units, **KERAS_F64), keras.layers.Activation(name, **KERAS_F64)]
    if extra == "penalty":
        penalties = {"kernel_regularizer": dnn.L2(0.01), "bias_regularizer": dnn.L1(0.001)}
        ours[0] = dnn.Dense(width, units, seed=seed, **penalties, **F64)
        l2, l1 = keras.regularizers.L2(0.01), keras.regularizers.L1(0.001)
        keras_s[0] = keras.layers.Dense(units, kernel_regularizer=l2, bias_regularizer=l1, **KERAS_F64)
    if extra == "batch":
        ours.append(dnn.BatchNormalization(units, momentum=0.8, **F64))
        keras_s.append(keras.layers.BatchNormalization(momentum=0.8, **KERAS_F64))
    if extra == "row":
        ours.append(dnn.LayerNormalization(units, **F64))
        keras_s.append(keras.layers.LayerNormalization(**KERAS_F64))
    return ours, keras_s


KINDS = ["relu", "tanh", "gelu", "silu+penalty", "relu+batch", "tanh+row", "elu", "selu", "softplus", "leaky_relu"]

# name -> (our loss, the class of Keras's)
LOSSES = {
    "sparse": (dnn.sparse_softmax_cross_entropy, partial(keras.losses.SparseCategoricalCrossentropy, from_logits=True)),
    "one-hot": (dnn.softmax_cross_entropy, partial(keras.losses.CategoricalCrossentropy, from_logits=True)),
    "smoothed": (
        partial(dnn.softmax_cross_entropy, label_smoothing=0.2),
        partial(keras.losses.CategoricalCrossentropy, from_logits=True, label_smoothing=0.2),
    ),
    "binary": (dnn.binary_cross_entropy, partial(keras.losses.BinaryCrossentropy, from_logits=True)),
    "squared": (dnn.mean_squared_error, keras.losses.MeanSquaredError),
}
# name of the loss -> (a metric of ours for it, the class of Keras's)
METRICS = {
    "sparse": (dnn.accuracy, keras.metrics.SparseCategoricalAccuracy),
    "one-hot": (dnn.accuracy, keras.metrics.CategoricalAccuracy),
    "smoothed": (dnn.accuracy, keras.metrics.CategoricalAccuracy),
    "binary": (dnn.binary_accuracy, partial(keras.metrics.BinaryAccuracy, threshold=0.0)),  # of logits
    "squared": (lambda y, z: tf.reduce_mean(tf.abs(y - z), axis=-1), keras.metrics.MeanAbsoluteError),
}

THEIRS = keras.optimizers
# name -> (parameters -> ours, () -> Keras's)
OPTIMIZERS = {
    "SGD": (lambda p: dnn.SGD(p, 0.1), lambda: THEIRS.SGD(0.1)),
    "momentum": (lambda p: dnn.SGD(p, 0.05, momentum=0.9), lambda: THEIRS.SGD(0.05, momentum=0.9)),
    "Nesterov": (
        lambda p: dnn.SGD(p, 0.03, momentum=0.8, nesterov=True),
        lambda: THEIRS.SGD(0.03, momentum=0.8, nesterov=True),
    ),
    "RMSprop": (lambda p: dnn.RMSprop(p, 0.003), lambda: THEIRS.RMSprop(0.003)),
    "centered RMSprop": (
        lambda p: dnn.RMSprop(p, 0.003, centered=True, momentum=0.5, epsilon=1e-3),
        lambda: THEIRS.RMSprop(0.003, centered=True, momentum=0.5, epsilon=1e-3),
    ),
    "Adam": (lambda p: dnn.Adam(p, 0.01), lambda: THEIRS.Adam(0.01)),
    "amsgrad": (lambda p: dnn.Adam(p, 0.01, amsgrad=True), lambda: THEIRS.Adam(0.01, amsgrad=True)),
    "AdamW": (lambda p: dnn.AdamW(p, 0.01, weight_decay=0.1), lambda: THEIRS.AdamW(0.01, weight_decay=0.1)),
    "clipped": (
        lambda p: dnn.ClipGradients(dnn.Adam(p, 0.01), global_clipnorm=0.1),
        lambda: THEIRS.Adam(0.01, global_clipnorm=0.1),
    ),
    "clipped each": (lambda p: dnn.ClipGradients(dnn.SGD(p, 0.3), clipnorm=0.1), lambda: THEIRS.SGD(0.3, clipnorm=0.1)),
    "accumulated": (
        lambda p: dnn.AccumulateGradients(dnn.Adam(p, 0.02), 3),
        lambda: THEIRS.Adam(0.02, gradient_accumulation_steps=3),
    ),
    "decaying rate": (
        lambda p: dnn.Adam(p, dnn.ExponentialDecay(0.02, 10, 0.8)),
        lambda: THEIRS.Adam(THEIRS.schedules.ExponentialDecay(0.02, 10, 0.8)),
    ),
    "cosine": (
        lambda p: dnn.SGD(p, dnn.CosineDecay(0.0, 40, 0.1, warmup_target=0.2, warmup_steps=9), momentum=0.5),
        lambda: THEIRS.SGD(THEIRS.schedules.CosineDecay(0.0, 40, 0.1, warmup_target=0.2, warmup_steps=9), momentum=0.5),
    ),
}
