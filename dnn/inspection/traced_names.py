"""Which operation of the traced graph is behind the name of one that ran, or that XLA compiled.

TensorFlow puts the body of a function in place of its call: CALL/NAME is what NAME is in the function that CALL calls.
What its optimizer of graphs put in has the optimizer's name, and ends in the name of what was there before.
"""

import re
from collections.abc import Iterable

from dnn.inspection.graph_operations import GraphOperation

OPTIMIZERS = ("ArithmeticOptimizer/", "ConstantFolding/")
PART = re.compile(r"(?P<part>body|cond|then|else)/_\d+/")  # of a loop or a branch, after its name


class TracedNames:
    """Finds operations of a traced graph by the names of what ran.

    Args:
        operations: those of the graph and of its functions.
    """

    def __init__(self, operations: Iterable[GraphOperation]) -> None:
        self.operations = {(each.function, each.name): each for each in operations}

    def find(self, name: str) -> GraphOperation | None:
        """Return the traced operation behind what ran.

        Args:
            name: of what ran.

        Returns:
            The operation; None where there is none.
        """
        scope, optimizer, last = _split_at_optimizer(name)
        ends = [last, *(last[index + 1 :] for index, sign in enumerate(last) if optimizer and sign in "_/")]
        numberless = [re.sub(r"_\d+$", "", end) for end in ends if "/" in name]  # what a function returns has a number
        found = (self._in_function(scope + end, "") for end in [*ends, *numberless])
        return next((each for each in found if each is not None), None)

    def _in_function(self, name: str, function: str) -> GraphOperation | None:
        """Return the operation of this name in a function, or in one that it calls."""
        if (function, name) in self.operations:
            return self.operations[function, name]
        for index in (index for index, sign in enumerate(name) if sign == "/"):
            call, rest = self.operations.get((function, name[:index])), name[index + 1 :]
            part = PART.match(rest)
            for attribute, called in call.calls if call else ():
                if not part or attribute.startswith(part["part"]):
                    found = self._in_function(rest[part.end() if part else 0 :], called)
                    if found is not None:
                        return found
        return None


def is_of_optimizer(name: str) -> bool:
    """Whether TensorFlow's optimizer of graphs made what has this name.

    Args:
        name: of what ran.
    """
    return bool(_split_at_optimizer(name)[1])


def _split_at_optimizer(name: str) -> tuple[str, str, str]:
    """Return what stands before the optimizer's name, that name, and what stands after it."""
    optimizer = next((each for each in OPTIMIZERS if f"/{each}" in f"/{name}"), "")
    scope, _, last = name.partition(optimizer) if optimizer else ("", "", name)
    return scope, optimizer, last
