"""The epochs of the optimizers of `dnn` in C++, on their own variables: what "native" puts in their place."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import tensorflow as tf

from dnn.kernels.mlp_adam import MlpAdam
from dnn.kernels.mlp_epoch import EpochRows, MlpEpoch, checked_epoch, run_epoch
from dnn.kernels.mlp_optimizers import method_of
from dnn.nn.protocols import LossLike, MetricLike, ModelLike


class NativeEpochs:
    """An optimizer of `dnn` whose epochs are taken in C++, on its own variables.

    Args:
        optimizer: A `dnn.Adam`, `AdamW`, `SGD` or `RMSprop` as it is.

    Raises:
        ValueError: If it is another.
    """

    def __init__(self, optimizer: Any) -> None:
        self.optimizer, self.method, self.parameters = optimizer, method_of(optimizer), optimizer.parameters

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        """Take one step, as the optimizer does.

        Args:
            gradients: One for each parameter.
        """
        self.optimizer.apply(gradients)

    def train_epoch(
        self,
        model: ModelLike,
        loss: LossLike,
        metrics: Sequence[MetricLike],
        rows: EpochRows,
        order: tf.Tensor,
        batch_size: int,
        key: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Take the steps of an epoch, as `MlpAdam.train_epoch`.

        Args:
            model: As there.
            loss: As there.
            metrics: As there.
            rows: As there.
            order: As there.
            batch_size: As there.
            key: As there.

        Returns:
            float64[1 + metrics].
        """
        epoch = self.check(model, loss, metrics, rows)
        return run_epoch(epoch, self.optimizer, self.method, rows, order, batch_size, key)[: 1 + len(metrics)]

    def check(self, model: ModelLike, loss: LossLike, metrics: Sequence[MetricLike], rows: EpochRows) -> MlpEpoch:
        """Refuse an epoch that `train_epoch` does not compute, and return what it is.

        Args:
            model: As `train_epoch` takes it.
            loss: Likewise.
            metrics: Likewise.
            rows: Likewise, or their specs.

        Raises:
            ValueError: If the kernel does not compute it.
            TypeError: If the dtype is another.
        """
        return checked_epoch(self.parameters, model, loss, metrics, rows)


def in_place_of(optimizer: object) -> MlpAdam | NativeEpochs:
    """Return what takes an optimizer's epochs in C++: the same for the same optimizer with the same settings.

    Raises:
        ValueError: If the kernel does not take its steps.
    """
    if type(optimizer) is MlpAdam:
        return optimizer
    settings = method_of(optimizer).constants
    return _native_of(optimizer, settings, str(getattr(optimizer, "weight_decay", None)))


@lru_cache(maxsize=8)
def _native_of(optimizer: Any, *_settings: object) -> NativeEpochs:
    return NativeEpochs(optimizer)
