"""What a training step of an ensemble does with its members: rows, logits and losses of all, as if they were alone.

A model has members if it has `members`, their number, and `member_logits`. Where they are `independent`, as those of
`dnn.Ensemble`, each has its own order of the rows and its own mean of losses, and the sum of the means is what is made
smaller: then the gradient of a member's weights is what it is alone. Else, as in `dnn.TabM`, whose members share
weights, they see the same rows, and the mean over the members is made smaller.
"""

import functools
from collections.abc import Sequence
from typing import Any, Protocol, TypeGuard, runtime_checkable

import tensorflow as tf

from dnn.nn.ensemble import log_mean_softmax
from dnn.nn.example_weights import weighted_mean
from dnn.nn.layers import takes_training
from dnn.nn.losses import binary_cross_entropy, mean_squared_error
from dnn.nn.protocols import ModelLike, TensorLike
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
    """Whether a model is trained as an ensemble."""
    return isinstance(model, EnsembleLike)


def members_of(model: object) -> int:
    """Return the number of members; 1 of any other model."""
    return model.members if has_members(model) else 1


def own_orders(model: object) -> int:
    """Return how many orders of the rows an epoch has: one for each independent member, else one."""
    return model.members if has_members(model) and model.independent else 1


def check_members_stay_apart(model: object, optimizer: Any) -> None:
    """Refuse to clip by a norm over independent members, which would then not learn as they do alone.

    Raises:
        ValueError: If the optimizer, or one that it wraps, clips by a norm.
    """
    while own_orders(model) > 1 and optimizer is not None:
        for name in ("clipnorm", "global_clipnorm"):
            if getattr(optimizer, name, None) is not None:
                raise ValueError(f"{name} would couple the members of the ensemble; clipvalue clips each number alone")
        optimizer = getattr(optimizer, "optimizer", None)


def check_members(model: tf.Module, loss: Any) -> None:
    """Refuse what would train other than the reader thinks: an ensemble in another model, or one for another loss.

    Raises:
        ValueError: If a module in the model, and not the model, has members; or the members' outputs become the
            logarithm of their mean softmax, and the loss is of amounts or of sigmoids.
    """
    inner = next((part for part in model.submodules if has_members(part)), None)
    if inner is not None and not has_members(model):
        raise ValueError(
            f"{type(inner).__name__} is in another model, which would train on what its members are together, and not "
            "each member: make the ensemble the model itself, and encode its inputs before"
        )
    function = loss.func if isinstance(loss, functools.partial) else loss
    if getattr(model, "combine", None) is log_mean_softmax and function in (mean_squared_error, binary_cross_entropy):
        raise ValueError(
            f"the ensemble gives the logarithm of a mean softmax, and the loss is {function.__name__}: "
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
    own = own_orders(model) > 1
    parts = [None if part is None else _flat(part, 1 if own else model.members, own) for part in batch[1:]]
    return Rows(batch.x, *parts), tf.reshape(logits, [-1, logits.shape[-1]])


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


def _flat(part: tf.Tensor, times: int, own: bool) -> tf.Tensor:
    """Return [members, batch, …] as [members · batch, …], or [batch, …] repeated for each member."""
    if own:
        return tf.reshape(part, tf.concat([[-1], tf.shape(part)[2:]], axis=0))
    return tf.tile(part, [times] + [1] * (part.shape.rank - 1))
