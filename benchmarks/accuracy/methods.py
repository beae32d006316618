"""All methods, in the order of the report."""

from collections.abc import Sequence

from benchmarks.accuracy import keras_networks, our_networks, scikit_learn, torch_networks, trees
from benchmarks.accuracy.method import Method

METHODS: Sequence[Method] = [
    *our_networks.METHODS,
    *keras_networks.METHODS,
    *scikit_learn.METHODS,
    *torch_networks.METHODS,
    *trees.METHODS,
]
QUICK = ("dnn", "scikit-learn MLP", "HistGradientBoosting")  # of the short form: without a package beyond the tests'
ONLY_NAMED = (  # they take minutes a fit, or show how far chance alone goes
    "TabM (tabm)",
    "TabM_D (pytabkit)",
    "RealMLP_TD_S (pytabkit)",
    "Keras, same weights",
    "Keras, same weights and orders",
)


def named(names: Sequence[str]) -> list[Method]:
    """Return the methods of these names. Raises: ValueError for a name that none has."""
    known = {method.name: method for method in METHODS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"there is no method {unknown[0]!r}; the methods are {', '.join(map(repr, known))}")
    return [known[name] for name in names]
