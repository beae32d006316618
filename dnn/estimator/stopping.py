"""What ends a training by the settings: the figure that is monitored, and the callback that adds it to a record."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy.typing as npt

from dnn.nn.protocols import ModelLike
from dnn.nn.scores.ranking import average_precision_score, roc_auc_score
from dnn.settings import NetworkSettings
from dnn.train.callbacks import CallbackLike
from dnn.train.early_stopping import EarlyStopping
from dnn.train.evaluate import predict
from dnn.train.history import History

RANKINGS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {"val_roc_auc": roc_auc_score, "val_average_precision": average_precision_score}
)


def stopping(settings: NetworkSettings, validated: bool) -> EarlyStopping:
    """Return the rule by which training ends. Without validation rows it looks at the figure of the training rows."""
    monitor = str(settings.monitor) if validated else str(settings.monitor).removeprefix("val_")
    return EarlyStopping(
        monitor=monitor,
        patience=settings.patience,
        min_delta=settings.min_delta,
        mode="min" if monitor.endswith("loss") else "max",
        restore_best_weights=settings.restore_best,
    )


def ranking_callback(network: ModelLike, validation: tuple[npt.NDArray[Any], ...] | None, monitor: str) -> CallbackLike:
    """Return a callback that adds to each record how well the network ranks the validation rows of two classes.

    Raises:
        ValueError: If there are not two classes, or not validation rows of each.
    """
    if validation is None or network(validation[0][:1]).shape[1] != 2 or len(set(validation[1].tolist())) != 2:
        raise ValueError(f"monitor={monitor!r} needs validation rows of each of two classes")
    inputs, labels = validation[:2]

    def rank(record: dict[str, float], history: History) -> None:
        logits = predict(network, inputs)
        record[monitor] = float(RANKINGS[monitor](labels == 1, logits[:, 1] - logits[:, 0]))

    return rank
