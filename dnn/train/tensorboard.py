"""A callback that writes what a fit measures as event files, which TensorBoard shows.

It needs TensorFlow alone: `tf.summary.scalar` and `.histogram` import the package tensorboard, so what they would hand
to `tf.summary.write`, a tensor and the name of the plugin that draws it, is made here.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.example_weights import weighted_mean
from dnn.nn.modules import local_variable, variable_paths
from dnn.nn.protocols import LossLike, ModelLike, OptimizerLike
from dnn.nn.regularizers import penalty
from dnn.train.border import checked_inputs
from dnn.train.epoch import train_step
from dnn.train.history import History
from dnn.train.members import own_orders
from dnn.train.rows import Rows
from dnn.train.runtime import Program, trace

BUCKETS = 30  # of a histogram, as TensorBoard's own
MOST_ROWS = 256
SCALAR, TENSOR = 1, 2  # the numbers of tensorflow.DataClass


class TensorBoard:
    """Write the figures of each epoch, the weights and their gradients, and the graph of a step, as event files.

    The name is that of Keras's callback, and as there `set_model` takes the model later. A step of the files is an
    epoch; the epochs of a second fit with the same callback follow those of the first.

    Args:
        log_dir: the folder of this run, made with the first epoch. `tensorboard --logdir` takes it, or the one above.
        model: whose trainable variables are drawn as histograms. None: figures alone.
        optimizer: whose learning rate is written, and whose step the graph shows. None: neither.
        loss: as in `fit`; of its mean the gradients are. None: neither gradients nor the graph.
        data: (x, y), of which the first 256 rows are derived, after the epoch and without dropout. None: as `loss`.
        append: whether the folder may hold the event files of the epochs before, as of a fit that is gone on with.

    Raises:
        FileExistsError: If the folder holds event files already, which would be drawn as one run with these.
        ValueError: When the first epoch is written, if the model does not take the data.
        OSError: When the first epoch is written, if the folder cannot be made.

    Example:
        model = dnn.mlp([51, 30, 2])
        optimizer, loss = dnn.Adam(model.trainable_variables), dnn.sparse_softmax_cross_entropy
        board = dnn.TensorBoard("logs/first", model, optimizer=optimizer, loss=loss, data=(x, y))
        dnn.fit(model, (x, y), loss=loss, optimizer=optimizer, callbacks=[board])
    """

    def __init__(
        self,
        log_dir: str | Path,
        model: ModelLike | None = None,
        *,
        optimizer: OptimizerLike | None = None,
        loss: LossLike | None = None,
        data: Sequence[npt.ArrayLike] | None = None,
        append: bool = False,
    ) -> None:
        self.log_dir = Path(log_dir) if append else unused_folder(log_dir)
        self.model, self.optimizer, self.loss = model, optimizer, loss
        self.data = None if data is None else tuple(np.asarray(part)[:MOST_ROWS] for part in data[:2])
        self.rows: Rows | None = None
        self.writer: Any = None
        self.epochs = 0

    def set_model(self, model: ModelLike) -> None:
        """Take the model that will be trained, as Keras's callbacks do.

        Args:
            model: the model.
        """
        self.model = model

    def set_optimizer(self, optimizer: OptimizerLike) -> None:
        """Take the optimizer that will be used.

        Args:
            optimizer: the optimizer.
        """
        self.optimizer = optimizer

    def __call__(self, record: dict[str, float], history: History) -> None:
        """Write an epoch.

        Args:
            record: the figures of the epoch, each written under its name.
            history: not looked at.
        """
        if self.writer is None:
            self.log_dir.mkdir(parents=True, exist_ok=True)  # whose error is Python's own
            self.writer = tf.summary.create_file_writer(str(self.log_dir))
            if self.data is not None and self.model is not None:
                self.rows = _rows_for(self.model, *self.data)
        self.epochs += 1
        with self.writer.as_default(step=self.epochs):
            if self.epochs == 1:
                self._write_graph()
            for name, figure in self._figures(record).items():
                write_scalar(name, figure)
            for name, values in self._tensors():
                write_histogram(name, values)
        self.writer.flush()

    def get_state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps.

        Returns:
            The number of epochs that were written.
        """
        return {"epochs": self.epochs}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `get_state` returned: TensorBoard shows of an epoch what was written last.

        Args:
            state: The number of epochs.
        """
        self.epochs = int(state["epochs"])

    def _figures(self, record: Mapping[str, float]) -> dict[str, float]:
        rate = {} if self.optimizer is None else {"learning_rate": getattr(self.optimizer, "learning_rate", None)}
        figures = {**rate, **record}
        return {name: float(np.mean(value)) for name, value in figures.items() if name != "epoch" and value is not None}

    def _tensors(self) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        """Yield the weights and the gradients, by name."""
        if self.model is None:
            return
        variables = {name: each for name, each in variable_paths(self.model).items() if each.trainable}
        for name, variable in variables.items():
            yield f"weights/{name}", variable.numpy()
        if self.loss is not None and self.rows is not None:
            gradients = mean_loss_gradients(self.model, self.loss, self.rows, list(variables.values()))
            for name, gradient in zip(variables, gradients, strict=True):
                if gradient is not None:
                    yield f"gradients/{name}", tf.convert_to_tensor(gradient).numpy()

    def _write_graph(self) -> None:
        if self.model is not None and self.optimizer is not None and self.loss is not None and self.rows is not None:
            tf.summary.graph(step_graph(self.model, self.loss, self.optimizer, self.rows))


def _rows_for(model: Any, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> Rows:
    """Return the rows in the dtype of the model, as `fit` takes them; class numbers stay."""
    inputs = tf.convert_to_tensor(checked_inputs(model, x, "data: x"))
    targets = tf.convert_to_tensor(y)
    return Rows(inputs, tf.cast(targets, inputs.dtype) if targets.dtype.is_floating else targets)


def unused_folder(path: str | Path) -> Path:
    """Return the folder for the event files of a run. Raises: FileExistsError if it holds some already."""
    folder = Path(path)
    if folder.is_file():
        raise FileExistsError(f"{folder} is a file; event files need a folder")
    if any(folder.glob("events.out.tfevents.*")):
        raise FileExistsError(
            f"{folder} holds the event files of another run, maybe one that broke off; choose another or delete it"
        )
    return folder


def step_graph(model: ModelLike, loss: LossLike, optimizer: OptimizerLike, rows: Rows) -> Any:
    """Return the graph of a training step on as many rows: forward pass, loss, gradients and the optimizer."""
    orders = own_orders(model)  # each independent member has rows of its own
    own = [orders] if orders > 1 else []
    shaped = Rows(*(part and tf.TensorSpec([*own, *part.shape], part.dtype) for part in rows.specs))
    specs = (shaped, tf.TensorSpec([3], tf.int32))
    return trace(Program(train_step, (model, loss, optimizer, ()), specs)).function.graph


def mean_loss_gradients(
    model: ModelLike, loss: LossLike, rows: Rows, variables: Sequence[tf.Variable]
) -> list[tf.Tensor | None]:
    """Return the gradients of the mean loss over the rows with the penalties, None where it does not depend on one."""
    with tf.GradientTape() as tape:
        losses = loss(rows.y, model(rows.x))
        mean = weighted_mean(losses, rows.weights, rows.counted) + tf.cast(penalty(model), losses.dtype)
    return list(tape.gradient(mean, [*map(local_variable, variables)]))


def write_scalar(name: str, value: float) -> None:
    """Write a number, as TensorBoard's plugin for scalars reads it, float32."""
    tf.summary.write(name, tf.constant(value, tf.float32), metadata=_metadata("scalars", SCALAR))


def write_histogram(name: str, values: npt.NDArray[Any]) -> None:
    """Write how often numbers lie where, as TensorBoard's plugin for histograms reads it."""
    tf.summary.write(name, tf.constant(histogram(values)), metadata=_metadata("histograms", TENSOR))


def histogram(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return left edge, right edge and count of 30 buckets, float64[30, 3]; numbers that are not finite are left out.

    Where all numbers are the same, each bucket has no width, and the last has all of them, as TensorBoard wants it.
    """
    numbers = np.asarray(values, np.float64).ravel()
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return np.zeros((BUCKETS, 3))  # as TensorBoard does
    if numbers.min() == numbers.max():
        counts = np.append(np.zeros(BUCKETS - 1), numbers.size)
        return np.stack([np.full(BUCKETS, numbers[0]), np.full(BUCKETS, numbers[0]), counts], axis=1)
    counts, edges = np.histogram(numbers, BUCKETS)
    return np.stack([edges[:-1], edges[1:], counts], axis=1)


def _metadata(plugin: str, data_class: int) -> Any:
    metadata = tf.compat.v1.SummaryMetadata(data_class=data_class)
    metadata.plugin_data.plugin_name = plugin
    return metadata
