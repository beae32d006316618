"""A solution of exercise 7: t is a variable, so that a graph reads it in each step."""

import tensorflow as tf


class Momentum(tf.Module):
    """Train with u ← μ u + g, p ← p − η u / (1 − μᵗ): SGD with a momentum that is corrected for beginning at 0."""

    def __init__(self, parameters, learning_rate=0.1, momentum=0.9):
        super().__init__()
        self.parameters, self.learning_rate, self.momentum = list(parameters), learning_rate, momentum
        self.t = tf.Variable(0.0, trainable=False)
        self.u = [tf.Variable(tf.zeros_like(p), trainable=False) for p in self.parameters]

    def apply(self, gradients):
        """Take one step."""
        correction = 1 - self.momentum ** self.t.assign_add(1)
        for p, u, g in zip(self.parameters, self.u, gradients, strict=True):
            u.assign(self.momentum * u + g)
            p.assign_sub(self.learning_rate * u / correction)
