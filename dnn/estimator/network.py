"""A network and its training by the names and numbers of the settings: what estimators and the command share.

Strings stand for functions here and nowhere else, in the two tables below.
"""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.estimator.first_layer import FirstLayer, width_after
from dnn.estimator.learning_rate import learning_rate_of
from dnn.estimator.stopping import RANKINGS, ranking_callback, stopping
from dnn.nn import activations
from dnn.nn.activations import relu
from dnn.nn.argument_checks import checked_count
from dnn.nn.ensemble import Ensemble
from dnn.nn.layers import Sequential
from dnn.nn.losses import mean_squared_error, sparse_softmax_cross_entropy
from dnn.nn.mish import mish
from dnn.nn.mlp import mlp
from dnn.nn.optimizers.adam import Adam
from dnn.nn.optimizers.adamw import AdamW
from dnn.nn.optimizers.rmsprop import RMSprop
from dnn.nn.optimizers.sgd import SGD
from dnn.nn.protocols import ActivationLike, LossLike, OptimizerLike
from dnn.nn.realmlp import realmlp
from dnn.nn.tabm import TabM
from dnn.settings import ARCHITECTURES, DEFAULTS, NetworkSettings
from dnn.train.callbacks import CallbackLike
from dnn.train.checkpoint import Checkpoints
from dnn.train.evaluate import ACCURACY
from dnn.train.fit import fit
from dnn.train.history import History

ACTIVATIONS: Mapping[str, ActivationLike] = MappingProxyType(
    {
        "relu": relu,
        "elu": activations.elu,
        "gelu": activations.gelu,
        "leaky_relu": activations.leaky_relu,
        "mish": mish,
        "selu": activations.selu,
        "sigmoid": activations.sigmoid,
        "silu": activations.silu,
        "softplus": activations.softplus,
        "tanh": activations.tanh,
    }
)
OPTIMIZERS: Mapping[str, Any] = MappingProxyType({"adam": Adam, "adamw": AdamW, "rmsprop": RMSprop, "sgd": SGD})

Network: TypeAlias = Sequential | Ensemble | TabM
Rows: TypeAlias = tuple[npt.NDArray[Any], ...]
"""(inputs float32[rows, width], targets [rows]), and weights float32[rows] where rows weigh differently."""


@runtime_checkable
class TakesNetwork(Protocol):
    """A callback that looks at the network itself; `set_model` is Keras's name."""

    def set_model(self, model: Network) -> object:
        """Take the network that will be trained.

        Args:
            model: The network.
        """


@runtime_checkable
class TakesOptimizer(Protocol):
    """A callback that looks at the optimizer."""

    def set_optimizer(self, optimizer: OptimizerLike) -> object:
        """Take the optimizer that will be used.

        Args:
            optimizer: The optimizer.
        """


def make_network(width: int, outputs: int, settings: NetworkSettings, first: FirstLayer | None = None) -> Network:
    """Make the network: `mlp`, with dropout after each hidden layer where a share is dropped; or an ensemble of them.

    Args:
        width: Number of features.
        outputs: Number of outputs.
        settings: Its layers and their numbers.
        first: Makes the layer of embeddings, which each member of an ensemble has for itself, those of TabM together.

    Raises:
        ValueError: If a size, a name, the number of networks or the dropout is out of its range.
    """
    if isinstance(settings.hidden, int | str) or not all(np.ndim(units) == 0 for units in settings.hidden):
        raise ValueError(f"hidden must be the units of each layer, such as (30, 30), got {settings.hidden!r}")
    sizes = [
        width if first is None else width_after(first, width),
        *(units for units in settings.hidden if units != 0),
        outputs,
    ]
    activation = chosen(settings.activation, ACTIVATIONS, "activation")
    members = checked_count(settings.ensemble, "ensemble")
    shared = {"activation": activation, "dropout": settings.dropout}
    if settings.architecture == "tabm":
        if members == 1:
            raise ValueError("architecture='tabm' is an ensemble: give it ensemble=16, say")
        embeddings = None if first is None else first(settings.seed)
        return TabM(sizes, members, embeddings=embeddings, **shared, seed=settings.seed)
    if settings.architecture not in ARCHITECTURES:
        raise ValueError(f"architecture must be one of {', '.join(ARCHITECTURES)}, got {settings.architecture!r}")
    networks = []
    for seed in ((settings.seed + i) % 2**63 for i in range(members)):
        if settings.architecture == "realmlp":
            network = realmlp(sizes, **shared, seed=seed)
        else:
            network = mlp(sizes, activation=activation, dropout=settings.dropout, seed=seed)
        networks.append(network if first is None else Sequential([first(seed), *network.layers]))
    return networks[0] if members == 1 else Ensemble(networks)


def make_optimizer(parameters: Sequence[tf.Variable], settings: NetworkSettings, steps: int) -> OptimizerLike:
    """Make the optimizer for these variables.

    Args:
        parameters: The variables.
        settings: The optimizer and its numbers.
        steps: Of an epoch.

    Raises:
        ValueError: If its name is unknown, or a number is out of its range.
    """
    make, rate = chosen(settings.optimizer, OPTIMIZERS, "optimizer"), learning_rate_of(settings, steps)
    options = {"weight_decay": settings.weight_decay} if settings.weight_decay or make is AdamW else {}
    if settings.beta_2 != DEFAULTS.beta_2:
        if make not in (Adam, AdamW):
            raise ValueError(f"beta_2 is for adam and adamw, and the optimizer is {settings.optimizer!r}")
        options["beta_2"] = settings.beta_2
    return make(parameters, rate, **options)  # a user's may know no weight decay


def loss_of(outputs: int | None, settings: NetworkSettings) -> LossLike:
    """Return the loss of this number of classes, or of amounts for None.

    Raises:
        ValueError: If the smoothing is out of its range, or not for classes.
    """
    smoothing = settings.label_smoothing
    if smoothing and (outputs is None or not 0 <= smoothing < 1):
        raise ValueError(f"label_smoothing is for classes, and in [0, 1), got {smoothing}")
    if outputs is None:
        return mean_squared_error
    return (
        partial(sparse_softmax_cross_entropy, label_smoothing=smoothing) if smoothing else sparse_softmax_cross_entropy
    )


@runtime_checkable
class RowsOnDisk(Protocol):
    """Encoded rows that are read in each epoch, as `dnn.open_prepared` gives them."""

    rows: int
    width: int

    def dataset(self, seed: int, epoch: int, first: int = 0) -> tf.data.Dataset:
        """Return the rows of an epoch from its row `first` on.

        Args:
            seed: int >= 0.
            epoch: From 1; 0 is the order in which the rows are stored.
            first: How many rows to leave out.
        """

    def targets(self) -> npt.NDArray[Any]:
        """Return the targets of all rows, [rows], as they are stored."""


def train_network(
    rows: Rows | RowsOnDisk,
    validation: Rows | RowsOnDisk | None,
    outputs: int | None,
    settings: NetworkSettings,
    callbacks: Sequence[CallbackLike] = (),
    *,
    first: FirstLayer | None = None,
    checkpoint: str | Path | Checkpoints | None = None,
) -> tuple[Network, History]:
    """Train a network from the beginning.

    Args:
        rows: What it is trained on, in memory or on the disk; targets are class numbers, int32, or amounts, float32.
        validation: What early stopping looks at. None: it looks at the training rows' own loss.
        outputs: Number of classes; None for amounts, of which the network gives one.
        settings: The network, the optimizer and the loop.
        callbacks: As in `fit`; those that have `set_model` are given the network before, and by `set_optimizer` the
            optimizer.
        first: As in `make_network`.
        checkpoint: As in `fit`.

    Returns:
        The network, and the history of its epochs.

    Raises:
        ValueError: If a setting is out of its range.
    """
    count, width = (rows.rows, rows.width) if isinstance(rows, RowsOnDisk) else rows[0].shape
    network = make_network(width, outputs or 1, settings, first)
    steps = math.ceil(count / settings.batch_size)
    optimizer = make_optimizer(network.trainable_variables, settings, steps)
    for callback in callbacks:
        if isinstance(callback, TakesNetwork):
            callback.set_model(network)
        if isinstance(callback, TakesOptimizer):
            callback.set_optimizer(optimizer)
    training: Any = rows  # arrays or a source, as `fit` takes both
    held: Any = validation
    rule, ranked = stopping(settings, outputs, validation is not None), []
    if settings.monitor in RANKINGS:
        inputs, labels = (held, held.targets()) if isinstance(held, RowsOnDisk) else (held or (None, None))[:2]
        ranked = [ranking_callback(network, inputs, labels, outputs, settings.monitor)]
    history = fit(
        network,
        training,
        held,
        loss=loss_of(outputs, settings),
        optimizer=optimizer,
        metrics=ACCURACY if outputs else {},
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        early_stopping=rule,
        seed=settings.seed,
        callbacks=[*ranked, *callbacks],
        jit_compile="auto" if settings.jit is None else settings.jit,
        checkpoint=checkpoint,
        on_nan=settings.on_nan,
    )
    return network, history


def chosen(choice: Any, table: Mapping[str, Any], what: str) -> Any:
    """Return the function that a name of the table stands for, or the function that was given.

    Raises:
        ValueError: If it is neither.
    """
    if callable(choice):
        return choice
    if choice not in table:
        raise ValueError(f"{what} must be one of {', '.join(table)}, or a function, got {choice!r}")
    return table[choice]
