"""Sweep: networks of one shape with settings of their own, trained as one program, and judged on validation rows."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.nn.activations import relu
from dnn.nn.ensemble import Ensemble, dropout_after_hidden
from dnn.nn.layers import Sequential
from dnn.nn.losses import sparse_softmax_cross_entropy
from dnn.nn.mlp import mlp
from dnn.nn.optimizers.adam import Adam
from dnn.nn.protocols import ActivationLike, LossLike
from dnn.train.callbacks import CallbackLike
from dnn.train.early_stopping import EarlyStopping
from dnn.train.fit import fit
from dnn.train.history import History


@dataclass(frozen=True, eq=False)
class Sweep:
    """What `sweep` found.

    Args:
        table: for each network its learning_rate, weight_decay, dropout, seed, val_loss and best_epoch, the best first;
            "member" is its number in the ensemble.
        ensemble: all networks, each with the weights of its best epoch.
        history: of the epochs, with the means over the networks.
    """

    table: list[dict[str, Any]]
    ensemble: Ensemble
    history: History

    @property
    def best(self) -> Sequential:
        """The network with the lowest validation loss, as a model of its own."""
        return self.ensemble.member(int(self.table[0]["member"]))

    def __repr__(self) -> str:
        names = [name for name in self.table[0] if name != "member"]
        rows = [names, *([f"{row[name]:.5g}" for name in names] for row in self.table)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(names))]
        return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def sweep(
    sizes: Sequence[int],
    data: Sequence[npt.ArrayLike],
    validation: Sequence[npt.ArrayLike],
    *,
    learning_rate: float | Sequence[float] = 1e-3,
    weight_decay: float | Sequence[float] = 0.0,
    dropout: float | Sequence[float] = 0.0,
    seed: int | Sequence[int] = 0,
    loss: LossLike = sparse_softmax_cross_entropy,
    activation: ActivationLike = relu,
    batch_size: int = 100,
    epochs: int = 100,
    patience: int = 10,
    callbacks: Sequence[CallbackLike] = (),
) -> Sweep:
    """Train a network for each combination of the settings, all in one program, each stopped for itself.

    The network of number i learns as it does alone: `mlp(sizes, seed=its seed)`, with its dropout, under
    `Adam(learning_rate, weight_decay)`, in `fit(…, seed=i)`.

    Args:
        sizes: two or more positive widths, of every network.
        data: (x, y) or (x, y, weights), as for `fit`.
        validation: rows by which each network is stopped and judged.
        learning_rate: > 0; or several.
        weight_decay: >= 0, before each step p ← p − p λ η; or several.
        dropout: share of each hidden layer's units that a training step drops, in [0, 1); or several.
        seed: of the first weights; or several.
        loss: (labels, logits) -> float[batch].
        activation: function between the layers.
        batch_size: rows of a step, >= 1.
        epochs: how often all rows are gone through at most, >= 1.
        patience: a network is over after this many epochs in a row that were not better; training ends when all are.
        callbacks: as in `fit`.

    Returns:
        The table of what was found, the best first, with the networks.

    Raises:
        ValueError: If there is one combination alone, a setting is out of its range, or no network had a loss that is
            a number.

    Example:
        >>> rows = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
        >>> found = sweep([1, 2], rows, rows, learning_rate=[0.1, 1e-5], epochs=3)
        >>> found.table[0]["learning_rate"]
        0.1
    """
    axes = {"learning_rate": learning_rate, "weight_decay": weight_decay, "dropout": dropout, "seed": seed}
    values: list[list[Any]] = [
        [value] if np.ndim(value) == 0 else [*np.asarray(value).tolist()] for value in axes.values()
    ]
    settings = [dict(zip(axes, each, strict=True)) for each in itertools.product(*values)]
    if len(settings) < 2:
        raise ValueError("a sweep needs two combinations of settings at least: give several learning rates, say")
    ensemble = Ensemble([_network(sizes, activation, each) for each in settings])
    rates, decays = ([each[name] for each in settings] for name in ("learning_rate", "weight_decay"))
    optimizer = Adam(ensemble.trainable_variables, rates, weight_decay=decays)
    rule = EarlyStopping(patience=patience, restore_best_weights=True, each_member=True)
    history = fit(
        ensemble,
        data,
        validation,
        loss=loss,
        optimizer=optimizer,
        metrics={},
        batch_size=batch_size,
        epochs=epochs,
        early_stopping=rule,
        callbacks=callbacks,
        on_nan="ignore",  # one network may diverge while the others learn
    )
    judged = zip(settings, history.member_losses or (), history.member_epochs or (), strict=True)
    table = [
        {**each, "val_loss": value, "best_epoch": epoch, "member": member}
        for member, (each, value, epoch) in enumerate(judged)
        if value is not None
    ]
    if not table:
        raise ValueError("no network had a loss that is a number: training diverged; try smaller learning rates")
    return Sweep(sorted(table, key=lambda row: float(row["val_loss"])), ensemble, history)


def _network(sizes: Sequence[int], activation: ActivationLike, settings: dict[str, Any]) -> Sequential:
    """Return the network of these settings; with dropout of a rate of 0 too, so that all have the same layers."""
    return dropout_after_hidden(mlp(sizes, activation=activation, seed=settings["seed"]), settings["dropout"])
