"""The optimizers' recursions in exact arithmetic: each takes gradients, step by step, and the parameters before them.

The letters are those of the sources that the optimizers name.
"""

import numpy as np

from conformance import exact
from conformance.exact import EXACT

ONE = EXACT.mpf(1)


def number(x: float):
    return EXACT.mpf(x)


def sgd(gradients, p, *, learning_rate, momentum=0.0, nesterov=False):
    u, eta, mu = 0 * p, number(learning_rate), number(momentum)
    for g in gradients:
        u = mu * u + eta * g
        p = p - (mu * u + eta * g if nesterov else u)
    return p


def rmsprop(gradients, p, *, learning_rate, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False):
    eta, rho, mu = map(number, (learning_rate, rho, momentum))
    v = a = u = 0 * p
    for g in gradients:
        v, a = rho * v + (1 - rho) * g * g, rho * a + (1 - rho) * g
        u = mu * u + eta * g / exact.sqrt((v - a * a if centered else v) + number(epsilon))
        p = p - u
    return p


def adam(gradients, p, *, learning_rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False, weight_decay=0.0):
    eta, beta_1, beta_2 = map(number, (learning_rate, beta_1, beta_2))
    decay = exact.exact(weight_decay)  # one number, or one for each parameter
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


def clipped(gradients, limit: float, by: str, parts=(slice(0, 4), slice(4, 8))):
    """The gradients, each step's clipped: by the norm of each part, by the norm of all, or each number."""
    limit, gradients = number(limit), gradients.copy()
    if by == "clipvalue":
        return np.maximum(np.minimum(gradients, limit), -limit)
    for g in gradients:
        for part in parts if by == "clipnorm" else (slice(None),):
            norm = EXACT.sqrt((g[part] ** 2).sum())
            g[part] = g[part] * limit / max(norm, limit)
    return gradients


def means_of(gradients, steps: int):
    """The mean of each `steps` gradients."""
    return gradients.reshape(-1, steps, gradients.shape[1]).sum(axis=1) / steps


def averaged(gradients, p, *, learning_rate, momentum, overwrite=None):
    """The moving average of the parameters that `sgd` goes through, which begins at those after the first step;
    after each `overwrite` steps the parameters are it."""
    average, mu = None, number(momentum)
    for t, g in enumerate(gradients, 1):
        p = p - number(learning_rate) * g
        average = p if average is None else mu * average + (1 - mu) * p
        if overwrite and t % overwrite == 0:
            p = average
    return average
