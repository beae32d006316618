"""Types for annotations: what a user may bring to `dnn`, as `typing.Protocol`s, and what passes for a tensor."""

from dnn.nn.protocols import (
    ActivationLike,
    InitializerLike,
    LossLike,
    MetricLike,
    ModelLike,
    OptimizerLike,
    RegularizerLike,
    ScheduleLike,
    TensorLike,
)
from dnn.train.callbacks import CallbackLike

__all__ = [
    "ActivationLike",
    "CallbackLike",
    "InitializerLike",
    "LossLike",
    "MetricLike",
    "ModelLike",
    "OptimizerLike",
    "RegularizerLike",
    "ScheduleLike",
    "TensorLike",
]
