"""Before any time is taken: whoever is compared must have learnt the same from the same weights and rows."""

from collections.abc import Mapping

import numpy as np

TOLERANCE = 5e-5  # relative, of the loss of each epoch
ONE_LOGISTIC_OUTPUT = 3e-2  # scikit-learn with two classes: the same probabilities at first, but other steps


def tolerance(peer: str, classes: int) -> float:
    return ONE_LOGISTIC_OUTPUT if (peer, classes) == ("sklearn_peer", 2) else TOLERANCE


def assert_same_learning(learnt: Mapping[str, list], tolerances: Mapping[str, float], rows: int) -> None:
    """learnt: name -> the (loss, accuracy or None) of each epoch of so many rows; all are compared with the first's.

    By rounding alone, the class of a row in a thousand, and of two at least, may be another.
    Raises: AssertionError that names who learnt something else.
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
    """Raises: AssertionError that names who predicts something else than the first, by 1e-5 or more."""
    first, *others = predicted
    for name in others:
        difference = np.abs(predicted[name] - predicted[first]).max()
        if not difference < 1e-5:
            raise AssertionError(f"{name} predicts probabilities that are {difference:.1e} from those of {first}")
