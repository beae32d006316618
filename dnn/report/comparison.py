"""Sentences about a result: whether a simple model does better, and which classes the model never predicts.

Two models are compared on the same test rows. Their difference is a mean over the rows, with a standard error; it is
told as a difference only if it is more than twice that.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dnn.nn.scores.areas import area_under_roc_curve
from dnn.report.baselines import GUESS, LINEAR, LOGISTIC, Baseline

Floats = npt.NDArray[np.float64]


class Difference(NamedTuple):
    """How two models differ on the same rows.

    Args:
        score: What is compared: "ROC AUC" of two classes, "accuracy" of more, or "RMSE" of amounts.
        ours: The score of the model.
        theirs: The score of the other one.
        better: How much better the other one is: negative if it is worse.
        standard_error: Of `better`, over test rows like these.
    """

    score: str
    ours: float
    theirs: float
    better: float
    standard_error: float

    @property
    def is_noise(self) -> bool:
        """Whether the difference is within twice its standard error."""
        return not abs(self.better) > 2 * self.standard_error


def difference(targets: npt.NDArray[Any], ours: npt.NDArray[Any], theirs: npt.NDArray[Any]) -> Difference:
    """Compare two models on the same rows.

    ROC AUC has the standard error of E. DeLong et al., "Comparing the Areas under Two or More Correlated Receiver
    Operating Characteristic Curves", 1988; of accuracy and the mean squared error it is that of the mean of the
    differences, row by row.

    Args:
        targets: The true class numbers int[rows], or amounts float[rows].
        ours: The model's logits float[rows, classes], or amounts float[rows].
        theirs: Those of the other model.
    """
    if np.ndim(ours) == 1:
        return _of_amounts(*(np.asarray(values, np.float64) for values in (targets, ours, theirs)))
    both = [np.asarray(logits, np.float64) for logits in (ours, theirs)]
    if both[0].shape[1] == 2 and 0 < np.count_nonzero(targets == 1) < len(targets):
        return _of_areas(targets == 1, *(logits[:, 1] - logits[:, 0] for logits in both))
    hits = [(logits.argmax(axis=1) == targets).astype(np.float64) for logits in both]
    better, error = _mean(hits[1] - hits[0])
    return Difference("accuracy", float(hits[0].mean()), float(hits[1].mean()), better, error)


def baseline_sentences(targets: npt.NDArray[Any], output: npt.NDArray[Any], found: Sequence[Baseline]) -> list[str]:
    """Return a sentence for each baseline that is better, or simpler and as good.

    Args:
        targets: The true class numbers, or amounts, of the test rows.
        output: The model's logits float[rows, classes], or amounts float[rows].
        found: What `baselines` returned.
    """
    known = [(baseline.name, baseline.output) for baseline in found if baseline.output is not None]
    compared = [(name, difference(targets, output, theirs)) for name, theirs in known]
    return [sentence for name, result in compared if (sentence := _sentence(name, result, len(targets)))]


def recall_sentences(scores: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each class that has test rows, none of which is predicted as it.

    Args:
        scores: As `dnn.report.scores.scores` returns.
    """
    matrix, names = np.array(scores["confusion_matrix"]), scores["classes"]
    missed = [name for name, recall in scores["recall"].items() if recall == 0]
    predicted = np.flatnonzero(matrix.sum(axis=0))
    if not missed:
        return []
    told = ", ".join(repr(name) for name in missed[:5]) + (f" and {len(missed) - 5} more" if len(missed) > 5 else "")
    if len(predicted) == 1:
        says = f"this model says {names[predicted[0]]!r} to {_all_rows(scores['rows'])}"
    else:
        rows = int(matrix[[names.index(name) for name in missed]].sum())
        says = f"this model finds none of {_counted(rows)}"
    remedy = "--class-weight balanced" + (" or a threshold" if len(names) == 2 else "")
    return [f"recall of {told} is 0: {says}; try {remedy}"]


def _sentence(name: str, result: Difference, rows: int) -> str:
    figures = f"{result.score} {result.theirs:.4g} against {result.ours:.4g}"
    if name == GUESS:
        if result.better < 0 and not result.is_noise:
            return ""
        better = "not clearly better" if result.better < 0 else "no better"
        ours = f"{result.score} {result.ours:.4g} against {result.theirs:.4g}"
        return f"this model is {better} than always guessing: {ours} on {_counted(rows)}"
    remedy = " (--hidden 0 trains it)" if name in (LOGISTIC, LINEAR) else ""
    if result.is_noise and (remedy or result.better > 0):
        noise = f"the difference is within twice its standard error, {result.standard_error:.2g}"
        return f"{name} does as well on these rows: {figures}; {noise}{remedy}"
    return f"{name} does better on these rows: {figures}{remedy}" if result.better > 0 else ""


def _of_amounts(targets: Floats, ours: Floats, theirs: Floats) -> Difference:
    squares = [(values - targets) ** 2 for values in (ours, theirs)]
    roots = [float(np.sqrt(square.mean())) for square in squares]
    _, error = _mean(squares[0] - squares[1])
    error = error / sum(roots) if any(roots) else 0.0
    return Difference("RMSE", roots[0], roots[1], roots[0] - roots[1], error)


def _of_areas(positive: npt.NDArray[np.bool_], ours: Floats, theirs: Floats) -> Difference:
    """Return the difference of two ROC areas: the mean of the placements, of positive rows and of negative ones."""
    areas = [area_under_roc_curve(positive, scores) for scores in (ours, theirs)]
    variance = 0.0
    for side in (positive, ~positive):
        places = [_placements(scores[side], scores[~side]) for scores in (ours, theirs)]
        variance += _mean(places[1] - places[0])[1] ** 2
    return Difference("ROC AUC", areas[0], areas[1], areas[1] - areas[0], float(np.sqrt(variance)))


def _placements(some: Floats, others: Floats) -> Floats:
    """Return for each value the share of the others that are less, a tie counting 1/2."""
    others = np.sort(others)
    below, to = np.searchsorted(others, some, "left"), np.searchsorted(others, some, "right")
    return (below + to) / (2 * len(others))


def _mean(values: Floats) -> tuple[float, float]:
    """Return the mean and its standard error; infinite for one value."""
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.inf
    return float(values.mean()), float(error)


def _all_rows(rows: int) -> str:
    return "the only row" if rows == 1 else f"all {rows:,} rows"


def _counted(rows: int) -> str:
    return f"{rows:,} row{'' if rows == 1 else 's'}"
