"""Before anything is timed: all that are compared must have learnt the same from the same weights and rows."""

from collections.abc import Mapping, Sequence

import numpy as np

TOLERANCE = 5e-5  # relative, of the loss of each epoch
ONE_LOGISTIC_OUTPUT = 3e-2  # scikit-learn with two classes: the same probabilities at first, but other steps


def tolerance(peer: str, classes: int) -> float:
    """Return how far, relatively, a peer's losses may be from ours."""
    return ONE_LOGISTIC_OUTPUT if (peer, classes) == ("sklearn_peer", 2) else TOLERANCE


def assert_same_learning(
    learnt: Mapping[str, Sequence[tuple[float, float | None]]], tolerances: Mapping[str, float], rows: int
) -> None:
    """Check that all have learnt what the first has.

    Rounding alone may give another class to a row in a thousand, and to two rows at least.

    Args:
        learnt: Name -> (loss, accuracy or None) of each epoch.
        tolerances: Name -> how far its losses may be from the first's, relatively.
        rows: How many rows an epoch has.

    Raises:
        AssertionError: If one learnt something else; it is named.
    """
    first, *others = learnt
    rounded = max(2 / rows, 1e-3)
    expected = [loss for loss, _ in learnt[first]]
    for name in others:
        losses = [loss for loss, _ in learnt[name]]
        if not np.allclose(losses, expected, rtol=tolerances[name], atol=0):
            raise AssertionError(f"{name} has the losses {losses}, {first} {expected}: not the same learning")
        for (_, accuracy), (_, other) in zip(learnt[name], learnt[first], strict=True):
            if accuracy is not None and abs(accuracy - other) > rounded:
                raise AssertionError(f"{name} has the accuracy {accuracy}, {first} {other}: not the same learning")


def assert_same_probabilities(predicted: Mapping[str, np.ndarray]) -> None:
    """Check that all predict what the first does.

    Args:
        predicted: Name -> probabilities, [rows, classes].

    Raises:
        AssertionError: If one is 1e-5 or more away from the first; it is named.
    """
    first, *others = predicted
    for name in others:
        difference = np.abs(predicted[name] - predicted[first]).max()
        if not difference < 1e-5:
            raise AssertionError(f"{name} predicts probabilities that are {difference:.1e} from those of {first}")
