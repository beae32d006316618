"""Drawn logits, [64, 5]."""

import numpy as np

from benchmarks.conformance.measure import Float64


def ordinary(random: np.random.Generator, dtype: str) -> Float64:
    """Draw normal ones, of deviations from 1/3 to 8."""
    return random.normal(size=(64, 5)) * np.geomspace(1 / 3, 8, 64)[:, np.newaxis]


def extreme(random: np.random.Generator, dtype: str) -> Float64:
    """Draw both signs and sizes from 1e2 to 1e38 (float16: 3e4), and some beside them that are near 0."""
    largest = 4.4 if dtype == "float16" else 37.9
    sizes = 10 ** random.uniform(2, largest, (64, 1)) * random.uniform(0.5, 1, (64, 5))
    return np.where(random.random((64, 5)) < 0.2, random.normal(size=(64, 5)), sizes * random.choice([-1, 1], (64, 5)))


def confident(random: np.random.Generator, dtype: str) -> Float64:
    """Draw a first logit that is above the others by 12 to 75 (float16: 12)."""
    gaps = random.uniform(12, 12 if dtype == "float16" else 75, (64, 1))
    return np.concatenate([np.zeros((64, 1)), -gaps - random.exponential(1, (64, 4))], axis=1)


def masked(random: np.random.Generator, dtype: str) -> Float64:
    """Draw ordinary ones and make a third of them −∞, except the first of each row."""
    logits = ordinary(random, dtype)
    logits[:, 1:][random.random((64, 4)) < 1 / 3] = -np.inf
    return logits


DOMAINS = {"ordinary": ordinary, "extreme": extreme, "confident": confident, "masked": masked}
