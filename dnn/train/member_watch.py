"""Early stopping of each member of an ensemble for itself: the weights of a member are those of its own best epoch."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from dnn.nn.example_weights import weighted
from dnn.nn.protocols import LossLike
from dnn.train.early_stopping import EarlyStopping, Progress, observe, over
from dnn.train.evaluate import rows_at_once
from dnn.train.evaluation import sum_of_blocks
from dnn.train.history import History
from dnn.train.members import EnsembleLike, has_members, repeated_rows
from dnn.train.rows import Rows
from dnn.train.runtime import Program, trace
from dnn.train.workers import own_rows, total, workers


class MemberWatch:
    """A callback of `fit` that observes the validation loss of each member, and keeps each at its best.

    Args:
        model: an ensemble whose members are independent, so that the first axis of its variables is theirs.
        rows: of validation.
        loss: (labels, logits) -> float[batch].
        rule: patience, min_delta, start_from_epoch, baseline and restore_best_weights hold for each member; what is
            monitored is its loss, without the penalties of regularizers.

    Raises:
        ValueError: If the model has no independent members, or there are no validation rows.
    """

    def __init__(self, model: Any, rows: Any, loss: LossLike, rule: EarlyStopping) -> None:
        if not (has_members(model) and isinstance(model, tf.Module) and model.independent):
            raise ValueError("each_member is for an ensemble whose members share no weights, as dnn.Ensemble")
        if not isinstance(rows, Rows):
            raise ValueError(f"each_member needs validation rows{' as arrays' if rows else ''}")
        if rule.monitor != "val_loss":
            raise ValueError(f"each_member monitors the members' val_loss, got monitor={rule.monitor!r}")
        self.rule, self.rows, self.variables = rule, rows, list(model.variables)
        size, self.count = rows_at_once(model, rows.x.shape), rows.counted_rows
        self.sums = trace(Program(member_sums, (model, loss, size), (rows.specs,), workers=workers()))
        self.progress = [Progress() for _ in range(model.members)]
        self.best = [variable.numpy() for variable in self.variables]

    def __call__(self, record: dict[str, float], history: Any) -> bool:
        """Observe an epoch: add "val_member_loss", the mean, to its record; return whether all members are over."""
        losses = self.sums(self.rows).numpy() / self.count
        record["val_member_loss"] = float(losses.mean())
        self.progress = [
            each if over(each, self.rule) else observe(each, float(loss), self.rule)
            for each, loss in zip(self.progress, losses, strict=True)
        ]
        epoch = int(record["epoch"])
        improved = np.array([each.best_epoch == epoch for each in self.progress])
        for kept, variable in zip(self.best, self.variables, strict=True):
            kept[improved] = variable.numpy()[improved]
        return all(over(each, self.rule) for each in self.progress)

    def end(self, history: History) -> None:
        """Note what was best in the history, and give each member its best weights if the rule says so."""
        history.member_epochs, history.member_losses = self.best_epochs, self.best_losses
        if self.rule.restore_best_weights:
            self.restore()

    def restore(self) -> None:
        """Give each member the weights of its best epoch."""
        for kept, variable in zip(self.best, self.variables, strict=True):
            variable.assign(kept)

    def get_state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps: what was seen of each member, and its best weights."""
        return {"progress": [list(each) for each in self.progress], "best": self.best}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `get_state` returned."""
        self.progress = [Progress(*each) for each in state["progress"]]
        self.best = list(state["best"])

    @property
    def best_epochs(self) -> list[int | None]:
        """The best epoch of each member, from 1; None for one that never had a loss."""
        return [each.best_epoch for each in self.progress]

    @property
    def best_losses(self) -> list[float | None]:
        """The validation loss of each member in its best epoch."""
        return [each.best for each in self.progress]


def member_watch(model: Any, rows: Any, loss: LossLike, rule: EarlyStopping | None) -> MemberWatch | None:
    """Return what watches each member, if the rule says so."""
    return MemberWatch(model, rows, loss, rule) if rule is not None and rule.each_member else None


def member_sums(model: EnsembleLike, loss: LossLike, size: int, rows: Rows) -> tf.Tensor:
    """Return the summed loss of each member over the rows, `size` at once, float64[members], without penalties."""

    def of_block(block: Rows) -> tf.Tensor:
        logits = model.member_logits(block.x)
        repeated = repeated_rows(block, model.members)
        losses = loss(repeated.y, tf.reshape(logits, [-1, logits.shape[-1]]))
        costs = weighted(tf.cast(losses, tf.float64), repeated.weights, repeated.counted)
        return tf.reduce_sum(tf.reshape(costs, [model.members, -1]), axis=1)

    return total(sum_of_blocks(of_block, own_rows(rows), size, model.members))
