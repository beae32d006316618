"""What a training step of an ensemble does with its members: rows, logits and losses of all, as if they were alone.

A model has members if it has `members`, their number, and `member_logits`. Where they are `independent`, as those of
`dnn.Ensemble`, each has its own order of the rows and its own mean of losses, and the sum of the means is what is made
smaller: then the gradient of a member's weights is what it is alone. Else, as in `dnn.TabM`, whose members share
weights, they see the same rows, and the mean over the members is made smaller.
"""

from collections.abc import Sequence
from typing import Any, Protocol, TypeGuard, runtime_checkable

import numpy as np
import tensorflow as tf

from dnn.nn.ensemble import log_mean_softmax
from dnn.nn.example_weights import weighted_mean
from dnn.nn.layers import takes_training
from dnn.nn.modules import function_name
from dnn.nn.protocols import LossLike, ModelLike, TensorLike
from dnn.nn.softmax import log_softmax
from dnn.train.rows import Rows


@runtime_checkable
class EnsembleLike(Protocol):
    """A model of several members that are trained together: `dnn.Ensemble`, `dnn.TabM`, or a user's own."""

    members: int
    independent: bool

    @property
    def variables(self) -> Sequence[tf.Variable]: ...

    def member_logits(self, x: TensorLike, training: TensorLike | None = None) -> tf.Tensor:
        """Return the outputs of each member, float[members, batch, outputs].

        Args:
            x: float[batch, features] for all; or float[members, batch, features].
            training: None, or the key int32[3] of a training step, (seed, epoch, step).
        """


def has_members(model: object) -> TypeGuard[EnsembleLike]:
    """Whether a model is trained as an ensemble; the protocol alone would ask it for its variables, which is slow."""
    return hasattr(model, "members") and isinstance(model, EnsembleLike)


def members_of(model: object) -> int:
    """Return the number of members; 1 of any other model."""
    return model.members if has_members(model) else 1


def own_orders(model: object) -> int:
    """Return how many orders of the rows an epoch has: one for each independent member, else one."""
    return model.members if has_members(model) and model.independent else 1


def check_members_stay_apart(model: object, optimizer: Any) -> None:
    """Refuse to clip by a norm over independent members, which would then not learn as they do alone.

    A wrapper of a user's own that mixes gradients is not noticed, unless it names its limit as `ClipGradients` does.

    Raises:
        ValueError: If the optimizer, or one that it wraps, clips by a norm; or if it has a learning rate or a weight
            decay for each of other members than the model has.
    """
    members = own_orders(model)
    while optimizer is not None:
        for name in ("clipnorm", "global_clipnorm") if members > 1 else ():
            if getattr(optimizer, name, None) is not None:
                raise ValueError(f"{name} would couple the members of the ensemble; clipvalue clips each number alone")
        rates = getattr(optimizer, "members", None)
        if rates not in (None, members):
            has = f"{members} independent members" if members > 1 else "no independent members"
            raise ValueError(
                f"the optimizer has a learning rate or decay for each of {rates} members; the model has {has}"
            )
        for group in getattr(optimizer, "optimizers", ()):
            check_members_stay_apart(model, group)
        optimizer = getattr(optimizer, "optimizer", None)


def check_members(model: tf.Module, loss: LossLike, rows: Rows) -> None:
    """Refuse what would train other than the reader thinks: an ensemble in another model, or one for another loss.

    A loss of a softmax has the same value for logits and for their `log_softmax`; one of amounts or of sigmoids not.

    Raises:
        ValueError: If a module in the model, and not the model, has members; or the members' outputs become the
            logarithm of their mean softmax, and the loss is not one of a softmax.
    """
    inner = next((part for part in model.submodules if has_members(part)), None)
    if inner is not None and not has_members(model):
        raise ValueError(
            f"{type(inner).__name__} is in another model, which would train on what its members are together, and not "
            "each member: make the ensemble the model itself, and encode its inputs before"
        )
    if has_members(model) and getattr(model, "combine", None) is log_mean_softmax:
        _check_softmax_loss(model, loss, rows.between(tf.constant(0), min(4, rows.x.shape[0])))


def _check_softmax_loss(model: EnsembleLike, loss: LossLike, rows: Rows) -> None:
    logits = model.member_logits(rows.x)[0]
    values, others = (tf.cast(loss(rows.y, z), tf.float64).numpy() for z in (logits, log_softmax(logits)))
    if not np.allclose(values, others, rtol=0.01, atol=0.01, equal_nan=True):
        raise ValueError(
            f"the ensemble gives the logarithm of a mean softmax, and the loss is {function_name(loss)}: "
            "make it with combine=dnn.mean_output"
        )


def training_logits(model: Any, batch: Rows, key: tf.Tensor | None) -> tuple[Rows, tf.Tensor]:
    """Return the rows and the logits of a training step, those of one member after those of the other.

    Args:
        batch: [batch, …] for all, or [members, batch, …] where each member has its own rows.
        key: int32[3], (seed, epoch, step).

    Returns:
        Rows [members · batch, …] without x, and logits [members · batch, outputs].
    """
    if not has_members(model):
        return batch, model(batch.x, training=key) if takes_training(model) else model(batch.x)
    logits = model.member_logits(batch.x, key)
    rows = _flat_rows(batch) if own_orders(model) > 1 else repeated_rows(batch, model.members)
    return rows, tf.reshape(logits, [-1, logits.shape[-1]])


def objective(model: ModelLike, losses: tf.Tensor, batch: Rows) -> tf.Tensor:
    """Return what a step makes smaller: the mean loss, the sum of the members' means, or the mean of these.

    Args:
        losses: float[members · batch].
        batch: weights and counted, as long as the losses.
    """
    if not has_members(model):
        return weighted_mean(losses, batch.weights, batch.counted)
    shape = [model.members, -1]
    parts = (None if part is None else tf.reshape(part, shape) for part in (losses, batch.weights, batch.counted))
    means = weighted_mean(*parts, axis=1)
    return tf.reduce_sum(means) if model.independent else tf.reduce_mean(means)


def penalty_of_row(model: ModelLike, addend: tf.Tensor) -> tf.Tensor:
    """Return what the reported loss of a row has of the penalty: the mean over independent members."""
    return addend / own_orders(model)


def repeated_rows(batch: Rows, members: int) -> Rows:
    """Return all but x, [batch, …], repeated for each member: [members · batch, …]."""
    parts = (None if part is None else tf.tile(part, [members] + [1] * (part.shape.rank - 1)) for part in batch[1:])
    return Rows(batch.x, *parts)


def _flat_rows(batch: Rows) -> Rows:
    """Return all but x, [members, batch, …], as [members · batch, …]."""
    return Rows(batch.x, *(None if part is None else _flat(part) for part in batch[1:]))


def _flat(part: tf.Tensor) -> tf.Tensor:
    return tf.reshape(part, tf.concat([[-1], tf.shape(part)[2:]], axis=0))
