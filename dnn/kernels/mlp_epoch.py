"""Whole epochs in C++: of a small multilayer perceptron or an ensemble of them, each step in one call."""

import os
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.kernels.compiled import compiled_ops, vector_flags
from dnn.kernels.mlp_layers import OTHERWISE, MlpLayer, activation_of, epoch_seeds, layers_of, penalties_of, rates_of
from dnn.kernels.mlp_losses import loss_number
from dnn.kernels.mlp_optimizers import Method, decays_of, rates_of_steps
from dnn.nn.ensemble import Ensemble
from dnn.nn.optimizers.optimizer import Optimizer
from dnn.nn.protocols import LossLike, MetricLike

# fast: no rounding between product and sum, where the machine can
SOURCE, PART, FLAGS = "mlp_epoch.cc", "mlp_train.cc", ("-ffp-contract=fast", "-pthread")


class EpochRows(Protocol):
    """The rows of an epoch, as `dnn.fit` passes them: features, labels, weights, and whether a row counts."""

    @property
    def x(self) -> tf.Tensor: ...

    @property
    def y(self) -> tf.Tensor: ...

    @property
    def weights(self) -> tf.Tensor | None: ...

    @property
    def counted(self) -> tf.Tensor | None: ...


class MlpEpoch(NamedTuple):
    """What an epoch computes, checked: the layers of the model, its members, and the kernel's number of the loss."""

    layers: tuple[MlpLayer, ...]
    members: int | None
    loss: int

    @property
    def parameters(self) -> list[tf.Variable]:
        """Kernel and bias of each layer."""
        return [variable for layer in self.layers for variable in (layer.dense.kernel, layer.dense.bias)]


def checked_epoch(
    parameters: Sequence[tf.Variable], model: Any, loss: LossLike, metrics: Sequence[MetricLike], rows: EpochRows
) -> MlpEpoch:
    """Return what an epoch computes.

    Args:
        parameters: Those of the optimizer.
        model: As `dnn.mlp` or `dnn.ensemble_mlp` makes it.
        loss: One that the kernel computes.
        metrics: None, or the one that goes with the loss.
        rows: Those of the epoch, or their specs.

    Raises:
        ValueError: If the kernel does not compute it; the message says what.
        TypeError: If the parameters are neither all float32 nor all float64.
    """
    layers = layers_of(model)
    if list(map(id, model.trainable_variables)) != list(map(id, parameters)):
        raise ValueError("the optimizer was made for another model than this one")
    dtypes = {p.dtype.name for p in parameters}
    if dtypes not in ({"float32"}, {"float64"}):
        raise TypeError(f"parameters must be all float32 or all float64, got {', '.join(sorted(dtypes))}")
    members = model.members if isinstance(model, Ensemble) else None
    if members and rows.counted is not None and penalties_of(layers).any():
        raise ValueError(f"ignore_class beside the regularizers of an ensemble is not computed in C++{OTHERWISE}")
    return MlpEpoch(layers, members, loss_number(loss, metrics, rows.y, layers[-1].dense.kernel.shape[-1]))


def run_epoch(
    epoch: MlpEpoch,
    optimizer: Optimizer,
    method: Method,
    rows: EpochRows,
    order: tf.Tensor,
    batch_size: int,
    key: tf.Tensor | None,
) -> tf.Tensor:
    """Take the steps of an epoch, and return the sums of the losses and of the metric, float64[2].

    Args:
        epoch: What it computes.
        optimizer: Whose variables change.
        method: What it makes of the gradients.
        rows: Features, targets, weights.
        order: int32[any], the indices of the rows, one batch after the other; int32[members, any] of an ensemble.
        batch_size: The number of rows in a step; the last one may have fewer.
        key: int32[2], (seed, epoch), from which dropout is drawn. None: only for a model without dropout.

    Raises:
        InvalidArgumentError: If a label or an index is out of range. Then nothing is changed.
    """
    members, layers = epoch.members or 1, epoch.layers
    order = tf.reshape(order, [members, -1])
    steps = -(-tf.shape(order, tf.int64)[1] // batch_size)
    state = [variable for slot in (epoch.parameters, *_slots(epoch, optimizer, method)) for variable in slot]
    values, sums = op_of(epoch.parameters[0].dtype)(
        **_rows_of(rows, epoch.loss),
        order=order,
        seeds=tf.reshape(epoch_seeds(layers, key, epoch.members), [members, -1]),
        dropout=rates_of(layers, members),
        epoch=0 if key is None else key[1],
        t=optimizer.t,
        rates=rates_of_steps(optimizer, members, steps),
        constants=np.array(method.constants, np.float64),
        factors=_factors(epoch, optimizer, members),
        state=state,
        batch_size=batch_size,
        loss=epoch.loss,
        method=method.number,
        activations=[activation_of(layer.dense) for layer in layers[:-1]],
        slots=list(method.slots),
        threads=_threads(),
    )
    for variable, value in zip(state, values, strict=True):
        variable.assign(value, read_value=False)
    optimizer.t.assign_add(steps, read_value=False)
    return sums


def op_of(dtype: tf.DType) -> Any:
    """Return the op for float32 or float64; the first call compiles it."""
    real = "double" if dtype == tf.float64 else "float"
    ops = compiled_ops(SOURCE, PART, *FLAGS, *vector_flags(), f"-DREAL={real}")
    return ops.dnn_mlp_epoch_double if real == "double" else ops.dnn_mlp_epoch_float


def _slots(epoch: MlpEpoch, optimizer: Optimizer, method: Method) -> list[list[tf.Variable]]:
    """Return the slots of the parameters in the order of the layers."""
    index_of = {id(p): i for i, p in enumerate(optimizer.parameters)}
    return [[slot[index_of[id(p)]] for p in epoch.parameters] for slot in method.slots.values()]


def _rows_of(rows: EpochRows, loss: int) -> dict[str, tf.Tensor]:
    """Return the parts of the rows as the op takes them: those that it does not need are empty."""
    of_classes, shape = loss == 0, [tf.shape(rows.x)[0], -1]
    return {
        "x": rows.x,
        "labels": tf.cast(rows.y, tf.int32) if of_classes else tf.zeros([0], tf.int32),
        "targets": tf.zeros([0], tf.float64) if of_classes else tf.reshape(tf.cast(rows.y, tf.float64), shape),
        "weights": tf.zeros([0], tf.float64) if rows.weights is None else tf.cast(rows.weights, tf.float64),
        "counted": tf.zeros([0], tf.bool) if rows.counted is None else tf.cast(rows.counted, tf.bool),
    }


def _factors(epoch: MlpEpoch, optimizer: Optimizer, members: int) -> npt.NDArray[np.float64]:
    """Return λ of the decay and l1 and l2 of the penalty of each parameter, float64[members, parameters, 3]."""
    decays = decays_of(optimizer, epoch.parameters, members)[:, :, np.newaxis]
    penalties = np.broadcast_to(penalties_of(epoch.layers), (members, len(epoch.parameters), 2))
    return np.concatenate([decays, penalties], axis=2)


def _threads() -> int:
    """Return how many threads TensorFlow may use for one operation."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return tf.config.threading.get_intra_op_parallelism_threads() or cores
