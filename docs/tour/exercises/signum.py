"""Exercise 9: Signum, a step by the sign of the momentum."""

import dnn


class Signum(dnn.Optimizer):
    """Train with u ← β u + (1 − β) g, p ← p − η sign(u), for every parameter p.

    Source: J. Bernstein et al., "signSGD: Compressed Optimisation for Non-Convex Problems", ICML 2018, algorithm 2.
    """

    def __init__(self, parameters, learning_rate=1e-4, *, beta=0.9, weight_decay=None):
        super().__init__(parameters, learning_rate, weight_decay=weight_decay)
        self.beta = beta
        # make the slots

    def step(self, i, g, t, learning_rate):
        """Return what to subtract from parameter i, and assign its slot."""
        raise NotImplementedError("chapter 9's Lion has this form; where do the two differ?")


# For which (beta_1, beta_2) is Lion the same as Signum with beta = 0.95?
LION_BETAS = None  # replace None
