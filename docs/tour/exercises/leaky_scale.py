"""Exercise 2: the variance of the first weights before a leaky ReLU."""


def scale(negative_slope):
    """Return the scale for which weights of variance scale / n keep the size of a signal.

    The layer after the weights is a leaky ReLU: z where z > 0, else negative_slope · z.
    """
    raise NotImplementedError("derive E[a²] from Var(z) for a = leaky_relu(z), as chapter 2 does for ReLU")
