"""What `Classifier` and `Regressor` have in common: settings as attributes, one way from a table to a trained network.

The conventions are scikit-learn's, and scikit-learn is not needed: the constructor only remembers, `fit` learns and
returns the estimator, what was learnt ends with an underscore, `get_params` and `set_params` serve `clone`.
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

from dnn.data.encoding import Encoding
from dnn.data.feature_choice import FeatureChoice
from dnn.data.frames import as_table
from dnn.data.options import ReadOptions
from dnn.data.reading import check_origins
from dnn.data.table import Column, Table
from dnn.data.target_reading import read_for_task
from dnn.data.too_large import refuse_too_large
from dnn.estimator.examples import Examples, examples_of, held_out, is_matrix
from dnn.estimator.first_layer import first_layer
from dnn.estimator.members import WithMembers
from dnn.estimator.network import Rows, train_network
from dnn.estimator.outcome import unchanged_by_errors, warn_of_left_out, warn_of_suspicions
from dnn.estimator.parameters import EstimatorSettings, several
from dnn.estimator.predictor import Predictor
from dnn.estimator.target_kind import TargetKind
from dnn.nn.html_table import small_table
from dnn.nn.summary import summary_html
from dnn.settings import NetworkSettings, scale_or_default
from dnn.train.callbacks import CallbackLike
from dnn.train.checkpoint import Checkpoints
from dnn.train.forks import refuse_after_fork
from dnn.train.history import History


@dataclass(eq=False, repr=False, kw_only=True)
class Estimator(WithMembers, TargetKind, EstimatorSettings):
    """A network that is trained on a table, by its settings; each is documented in `Classifier` and `Regressor`."""

    def fit(
        self,
        X: Any,
        y: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
        *,
        target: str | None = None,
        validation_data: Any = None,
        callbacks: Sequence[CallbackLike] = (),
        checkpoint: str | Path | Checkpoints | None = None,
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
            checkpoint: As in `dnn.fit`: folder for the state of the training; the same call again goes on from it.

        Returns:
            The estimator itself, with `history_`, the record of each epoch, `predictor_`, from columns to outputs, and
            `notes_`, what the reader decided and, with `target`, what is suspicious: that is warned of; and of classes
            that look like amounts always.

        Raises:
            ValueError: If the table, the target or a setting cannot be learnt from; the message says what and where.
        """
        refuse_after_fork()
        target = None if target is None else str(target)
        read = partial(self._read, target=target)
        rows = examples_of(read, X, y, sample_weight, target)
        notes = [*rows.notes, *self._suspicions(rows, target)]
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
            self.fit_examples(rows, held, target=target or "target", callbacks=callbacks, checkpoint=checkpoint)
            self.notes_ += warn_of_left_out(self.fitted.encoding.features, notes, quietly=target is None)
            return self

    def fit_examples(
        self,
        rows: Examples,
        validation: Examples,
        *,
        target: str,
        callbacks: Sequence[CallbackLike] = (),
        checkpoint: str | Path | Checkpoints | None = None,
    ) -> Self:
        """Learn the encoding from rows of a table, and train a new network on them.

        Args:
            rows: Rows to train on.
            validation: Rows by which training is stopped; none: the training rows' own loss decides.
            target: Name of the target's column.
            callbacks: As in `fit`.
            checkpoint: As in `fit`.

        Returns:
            The estimator itself.

        Raises:
            ValueError: As `fit`.
        """
        refuse_after_fork()
        with unchanged_by_errors(self):
            labels = self._learn_target(rows.target)
            chosen = {name: getattr(self, name) for name in FeatureChoice._fields}
            choice = FeatureChoice(**{**chosen, "scale": scale_or_default(self.scale, self.embedding)})
            known = labels(self._target_values(rows.target))
            features = choice.learn(rows.columns, known, regression=self.task == "regression")
            encoding = Encoding(features, labels, target, several(self.drop), rows.options)
            held = self.encoded(validation, encoding) if len(validation.target) else None
            examples = self.encoded(rows, encoding)
            return self.fit_arrays(encoding, examples, held, callbacks=callbacks, checkpoint=checkpoint)

    def fit_arrays(
        self,
        encoding: Encoding,
        rows: Rows,
        validation: Rows | None,
        *,
        callbacks: Sequence[CallbackLike] = (),
        checkpoint: str | Path | Checkpoints | None = None,
    ) -> Self:
        """Train a new network on rows that are encoded already.

        Args:
            encoding: What was learnt of the table.
            rows: (inputs float32[rows, width], targets [rows]), and weights float32[rows] where rows weigh differently.
            validation: Rows by which training is stopped. None: the training rows' own loss decides.
            callbacks: As in `fit`.
            checkpoint: As in `fit`.

        Returns:
            The estimator itself.

        Raises:
            ValueError: If a setting is out of its range.
        """
        with unchanged_by_errors(self):
            self._remember_target(encoding, rows)
            settings = NetworkSettings(**{each.name: getattr(self, each.name) for each in fields(NetworkSettings)})
            weighted, held = self._weighted(encoding, rows, validation)
            first = first_layer(encoding.features, rows[0], settings, self.bins)
            network, self.history_ = train_network(
                weighted, held, self._outputs(encoding), settings, callbacks, first=first, checkpoint=checkpoint
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

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `learnt` returned, after `predictor_` is there.

        Args:
            state: The plain values.
        """
        self.n_features_in_ = len(self.fitted.encoding.features.kinds)
        self.feature_names_in_ = np.array(list(self.fitted.encoding.features.kinds), object)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the settings; once it is fitted, columns, best epoch and network."""
        rows = [(name, repr(value)) for name, value in self.get_params().items()]
        settings = small_table(("setting", "value"), rows, left=2)
        title = f"<p><b>{html.escape(repr(self))}</b></p>"
        if not self.__sklearn_is_fitted__():
            return f"{title}<p>not fitted yet</p><details><summary>settings</summary>{settings}</details>"
        encoding, best = self.fitted.encoding, getattr(self, "history_", History()).best or {}
        learnt = [("target", encoding.target), ("learnt", repr(encoding.labels)), ("columns", repr(encoding.features))]
        figures = [(f"best epoch: {name}", f"{value:.6g}") for name, value in best.items()]
        tables = small_table((), [*learnt, *figures], left=2) + summary_html(self.fitted.model)
        return f"{title}{tables}<details><summary>settings</summary>{settings}</details>"

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "predictor_")

    def _suspicions(self, rows: Examples, target: str | None) -> list[str]:
        known = self._target_values(rows.target), target, self.task, self.kinds or {}
        return warn_of_suspicions(rows.columns, *known)

    def encoded(self, rows: Examples, encoding: Encoding | None = None) -> Rows:
        """Return rows in the form that the network takes.

        Args:
            rows: Rows of a table.
            encoding: What was learnt of the table. None: what this estimator has learnt.

        Returns:
            (inputs float32[rows, width], targets [rows]), and weights float32[rows] where the rows have some.
        """
        encoding = encoding or self.fitted.encoding
        x, y = encoding.inputs(rows.columns), encoding.labels(self._target_values(rows.target))
        return (x, y) if rows.weights is None else (x, y, rows.weights)

    def _read(self, X: Any, target: str | None = None) -> Table:
        options = ReadOptions(
            delimiter=self.delimiter, decimal=self.decimal, encoding=self.encoding, missing=several(self.missing)
        )
        how: Any = {"kinds": self.kinds or {}, "drop": several(self.drop), "options": options}
        of_file = target is not None and isinstance(X, str | Path)
        table = read_for_task(X, target or "", self.task, **how) if of_file else as_table(X, **how)
        refuse_too_large(table)
        return table

    def _remember_target(self, encoding: Encoding, rows: Rows) -> None:
        """Keep what is known of the target before a network is trained."""
        raise NotImplementedError

    def _remember_columns(self, X: Any, columns: Mapping[str, Column]) -> None:
        self.n_features_in_ = len(columns)
        if is_matrix(X):
            vars(self).pop("feature_names_in_", None)
        else:
            self.feature_names_in_ = np.array(list(columns), object)
