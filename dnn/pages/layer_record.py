"""A callback that remembers how weights, activations and gradients of each layer are spread, at a few epochs.

It measures on a few training rows, after the epoch, without dropout, and changes nothing.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.activations import relu
from dnn.nn.ensemble import Ensemble
from dnn.nn.layers import Dense, Sequential
from dnn.nn.modules import local_variable, parameter_count
from dnn.nn.protocols import LossLike

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
MOST_EPOCHS = 10
MOST_ROWS = 256
MOST_COPIED = 100_000  # weights of a network that is copied; a larger one takes longer to train than to measure


class LayerRecord:
    """Record the quantiles of kernels, outputs and kernel gradients of each `Dense`, at no more than 10 epochs.

    The first 10 epochs are recorded, and whenever there are more records than 10, each second one is forgotten, and
    from then on half as many epochs are recorded. Of a small network a copy is kept, and measured when `records` are
    asked for, so that those that are forgotten take no time.

    Args:
        inputs: float32[rows, features]; the first 256 rows are looked at.
        targets: [rows], as `loss` takes them.
        loss: (targets, outputs) -> float[rows].
    """

    def __init__(self, inputs: npt.NDArray[Any], targets: npt.NDArray[Any], loss: LossLike) -> None:
        self.inputs, self.targets, self.loss = tf.constant(inputs[:MOST_ROWS]), tf.constant(targets[:MOST_ROWS]), loss
        self.model: tf.Module | None = None
        self._kept: list[tuple[int, Sequential | list[dict[str, Any]]]] = []
        self.stride = 1

    def set_model(self, model: tf.Module) -> None:
        """Take the network that will be trained, as Keras's callbacks do.

        Args:
            model: The network; of an ensemble its first member is looked at, of other models nothing.
        """
        self.model, self._kept, self.stride = model, [], 1

    def __call__(self, record: dict[str, float], history: Any) -> None:
        """Keep what is measured after an epoch, if it is one of those that are recorded.

        Args:
            record: The figures of the epoch; only its number is looked at.
            history: Not looked at.
        """
        epoch = int(record["epoch"])
        network = self.model.member(0) if isinstance(self.model, Ensemble) else self.model
        if not isinstance(network, Sequential) or (epoch - 1) % self.stride:
            return
        small = parameter_count(network.variables) <= MOST_COPIED
        self._kept.append((epoch, deepcopy(network) if small else self._measured(network)))
        if len(self._kept) > MOST_EPOCHS:
            self._kept, self.stride = self._kept[::2], self.stride * 2

    @property
    def records(self) -> list[dict[str, Any]]:
        """The epochs that are recorded, and what `layer_quantiles` returns of their layers."""
        self._kept = [(epoch, self._measured(each)) for epoch, each in self._kept]
        return [{"epoch": epoch, "layers": layers} for epoch, layers in self._kept]

    def _measured(self, kept: Sequential | list[dict[str, Any]]) -> list[dict[str, Any]]:
        return layer_quantiles(kept, self.inputs, self.targets, self.loss) if isinstance(kept, Sequential) else kept

    def get_state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {"records": self.records, "stride": self.stride}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `get_state` returned.

        Args:
            state: The records, and of how many epochs one is measured.
        """
        self._kept = [(each["epoch"], each["layers"]) for each in state["records"]]
        self.stride = int(state["stride"])

    @property
    def rows(self) -> int:
        """Number of rows that are looked at."""
        return int(self.inputs.shape[0])


def layer_quantiles(model: Sequential, inputs: Any, targets: Any, loss: LossLike) -> list[dict[str, Any]]:
    """Return how each `Dense` of a network stands, in the order of the layers.

    Args:
        model: The network.
        inputs: float[rows, features].
        targets: [rows].
        loss: (targets, outputs) -> float[rows]; its mean is derived.

    Returns:
        Of each layer: units, and the quantiles 0, 0.05, 0.25, 0.5, 0.75, 0.95, 1 of weights (the kernel), activations
        (its outputs) and gradients (of the kernel); dead, the share of units that are 0 for all of the rows, None if
        its activation is not relu. Quantiles are None where a number is not finite.
    """
    dense = [layer for layer in model.layers if isinstance(layer, Dense)]
    outputs = []
    with tf.GradientTape() as tape:
        signal = inputs
        for layer in model.layers:
            signal = layer(signal)
            outputs += [signal] if isinstance(layer, Dense) else []
        mean_loss = tf.reduce_mean(loss(targets, signal))
    gradients = tape.gradient(mean_loss, [local_variable(layer.kernel) for layer in dense])
    return [
        {
            "units": int(layer.kernel.shape[1]),
            "weights": _quantiles(layer.kernel.numpy()),
            "activations": _quantiles(output.numpy()),
            "gradients": _quantiles(gradient.numpy()),
            "dead": _dead(output.numpy()) if layer.activation is relu else None,
        }
        for layer, output, gradient in zip(dense, outputs, gradients, strict=True)
    ]


def _quantiles(values: npt.NDArray[Any]) -> list[float] | None:
    values = np.asarray(values, np.float64)
    return [float(value) for value in np.quantile(values, QUANTILES)] if np.isfinite(values).all() else None


def _dead(outputs: npt.NDArray[Any]) -> float:
    return float(np.mean(~(outputs != 0).any(axis=0)))
