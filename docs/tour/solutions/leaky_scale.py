"""A solution of exercise 2."""


def scale(negative_slope):
    """Return 2 / (1 + s²): E[a²] = Var(z) / 2 from above 0, and s² Var(z) / 2 from below."""
    return 2 / (1 + negative_slope**2)
