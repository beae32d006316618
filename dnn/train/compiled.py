"""What `fit`, `evaluate` and `predict` call: traced once for the same objects, shapes and dtypes, and kept.

Those of the latest models are kept for the next call; with them these models stay in memory, and the oldest is let go.
"""

import functools
import gc
from collections.abc import Callable

import tensorflow as tf

from dnn.train.epoch import evaluate_step, over_batches, train_step
from dnn.train.traced import ONE_THREAD, traced

KEPT = 8
FEW = 2e6  # multiply-adds, below which it takes longer to hand operations to threads than the threads save


def kept(make: Callable) -> Callable:
    """`make`, whose latest results are found again by its arguments.

    A graph is full of reference cycles, which are freed when Python's collector comes to them: seldom, with as many
    objects as TensorFlow has. Until then thirty models that came and went hold some hundred MB. So before every eighth
    that is made, those let go are collected here.
    """

    @functools.lru_cache(maxsize=KEPT)
    @functools.wraps(make)
    def found(*arguments):
        if found.cache_info().misses % KEPT == 0:
            gc.collect()
        return make(*arguments)

    return found


def multiply_adds(batch_size: int, optimizer) -> int:
    """Of the matrix products of a step of dense layers, a third: one for each row and each number that is trained."""
    return batch_size * sum(int(tf.size(parameter)) for parameter in optimizer.parameters)


def takes_epochs(optimizer) -> bool:
    """Whether its class has `train_epoch`: what hands on the attributes of another optimizer has it not."""
    return hasattr(type(optimizer), "train_epoch")


@kept
def compiled_training(model, loss, optimizer, metrics, specs, batch_size, jit_compile):
    """train_epoch(rows, order, key) -> float64[1 + metrics], the sums over all rows.

    specs: of the Rows. order: int32[rows]. key: int32[2], (seed, epoch).
    """

    def train_epoch(rows, order, key):
        if takes_epochs(optimizer):
            return optimizer.train_epoch(model, loss, metrics, rows, order, batch_size)

        def step(first, size):
            number = tf.reshape(first // batch_size, [1])
            batch = rows.at(tf.slice(order, [first], [size]))
            return train_step(model, loss, optimizer, metrics, batch, tf.concat([key, number], axis=0))

        return over_batches(step, order.shape[0], batch_size, 1 + len(metrics))

    order, key = tf.TensorSpec(specs.x.shape[:1], tf.int32), tf.TensorSpec([2], tf.int32)
    few = not jit_compile and not takes_epochs(optimizer) and multiply_adds(batch_size, optimizer) < FEW
    return traced(train_epoch, specs, order, key, jit_compile=jit_compile, executor=ONE_THREAD if few else "")


@kept
def compiled_evaluation(model, loss, metrics, specs, batch_size):
    """evaluate_epoch(rows) -> float64[1 + metrics], the sums over all rows. specs: of the Rows."""

    def evaluate_epoch(rows):
        def step(first, size):
            return evaluate_step(model, loss, metrics, rows.between(first, size))

        return over_batches(step, rows.x.shape[0], batch_size, 1 + len(metrics))

    return traced(evaluate_epoch, specs)


@kept
def compiled_prediction(model, features):
    """logits(x) -> float[rows, outputs], for any number of rows of x, in the dtype of the model's weights."""
    weights = [*model.trainable_variables, *model.variables]
    dtype = next((variable.dtype for variable in weights if variable.dtype.is_floating), tf.float32)

    def logits(x):
        return model(x)

    return traced(logits, tf.TensorSpec([None, features], dtype))
