"""Exercise 7: an optimizer that is right from Python, and wrong in a tf.function. Mend it."""

import tensorflow as tf


class Momentum(tf.Module):
    """Train with u ← μ u + g, p ← p − η u / (1 − μᵗ): SGD with a momentum that is corrected for beginning at 0."""

    def __init__(self, parameters, learning_rate=0.1, momentum=0.9):
        super().__init__()
        self.parameters, self.learning_rate, self.momentum = list(parameters), learning_rate, momentum
        self.t = 0
        self.u = [tf.Variable(tf.zeros_like(p), trainable=False) for p in self.parameters]

    def apply(self, gradients):
        """Take one step."""
        self.t += 1
        correction = 1 - self.momentum**self.t
        for p, u, g in zip(self.parameters, self.u, gradients, strict=True):
            u.assign(self.momentum * u + g)
            p.assign_sub(self.learning_rate * u / correction)
