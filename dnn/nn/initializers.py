"""Initializers: the first weights of a layer, drawn from a seed. The same seed gives the same bits, and Keras's."""

import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.argument_checks import checked_array, refuse_variable
from dnn.nn.protocols import InitializerLike
from dnn.nn.random_initializers import seed_pair

Seed = TypeVar("Seed", bound=int | Sequence[int])
FIRST_DEFAULT_SEED = 2**30  # far from the seeds that one writes
_OF_PROCESS = itertools.count(FIRST_DEFAULT_SEED)
_OF_BLOCK: ContextVar[Iterator[int]] = ContextVar("default_seeds")


def seed_or_next(seed: Seed | None) -> Seed | int:
    """Return the seed; for None another one at each call: the number of the objects made so in this process, plus 2³⁰.

    So two layers made by defaults differ, as in Keras, and the same program draws the same bits again.
    """
    return next(_OF_BLOCK.get(_OF_PROCESS)) if seed is None else seed


@contextmanager
def default_seeds_anew() -> Iterator[None]:
    """Count from the first again within the block, as a new process does: what is made in two such blocks is equal."""
    token = _OF_BLOCK.set(itertools.count(FIRST_DEFAULT_SEED))
    try:
        yield
    finally:
        _OF_BLOCK.reset(token)


def variance_scaling(
    shape: Sequence[int],
    seed: int | Sequence[int],
    dtype: tf.DType = tf.float32,
    *,
    scale: float = 1.0,
    mode: Literal["fan_in", "fan_out", "fan_avg"] = "fan_in",
    distribution: Literal["truncated_normal", "uniform"] = "truncated_normal",
) -> tf.Tensor:
    """Draw a kernel of mean 0 and variance scale / n: the formula of all other random initializers.

    Source: Y. LeCun et al., "Efficient BackProp", 1998, equation 16; K. He et al., "Delving Deep into Rectifiers",
    ICCV 2015, section 2.2.

    Args:
        shape: (inputs, units); of one axis its length is both; of more, those before these multiply both, as in Keras.
        seed: int, or pair of ints. An int in [0, 2³¹ − 2) draws what Keras's initializer draws from it, bit for bit.
        dtype: floating dtype of the result.
        scale: numerator of the variance, > 0.
        mode: what n is: the inputs ("fan_in"), the units ("fan_out"), or the mean of the two ("fan_avg").
        distribution: "uniform" in [−L, L), L = √(3 scale / n); or "truncated_normal", cut off at two standard
            deviations of the uncut normal. Cutting multiplies the deviation by 0.8796…, which a division undoes.

    Returns:
        dtype[shape].

    Raises:
        ValueError: If `scale` is not positive, or the mode or distribution is another one.
    """
    variance = scale / _fan(shape, mode)
    if not 0 < variance < math.inf:
        raise ValueError(f"scale must be a positive number, got {scale}")
    if distribution == "uniform":
        limit = float(np.float32(math.sqrt(3 * variance)))  # as Keras rounds it, for float64 too
        return tf.random.stateless_uniform(shape, seed_pair(seed), -limit, limit, dtype)
    if distribution == "truncated_normal":
        deviation = math.sqrt(variance) / 0.87962566103423978
        return tf.random.stateless_truncated_normal(shape, seed_pair(seed), 0.0, deviation, dtype)
    raise ValueError(f"distribution must be 'uniform' or 'truncated_normal', got {distribution!r}")


def glorot_uniform(shape: Sequence[int], seed: int | Sequence[int], dtype: tf.DType = tf.float32) -> tf.Tensor:
    """Draw a kernel uniformly from [−L, L), L = √(6 / (inputs + units)); the default of `Dense`.

    It keeps the variances of activations and of gradients close to those of the layer before, for linear units.
    Source: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    AISTATS 2010, equation 16.

    Args:
        shape: (inputs, units).
        seed: int, or pair of ints. An int in [0, 2³¹ − 2) draws what Keras's initializer draws from it, bit for bit.
        dtype: floating dtype of the result.

    Returns:
        dtype[inputs, units].
    """
    return variance_scaling(shape, seed, dtype, mode="fan_avg", distribution="uniform")


def glorot_normal(shape: Sequence[int], seed: int | Sequence[int], dtype: tf.DType = tf.float32) -> tf.Tensor:
    """Draw a kernel from a normal, cut at two deviations, with variance 2 / (inputs + units).

    Source: X. Glorot, Y. Bengio, as for `glorot_uniform`, equation 12.

    Args:
        shape: (inputs, units).
        seed: int, or pair of ints. An int in [0, 2³¹ − 2) draws what Keras's initializer draws from it, bit for bit.
        dtype: floating dtype of the result.

    Returns:
        dtype[inputs, units].
    """
    return variance_scaling(shape, seed, dtype, mode="fan_avg")


def he_uniform(shape: Sequence[int], seed: int | Sequence[int], dtype: tf.DType = tf.float32) -> tf.Tensor:
    """Draw a kernel uniformly from [−L, L), L = √(6 / inputs).

    Source: K. He et al., as for `he_normal`: the variance is the same.

    Args:
        shape: (inputs, units).
        seed: int, or pair of ints. An int in [0, 2³¹ − 2) draws what Keras's initializer draws from it, bit for bit.
        dtype: floating dtype of the result.

    Returns:
        dtype[inputs, units].
    """
    return variance_scaling(shape, seed, dtype, scale=2.0, distribution="uniform")


def he_normal(shape: Sequence[int], seed: int | Sequence[int], dtype: tf.DType = tf.float32) -> tf.Tensor:
    """Draw a kernel from a normal, cut at two deviations, with variance 2 / inputs.

    It keeps the variance of activations under relu, which sets half of them to 0.
    Source: K. He et al., "Delving Deep into Rectifiers", ICCV 2015, equation 10.

    Args:
        shape: (inputs, units).
        seed: int, or pair of ints. An int in [0, 2³¹ − 2) draws what Keras's initializer draws from it, bit for bit.
        dtype: floating dtype of the result.

    Returns:
        dtype[inputs, units].
    """
    return variance_scaling(shape, seed, dtype, scale=2.0)


def lecun_uniform(shape: Sequence[int], seed: int | Sequence[int], dtype: tf.DType = tf.float32) -> tf.Tensor:
    """Draw a kernel uniformly from [−L, L), L = √(3 / inputs).

    Source: Y. LeCun et al., as for `lecun_normal`: the variance is the same.

    Args:
        shape: (inputs, units).
        seed: int, or pair of ints. An int in [0, 2³¹ − 2) draws what Keras's initializer draws from it, bit for bit.
        dtype: floating dtype of the result.

    Returns:
        dtype[inputs, units].
    """
    return variance_scaling(shape, seed, dtype, distribution="uniform")


def lecun_normal(shape: Sequence[int], seed: int | Sequence[int], dtype: tf.DType = tf.float32) -> tf.Tensor:
    """Draw a kernel from a normal, cut at two deviations, with variance 1 / inputs.

    It keeps the variance of a layer's sums, as `selu` needs.
    Source: Y. LeCun et al., "Efficient BackProp", 1998, equation 16.

    Args:
        shape: (inputs, units).
        seed: int, or pair of ints. An int in [0, 2³¹ − 2) draws what Keras's initializer draws from it, bit for bit.
        dtype: floating dtype of the result.

    Returns:
        dtype[inputs, units].
    """
    return variance_scaling(shape, seed, dtype)


def zeros(shape: Sequence[int], seed: int | Sequence[int] | None = None, dtype: tf.DType = tf.float32) -> tf.Tensor:
    """Return zeros; the default for a bias.

    Args:
        shape: of the variable.
        seed: ignored.
        dtype: of the result.

    Returns:
        dtype[shape].
    """
    return tf.zeros(shape, dtype)


def constant(value: npt.ArrayLike = 0.0) -> InitializerLike:
    """Make the initializer that fills a variable with one value, or gives it the values of an array.

    `bias_initializer=dnn.constant(np.log([0.9, 0.1]))` begins at the shares of two classes.

    Args:
        value: Every element of the variable; or all of them, an array of its shape. Nothing is broadcast.

    Returns:
        A function (shape, seed, dtype) -> dtype[shape]. It raises a ValueError for another shape than the array's.

    Raises:
        ValueError: If a value is a NaN or infinite.
        TypeError: If values are not numbers, or a tf.Variable.

    Example:
        >>> dnn.constant([1.0, 2.0])((2,), 0).numpy().tolist()
        [1.0, 2.0]
    """
    refuse_variable(value, "value")
    values = np.array(checked_array(value, "value", "biufV", "numbers"), np.float64)  # V: bfloat16; a copy
    if not np.isfinite(values).all():
        raise ValueError(f"value must be finite, got {value!r}")

    def filled(
        shape: Sequence[int], seed: int | Sequence[int] | None = None, dtype: tf.DType = tf.float32
    ) -> tf.Tensor:
        if values.ndim and values.shape != tuple(shape):
            raise ValueError(f"constant has values of shape {values.shape}, for a variable of shape {tuple(shape)}")
        return tf.cast(tf.broadcast_to(tf.constant(values), shape), dtype)

    return filled


def _fan(shape: Sequence[int], mode: str) -> float:
    """Return n of the formula; an empty side counts as 1, as in Keras."""
    *field, inputs, units = [*shape, *shape] or [1, 1] if len(shape) < 2 else shape
    fans = {"fan_in": inputs, "fan_out": units, "fan_avg": (inputs + units) / 2}
    if mode not in fans:
        raise ValueError(f"mode must be 'fan_in', 'fan_out' or 'fan_avg', got {mode!r}")
    return max(1.0, math.prod(field) * fans[mode])
