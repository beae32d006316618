"""A solution of exercise 5."""

import tensorflow as tf


def adam_update(g, m, v, t, *, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """Return the step to subtract, and the next m and v."""
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g * g
    m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
    return learning_rate * m_hat / (tf.sqrt(v_hat) + epsilon), m, v
