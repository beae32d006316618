"""A callback that adds the norms of each layer's weights and gradients to the record of an epoch."""

import math

import numpy as np
import tensorflow as tf

from dnn.nn.argument_checks import checked_count
from dnn.nn.modules import variable_paths
from dnn.train.history import History
from dnn.train.rows import Rows
from dnn.train.step_callbacks import FitObjects
from dnn.train.stream import first_rows
from dnn.train.tensorboard import mean_loss_gradients


class LayerNorms:
    """Add "weight_norm/…" and "gradient_norm/…" of each layer to the record of each epoch, by its path in the model.

    A norm is the square root of the sum of all squares, in float64, of the layer's trainable variables, and of the
    gradients of the mean training loss by them, penalties included. The gradients are those after the epoch, of the
    first rows of the training data, the same in each epoch, without dropout; so a fit of few epochs shows where they
    vanish or explode. They take a forward and a backward pass for each epoch.

    Args:
        rows: of which the gradients are derived, >= 1, at most all.

    Raises:
        ValueError: If there is no row.

    Example:
        >>> norms = LayerNorms()  # fit(…, callbacks=[norms]), then history["gradient_norm/layers/0"]
    """

    def __init__(self, rows: int = 256) -> None:
        self.rows = checked_count(rows, "rows")
        self.fit: FitObjects | None = None

    def begin(self, fit: FitObjects) -> None:
        """Take what the fit works with.

        Args:
            fit: its model, loss and data are used.
        """
        self.fit = fit

    def __call__(self, record: dict[str, float], history: History) -> None:
        """Add the norms of an epoch.

        Args:
            record: the figures of the epoch, to which the norms are added.
            history: not looked at.

        Raises:
            RuntimeError: If no fit has begun with it.
        """
        if self.fit is None:
            raise RuntimeError("LayerNorms is a callback: give it to fit(…, callbacks=[dnn.LayerNorms()])")
        variables = {path: each for path, each in variable_paths(self.fit.model).items() if each.trainable}
        rows = Rows(*(None if part is None else part[: self.rows] for part in first_rows(self.fit.data)))
        gradients = mean_loss_gradients(self.fit.model, self.fit.loss, rows, list(variables.values()))
        record |= _norms("weight_norm", dict(variables))
        record |= _norms("gradient_norm", dict(zip(variables, gradients, strict=True)))


def _norms(name: str, tensors: dict[str, tf.Tensor | tf.Variable | None]) -> dict[str, float]:
    """Return the norm of each layer, the path without the name of the variable."""
    squares: dict[str, float] = {}
    for path, tensor in tensors.items():
        numbers = np.zeros(1) if tensor is None else tf.convert_to_tensor(tensor).numpy().astype(np.float64)
        layer = path.rpartition("/")[0]
        squares[layer] = squares.get(layer, 0.0) + float(np.sum(np.square(numbers)))
    return {f"{name}/{layer}" if layer else name: math.sqrt(sum_) for layer, sum_ in squares.items()}
