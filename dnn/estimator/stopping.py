"""What ends a training by the settings: the figure that is monitored, and the callback that adds it to a record."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.nn.protocols import ModelLike
from dnn.nn.scores.ranking import average_precision_score, roc_auc_score
from dnn.settings import MONITORS, NetworkSettings
from dnn.train.callbacks import CallbackLike
from dnn.train.early_stopping import EarlyStopping
from dnn.train.evaluate import predict
from dnn.train.history import History

RANKINGS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {"val_roc_auc": roc_auc_score, "val_average_precision": average_precision_score}
)


def stopping(settings: NetworkSettings, classes: int | None, validated: bool) -> EarlyStopping:
    """Return the rule by which training ends. Without validation rows it looks at the figure of the training rows.

    Args:
        settings: What is monitored, and for how long.
        classes: Their number; None of amounts.
        validated: Whether there are validation rows.

    Raises:
        ValueError: If a figure of classes is monitored, of amounts.
    """
    if classes is None and settings.monitor in MONITORS[1:]:
        raise ValueError(f"monitor={settings.monitor!r} is for classes; of amounts there is {MONITORS[0]!r} alone")
    monitor = str(settings.monitor) if validated else str(settings.monitor).removeprefix("val_")
    return EarlyStopping(
        monitor=monitor,
        patience=settings.patience,
        min_delta=settings.min_delta,
        mode="min" if monitor.endswith("loss") else "max",
        restore_best_weights=settings.restore_best,
    )


def ranking_callback(
    network: ModelLike, inputs: Any, labels: npt.NDArray[np.int32] | None, classes: int | None, monitor: str
) -> CallbackLike:
    """Return a callback that adds to each record how well the network ranks the validation rows of two classes.

    Args:
        network: That is trained.
        inputs: The validation rows, as `predict` takes them, in memory or on the disk.
        labels: Their classes; None: there are no such rows.
        classes: Their number; None of amounts.
        monitor: Name of the figure.

    Raises:
        ValueError: If there are not two classes, or not validation rows of each.
    """
    if labels is None or classes != 2 or not 0 < np.count_nonzero(labels) < len(labels):
        raise ValueError(f"monitor={monitor!r} needs validation rows of each of two classes")
    positive = labels == 1

    def rank(record: dict[str, float], history: History) -> None:
        logits = predict(network, inputs)
        record[monitor] = float(RANKINGS[monitor](positive, logits[:, 1] - logits[:, 0]))

    return rank
