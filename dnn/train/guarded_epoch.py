"""An epoch that keeps the values from before it, and tells whether the variables are finite after it.

Both are part of the epoch's graph: from Python, to read the variables of a small network after each epoch would take as
long as several of its steps.
"""

from functools import lru_cache
from typing import Any

import tensorflow as tf

from dnn.nn.modules import once
from dnn.nn.protocols import LossLike, MetricLike, OptimizerLike
from dnn.train.epoch import takes_epochs, train_epoch
from dnn.train.rows import Rows
from dnn.train.runtime import KEPT, Program
from dnn.train.variable_values import is_finite, joined, parted, read_values, variables_of

SMALL = 20_000  # numbers of a variable, below which it is kept beside others


class Snapshot:
    """Variables of a model and its optimizer, room for the values from before an epoch, and what is watched.

    Small ones of one dtype are one vector: under XLA each variable that an epoch assigns costs microseconds.

    Args:
        watched: Those that must be finite.
        keeps: Whether values are kept.
    """

    def __init__(self, variables: list[tf.Variable], watched: list[tf.Variable], *, keeps: bool) -> None:
        self.variables, self.watched = variables, watched
        self.groups = kept_together(variables) if keeps else []
        self.kept = [tf.Variable(joined(group), trainable=False) for group in self.groups]

    def values(self) -> list[tf.Tensor]:
        """Return what is kept of each of the variables, in their order; nothing where no values are kept."""
        found: dict[int, tf.Tensor] = {}
        for group, kept in zip(self.groups, self.kept, strict=True):
            found |= dict(zip(map(id, group), parted(kept, group), strict=True))
        return [found[id(each)] for each in self.variables if self.kept]


def kept_together(variables: list[tf.Variable]) -> list[list[tf.Variable]]:
    """Return the small variables of each dtype together, and each of the others alone, which needs room for a copy."""
    groups: dict[Any, list[tf.Variable]] = {}
    for each in variables:
        is_small = (each.shape.num_elements() or SMALL) < SMALL
        groups.setdefault(each.dtype if is_small else id(each), []).append(each)
    return list(groups.values())


def snapshot_of(model: tf.Module, optimizer: Any, *, everything: bool) -> Snapshot:
    """Return that of these objects, the same one for the next fit, whose graph is found again by it.

    What is not finite to begin with is not watched. An optimizer that takes whole epochs is too fast to keep values.

    Args:
        everything: Watch the optimizer's variables too.
    """
    watched = once([*model.variables, *(variables_of(optimizer) if everything else ())])
    floats = [each.dtype.is_floating for each in watched]
    finite = map(is_finite, read_values(watched))
    chosen = tuple(a and b for a, b in zip(floats, finite, strict=True))
    return _snapshot(model, optimizer, everything, chosen, tf.distribute.get_strategy())


@lru_cache(maxsize=KEPT)
def _snapshot(
    model: tf.Module, optimizer: Any, everything: bool, finite: tuple[bool, ...], strategy: tf.distribute.Strategy
) -> Snapshot:
    """Return one whose own variables are made in the scope of this strategy, which another one could not assign."""
    own = variables_of(optimizer)
    watched = once([*model.variables, *(own if everything else ())])
    chosen = [each for each, was in zip(watched, finite, strict=True) if was]
    return Snapshot(once([*model.variables, *own]), chosen, keeps=not takes_epochs(optimizer))


def guarded_program(whole: Program, snapshot: Snapshot) -> Program:
    """Return what to trace for (rows, order, key), as `train_guarded_epoch` takes them, of an epoch's program."""
    return whole._replace(function=train_guarded_epoch, constants=(*whole.constants, snapshot))


def train_guarded_epoch(
    model: tf.Module,
    loss: LossLike,
    optimizer: OptimizerLike,
    metrics: tuple[MetricLike, ...],
    batch_size: int,
    snapshot: Snapshot,
    rows: Rows,
    order: tf.Tensor,
    key: tf.Tensor,
) -> tf.Tensor:
    """Keep the values, train an epoch, and return its sums and 1 if what is watched is finite, else 0.

    Returns:
        float64[1 + metrics + 1].
    """
    for group, kept in zip(snapshot.groups, snapshot.kept, strict=True):
        kept.assign(joined(group))
    sums = train_epoch(model, loss, optimizer, metrics, batch_size, rows, order, key)
    together = map(joined, kept_together(snapshot.watched))  # a dozen operations less than one by one
    finite = tf.reduce_all([True, *(tf.reduce_all(tf.math.is_finite(each)) for each in together)])
    return tf.concat([sums, [tf.cast(finite, tf.float64)]], axis=0)
