"""Optimizers side by side: gradients of every size, and the parameters that ours and Keras's end at."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

START = np.linspace(-1, 1, 48).astype(np.float32)


def drawn_gradients(seed: int, steps: int) -> np.ndarray:
    """float32[steps, 48]: columns of every size from 1e-25 to 1e15, some constant, some mostly 0, some all 0.

    Squares of the smallest are below float32, those of the largest within it.
    """
    random = np.random.default_rng(seed)
    sizes = 10.0 ** np.linspace(-25, 15, 12)
    noise = random.normal(size=(steps, 12)) * sizes
    constant = np.broadcast_to(random.normal(size=12) * sizes, (steps, 12))
    rare = noise * (random.random((steps, 12)) < 0.1)
    jumps = noise * 10.0 ** random.integers(-3, 3, (steps, 12))
    gradients = np.concatenate([noise, constant, rare, jumps], axis=1)
    gradients[:, 24] = 0
    return gradients.astype(np.float32)


def our_end(make: Callable, gradients, start=START) -> np.ndarray:
    """The last value of a parameter that begins at `start`, by the optimizer make([parameter])."""
    p = tf.Variable(start)
    optimizer = make([p])
    for g in gradients:
        optimizer.apply([tf.constant(g, p.dtype)])
    return p.numpy()


def keras_end(optimizer, gradients, start=START) -> np.ndarray:
    """The last value of a parameter that begins at `start`, by Keras's optimizer."""
    p = keras.Variable(start, dtype=start.dtype)
    optimizer.build([p])
    for g in gradients:
        optimizer.apply([tf.constant(g, p.dtype)], [p])
    return p.numpy()
