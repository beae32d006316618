"""Losses of classes beyond the cross-entropies of `losses.py`: focal ones for rare classes, and the KL divergence."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from dnn.nn.argument_checks import checked_fraction, checked_not_negative
from dnn.nn.loss_terms import binary_terms, paired_outputs
from dnn.nn.losses import softmax_cross_entropy, sparse_softmax_cross_entropy
from dnn.nn.precision import at_least_float32
from dnn.nn.protocols import TensorLike

LEAST = 1e-300  # a power of less is 0 all the same, but the derivative of a root of 0 is infinite


def binary_focal_loss(
    targets: TensorLike, logits: TensorLike, *, gamma: float = 2.0, alpha: float | None = None
) -> tf.Tensor:
    """Return −α_t (1 − p_t)^γ ln p_t for each row, averaged over the outputs, in nats: easy rows count less.

    p = σ(z)        p_t = t p + (1 − t)(1 − p)        α_t = t α + (1 − t)(1 − α)

    −ln p_t is `binary_cross_entropy`, also of targets between 0 and 1; 1 − p_t = t σ(−z) + (1 − t) σ(z), in which
    nothing cancels. γ = 0 without α is the cross-entropy.
    With alpha=0.25 it is torchvision's sigmoid_focal_loss, whose −1 is None here, and Keras's binary_focal_crossentropy
    with apply_class_balancing=True. Keras clips p to [1e-7, 1 − 1e-7] first, torchvision computes 1 − p_t by a
    difference: both give 0 for what is below 1e-7.
    Source: T. Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, equation 5.

    Args:
        targets: Each in [0, 1], of any dtype [batch, outputs]; beside one output also [batch].
        logits: What the model gives, float[batch, outputs].
        gamma: γ >= 0: how little easy rows count.
        alpha: α in [0, 1], the weight of targets of 1; those of 0 have 1 − α. None: both have 1.

    Returns:
        float32[batch], or float64 for float64 logits, each in [0, ∞).

    Raises:
        ValueError: If the shapes differ, or γ or α is out of its range.
        TypeError: If targets are not numbers or logits are not floats, or γ or α is not a number.

    Example:
        >>> dnn.binary_focal_loss([1, 0], [[0.0], [0.0]]).numpy().round(4)
        array([0.1733, 0.1733], dtype=float32)
    """
    gamma = checked_not_negative(gamma, "gamma")
    t, z, dtype = paired_outputs(targets, logits)
    losses = _focused(t * tf.sigmoid(-z) + (1 - t) * tf.sigmoid(z), binary_terms(t, z), gamma)
    if alpha is not None:
        alpha = checked_fraction(alpha, "alpha")
        losses *= t * alpha + (1 - t) * (1 - alpha)
    return tf.cast(tf.reduce_mean(losses, axis=-1), dtype)


def sparse_softmax_focal_loss(
    labels: TensorLike, logits: TensorLike, *, gamma: float = 2.0, alpha: Sequence[float] | float | None = None
) -> tf.Tensor:
    """Return −α_y (1 − p_y)^γ ln p_y for each row, in nats: rows of which the model is sure count less. p = softmax(z).

    −ln p_y is `sparse_softmax_cross_entropy`, l, and 1 − p_y = 1 − exp(−l), in which nothing cancels. γ = 0 without α
    is the cross-entropy. Keras's categorical_focal_crossentropy is it with alpha=0.25, which multiplies all losses
    alike; it clips p to [1e-7, 1 − 1e-7] first.
    Source: T. Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017, equation 5, of several classes.

    Args:
        labels: Class numbers, each in [0, classes): int[batch].
        logits: What the model gives, float[batch, classes].
        gamma: γ >= 0: how little sure rows count.
        alpha: α >= 0, the weight of each class [classes], or one for all. None: 1.

    Returns:
        float32[batch], or float64 for float64 logits, each in [0, ∞).

    Raises:
        ValueError: If the shapes do not fit, γ or α is out of its range, if there is one class, or if a trace does not
            know the number of classes.
        TypeError: If labels are not integers or logits are not floats, or γ or α is not a number.

    Example:
        >>> dnn.sparse_softmax_focal_loss([0, 1], [[0.0, 0.0], [3.0, 0.0]]).numpy().round(4)
        array([0.1733, 2.7663], dtype=float32)
    """
    gamma, logits = checked_not_negative(gamma, "gamma"), tf.convert_to_tensor(logits)
    wide = tf.cast(logits, tf.float64) if logits.dtype.is_floating else logits
    losses = sparse_softmax_cross_entropy(labels, wide)
    losses = _focused(-tf.math.expm1(-losses), losses, gamma)
    if alpha is not None:
        losses *= tf.gather(_of_classes(alpha, wide.shape[-1]), tf.cast(labels, tf.int64))
    return tf.cast(losses, at_least_float32(logits.dtype))


def kl_divergence(targets: TensorLike, logits: TensorLike) -> tf.Tensor:
    """Return Σ_j t_j ln(t_j / p_j) for each row, in nats: how far p = softmax(z) is from the targets; 0 if it is there.

    It is `softmax_cross_entropy` less the entropy of the targets, and has its derivative: ∂l/∂z_j = p_j Σ_k t_k − t_j.
    Computed in float64, so what is below 1e-16 may be lost. PyTorch's KLDivLoss takes (ln p, t); Keras's kl_divergence
    takes p, and clips both to [1e-7, 1].
    Source: S. Kullback, R. Leibler, "On Information and Sufficiency", 1951, equation 2.4.

    Args:
        targets: Probabilities that sum to 1, of any dtype [batch, classes]; 0 ln 0 is 0.
        logits: What the model gives, float[batch, classes].

    Returns:
        float32[batch], or float64 for float64 logits; >= 0 but for rounding.

    Raises:
        ValueError: If the shapes differ, if there is one class, or if a trace does not know the number of classes.
        TypeError: If targets are not numbers or logits are not floats.

    Example:
        >>> dnn.kl_divergence([[0.5, 0.5], [1.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]).numpy().round(4)
        array([0.    , 0.6931], dtype=float32)
    """
    logits, t = tf.convert_to_tensor(logits), tf.convert_to_tensor(targets)
    wide = tf.cast(logits, tf.float64) if logits.dtype.is_floating else logits
    cross_entropy = softmax_cross_entropy(t, wide)
    t = tf.cast(t, tf.float64)
    return tf.cast(cross_entropy + tf.reduce_sum(tf.math.xlogy(t, t), axis=-1), at_least_float32(logits.dtype))


def _focused(miss: tf.Tensor, losses: tf.Tensor, gamma: float) -> tf.Tensor:
    """Return miss^γ losses, where miss = 1 − p_t, with a derivative of 0 where that is 0."""
    return losses if gamma == 0 else tf.maximum(miss, tf.constant(LEAST, miss.dtype)) ** gamma * losses


def _of_classes(alpha: Sequence[float] | float, classes: int) -> tf.Tensor:
    """Return a weight of each class, float64[classes]. Raises: ValueError for another number, or one below 0."""
    if np.ndim(alpha) == 0:
        return tf.fill([classes], tf.constant(checked_not_negative(alpha, "alpha"), tf.float64))  # type: ignore[arg-type]
    weights = [checked_not_negative(each, f"alpha[{i}]") for i, each in enumerate(alpha)]  # type: ignore[arg-type]
    if len(weights) != classes:
        raise ValueError(f"alpha must be a number, or one for each of {classes} classes, got {len(weights)}")
    return tf.constant(weights, tf.float64)
