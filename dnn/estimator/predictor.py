"""What is used after training: named columns in, class probabilities or amounts out, in one object."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.data.amounts import Amounts
from dnn.data.encoding import Encoding
from dnn.estimator.export import export, input_names
from dnn.nn.protocols import ModelLike, TensorLike
from dnn.nn.softmax import softmax
from dnn.train.evaluate import predict
from dnn.train.forks import refuse_after_fork
from dnn.train.members import members_of

CHUNK = 65_536  # rows, times members, whose features are in memory at once


class Predictor(tf.Module):
    """Class probabilities of named columns, softmax(model(features(columns))); or amounts, in the unit of the target.

    Args:
        encoding: What was learnt of the table: its features, its labels or amounts, its target.
        model: Maps float32[rows, features.width] to logits, float32[rows, classes], or to float32[rows, 1].
    """

    def __init__(self, encoding: Encoding, model: ModelLike) -> None:
        super().__init__()
        self.features = encoding.features
        self.model = model
        self.encoding = encoding

    @cached_property
    def _outputs(self) -> Callable[[Mapping[str, TensorLike]], tf.Tensor]:
        """The model after the features, traced once for any number of rows: TensorFlow warns of what it traces anew."""
        return self._traced(self.model)

    @cached_property
    def _member_outputs(self) -> Callable[[Mapping[str, TensorLike]], tf.Tensor]:
        """The outputs of each member, [members, rows, outputs]; of a network alone [1, rows, outputs]."""
        alone: Callable[[tf.Tensor], tf.Tensor] = lambda x: self.model(x)[tf.newaxis]  # noqa: E731
        return self._traced(getattr(self.model, "member_logits", alone))

    def _traced(self, function: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[Mapping[str, TensorLike]], tf.Tensor]:
        dtypes = {"numeric": tf.float64, "category": tf.string}
        names = input_names(self.features.kinds)  # of the placeholders, which would be warned of in other scripts
        specs = {name: tf.TensorSpec([None], dtypes[kind], names[name]) for name, kind in self.features.kinds.items()}
        traced = tf.function(lambda columns: function(self.features(columns)), autograph=False)
        return traced.get_concrete_function(specs)

    def __call__(self, columns: Mapping[str, TensorLike]) -> tf.Tensor:
        """Return the probability of each class, or the amount, for each row.

        Args:
            columns: float64[rows] or string[rows] by column name, in any order.

        Returns:
            float32[rows, classes], each row with sum 1; or float64[rows].

        Raises:
            ValueError: If a column is missing, is extra, or has another kind than in training.
        """
        refuse_after_fork()
        self.features.check(columns)
        columns = {name: _tensor(columns[name]) for name in self.features.kinds}
        outputs, target = self._outputs(columns), self.encoding.labels
        if isinstance(target, Amounts):
            return tf.cast(outputs[:, 0], tf.float64) * target.deviation + target.mean
        return softmax(outputs)

    def logits(self, columns: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
        """Return what the model gives for any number of rows, computed a chunk at a time.

        Args:
            columns: float64[rows] or object[rows] of str by column name, in any order.

        Returns:
            float32[rows, classes], or float32[rows, 1] of standardised amounts, in the order of the rows.

        Raises:
            ValueError: If a column is missing, is extra, or has another kind than in training, or a number is so large
                that the outputs overflow.
        """
        logits = np.concatenate([self._outputs(chunk) for chunk in self._chunks(columns)])
        return _checked_finite(logits)

    def member_outputs(self, columns: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
        """Return what each member of an ensemble gives, as `logits`; a network alone is one member.

        Args:
            columns: float64[rows] or object[rows] of str by column name, in any order.

        Returns:
            float32[members, rows, classes], or float32[members, rows, 1] of standardised amounts.

        Raises:
            ValueError: As `logits`.
        """
        outputs = np.concatenate([self._member_outputs(chunk) for chunk in self._chunks(columns)], axis=1)
        _checked_finite(outputs.sum(axis=0))
        return outputs

    def _chunks(self, columns: Mapping[str, npt.NDArray[Any]]) -> Iterator[dict[str, tf.Tensor]]:
        refuse_after_fork()
        self.features.check(columns)
        columns = {name: columns[name] for name in self.features.kinds}
        size = max(1, CHUNK // members_of(self.model))
        for first in range(0, len(next(iter(columns.values()))), size):
            yield {name: _tensor(cells[first : first + size]) for name, cells in columns.items()}

    def model_outputs(self, inputs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return what the model gives for features, float32[rows, width]: as `logits`, of rows encoded before."""
        return predict(self.model, inputs)

    def amounts(self, columns: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float64]:
        """Return the amounts of any number of rows, in the unit of the target.

        Args:
            columns: float64[rows] or object[rows] of str by column name, in any order.

        Returns:
            float64[rows].

        Raises:
            ValueError: As `logits`.
        """
        return self.encoding.amounts.restore(self.logits(columns)[:, 0])

    def export(self, folder: str | Path, threshold: float | None = None) -> None:
        """Write a TensorFlow SavedModel that runs without `dnn`: see `dnn.estimator.export.export`.

        Args:
            folder: The folder to write.
            threshold: Probability from which on a row is of the second class. None: the most probable class.
        """
        labels = self.encoding.labels
        classes = None if isinstance(labels, Amounts) else labels.names
        again = Predictor(self.encoding, self.model)  # what is traced for an export is not what predicts here
        export(self, self.features.kinds, classes, folder, threshold, for_onnx=again)

    def __reduce__(self) -> tuple[Callable[..., "Predictor"], tuple[Encoding, ModelLike]]:
        return Predictor, (self.encoding, self.model)  # not the traced functions, which cannot be pickled

    def __repr__(self) -> str:
        variables = self.model.trainable_variables
        weights = sum(int(np.prod(variable.shape)) for variable in variables)
        return f"Predictor({self.encoding}, {type(self.model).__name__} with {weights:,} weights)"


def _checked_finite(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    finite = np.isfinite(logits).all(axis=1)
    if not finite.all():
        raise ValueError(f"data row {int(np.argmin(finite)) + 1}: a number is so large that the logits overflow")
    return logits


def _tensor(cells: Any) -> tf.Tensor:
    if not isinstance(cells, np.ndarray) and tf.is_tensor(cells):  # which looks longer than an array takes to convert
        return cells if cells.dtype == tf.string else tf.cast(cells, tf.float64)
    cells = np.asarray(cells)
    return tf.constant(cells, tf.string if cells.dtype.kind in "OSU" else tf.float64)
