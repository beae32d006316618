"""A solution of exercise 9."""

import tensorflow as tf

import dnn


class Signum(dnn.Optimizer):
    """Train with u ← β u + (1 − β) g, p ← p − η sign(u), for every parameter p."""

    def __init__(self, parameters, learning_rate=1e-4, *, beta=0.9, weight_decay=None):
        super().__init__(parameters, learning_rate, weight_decay=weight_decay)
        self.beta = beta
        self.u = self.slots("u")

    def step(self, i, g, t, learning_rate):
        """Return what to subtract from parameter i, and assign its slot."""
        self.u[i].assign(self.beta * self.u[i] + (1 - self.beta) * g)
        return learning_rate * tf.sign(self.u[i])


# Then Lion's c is the next m, and m is what Signum calls u.
LION_BETAS = (0.95, 0.95)
