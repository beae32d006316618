"""The members of an ensemble on test rows: the score of each, of their mean, and how far they disagree."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.losses import sparse_softmax_cross_entropy
from dnn.nn.softmax import softmax
from dnn.pages.page import html_table, paragraph, section

CHUNK = 65_536  # rows times members that are computed at once


def member_scores(model: tf.Module, inputs: npt.NDArray[Any], targets: npt.NDArray[Any]) -> dict[str, Any] | None:
    """Return how each member of an ensemble does on rows.

    Args:
        model: The network; what has no `member_logits` has no members.
        inputs: float32[rows, width].
        targets: Class numbers, int[rows], or standardised amounts, float[rows].

    Returns:
        scores: of each member its loss and accuracy, or the root of its mean squared error in the target's standard
        deviations. disagreement: the quantiles 0, 0.25, 0.5, 0.75, 1 over the rows of the standard deviation over the
        members, of the probability of the class that they predict together, or of the standardised amount. None for a
        network alone.
    """
    if not hasattr(model, "member_logits"):
        return None
    size = max(1, CHUNK // model.members)
    parts = [model.member_logits(inputs[i : i + size]).numpy() for i in range(0, len(inputs), size)]
    outputs = np.concatenate(parts, axis=1)
    if np.issubdtype(np.asarray(targets).dtype, np.integer):
        probabilities = softmax(outputs).numpy().astype(np.float64)
        scores = [_of_classes(each, targets) for each in outputs]
        label = probabilities.mean(axis=0).argmax(axis=1)
        told = np.take_along_axis(probabilities, label[np.newaxis, :, np.newaxis], axis=2)[:, :, 0]
    else:
        told = outputs[:, :, 0].astype(np.float64)
        scores = [{"rmse": float(np.sqrt(np.mean((each - np.ravel(targets)) ** 2)))} for each in told]
    return {"scores": scores, "disagreement": np.quantile(told.std(axis=0), [0, 0.25, 0.5, 0.75, 1]).tolist()}


def members_part(members: Mapping[str, Any] | None) -> str:
    """Return the section of an ensemble's members.

    Args:
        members: As `member_scores` returns.

    Returns:
        HTML; "" for a network alone.
    """
    if not members:
        return ""
    scores, (_, lower, median, upper, most) = members["scores"], members["disagreement"]
    names = list(scores[0])
    figures = {name: [score[name] for score in scores] for name in names}
    rows = [
        [which, *(function(figures[name]) for name in names)]
        for which, function in (("least", min), ("median", np.median), ("largest", max))
    ]
    each = [[f"member {number}", *score.values()] for number, score in enumerate(scores, start=1)]
    told = (
        f"{len(scores)} networks; what they predict together stands above. Their standard deviation is {median:.3g} in "
        f"the median test row, from {lower:.3g} to {upper:.3g} in half of the rows, and {most:.3g} at most."
    )
    return section("Members", paragraph(told), html_table(("of a member alone", *names), [*rows, *each], tall=True))


def _of_classes(logits: npt.NDArray[Any], labels: npt.NDArray[Any]) -> dict[str, float]:
    losses = sparse_softmax_cross_entropy(labels, logits).numpy()
    return {"loss": float(losses.mean(dtype=np.float64)), "accuracy": float(np.mean(logits.argmax(axis=1) == labels))}
