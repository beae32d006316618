"""Dropout: in training each number is dropped by chance, and chance is an argument."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.argument_checks import checked_below_one, checked_float, checked_key
from dnn.nn.initializers import FIRST_DEFAULT_SEED, seed_or_next
from dnn.nn.modules import layer_line
from dnn.nn.precision import rounded_once
from dnn.nn.protocols import TensorLike
from dnn.nn.random_bits import hash_of, random_bits
from dnn.nn.training_calls import note_call


@rounded_once
def dropout(x: TensorLike, rate: TensorLike, seed: TensorLike) -> tf.Tensor:
    """Return 0 with probability `rate`, else x / (1 − rate), so that the mean stays: "inverted" scaling.

    The seed and the place in x alone decide what is dropped, in every mode the same. A number is kept where its random
    bits are at least rate · 2³². A dropped infinity or NaN is 0.

    Derivative: 0 where dropped, else 1 / (1 − rate).
    Source: N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 2014,
    sections 4 and 10.

    Args:
        x: float[...].
        rate: probability of dropping a number, in [0, 1); float[members] for one of each index of the first axis.
        seed: int32[2], or int32[members, 2] for one of each index of the first axis.

    Returns:
        A tensor of the shape and dtype of x.

    Raises:
        TypeError: If x does not hold floats.
    """
    x = checked_float(x, "x")
    seed = tf.convert_to_tensor(seed, tf.int32)
    bits = random_bits(hash_of(seed[..., 0], seed[..., 1]), tf.shape(x))
    rate = _along_first_axis(np.asarray(rate, np.float64), x.shape.rank)
    kept = bits >= tf.constant(np.floor(rate * 2**32), tf.uint32)
    return tf.where(kept, x / tf.constant(1 - rate, x.dtype), tf.zeros((), x.dtype))


def dropout_seed(key: tf.Tensor, seed: int) -> tf.Tensor:
    """Return int32[..., 2]: one seed for each (seed, epoch, step) of the key, int32[..., 3], and each layer's seed."""
    words = hash_of(key[..., 0], seed), hash_of(key[..., 1], key[..., 2])
    return tf.bitcast(tf.stack(words, axis=-1), tf.int32)


def _along_first_axis(rate: npt.NDArray[np.float64], rank: int) -> npt.NDArray[np.float64]:
    """Return a rate as it is; rates of members as [members, 1, …]."""
    return rate.reshape(rate.shape + (1,) * (rank - rate.ndim)) if rate.ndim else rate


class Dropout(tf.Module):
    """Apply `dropout` in training, and return x unchanged otherwise.

    Keras draws from a generator with a state; here the key of the step decides what is dropped, so a resumed run drops
    what the uninterrupted one would have dropped.

    Args:
        rate: probability of dropping a number, in [0, 1). Keras also takes 1, and gives zeros.
        seed: int32. Layers that see the same key should have different ones; those of one `Sequential` need not. None:
            the number of the object among those made by default in this process, so that two of them differ.

    Raises:
        ValueError: If the rate is out of its range.
        TypeError: If the rate is not a number.
    """

    def __init__(self, rate: float, seed: int | None = None) -> None:
        super().__init__()
        self.rate = checked_below_one(rate, "rate")
        self.seed = seed_or_next(seed)

    def __call__(self, x: TensorLike, training: TensorLike | None = None) -> tf.Tensor:
        """Return x, in training with some numbers dropped.

        Args:
            x: float[...].
            training: None outside training, or the key int32[3] of a training step, (seed, epoch, step). False, as in
                Keras, is the same as None.

        Returns:
            A tensor of the shape and dtype of x.

        Raises:
            TypeError: If x does not hold floats, or `training` is True.
        """
        if np.any(self.rate):
            note_call(self, training)
        training = checked_key(training)
        if training is None or not np.any(self.rate):
            return checked_float(x, "x")
        return dropout(x, self.rate, dropout_seed(training, self.seed))

    def __repr__(self) -> str:
        given = np.ndim(self.seed) == 0 and 0 < self.seed < FIRST_DEFAULT_SEED
        return layer_line(self, f"rate={self.rate}", *([f"seed={self.seed}"] if given else []))
