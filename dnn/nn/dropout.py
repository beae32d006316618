"""Dropout: in training each number is dropped by chance, and chance is an argument."""

import tensorflow as tf

from dnn.nn.argument_checks import checked_below_one, checked_float, checked_key
from dnn.nn.initializers import FIRST_DEFAULT_SEED, seed_or_next
from dnn.nn.modules import layer_line
from dnn.nn.precision import rounded_once
from dnn.nn.protocols import TensorLike
from dnn.nn.training_calls import note_call


@rounded_once
def dropout(x: TensorLike, rate: float, seed: TensorLike) -> tf.Tensor:
    """Return 0 with probability `rate`, else x / (1 − rate), so that the mean stays: "inverted" scaling.

    The seed and the shape of x alone decide what is dropped. XLA drops other numbers than graph mode does: its
    generator draws differently from the same seed, though the algorithm has the same name. A dropped infinity or NaN
    is 0.

    Derivative: 0 where dropped, else 1 / (1 − rate).
    Source: N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 2014,
    sections 4 and 10.

    Args:
        x: float[...].
        rate: probability of dropping a number, in [0, 1).
        seed: int32[2].

    Returns:
        A tensor of the shape and dtype of x.

    Raises:
        TypeError: If x does not hold floats.
    """
    x = checked_float(x, "x")
    kept = tf.random.stateless_uniform(tf.shape(x), seed) >= rate  # float32 for any x: a bfloat16 has few steps
    return tf.where(kept, x / (1 - rate), tf.zeros((), x.dtype))


def dropout_seed(key: tf.Tensor, seed: int) -> tf.Tensor:
    """Return int32[2]: one seed for each (seed, epoch, step) of the key, int32[3], and each layer's own seed."""
    pair = tf.stack([key[0], tf.constant(seed, tf.int32)])
    for number in (key[1], key[2]):
        pair = tf.random.experimental.stateless_fold_in(pair, number)
    return pair


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
        if self.rate:
            note_call(self, training)
        training = checked_key(training)
        if training is None or self.rate == 0:
            return checked_float(x, "x")
        return dropout(x, self.rate, dropout_seed(training, self.seed))

    def __repr__(self) -> str:
        given = 0 < self.seed < FIRST_DEFAULT_SEED
        return layer_line(self, f"rate={self.rate}", *([f"seed={self.seed}"] if given else []))
