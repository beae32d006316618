"""The step, and the epoch that repeats it over all rows inside one tf.function.

Keras spends most of its time between the steps of a small network; here nothing is between them. Sums over rows
stay sums, in float64, until all rows are in them, so the last, shorter batch counts by its rows.
"""

import functools

import tensorflow as tf


def train_step(model, loss, optimizer, metrics, x, y):
    """Take one step of the optimizer on one batch; its summed loss and metrics, as they were before the step."""
    with tf.GradientTape() as tape:
        logits = model(x)
        losses = loss(y, logits)
        mean = tf.reduce_mean(losses)
    optimizer.apply(tape.gradient(mean, optimizer.parameters))
    return summed(losses, metrics, y, logits)


def evaluate_step(model, loss, metrics, x, y):
    """One batch's summed loss and metrics."""
    logits = model(x)
    return summed(loss(y, logits), metrics, y, logits)


def summed(losses, metrics, y, logits):
    """float64[1 + metrics]: the sums over the batch, the loss first."""
    per_example = [losses, *(metric(y, logits) for metric in metrics)]
    return tf.stack([tf.reduce_sum(tf.cast(values, tf.float64)) for values in per_example])


def over_batches(step, x, y, order, batch_size, sums):
    """float64[sums]: Σ step(x, y of a batch) over the rows in this order; the last batch has the rows that remain.

    order: int32[rows]. batch_size: at most rows. The loop's body has one static shape; the last batch, if it is
    shorter, is a second, rather than padded rows that a layer which looks across the batch would see.
    """
    rows = order.shape[0]
    remaining = rows % batch_size
    totals = tf.zeros(sums, tf.float64)
    for first in tf.range(0, rows - remaining, batch_size):
        batch = tf.slice(order, [first], [batch_size])
        totals += step(tf.gather(x, batch), tf.gather(y, batch))
    if remaining:
        batch = order[rows - remaining :]
        totals += step(tf.gather(x, batch), tf.gather(y, batch))
    return totals


# One compiled function for each set of objects: a second fit of the same objects traces nothing. The caches hold on
# to the latest few models, and let the oldest go.


@functools.lru_cache(maxsize=8)
def compiled_training(model, loss, optimizer, metrics, batch_size, jit_compile):
    """train_epoch(x, y, order) -> float64[1 + metrics], the sums over all rows."""
    step = functools.partial(train_step, model, loss, optimizer, metrics)

    @tf.function(jit_compile=jit_compile)
    def train_epoch(x, y, order):
        return over_batches(step, x, y, order, batch_size, 1 + len(metrics))

    return train_epoch


@functools.lru_cache(maxsize=8)
def compiled_evaluation(model, loss, metrics, batch_size, jit_compile):
    """evaluate_epoch(x, y) -> float64[1 + metrics], the sums over all rows."""
    step = functools.partial(evaluate_step, model, loss, metrics)

    @tf.function(jit_compile=jit_compile)
    def evaluate_epoch(x, y):
        return over_batches(step, x, y, tf.range(x.shape[0]), batch_size, 1 + len(metrics))

    return evaluate_epoch


@functools.lru_cache(maxsize=8)
def compiled_prediction(model):
    """logits(x) -> float[rows, classes], traced once for any number of rows."""
    return tf.function(model, reduce_retracing=True)
