"""What `Classifier` and `Regressor` have in common: settings as attributes, one way from a table to a trained network.

The conventions are scikit-learn's, and scikit-learn is not needed: the constructor only remembers, `fit` learns and
returns the estimator, what was learnt ends with an underscore, `get_params` and `set_params` serve `clone`.
"""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from dnn.data.advice import suspicions
from dnn.data.encoding import Encoding
from dnn.data.features import Features, ScaleLearner
from dnn.data.frames import as_table
from dnn.data.options import ReadOptions
from dnn.data.preprocess import SCALES
from dnn.data.reading import check_origins
from dnn.data.table import Column, Kind, Table
from dnn.data.target_advice import Task
from dnn.estimator.examples import Examples, examples_of, held_out, is_matrix
from dnn.estimator.network import Rows, chosen, train_network
from dnn.estimator.new_rows import NewRows
from dnn.estimator.parameters import Parameters
from dnn.estimator.predictor import Predictor
from dnn.nn.protocols import ActivationLike, OptimizerLike
from dnn.settings import DEFAULTS, SCALE, SHARE, NetworkSettings
from dnn.train.callbacks import CallbackLike


class DataWarning(UserWarning):
    """Something in a table is suspicious: a leak, an identifier, dates as text and the like."""


def several(names: str | Sequence[str]) -> tuple[str, ...]:
    """Return names as a tuple; a string is one name.

    >>> several("NA"), several(["id", "name"])
    (('NA',), ('id', 'name'))
    """
    return (names,) if isinstance(names, str) else tuple(names)


@contextmanager
def unchanged_by_errors(estimator: object) -> Iterator[None]:
    """Whatever ends a fit, an error or Ctrl-C, leaves the estimator as it was: not half of a new one."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


@dataclass(eq=False, repr=False, kw_only=True)
class Estimator(NewRows, Parameters, ABC):
    """A network that is trained on a table, by its settings; each is documented in `Classifier` and `Regressor`."""

    hidden: Sequence[int] = field(default=tuple(DEFAULTS.hidden), kw_only=False)
    activation: str | ActivationLike = DEFAULTS.activation
    dropout: float = DEFAULTS.dropout
    optimizer: str | Callable[..., OptimizerLike] = DEFAULTS.optimizer
    learning_rate: float = DEFAULTS.learning_rate
    weight_decay: float = DEFAULTS.weight_decay
    batch_size: int = DEFAULTS.batch_size
    epochs: int = DEFAULTS.epochs
    patience: int = DEFAULTS.patience
    min_delta: float = DEFAULTS.min_delta
    monitor: str = DEFAULTS.monitor
    restore_best: bool = DEFAULTS.restore_best
    validation: float = SHARE
    scale: str | ScaleLearner = SCALE
    kinds: Mapping[str, Kind] | None = None
    drop: Sequence[str] = ()
    missing: Sequence[str] = ()
    delimiter: str | None = DEFAULTS.delimiter
    decimal: Any = DEFAULTS.decimal
    encoding: str | None = DEFAULTS.encoding
    jit: bool | None = DEFAULTS.jit
    seed: int = DEFAULTS.seed

    target_kind: ClassVar[Kind]  # how a file's target is read
    task: ClassVar[Task]

    def fit(
        self,
        X: Any,
        y: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
        *,
        target: str | None = None,
        validation_data: Any = None,
        callbacks: Sequence[CallbackLike] = (),
    ) -> Self:
        """Train a new network, from the beginning.

        Args:
            X: A pandas, polars or pyarrow table, or any other with Arrow's PyCapsule interface, a mapping of columns, a
                `dnn.Table`, the path of a CSV or Parquet file, or a matrix [rows, columns]. `dnn.as_table` says what
                each kind of column means.
            y: [rows], the target. None: a column of X is, see `target`.
            sample_weight: float[rows], each >= 0: a factor of the row's loss. None: all weigh 1.
            target: Name of the column of X to predict.
            validation_data: Rows by which training is stopped, in place of a share of X: a table that has the target,
                or (X, y).
            callbacks: As in `dnn.fit`: each is called after each epoch with (record, history).

        Returns:
            The estimator itself, with `history_`, the record of each epoch, `predictor_`, from columns to outputs, and
            `notes_`, what the reader decided and, with `target`, what is suspicious: that is warned of.

        Raises:
            ValueError: If the table, the target or a setting cannot be learnt from; the message says what and where.
        """
        target = None if target is None else str(target)
        read = partial(self._read, target=target)
        rows = examples_of(read, X, y, sample_weight, target)
        notes = [*rows.notes, *(self._suspicions(rows, target) if target else [])]
        if validation_data is not None:
            apart = isinstance(validation_data, tuple)
            if apart and len(validation_data) != 2:
                raise ValueError(f"validation_data must be a table or (X, y), got a tuple of {len(validation_data)}")
            x, its_y = validation_data if apart else (validation_data, None)
            held = examples_of(read, x, its_y, None, target)
            check_origins("validation_data", held.options.origins, rows.options.origins)
        else:
            train, validation = held_out(self.strata(rows.target), self.validation, self.seed)
            rows, held = rows.take(train), rows.take(validation)
        with unchanged_by_errors(self):
            self._remember_columns(X, rows.columns)
            self.notes_ = notes
            return self.fit_examples(rows, held, target=target or "target", callbacks=callbacks)

    def fit_examples(
        self, rows: Examples, validation: Examples, *, target: str, callbacks: Sequence[CallbackLike] = ()
    ) -> Self:
        """Learn the encoding from rows of a table, and train a new network on them.

        Args:
            rows: Rows to train on.
            validation: Rows by which training is stopped; none: the training rows' own loss decides.
            target: Name of the target's column.
            callbacks: As in `fit`.

        Returns:
            The estimator itself.

        Raises:
            ValueError: As `fit`.
        """
        scale = chosen(self.scale, {name: made.learn for name, made in SCALES.items()}, "scale")
        features = Features(rows.columns, scale=scale)
        with unchanged_by_errors(self):
            encoding = Encoding(features, self._learn_target(rows.target), target, several(self.drop), rows.options)
            held = self.encoded(validation, encoding) if len(validation.target) else None
            return self.fit_arrays(encoding, self.encoded(rows, encoding), held, callbacks=callbacks)

    def fit_arrays(
        self, encoding: Encoding, rows: Rows, validation: Rows | None, *, callbacks: Sequence[CallbackLike] = ()
    ) -> Self:
        """Train a new network on rows that are encoded already.

        Args:
            encoding: What was learnt of the table.
            rows: (inputs float32[rows, width], targets [rows]), and weights float32[rows] where rows weigh differently.
            validation: Rows by which training is stopped. None: the training rows' own loss decides.
            callbacks: As in `fit`.

        Returns:
            The estimator itself.

        Raises:
            ValueError: If a setting is out of its range.
        """
        settings = {name: getattr(self, name) for name in (each.name for each in fields(NetworkSettings))}
        weighted, held = self._weighted(encoding, rows, validation)
        network, self.history_ = train_network(
            weighted, held, self._outputs(encoding), NetworkSettings(**settings), callbacks
        )
        self.predictor_ = Predictor(encoding, network)
        return self

    def save(self, folder: str | Path) -> None:
        """Write it to a folder, for `dnn.load`: see `dnn.save`.

        Args:
            folder: Folder to make; one that holds nothing but a model that was saved here is replaced.

        Raises:
            ValueError: If the folder holds anything else, or it is not fitted.
        """
        from dnn.estimator.folder import save  # which imports this module

        save(self, folder)

    def export(self, folder: str | Path) -> None:
        """Write a TensorFlow SavedModel, from columns to predictions, that runs where `dnn` is not installed.

        Args:
            folder: Folder to write.
        """
        self.fitted.export(folder, self._exported_threshold())

    @abstractmethod
    def evaluate_arrays(self, rows: Rows) -> tuple[dict[str, Any], npt.NDArray[Any]]:
        """Test on rows that are encoded already.

        Args:
            rows: As `encoded` returns.

        Returns:
            The figures by name, and what the network predicts: logits, or amounts.
        """

    @abstractmethod
    def evaluate_columns(self, columns: Mapping[str, Column], target: npt.NDArray[Any]) -> dict[str, Any]:
        """Test on columns as they were read.

        Args:
            columns: [rows] by name.
            target: [rows].

        Returns:
            The figures by name.
        """

    def learnt(self) -> dict[str, Any]:
        """Return what is kept besides the settings and the encoding.

        Returns:
            Plain values, for JSON.
        """
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `learnt` returned, after `predictor_` is there.

        Args:
            state: The plain values.
        """
        self.n_features_in_ = len(self.fitted.encoding.features.kinds)
        self.feature_names_in_ = np.array(list(self.fitted.encoding.features.kinds), object)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "predictor_")

    def _suspicions(self, rows: Examples, target: str) -> list[str]:
        """Return what is suspicious in a table, and warn of it: scikit-learn's way, X and y apart, stays quiet."""
        table = Table({**rows.columns, target: self._target_values(rows.target)})
        found = suspicions(table, target, task=self.task, decided=[*(self.kinds or {}), target])
        sentences = [note.sentence_for_python for note in found]
        if sentences:
            rest = f" (and {len(sentences) - 1} more: see notes_)" if len(sentences) > 1 else ""
            warnings.warn(f"{sentences[0]}{rest}", DataWarning, stacklevel=3)
        return sentences

    def _exported_threshold(self) -> float | None:
        return None

    @abstractmethod
    def __sklearn_tags__(self) -> Any: ...

    @abstractmethod
    def _learn_target(self, target: npt.NDArray[Any]) -> Any:
        """Return what is learnt of the training rows' target: `Labels` or `Amounts`."""

    @abstractmethod
    def _target_values(self, target: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the target in the form that `Labels` or `Amounts` take."""

    @abstractmethod
    def strata(self, target: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return what has the same share in training and validation rows.

        Args:
            target: [rows], as it was read.

        Returns:
            int[rows], the class of each row; zeros for amounts.
        """

    @abstractmethod
    def _outputs(self, encoding: Encoding) -> int | None:
        """Return the number of classes; None for amounts."""

    def _weighted(self, encoding: Encoding, rows: Rows, validation: Rows | None) -> tuple[Rows, Rows | None]:
        return rows, validation

    def encoded(self, rows: Examples, encoding: Encoding | None = None) -> Rows:
        """Return rows in the form that the network takes.

        Args:
            rows: Rows of a table.
            encoding: What was learnt of the table. None: what this estimator has learnt.

        Returns:
            (inputs float32[rows, width], targets [rows]), and weights float32[rows] where the rows have some.
        """
        encoding = encoding or self.fitted.encoding
        inputs, targets = encoding.features(rows.columns).numpy(), encoding.labels(self._target_values(rows.target))
        return (inputs, targets) if rows.weights is None else (inputs, targets, rows.weights)

    def _read(self, X: Any, target: str | None = None) -> Table:
        options = ReadOptions(
            delimiter=self.delimiter, decimal=self.decimal, encoding=self.encoding, missing=several(self.missing)
        )
        kinds = dict(self.kinds or {})
        if target is not None and isinstance(X, str | Path):  # a label is what the file says, not a number
            kinds[target] = self.target_kind
        return as_table(X, kinds=kinds, drop=several(self.drop), options=options)

    def _remember_columns(self, X: Any, columns: Mapping[str, Column]) -> None:
        self.n_features_in_ = len(columns)
        if is_matrix(X):
            vars(self).pop("feature_names_in_", None)
        else:
            self.feature_names_in_ = np.array(list(columns), object)
