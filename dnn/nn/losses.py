"""Losses, per example: [batch] out; the mean or the sum is the caller's (see dnn/nn/example_weights.py).

An option is fixed once, and the function that comes out is passed: `loss = functools.partial(
dnn.softmax_cross_entropy, label_smoothing=0.1)`. Keep it: `fit` knows a compiled epoch by its functions, and a second
partial is another function, even with the same options.

Of amounts: `regression_losses.py`; those that are about hard rows, or about two distributions: `focal_losses.py`.
All are computed in float64 and rounded once, at the end, to float32, or to float64 for float64 logits: [batch, classes]
is small beside the layers before it. Gradients come back in the dtype of the logits, rounded once too.
A NaN or a +∞ among the logits of a row is a loss of NaN, as in Keras: it comes from a network that diverged.
"""

import tensorflow as tf

from dnn.nn.argument_checks import checked_class_count, checked_float, checked_logits, checked_numbers
from dnn.nn.loss_terms import binary_terms, paired_outputs, smoothed_targets
from dnn.nn.precision import at_least_float32
from dnn.nn.protocols import TensorLike


def softmax_cross_entropy(targets: TensorLike, logits: TensorLike, *, label_smoothing: float = 0.0) -> tf.Tensor:
    """Return the cross-entropy of softmax(logits) against target probabilities for each row, in nats.

    l = ln(1 + Σ_{k ≠ m} exp(z_k − z_m)) Σ_j t_j − Σ_j t_j (z_j − z_m)          z_m is the largest logit

    Accurate to rounding for logits up to ±1e38, and for losses and derivatives down to 1e-37. Keras, whose ln Σ_k exp
    and softmax − 1 contain the largest class's own 1, in which 1e-9 is lost, gives 0 for those below 6e-8.
    Derivative: ∂l/∂z_j = softmax(z)_j Σ_k t_k − t_j, for j = m as Σ_{k ≠ m} (t_k − softmax(z)_k), which is what
    TensorFlow derives from the formula. A tf.custom_gradient would be kept, and its graph with it, until the
    process ends.
    Source: C. Bishop, "Pattern Recognition and Machine Learning", 2006, equations 4.108 and 4.109; smoothing:
    C. Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016, section 7.

    Args:
        targets: One-hot rows or any probabilities that sum to 1, of any dtype [batch, classes].
        logits: What the model gives, float[batch, classes].
        label_smoothing: a in [0, 1]: t_j becomes t_j (1 − a) + a / classes.

    Returns:
        float32[batch], or float64 for float64 logits, each in [0, ∞).

    Raises:
        ValueError: If the shapes differ (broadcast, they would give a loss, and a wrong one), if there is one class,
            or if a trace does not know the number of classes.
        TypeError: If targets are not numbers or logits are not floats.
    """
    logits = checked_float(logits, "logits")
    targets = tf.cast(checked_numbers(targets, "targets"), tf.float64)
    _refuse_one_output(logits)
    if logits.shape.rank != 2 or not logits.shape.is_compatible_with(targets.shape):
        raise ValueError(f"targets and logits must be [batch, classes], got {targets.shape} and {logits.shape}")
    checked_class_count(logits)
    t = smoothed_targets(targets, label_smoothing, 1 / logits.shape[1])
    return tf.cast(_cross_entropy(t, logits, tf.reduce_sum(t, axis=-1)), at_least_float32(logits.dtype))


def sparse_softmax_cross_entropy(
    labels: TensorLike, logits: TensorLike, *, label_smoothing: float = 0.0, ignore_class: int | None = None
) -> tf.Tensor:
    """Return `softmax_cross_entropy` against class numbers for each row, in nats: l = ln Σ_k exp(z_k) − z_y.

    A label outside [0, classes) costs NaN, as in Keras under XLA; `fit` refuses it. One whose logit is −∞ costs ∞.
    Source: C. Bishop, "Pattern Recognition and Machine Learning", 2006, equations 4.108 and 4.109.

    Args:
        labels: Class numbers, each in [0, classes): int[batch]. Keras truncates .99999 to class 0.
        logits: What the model gives, float[batch, classes].
        label_smoothing: a in [0, 1]: t_j, which is 1 for the label's class, else 0, becomes t_j (1 − a) + a / classes.
        ignore_class: Rows of this label, in the range or not, have a loss and a gradient of 0, whatever their logits.
            That a mean does not count them either is for `weighted_mean` with `counted`, or in `fit` for its own
            `ignore_class`. None: all rows count.

    Returns:
        float32[batch], or float64 for float64 logits, each in [0, ∞).

    Raises:
        TypeError: If labels are not integers or logits are not floats.
        ValueError: If the shapes do not fit, if there is one class, or if a trace does not know the number of classes.

    Example:
        >>> dnn.sparse_softmax_cross_entropy([0, 1], [[0.0, 0.0], [3.0, 0.0]]).numpy().round(4)
        array([0.6931, 3.0486], dtype=float32)
    """
    labels, logits = tf.convert_to_tensor(labels), tf.convert_to_tensor(logits)
    if not labels.dtype.is_integer:
        raise TypeError(f"labels must be integers, got {labels.dtype.name}")
    if labels.shape.rank != 1:
        raise ValueError(f"labels must be [batch], got {labels.shape}; softmax_cross_entropy takes one-hot targets")
    logits = checked_logits(logits, labels)
    _refuse_one_output(logits)
    labels = tf.cast(labels, tf.int64)
    used = None if ignore_class is None else tf.not_equal(labels, ignore_class)
    if used is not None:
        # the labels and logits too: a NaN of ignored ones would reach the weights, as 0 · NaN, through the gradient
        labels = tf.where(used, labels, 0)
        logits = tf.where(used[:, tf.newaxis], logits, tf.zeros((), logits.dtype))
    t = smoothed_targets(_one_hot(labels, logits), label_smoothing, 1 / logits.shape[1])
    losses = tf.cast(_cross_entropy(t, logits), at_least_float32(logits.dtype))
    return losses if used is None else tf.where(used, losses, tf.zeros((), losses.dtype))


def _cross_entropy(t: tf.Tensor, logits: tf.Tensor, sum_of_t: tf.Tensor | None = None) -> tf.Tensor:
    """Return float64[batch], from t, float64[batch, classes], as `softmax_cross_entropy` says. None: each sum is 1."""
    z = tf.cast(logits, tf.float64)
    largest = tf.one_hot(tf.argmax(logits, axis=-1), z.shape[-1], dtype=z.dtype)
    others = 1 - largest
    # multiply_no_nan: what is multiplied by 0 counts as nothing, even the infinite logit of a masked class
    z = z - tf.reduce_sum(tf.math.multiply_no_nan(z, largest), axis=-1, keepdims=True)
    log_sum = tf.math.log1p(tf.reduce_sum(tf.exp(z) * others, axis=-1))
    mean = tf.reduce_sum(tf.math.multiply_no_nan(z, t * others), axis=-1)
    return (log_sum if sum_of_t is None else log_sum * sum_of_t) - mean


def _refuse_one_output(logits: tf.Tensor) -> None:
    if logits.shape.rank == 2 and logits.shape[1] == 1:
        raise ValueError("softmax of one output is always 1: give the model two, or use binary_cross_entropy")


def _one_hot(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return float64[batch, classes]: NaN where there is no such class.

    As 0 / 0, not as a constant NaN, which tf.debugging.enable_check_numerics would find in a healthy fit.
    """
    ones = tf.one_hot(labels, logits.shape[-1], dtype=tf.float64)
    return ones / tf.reduce_max(ones, axis=-1, keepdims=True)


def binary_cross_entropy(targets: TensorLike, logits: TensorLike, *, label_smoothing: float = 0.0) -> tf.Tensor:
    """Return the cross-entropy of sigmoid(logits) against targets for each row, averaged over the outputs, in nats.

    l = ln(1 + exp(−|z|)) + |z| (1 − t  where z >= 0, else t)

    which is −t ln σ(z) − (1 − t) ln(1 − σ(z)) with nothing to cancel: both terms are >= 0. Keras writes
    max(z, 0) − z t + ln(1 + exp(−|z|)), and loses digits for soft targets near the truth.
    Derivative: ∂l/∂z = (σ(z) − t) / outputs, at 0 too, where that of |z| in TensorFlow would be 0.
    Source: C. Bishop, "Pattern Recognition and Machine Learning", 2006, equations 4.90 and 4.91.

    Args:
        targets: Each in [0, 1], of any dtype [batch, outputs]; beside one output also [batch].
        logits: What the model gives, float[batch, outputs].
        label_smoothing: a in [0, 1]: t becomes t (1 − a) + a / 2.

    Returns:
        float32[batch], or float64 for float64 logits, each in [0, ∞).

    Raises:
        ValueError: If the shapes differ.
        TypeError: If targets are not numbers or logits are not floats.
    """
    t, z, dtype = paired_outputs(targets, logits)
    return tf.cast(tf.reduce_mean(binary_terms(t, z, label_smoothing), axis=-1), dtype)


def mean_squared_error(targets: TensorLike, predictions: TensorLike) -> tf.Tensor:
    """Return Σ_j (y_j − p_j)² / outputs for each row, in the square of the targets' unit.

    Derivative: ∂l/∂p_j = 2 (p_j − y_j) / outputs.
    Source: C. Bishop, "Pattern Recognition and Machine Learning", 2006, equation 1.2, without its factor 1/2.

    Args:
        targets: Numbers of any dtype [batch, outputs]; beside one output also [batch].
        predictions: What the model gives, float[batch, outputs].

    Returns:
        float32[batch], or float64 for float64 predictions.

    Raises:
        ValueError: If the shapes differ.
        TypeError: If targets are not numbers or predictions are not floats.

    Example:
        >>> dnn.mean_squared_error([1.0, 2.0], [[1.5], [4.0]]).numpy().tolist()
        [0.25, 4.0]
    """
    targets, predictions, dtype = paired_outputs(targets, predictions, "predictions")
    return tf.cast(tf.reduce_mean(tf.square(targets - predictions), axis=-1), dtype)
