"""Comparing with Keras: equal networks with equal weights, and the gradient of any function."""

import keras
import numpy as np
import tensorflow as tf

import dnn


def value_and_gradient(function, x):
    """Return function(x), and the gradient of its sum with respect to x, as arrays."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    return value.numpy(), tape.gradient(value, x).numpy()


def keras_mlp(sizes, *, seed=0, learning_rate=1e-3, jit_compile=False, dtype="float32"):
    """Return Keras's network of these widths, with relu between the layers and kernels from GlorotUniform(seed), then
    seed + 1, …; compiled with Adam, the sparse cross-entropy from logits, and accuracy."""
    layers = [
        keras.layers.Dense(
            units,
            activation=None if i == len(sizes) - 2 else "relu",
            kernel_initializer=keras.initializers.GlorotUniform(seed + i),
            dtype=dtype,
        )
        for i, units in enumerate(sizes[1:])
    ]
    model = keras.Sequential([keras.Input((sizes[0],), dtype=dtype), *layers])
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype=dtype),
        metrics=["accuracy"],
        jit_compile=jit_compile,
    )
    return model


def twin_of(keras_model) -> dnn.Sequential:
    """Return our network with the weights of Keras's."""
    kernels = keras_model.get_weights()[::2]
    sizes = [kernels[0].shape[0], *(kernel.shape[1] for kernel in kernels)]
    twin = dnn.mlp(sizes, dtype=tf.as_dtype(kernels[0].dtype), seed=0)
    for variable, weights in zip(dnn.weights(twin), keras_model.get_weights(), strict=True):
        variable.assign(weights)
    return twin


def largest_difference(model: dnn.Sequential, keras_model) -> float:
    """Return the largest |ours − Keras's| over all weights."""
    pairs = zip(dnn.weights(model), keras_model.get_weights(), strict=True)
    return max(float(np.abs(variable.numpy() - weights).max()) for variable, weights in pairs)
