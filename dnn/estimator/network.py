"""A network and its training by the names and numbers of the settings: what estimators and the command share.

Strings stand for functions here and nowhere else, in the two tables below.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn import activations
from dnn.nn.activations import relu
from dnn.nn.dropout import Dropout
from dnn.nn.layers import Sequential, mlp
from dnn.nn.losses import mean_squared_error, sparse_softmax_cross_entropy
from dnn.nn.optimizers.adam import Adam
from dnn.nn.optimizers.adamw import AdamW
from dnn.nn.optimizers.rmsprop import RMSprop
from dnn.nn.optimizers.sgd import SGD
from dnn.nn.protocols import ActivationLike, OptimizerLike
from dnn.nn.scores.ranking import average_precision_score, roc_auc_score
from dnn.settings import NetworkSettings
from dnn.train.callbacks import CallbackLike
from dnn.train.early_stopping import EarlyStopping
from dnn.train.evaluate import ACCURACY, predict
from dnn.train.fit import fit
from dnn.train.history import History

ACTIVATIONS: Mapping[str, ActivationLike] = MappingProxyType(
    {
        "relu": relu,
        "elu": activations.elu,
        "gelu": activations.gelu,
        "leaky_relu": activations.leaky_relu,
        "selu": activations.selu,
        "sigmoid": activations.sigmoid,
        "silu": activations.silu,
        "softplus": activations.softplus,
        "tanh": activations.tanh,
    }
)
OPTIMIZERS: Mapping[str, Any] = MappingProxyType({"adam": Adam, "adamw": AdamW, "rmsprop": RMSprop, "sgd": SGD})
RANKINGS: Mapping[str, Callable[..., float]] = MappingProxyType(
    {"val_roc_auc": roc_auc_score, "val_average_precision": average_precision_score}
)

Rows: TypeAlias = tuple[npt.NDArray[Any], ...]
"""(inputs float32[rows, width], targets [rows]), and weights float32[rows] where rows weigh differently."""


@runtime_checkable
class TakesNetwork(Protocol):
    """A callback that looks at the network itself; `set_model` is Keras's name."""

    def set_model(self, model: Sequential) -> object:
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


def make_network(width: int, outputs: int, settings: NetworkSettings) -> Sequential:
    """Make the network: `mlp`, with dropout after each hidden layer where a share is dropped.

    Raises:
        ValueError: If a size, the activation's name or the dropout is out of its range.
    """
    if isinstance(settings.hidden, int | str) or not all(np.ndim(units) == 0 for units in settings.hidden):
        raise ValueError(f"hidden must be the units of each layer, such as (30, 30), got {settings.hidden!r}")
    hidden = [units for units in settings.hidden if units != 0]
    activation = chosen(settings.activation, ACTIVATIONS, "activation")
    network = mlp([width, *hidden, outputs], activation=activation, seed=settings.seed)
    if not settings.dropout:
        return network
    *layers, last = network.layers
    return Sequential([piece for layer in layers for piece in (layer, Dropout(settings.dropout, seed=0))] + [last])


def make_optimizer(parameters: Sequence[tf.Variable], settings: NetworkSettings) -> OptimizerLike:
    """Make the optimizer for these variables.

    Raises:
        ValueError: If its name is unknown, or a number is out of its range.
    """
    make = chosen(settings.optimizer, OPTIMIZERS, "optimizer")
    if settings.optimizer not in OPTIMIZERS and not settings.weight_decay:
        return make(parameters, settings.learning_rate)  # a user's, which may know no weight decay
    decay = {"weight_decay": settings.weight_decay} if settings.weight_decay or make is AdamW else {}
    return make(parameters, settings.learning_rate, **decay)


def train_network(
    rows: Rows,
    validation: Rows | None,
    outputs: int | None,
    settings: NetworkSettings,
    callbacks: Sequence[CallbackLike] = (),
) -> tuple[Sequential, History]:
    """Train a network from the beginning.

    Args:
        rows: What it is trained on; targets are class numbers, int32, or amounts, float32.
        validation: What early stopping looks at. None: it looks at the training rows' own loss.
        outputs: Number of classes; None for amounts, of which the network gives one.
        settings: The network, the optimizer and the loop.
        callbacks: As in `fit`; those that have `set_model` are given the network before, and by `set_optimizer` the
            optimizer.

    Returns:
        The network, and the history of its epochs.

    Raises:
        ValueError: If a setting is out of its range.
    """
    network = make_network(rows[0].shape[1], outputs or 1, settings)
    optimizer = make_optimizer(network.trainable_variables, settings)
    for callback in callbacks:
        if isinstance(callback, TakesNetwork):
            callback.set_model(network)
        if isinstance(callback, TakesOptimizer):
            callback.set_optimizer(optimizer)
    ranked = [ranking_callback(network, validation, settings.monitor)] if settings.monitor in RANKINGS else []
    history = fit(
        network,
        rows,
        validation,
        loss=sparse_softmax_cross_entropy if outputs else mean_squared_error,
        optimizer=optimizer,
        metrics=ACCURACY if outputs else {},
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        early_stopping=stopping(settings, validation is not None),
        seed=settings.seed,
        callbacks=[*ranked, *callbacks],
        jit_compile="auto" if settings.jit is None else settings.jit,
    )
    return network, history


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


def ranking_callback(network: Sequential, validation: Rows | None, monitor: str) -> CallbackLike:
    """Return a callback that adds to each record how well the network ranks the validation rows of two classes.

    Raises:
        ValueError: If there are not two classes, or not validation rows of each.
    """
    if validation is None or network(validation[0][:1]).shape[1] != 2 or len(set(validation[1].tolist())) != 2:
        raise ValueError(f"monitor={monitor!r} needs validation rows of each of two classes")
    inputs, labels = validation[:2]

    def rank(record: dict[str, float], history: History) -> None:
        logits = predict(network, inputs)
        record[monitor] = RANKINGS[monitor](labels == 1, logits[:, 1] - logits[:, 0])

    return rank


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
