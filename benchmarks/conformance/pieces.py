"""All comparisons of the table, in its order: a new piece joins `comparisons()` of the module of its kind."""

from types import ModuleType

from benchmarks.conformance import (
    activations,
    initializers,
    layers,
    losses,
    means,
    metrics,
    optimizers,
    regularizers,
    softmax,
)
from benchmarks.conformance.comparison import Comparison

MODULES: tuple[ModuleType, ...] = (
    activations,
    softmax,
    initializers,
    layers,
    losses,
    means,
    metrics,
    regularizers,
    optimizers,
)


def comparisons() -> list[Comparison]:
    """Return every piece, on inputs of each kind and dtype."""
    return [comparison for module in MODULES for comparison in module.comparisons()]
