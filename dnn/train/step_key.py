"""The key of a training step, from which dropout and whatever else is left to chance is drawn."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.argument_checks import checked_count


def key(seed: int, epoch: int, step: int) -> tf.Tensor:
    """Return the key that `fit(…, seed=seed)` gives the model in a step: `model(x, training=dnn.key(0, 1, 0))`.

    Args:
        seed: of the fit.
        epoch: its number, from 1, as in the record.
        step: its number in the epoch, from 0.

    Returns:
        int32[3]: the seed modulo 2³¹, the epoch, the step.

    Raises:
        ValueError: If one is no integer, the epoch is below 1, or the seed or the step below 0.

    Example:
        >>> key(seed=7, epoch=1, step=0).numpy().tolist()
        [7, 1, 0]
    """
    of_epoch = epoch_key(checked_count(seed, "seed", 0), checked_count(epoch, "epoch"))
    return tf.constant([*of_epoch, checked_count(step, "step", 0)], tf.int32)


def epoch_key(seed: int, epoch: int) -> npt.NDArray[np.int32]:
    """Return the key of an epoch, int32[2], to which its steps add their number."""
    return np.array([seed % 2**31, epoch], np.int32)
