"""Pieces with one fault each, for the laws to find."""

import itertools

import numpy as np
import tensorflow as tf

import dnn
from dnn.nn.argument_checks import checked_float, checked_input, checked_logits, checked_width
from dnn.nn.optimizers.gradient_checks import checked_gradients, checked_parameters


class Scale(tf.Module):
    """x · w: a layer without a fault."""

    def __init__(self):
        super().__init__()
        self.w = tf.Variable(np.ones(4), dtype=tf.float32, name="w")

    def __call__(self, x):
        return self.scaled(checked_input(x, self.w))

    def scaled(self, x):
        return x * self.w


class Lazy(Scale):
    """Makes a variable when it is called for the first time."""

    extra = None

    def scaled(self, x):
        if self.extra is None:
            self.extra = tf.Variable(1.0, name="extra")
        return x * self.w * self.extra


class Unseeded(Scale):
    """Begins with numbers of the global generator."""

    def __init__(self):
        super().__init__()
        self.w.assign(tf.random.normal([4]))


class Noisy(Scale):
    """Draws from the global generator."""

    def scaled(self, x):
        return x * self.w + tf.random.normal([4])


class Counting(Scale):
    """Counts its calls in a Python number, which a trace makes a constant."""

    calls = 0

    def scaled(self, x):
        self.calls += 1
        return x * self.w * self.calls


class Totalling(Scale):
    """Adds up in an attribute, which is in no checkpoint."""

    total = 0.0

    def scaled(self, x):
        self.total = self.total + tf.reduce_sum(x)
        return x * self.w + self.total


class Untracked:
    """Is no tf.Module, so that nothing finds its variable."""

    def __init__(self):
        self.w = tf.Variable(np.ones(4), dtype=tf.float32)

    def __call__(self, x):
        return checked_input(x, self.w) * self.w


class Unchecked(Scale):
    """Leaves the errors to TensorFlow."""

    def __call__(self, x):
        return tf.matmul(x, self.w[:, tf.newaxis])


class UncheckedProduct(Scale):
    def __call__(self, x):
        return x * self.w


class AnyWidth(Scale):
    def __call__(self, x):
        return checked_float(x, "x") * self.w[0]


class InFloat64(Scale):
    def __call__(self, x):
        return tf.cast(checked_width(x, 4), tf.float64) * tf.cast(self.w, tf.float64)


class BatchMean(Scale):
    """Takes the mean of the batch, also outside training."""

    def scaled(self, x):
        return x * self.w - tf.reduce_mean(x, axis=0)


class Unconnected(Scale):
    def scaled(self, x):
        return x * tf.stop_gradient(self.w)


class HidesNan(Scale):
    def scaled(self, x):
        return tf.where(x > 0, x * self.w, tf.zeros_like(x))


class StaticRows(Scale):
    """Needs to know the number of rows in a trace."""

    def scaled(self, x):
        return x * self.w + tf.zeros([x.shape[0], 4])


class RowsAsPythonNumber(Scale):
    """Takes 1 for the number of rows that a trace does not know."""

    def scaled(self, x):
        return x * self.w * (x.shape[0] or 1)


class Retracing(Scale):
    """Has a tf.function, and hands it another Python number in each call."""

    calls = 0

    def scaled(self, x):
        self.calls += 1
        return self.compiled(x, self.calls)

    @tf.function
    def compiled(self, x, calls):
        return x * self.w


def doubled_in_a_graph(x):
    return x if tf.executing_eagerly() else 2 * x


def by_python(x):
    """XLA compiles no Python."""
    return tf.ensure_shape(tf.py_function(lambda x: x, [x], x.dtype), x.shape)


def largest_of_two(x):
    """XLA's maximum overlooks a NaN."""
    return tf.reduce_max(tf.reshape(x, [-1, 2, 2]), axis=-1)


def mean_loss(labels, logits):
    return tf.reduce_mean(dnn.sparse_softmax_cross_entropy(labels, logits))


def mean_for_each(labels, logits):
    losses = dnn.sparse_softmax_cross_entropy(labels, logits)
    return tf.zeros_like(losses) + tf.reduce_mean(losses)


def loss_without_labels(labels, logits):
    return tf.reduce_logsumexp(checked_logits(logits, labels), axis=-1)


def negated_loss(labels, logits):
    return -dnn.sparse_softmax_cross_entropy(labels, logits)


def broadcasting_loss(targets, predictions):
    return tf.reduce_mean((targets - checked_float(predictions, "predictions")) ** 2, axis=-1)


def log_of_a_probability(labels, logits):
    """The probability rounds to 0."""
    probabilities = tf.nn.softmax(1000 * checked_logits(logits, labels))
    return -tf.math.log(tf.gather(probabilities, labels, batch_dims=1))


@tf.function
def retracing_loss(labels, logits):
    return dnn.sparse_softmax_cross_entropy(labels, logits)


def squeezed_hits(labels, logits):
    """Squeezes the axis of the rows too, if there is one row."""
    return tf.squeeze(tf.cast(dnn.accuracy(labels, logits), tf.float32)[:, tf.newaxis])


def hits_that_need_two_rows(labels, logits):
    hits = dnn.accuracy(labels, logits)
    return hits & (hits[1] | True)


def score_of_the_first_row(labels, logits):
    return float(logits[0, 0])


def score_that_needs_two_rows(labels, logits):
    return float(logits[1, 0] * 0)


def score_that_ignores_weights(labels, logits, sample_weight=None):
    return float((logits.argmax(axis=1) == labels).mean())


def weighted_sum(labels, logits, sample_weight=1 / 7):
    """Not divided by the weights."""
    return float(((logits.argmax(axis=1) == labels) * sample_weight).sum())


class Descent(tf.Module):
    """p ← p − rate · gradient: an optimizer without a fault."""

    rate = 0.1

    def __init__(self, parameters):
        super().__init__()
        self.parameters = checked_parameters(parameters)

    def apply(self, gradients):
        for p, g in zip(self.parameters, checked_gradients(gradients, self.parameters), strict=True):
            p.assign_sub(self.rate * g)


class PythonSteps(Descent):
    """Counts its steps in a Python number."""

    steps = 0

    def apply(self, gradients):
        self.steps += 1
        super().apply([g / self.steps for g in checked_gradients(gradients, self.parameters)])


class LazySlots(Descent):
    slots = None

    def apply(self, gradients):
        if self.slots is None:
            self.slots = [tf.Variable(tf.zeros_like(p), name="slot") for p in self.parameters]
        super().apply(gradients)


class Standing(Descent):
    rate = 0.0


class Ascent(Descent):
    rate = -0.1


class SkipsMissingGradients(Descent):
    def apply(self, gradients):
        for p, g in zip(self.parameters, gradients, strict=False):
            if g is not None:
                p.assign_sub(self.rate * g)


def counting_schedule():
    """A schedule that counts its calls, and not the steps."""
    calls = itertools.count()
    return lambda step: 0.1 + next(calls)


def doubled_rate_in_a_graph(step):
    return step + (1.0 if tf.executing_eagerly() else 2.0)


class CountsEpochs:
    """A callback that ends a fit after the fourth epoch that it has ever seen."""

    def __init__(self):
        self.seen = 0

    def __call__(self, record, history):
        self.seen += 1
        return self.seen > 4


class ForgetsItsBest(CountsEpochs):
    """One whose state leaves out what it counts."""

    def get_state(self):
        return {}

    def set_state(self, state):
        pass


class FeaturesThatForget:
    """Features whose state leaves out what they learnt."""

    def __init__(self, columns=None):
        self.mean = 0.0 if columns is None else np.mean(columns["income"])

    def __call__(self, rows):
        return tf.cast(rows["income"] - self.mean, tf.float32)[:, None]

    def state(self):
        return {}

    @classmethod
    def from_state(cls, state):
        return cls()
