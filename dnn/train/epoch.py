"""The step, and the epoch that repeats it over all rows inside one tf.function.

Keras spends most of its time between the steps of a small network; here nothing is between them. Sums over rows
stay sums, in float64, until all rows are in them, so the last, shorter batch counts by its rows.
"""

import functools

import tensorflow as tf

from dnn.nn.example_weights import weighted, weighted_mean
from dnn.nn.layers import takes_training
from dnn.nn.regularizers import penalty


def train_step(model, loss, optimizer, metrics, rows, key):
    """Take one step of the optimizer on one batch of Rows; its summed loss and metrics, as they were before the step.

    key: int32[3], (seed, epoch, step): what is left to chance in this step, dropout say, is drawn from it.
    """
    with tf.GradientTape() as tape:
        logits = model(rows.x, training=key) if takes_training(model) else model(rows.x)
        losses = loss(rows.y, logits)
        addend = tf.cast(penalty(model), losses.dtype)
        mean = weighted_mean(losses, rows.weights, rows.counted) + addend
    optimizer.apply(tape.gradient(mean, optimizer.parameters))
    return summed(losses, addend, metrics, rows, logits)


def evaluate_step(model, loss, metrics, rows):
    """One batch's summed loss and metrics."""
    logits = model(rows.x)
    return summed(loss(rows.y, logits), penalty(model), metrics, rows, logits)


def summed(losses, addend, metrics, rows, logits):
    """float64[1 + metrics]: the sums over the batch, the loss first.

    The sum of the losses is Σ c_i (w_i l_i + addend), addend being the penalty of the regularizers; those of the
    metrics are Σ c_i m_i. So divided by Σ c_i they are means that have the whole penalty once.
    Raises: ValueError, while it is traced, for a loss or a metric that is not one number a row: a mean, say.
    """
    per_row = [losses, *(metric(rows.y, logits) for metric in metrics)]
    for values in per_row:
        if not values.shape.is_compatible_with(logits.shape[:1]):
            raise ValueError(f"a loss or metric must be [batch], here {logits.shape[:1]}, got shape {values.shape}")
    losses, *scores = (tf.cast(values, tf.float64) for values in per_row)
    costs = weighted(losses, rows.weights) + tf.cast(addend, tf.float64)
    return tf.stack([tf.reduce_sum(weighted(values, counted=rows.counted)) for values in (costs, *scores)])


def over_batches(step, rows, order, batch_size, sums):
    """float64[sums]: Σ step(Rows, number of a batch) over the rows in this order; the last has those that remain.

    order: int32[rows]. batch_size: at most rows. The loop's body has one static shape; the last batch, if it is
    shorter, is a second, rather than padded rows that a layer which looks across the batch would see.
    """
    total = order.shape[0]
    remaining = total % batch_size
    totals = tf.zeros(sums, tf.float64)
    for first in tf.range(0, total - remaining, batch_size):
        totals += step(rows.at(tf.slice(order, [first], [batch_size])), first // batch_size)
    if remaining:
        totals += step(rows.at(order[total - remaining :]), total // batch_size)
    return totals


# One compiled function for each set of objects, shapes and dtypes: a second fit of the same traces nothing. Each is
# traced where it is made; TensorFlow would take a first call that traces, model after model, for a mistake, and warn.
# The caches hold on to the latest few models, and let the oldest go.


@functools.lru_cache(maxsize=8)
def compiled_training(model, loss, optimizer, metrics, specs, batch_size, jit_compile):
    """train_epoch(rows, order, key) -> float64[1 + metrics], the sums over all rows.

    specs: of the Rows. order: int32[rows]. key: int32[2], (seed, epoch).
    """

    @tf.function(jit_compile=jit_compile)
    def train_epoch(rows, order, key):
        def step(batch, number):
            return train_step(model, loss, optimizer, metrics, batch, tf.concat([key, [number]], axis=0))

        return over_batches(step, rows, order, batch_size, 1 + len(metrics))

    train_epoch.get_concrete_function(specs, tf.TensorSpec(specs.x.shape[:1], tf.int32), tf.TensorSpec([2], tf.int32))
    return train_epoch


@functools.lru_cache(maxsize=8)
def compiled_evaluation(model, loss, metrics, specs, batch_size, jit_compile):
    """evaluate_epoch(rows) -> float64[1 + metrics], the sums over all rows. specs: of the Rows."""

    def step(batch, number):
        return evaluate_step(model, loss, metrics, batch)

    @tf.function(jit_compile=jit_compile)
    def evaluate_epoch(rows):
        return over_batches(step, rows, tf.range(rows.x.shape[0]), batch_size, 1 + len(metrics))

    evaluate_epoch.get_concrete_function(specs)
    return evaluate_epoch


@functools.lru_cache(maxsize=8)
def compiled_prediction(model, features, dtype):
    """logits(x) -> float[rows, outputs], traced once for any number of rows."""

    @tf.function(input_signature=[tf.TensorSpec([None, features], dtype)])
    def logits(x):
        return model(x)

    logits.get_concrete_function()
    return logits
