"""A method: how rows of a split become a function that gives the probability of each class."""

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, NamedTuple

import dnn
from benchmarks.accuracy.splits import Probabilities, Split


class Fitted(NamedTuple):
    """What a method learnt.

    Args:
        predict: From rows to the probability of each class, float64[rows, classes].
        epochs: Passes over the training rows; None where that is not a number of the method.
    """

    predict: Callable[[dnn.Part], Probabilities]
    epochs: int | None = None


@dataclass(frozen=True)
class Method:
    """One way to predict, with all its settings.

    Args:
        name: What it is called in results and reports.
        fit: Learns from the training rows of a split, and stops or chooses by its validation rows; the second argument
            is the number of threads it may use.
        settings: What it is told; results of other settings are not its own.
        packages: Distributions it needs, besides those of `dnn`.
        modules: What these import as, where that is another name.
        kind: Of which sort it is: "dnn", "network" or "trees".
    """

    name: str
    fit: Callable[[Split, int], Fitted]
    settings: Mapping[str, Any]
    packages: Sequence[str]
    kind: str
    modules: Sequence[str] = ()

    @property
    def told(self) -> dict[str, str]:
        """The settings as text, for the results file."""
        return {name: repr(value) for name, value in self.settings.items()}

    @property
    def installed(self) -> bool:
        """Whether all it needs is there."""
        return all(find_spec(module) is not None for module in self.modules or self.packages)

    @property
    def versions(self) -> dict[str, str]:
        """The versions of the packages it needs, and of ours."""
        found = {package: importlib.metadata.version(package) for package in self.packages}
        return {"dnn": dnn.__version__, **found} if self.kind == "dnn" else found
