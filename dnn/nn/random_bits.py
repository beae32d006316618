"""Random bits from a key and a place: a hash of both, so that a draw has no state and costs a few operations.

TensorFlow's own generator, Philox, is as good as cryptography needs it. Under XLA on a CPU it takes some 300 times as
long as this, which was most of a training step with dropout.
"""

import tensorflow as tf

from dnn.nn.protocols import TensorLike

GOLDEN = 0x9E3779B9  # 2³² / the golden ratio: so that words of 0 do not stay 0


def mixed(x: tf.Tensor) -> tf.Tensor:
    """Return each word mixed so that a flipped bit of x flips each bit of the result with a probability near 1/2.

    x ← x ⊕ (x ≫ 16), x ← 0x7feb352d x, x ← x ⊕ (x ≫ 15), x ← 0x846ca68b x, x ← x ⊕ (x ≫ 16), modulo 2³²

    A bijection of the 32-bit words. Source: C. Wellons, "Prospecting for Hash Functions", 2018, `lowbias32`.

    Args:
        x: uint32[...].

    Returns:
        uint32[...].
    """
    x = _shifted(x, 16) * tf.constant(0x7FEB352D, tf.uint32)
    x = _shifted(x, 15) * tf.constant(0x846CA68B, tf.uint32)
    return _shifted(x, 16)


def hash_of(*words: TensorLike) -> tf.Tensor:
    """Return one word for several: h ← mixed((h ⊕ word) + 2³²/φ) for one after the other, from h = 0.

    Args:
        words: int32 each, of shapes that broadcast.

    Returns:
        uint32 of their common shape.
    """
    value = tf.constant(0, tf.uint32)
    for word in words:
        value = mixed(tf.bitwise.bitwise_xor(value, _unsigned(word)) + tf.constant(GOLDEN, tf.uint32))
    return value


def random_bits(key: tf.Tensor, shape: TensorLike) -> tf.Tensor:
    """Return mixed(key ⊕ i) for the i-th number of a tensor of this shape.

    Of two keys one has the bits of the other in another order, where they differ in the low bits alone: once in 2³²
    divided by the number of bits.

    Args:
        key: uint32, from `hash_of`, one for all, or uint32[members]: one for each index of the first axis.
        shape: of the result, int32[rank]; with several keys the first axis is that of the members.

    Returns:
        uint32[shape].
    """
    shape = tf.convert_to_tensor(shape, tf.int32)
    members = key.shape.rank
    places = tf.cast(tf.range(tf.reduce_prod(shape[members:])), tf.uint32)
    bits = mixed(tf.bitwise.bitwise_xor(key[..., tf.newaxis], places))
    return tf.reshape(bits, shape)


def _shifted(x: tf.Tensor, bits: int) -> tf.Tensor:
    return tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(bits, tf.uint32)))


def _unsigned(word: TensorLike) -> tf.Tensor:
    return tf.bitcast(tf.convert_to_tensor(word, tf.int32), tf.uint32)
