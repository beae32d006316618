"""Exercise 5: Adam as Algorithm 1 of the paper has it."""


def adam_update(g, m, v, t, *, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """Return the step to subtract, and the next m and v.

    m ← β₁ m + (1 − β₁) g
    v ← β₂ v + (1 − β₂) g²
    m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
    step = η m̂ / (√v̂ + ε)

    Args:
        g, m, v: float tensors of one shape.
        t: a scalar float tensor, the number of steps with this one.
    """
    raise NotImplementedError("write the four lines of the docstring")
