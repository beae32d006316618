"""The step, and the epoch that repeats it over all rows inside one tf.function.

Keras spends most of its time between the steps of a small network; here nothing is between them. Sums over rows
stay sums, in float64, until all rows are in them, so the last, shorter batch counts by its rows.
"""

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


def over_batches(step, rows: int, batch_size: int, sums: int):
    """float64[sums]: Σ step(first, size) over the batches of so many rows, each given by its first row and its size.

    batch_size: at most rows. The loop's body has one static shape; the last batch, if it is shorter, is a second,
    rather than padded rows that a layer which looks across the batch would see.
    """
    remaining = rows % batch_size

    def add_batch(first, totals):
        return first + batch_size, totals + step(first, batch_size)

    first, totals = tf.constant(0), tf.zeros(sums, tf.float64)
    first, totals = tf.while_loop(lambda first, _: first < rows - remaining, add_batch, (first, totals))
    return totals + step(first, remaining) if remaining else totals
