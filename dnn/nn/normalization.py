"""Normalization: x minus a mean, over a standard deviation; across the rows of a batch, or within each row."""

from collections.abc import Sequence

import tensorflow as tf

from dnn.nn.argument_checks import checked_fraction, checked_key, checked_positive, checked_size, checked_width
from dnn.nn.modules import layer_line
from dnn.nn.precision import at_least_float32, rounded_once
from dnn.nn.protocols import TensorLike
from dnn.nn.training_calls import note_call


def moments(x: tf.Tensor, axes: Sequence[int]) -> tuple[tf.Tensor, tf.Tensor]:
    """Return (mean, variance) along these axes, which stay with length 1; variance = mean of (x − mean)², biased."""
    mean = tf.reduce_mean(x, axes, keepdims=True)
    # the derivative by the mean is 0, being −2 times the mean of x − mean
    return mean, tf.reduce_mean(tf.math.squared_difference(x, tf.stop_gradient(mean)), axes, keepdims=True)


def rounded_mean(x: tf.Tensor, axes: Sequence[int]) -> tf.Tensor:
    """Return the mean along these axes as a constant, to subtract from x before its moments are computed.

    The rounding error of a mean of 1,000 deviations is some hundred ulp of a deviation, and so would be that of x minus
    it. After the subtraction x is near 0, and what was rounded off is the mean of the rest. The
    derivative by a shift is 0.
    Source: T. Chan, G. Golub, R. LeVeque, "Algorithms for Computing the Sample Variance", 1983, section 3.
    """
    return tf.stop_gradient(tf.reduce_mean(x, axes, keepdims=True))


def normalize_by_moments(
    x: tf.Tensor,
    mean: tf.Tensor,
    variance: tf.Tensor,
    gamma: TensorLike | None = None,
    beta: TensorLike | None = None,
    *,
    epsilon: float = 1e-3,
) -> tf.Tensor:
    """Compute (x − mean) · γ / √(variance + ε) + β; γ = 1 and β = 0 where they are None.

    In this order: Keras computes x γ/√… + (β − mean γ/√…), where the digits of x cancel if its mean is large.
    """
    factor = tf.math.rsqrt(variance + epsilon)
    if gamma is not None:
        factor = factor * tf.cast(gamma, x.dtype)
    scaled = (x - mean) * factor
    return scaled if beta is None else scaled + tf.cast(beta, x.dtype)


@rounded_once
def layer_normalization(
    x: TensorLike, gamma: TensorLike | None = None, beta: TensorLike | None = None, *, epsilon: float = 1e-3
) -> tf.Tensor:
    """Compute (x − mean) · γ / √(variance + ε) + β, with the mean and variance of each row.

    x − mean comes first: Keras computes x γ/√… + (β − mean γ/√…), where the digits of x cancel if its mean is large.
    Source: J. L. Ba, J. R. Kiros, G. Hinton, "Layer Normalization", 2016, equation 4, with an ε as in Keras.

    Args:
        x: float[..., size].
        gamma: scale γ, [size]; None is 1.
        beta: offset β, [size]; None is 0.
        epsilon: ε, > 0, added to the variance; Keras's default. PyTorch's is 1e-5.

    Returns:
        A tensor of the shape and dtype of x.
    """
    x = x - rounded_mean(x, [-1])
    return normalize_by_moments(x, *moments(x, [-1]), gamma, beta, epsilon=epsilon)


def moving_average(average: tf.Tensor, value: tf.Tensor, momentum: float | tf.Tensor) -> tf.Tensor:
    """Compute momentum · average + (1 − momentum) · value."""
    return average * momentum + value * (1 - momentum)


class LayerNormalization(tf.Module):
    """Apply `layer_normalization` with a learnt scale γ, at first 1, and a learnt offset β, at first 0.

    Source: J. L. Ba, J. R. Kiros, G. Hinton, "Layer Normalization", 2016, equation 4, with an ε as in Keras.

    Args:
        size: of the last axis, > 0.
        epsilon: ε, > 0, added to the variance; Keras's default. PyTorch's is 1e-5.
        center: whether there is a β.
        scale: whether there is a γ.
        dtype: floating dtype of the weights; x may have another, which the result keeps.

    Raises:
        ValueError: If `size` or `epsilon` is not positive.
        TypeError: If `size` is not an integer, or `epsilon` not a number.
    """

    def __init__(
        self, size: int, *, epsilon: float = 1e-3, center: bool = True, scale: bool = True, dtype: tf.DType = tf.float32
    ) -> None:
        super().__init__()
        self.size, self.epsilon = checked_size(size, "size"), checked_positive(epsilon, "epsilon")
        self.gamma = tf.Variable(tf.ones(size, dtype), name="gamma") if scale else None
        self.beta = tf.Variable(tf.zeros(size, dtype), name="beta") if center else None

    def __call__(self, x: TensorLike) -> tf.Tensor:
        """Return the normalized rows.

        Args:
            x: float[..., size].

        Returns:
            A tensor of the shape and dtype of x.

        Raises:
            ValueError: If the last axis of x is not `size` long.
            TypeError: If x does not hold floats.
        """
        return layer_normalization(checked_width(x, self.size), self.gamma, self.beta, epsilon=self.epsilon)

    def __repr__(self) -> str:
        return layer_line(self, str(self.size), f"epsilon={self.epsilon}", *_absent_settings(self.gamma, self.beta))


class BatchNormalization(tf.Module):
    """Compute (x − mean) · γ / √(variance + ε) + β, with the batch's moments in training, else with moving averages.

    In training each call moves the averages to momentum · old + (1 − momentum) · the batch's. The variance is the
    biased one, as in Keras; the paper and PyTorch average the unbiased one. A batch of one row has variance 0. The
    averages are float32 at least: in bfloat16, as in Keras, a step of a hundredth of the way is lost to rounding.
    Source: S. Ioffe, C. Szegedy, "Batch Normalization", ICML 2015, algorithms 1 and 2.

    Args:
        size: of the last axis, > 0.
        momentum: weight of the old average, in [0, 1]; Keras's default. PyTorch's momentum, 0.1, is that of the new.
        epsilon: ε, > 0, added to the variance; Keras's default. PyTorch's is 1e-5.
        center: whether there is a learnt offset β, at first 0.
        scale: whether there is a learnt scale γ, at first 1.
        dtype: floating dtype of γ and β; x may have another, which the result keeps.

    Raises:
        ValueError: If an argument is out of its range.
        TypeError: If `size` is not an integer, or another one not a number.
    """

    def __init__(
        self,
        size: int,
        *,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        dtype: tf.DType = tf.float32,
    ) -> None:
        super().__init__()
        self.size, self.epsilon = checked_size(size, "size"), checked_positive(epsilon, "epsilon")
        self.momentum = checked_fraction(momentum, "momentum")
        self.gamma = tf.Variable(tf.ones(size, dtype), name="gamma") if scale else None
        self.beta = tf.Variable(tf.zeros(size, dtype), name="beta") if center else None
        kept = at_least_float32(dtype)
        self.moving_mean = tf.Variable(tf.zeros(size, kept), trainable=False, name="moving_mean")
        self.moving_variance = tf.Variable(tf.ones(size, kept), trainable=False, name="moving_variance")

    def __call__(self, x: TensorLike, training: TensorLike | None = None) -> tf.Tensor:
        """Return the normalized columns; in training, move the averages too.

        Args:
            x: float[..., size]; all axes but the last are the batch.
            training: None outside training, or the key int32[3] of a training step, (seed, epoch, step), whose values
                do not matter here. False, as in Keras, is the same as None.

        Returns:
            A tensor of the shape and dtype of x.

        Raises:
            ValueError: If the last axis of x is not `size` long.
            TypeError: If x does not hold floats, or `training` is True.
        """
        x = checked_width(x, self.size)
        wide = tf.cast(x, at_least_float32(x.dtype))
        note_call(self, training)
        if checked_key(training) is None:
            mean, variance = (tf.cast(v, wide.dtype) for v in (self.moving_mean, self.moving_variance))
        else:
            of_members = self.moving_mean.shape.rank > 1  # [members, 1, size] of an ensemble
            axes = [-2] if of_members else range(x.shape.rank - 1)
            batch_mean = rounded_mean(wide, axes)
            wide = wide - batch_mean
            mean, variance = moments(wide, axes)
            self._move(self.moving_mean, batch_mean)
            self._move(self.moving_variance, variance)
        return tf.cast(normalize_by_moments(wide, mean, variance, self.gamma, self.beta, epsilon=self.epsilon), x.dtype)

    def _move(self, average: tf.Variable, value: tf.Tensor) -> None:
        value = tf.cast(tf.reshape(value, average.shape), average.dtype)
        average.assign(moving_average(average, value, self.momentum))

    def __repr__(self) -> str:
        settings = (f"momentum={self.momentum}", f"epsilon={self.epsilon}")
        return layer_line(self, str(self.size), *settings, *_absent_settings(self.gamma, self.beta))


def _absent_settings(gamma: tf.Variable | None, beta: tf.Variable | None) -> list[str]:
    """Return the settings of a repr that say which of the two there is not."""
    return [f"{name}=False" for name, variable in (("scale", gamma), ("center", beta)) if variable is None]
