"""The step, and the epoch that repeats it over all rows inside one tf.function.

Keras spends most of its time between the steps of a small network; here nothing is between them. Sums over rows
stay sums, in float64, until all rows are in them, so the last, shorter batch counts by its rows.
"""

import functools

import tensorflow as tf

from dnn.nn.layers import takes_training
from dnn.nn.regularizers import penalty


def train_step(model, loss, optimizer, metrics, x, y, key):
    """Take one step of the optimizer on one batch; its summed loss and metrics, as they were before the step.

    key: int32[3], (seed, epoch, step): what is left to chance in this step, dropout say, is drawn from it.
    """
    with tf.GradientTape() as tape:
        logits = model(x, training=key) if takes_training(model) else model(x)
        losses = penalized(loss(y, logits), model)
        mean = tf.reduce_mean(losses)
    optimizer.apply(tape.gradient(mean, optimizer.parameters))
    return summed(losses, metrics, y, logits)


def evaluate_step(model, loss, metrics, x, y):
    """One batch's summed loss and metrics."""
    logits = model(x)
    return summed(penalized(loss(y, logits), model), metrics, y, logits)


def penalized(losses, model):
    """[batch]: each loss with the whole penalty of the model's regularizers, so that their mean has it once."""
    return losses + tf.cast(penalty(model), losses.dtype)


def summed(losses, metrics, y, logits):
    """float64[1 + metrics]: the sums over the batch, the loss first.

    Raises: ValueError, while it is traced, for a loss or a metric that is not one number a row: a mean, say.
    """
    per_example = [losses, *(metric(y, logits) for metric in metrics)]
    for values in per_example:
        if not values.shape.is_compatible_with(logits.shape[:1]):
            raise ValueError(f"a loss or metric must be [batch], here {logits.shape[:1]}, got shape {values.shape}")
    return tf.stack([tf.reduce_sum(tf.cast(values, tf.float64)) for values in per_example])


def over_batches(step, x, y, order, batch_size, sums):
    """float64[sums]: Σ step(x, y, number of a batch) over the rows in this order; the last has the rows that remain.

    order: int32[rows]. batch_size: at most rows. The loop's body has one static shape; the last batch, if it is
    shorter, is a second, rather than padded rows that a layer which looks across the batch would see.
    """
    rows = order.shape[0]
    remaining = rows % batch_size
    totals = tf.zeros(sums, tf.float64)
    for first in tf.range(0, rows - remaining, batch_size):
        batch = tf.slice(order, [first], [batch_size])
        totals += step(tf.gather(x, batch), tf.gather(y, batch), first // batch_size)
    if remaining:
        batch = order[rows - remaining :]
        totals += step(tf.gather(x, batch), tf.gather(y, batch), rows // batch_size)
    return totals


# One compiled function for each set of objects, shapes and dtypes: a second fit of the same traces nothing. Each is
# traced where it is made; TensorFlow would take a first call that traces, model after model, for a mistake, and warn.
# The caches hold on to the latest few models, and let the oldest go.


@functools.lru_cache(maxsize=8)
def compiled_training(model, loss, optimizer, metrics, x, y, batch_size, jit_compile):
    """train_epoch(x, y, order, key) -> float64[1 + metrics], the sums over all rows.

    x, y: the tf.TensorSpec of all rows. order: int32[rows]. key: int32[2], (seed, epoch).
    """
    order, key = tf.TensorSpec(x.shape[:1], tf.int32), tf.TensorSpec([2], tf.int32)

    @tf.function(input_signature=[x, y, order, key], jit_compile=jit_compile)
    def train_epoch(x, y, order, key):
        def step(x, y, number):
            return train_step(model, loss, optimizer, metrics, x, y, tf.concat([key, [number]], axis=0))

        return over_batches(step, x, y, order, batch_size, 1 + len(metrics))

    train_epoch.get_concrete_function()
    return train_epoch


@functools.lru_cache(maxsize=8)
def compiled_evaluation(model, loss, metrics, x, y, batch_size, jit_compile):
    """evaluate_epoch(x, y) -> float64[1 + metrics], the sums over all rows. x, y: the tf.TensorSpec of all rows."""

    def step(x, y, number):
        return evaluate_step(model, loss, metrics, x, y)

    @tf.function(input_signature=[x, y], jit_compile=jit_compile)
    def evaluate_epoch(x, y):
        return over_batches(step, x, y, tf.range(x.shape[0]), batch_size, 1 + len(metrics))

    evaluate_epoch.get_concrete_function()
    return evaluate_epoch


@functools.lru_cache(maxsize=8)
def compiled_prediction(model, features, dtype):
    """logits(x) -> float[rows, outputs], traced once for any number of rows."""

    @tf.function(input_signature=[tf.TensorSpec([None, features], dtype)])
    def logits(x):
        return model(x)

    logits.get_concrete_function()
    return logits


def specs(*tensors) -> list[tf.TensorSpec]:
    """The shape and dtype of each: what a compiled function is found again by."""
    return [tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in tensors]
