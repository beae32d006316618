"""The scores of this package as pieces, with their ranges and their best."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from dnn.nn.scores import agreement, calibration, confusion, precision_recall, ranking, regression, thresholds, top_k
from dnn.testing.examples import LABELS, LOGITS, ONE_HOT
from dnn.testing.score_piece import Score

PROBABILITIES = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
PREDICTED = (LABELS, LOGITS.argmax(axis=1))
PROBABLE = (LABELS, PROBABILITIES)
RANKED = (LABELS == 2, LOGITS[:, 2])
PROBABLE_OF_ONE = (LABELS == 2, PROBABILITIES[:, 2])
AMOUNTS = (ONE_HOT, LOGITS)

_share = functools.partial(Score, least=0.0, most=1.0)
_predicted = functools.partial(_share, examples=PREDICTED, perfect=(LABELS, LABELS))
_ranked = functools.partial(_share, examples=RANKED, perfect=(LABELS == 2, ONE_HOT[:, 2]))
_probable = functools.partial(_share, examples=PROBABLE, perfect=(LABELS, ONE_HOT.astype(np.float64)), best=0.0)
_amounts = functools.partial(Score, examples=AMOUNTS, perfect=(ONE_HOT, ONE_HOT), best=0.0, least=0.0)


def of_three(score: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Return the score of three classes: of one row too, which has one of them."""
    return functools.partial(score, labels=[0, 1, 2], **options)


_of_each = functools.partial(of_three, average=None, zero_division=0)

SCORES = (
    Score("confusion_matrix", of_three(confusion.confusion_matrix), PREDICTED, least=0.0),
    _predicted("accuracy_score", confusion.accuracy_score),
    _predicted("balanced_accuracy_score", agreement.balanced_accuracy_score),
    _predicted("cohen_kappa_score", agreement.cohen_kappa_score, least=-1.0),
    _predicted("matthews_corrcoef", agreement.matthews_corrcoef, least=-1.0),
    _predicted("precision_score", _of_each(precision_recall.precision_score)),
    _predicted("recall_score", _of_each(precision_recall.recall_score)),
    _predicted("f1_score", _of_each(precision_recall.f1_score)),
    _predicted("fbeta_score", _of_each(precision_recall.fbeta_score, beta=2)),
    _ranked("roc_auc_score", ranking.roc_auc_score),
    _ranked("average_precision_score", ranking.average_precision_score),
    _share(
        "roc_auc_score, ovr",
        of_three(ranking.roc_auc_score, multi_class="ovr", average=None),
        PROBABLE,
        perfect=(LABELS, ONE_HOT),
    ),
    _share("top_k_accuracy_score", of_three(top_k.top_k_accuracy_score), PROBABLE, perfect=(LABELS, ONE_HOT)),
    _probable("log_loss", of_three(calibration.log_loss), most=37.0),
    _probable("brier_score_loss", of_three(calibration.brier_score_loss), most=2.0),
    _probable("expected_calibration_error", of_three(calibration.expected_calibration_error)),
    _amounts("mean_absolute_error", regression.mean_absolute_error),
    _amounts("mean_absolute_percentage_error", regression.mean_absolute_percentage_error),
    _amounts("root_mean_squared_error", regression.root_mean_squared_error),
    _amounts("r2_score", regression.r2_score, best=1.0, least=-np.inf, most=1.0),
    Score("threshold_of_cost", thresholds.threshold_of_cost, PROBABLE_OF_ONE),
    Score("threshold_of_recall", functools.partial(thresholds.threshold_of_recall, recall=0.8), PROBABLE_OF_ONE),
)
