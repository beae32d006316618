"""Masters: a half-precision parameter is trained in float32, and rounded after each step.

A bfloat16 has 8 binary digits: 1 − 0.001 is 1 again, so the whole step would be lost. The master keeps what the
rounding loses, and small steps add up.
Source: P. Micikevicius et al., "Mixed Precision Training", ICLR 2018, section 3.1.
"""

import tensorflow as tf

from dnn.nn.precision import HALF


def master_of(p: tf.Variable) -> tf.Variable | None:
    """Return a float32 variable of p's value if p is bfloat16 or float16; None if it is wider, and needs no master."""
    return tf.Variable(tf.cast(p, tf.float32), trainable=False, name="master") if p.dtype in HALF else None


def full_value(p: tf.Variable, master: tf.Variable | None) -> tf.Tensor:
    """Return p in float32 at least: its master, or p itself where another value was assigned to it since."""
    if master is None:
        return tf.convert_to_tensor(p)
    return tf.where(tf.cast(master, p.dtype) == p, master, tf.cast(p, tf.float32))


def assign(p: tf.Variable, master: tf.Variable | None, value: tf.Tensor) -> None:
    """Assign p ← value, rounded to p's dtype; its master keeps the value as it is."""
    p.assign(tf.cast(value, p.dtype))
    if master is not None:
        master.assign(value)


def subtract(p: tf.Variable, master: tf.Variable | None, step: tf.Tensor) -> None:
    """Assign p ← p − step, computed in float32 at least."""
    if master is None:
        p.assign_sub(step)
    else:
        assign(p, master, full_value(p, master) - step)
