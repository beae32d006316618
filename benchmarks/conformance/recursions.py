"""The optimizers' recursions in exact arithmetic: each takes gradients, step by step, and the parameters before them.

The letters are those of the sources that the optimizers name.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.conformance import exact
from benchmarks.conformance.exact import EXACT, Exact

ONE = EXACT.mpf(1)


def number(x: float) -> Any:
    """Return x as an exact number."""
    return EXACT.mpf(x)


def sgd(gradients: Exact, p: Exact, *, learning_rate: float, momentum: float = 0.0, nesterov: bool = False) -> Exact:
    """Return p after stochastic gradient descent."""
    u, eta, mu = 0 * p, number(learning_rate), number(momentum)
    for g in gradients:
        u = mu * u + eta * g
        p = p - (mu * u + eta * g if nesterov else u)
    return p


def rmsprop(
    gradients: Exact,
    p: Exact,
    *,
    learning_rate: float,
    rho: float = 0.9,
    momentum: float = 0.0,
    epsilon: float = 1e-7,
    centered: bool = False,
) -> Exact:
    """Return p after RMSprop."""
    eta, rho, mu = map(number, (learning_rate, rho, momentum))
    v = a = u = 0 * p
    for g in gradients:
        v, a = rho * v + (1 - rho) * g * g, rho * a + (1 - rho) * g
        u = mu * u + eta * g / exact.sqrt((v - a * a if centered else v) + number(epsilon))
        p = p - u
    return p


def adam(
    gradients: Exact,
    p: Exact,
    *,
    learning_rate: float,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    amsgrad: bool = False,
    weight_decay: float | Sequence[float] = 0.0,
) -> Exact:
    """Return p after Adam. weight_decay: one number, or one for each parameter."""
    eta, beta_1, beta_2 = map(number, (learning_rate, beta_1, beta_2))
    decay = exact.exact(weight_decay)
    m = v = largest = 0 * p
    power_1 = power_2 = ONE
    for g in gradients:
        power_1, power_2 = power_1 * beta_1, power_2 * beta_2
        m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g * g
        largest = np.maximum(largest, v)
        alpha = eta * EXACT.sqrt(1 - power_2) / (1 - power_1)
        p = p - p * decay * eta
        p = p - alpha * m / (exact.sqrt(largest if amsgrad else v) + number(epsilon))
    return p


def nadam(
    gradients: Exact,
    p: Exact,
    *,
    learning_rate: float,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> Exact:
    """Return p after Nadam."""
    eta, beta_1, beta_2 = map(number, (learning_rate, beta_1, beta_2))
    m, v, product, decay = 0 * p, 0 * p, ONE, number(0.96)
    for t, g in enumerate(gradients, 1):
        mu, following = (beta_1 * (1 - decay**n / 2) for n in (t, t + 1))
        product = product * mu
        m, v = beta_1 * m + (1 - beta_1) * g, beta_2 * v + (1 - beta_2) * g * g
        ahead = following * m / (1 - product * following) + (1 - mu) * g / (1 - product)
        p = p - eta * ahead / (exact.sqrt(v / (1 - beta_2**t)) + number(epsilon))
    return p


def lion(gradients: Exact, p: Exact, *, learning_rate: float, beta_1: float = 0.9, beta_2: float = 0.99) -> Exact:
    """Return p after Lion."""
    eta, beta_1, beta_2 = map(number, (learning_rate, beta_1, beta_2))
    m = 0 * p
    for g in gradients:
        c = beta_1 * m + (1 - beta_1) * g
        p, m = p - eta * np.sign(c), beta_2 * m + (1 - beta_2) * g
    return p


def muon(gradients: Exact, p: Exact, *, learning_rate: float, momentum: float = 0.95, rms_rate: float = 0.2) -> Exact:
    """Return p after Muon of two matrices [2, 2], one after the other."""
    factor, mu = number(learning_rate) * number(rms_rate) * EXACT.sqrt(2), number(momentum)
    m = 0 * p
    for g in gradients:
        m = mu * m + g
        parts = ((g + mu * m)[part].reshape(2, 2) for part in (slice(0, 4), slice(4, 8)))
        p = p - factor * np.concatenate([_orthogonalized(part).ravel() for part in parts])
    return p


def _orthogonalized(x: Exact) -> Exact:
    a, b, c = map(number, (3.4445, -4.7750, 2.0315))
    x = x / (EXACT.sqrt((x * x).sum()) + number(1e-7))
    for _ in range(5):
        squares = x @ x.T
        x = a * x + (b * squares + c * squares @ squares) @ x
    return x


def schedule_free(
    gradients: Exact,
    y: Exact,
    *,
    learning_rate: float,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    warmup_steps: int = 1,
    weight_decay: float = 0.0,
) -> Exact:
    """Return y after schedule-free AdamW."""
    eta, beta_1, beta_2, decay = map(number, (learning_rate, beta_1, beta_2, weight_decay))
    z, x, v, total = y, y, 0 * y, 0 * ONE
    for t, g in enumerate(gradients, 1):
        rate = eta * min(number(t) / warmup_steps, 1)
        total = total + rate**2  # rates do not fall here, so each is the largest so far
        v = beta_2 * v + (1 - beta_2) * g * g
        z = z - rate * (g / (exact.sqrt(v / (1 - beta_2**t)) + number(epsilon)) + decay * y)
        x = x + (z - x) * (rate**2 / total)
        y = (1 - beta_1) * z + beta_1 * x
    return y


def clipped(gradients: Exact, limit: float, by: str, parts: Sequence[slice] = (slice(0, 4), slice(4, 8))) -> Exact:
    """Return the gradients with each step's clipped: by the norm of each part, by the norm of all, or each number."""
    limit, gradients = number(limit), gradients.copy()
    if by == "clipvalue":
        return np.maximum(np.minimum(gradients, limit), -limit)
    for g in gradients:
        for part in parts if by == "clipnorm" else (slice(None),):
            norm = EXACT.sqrt((g[part] ** 2).sum())
            g[part] = g[part] * limit / max(norm, limit)
    return gradients


def means_of(gradients: Exact, steps: int) -> Exact:
    """Return the mean of each `steps` gradients."""
    return gradients.reshape(-1, steps, gradients.shape[1]).sum(axis=1) / steps


def averaged(
    gradients: Exact, p: Exact, *, learning_rate: float, momentum: float, overwrite: int | None = None
) -> Exact:
    """Return the moving average of the parameters of `sgd`, which begins at those after the first step.

    After each `overwrite` steps the parameters become the average.
    """
    average, mu = None, number(momentum)
    for t, g in enumerate(gradients, 1):
        p = p - number(learning_rate) * g
        average = p if average is None else mu * average + (1 - mu) * p
        if overwrite and t % overwrite == 0:
            p = average
    return average
