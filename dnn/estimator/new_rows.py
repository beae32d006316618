"""New rows of an estimator that is fitted, read by the rules of training."""

import logging
from typing import Any

import numpy.typing as npt

from dnn.data.table import Column, Table
from dnn.estimator import scikit_learn
from dnn.estimator.examples import is_matrix, target_values
from dnn.estimator.predictor import Predictor

LOGGER = logging.getLogger("dnn")


class NewRows:
    """What has learnt to predict from the columns of a table."""

    predictor_: Predictor

    @property
    def fitted(self) -> Predictor:
        """What `fit` learnt. Raises: scikit-learn's NotFittedError before."""
        if not hasattr(self, "predictor_"):
            raise scikit_learn.not_fitted(self)
        return self.predictor_

    def _columns(self, X: Any) -> dict[str, Column]:
        """Return the columns of new rows, as the network takes them."""
        return dict(self._new_table(X, with_target=False).columns)

    def _columns_and_target(self, X: Any, y: Any) -> tuple[dict[str, Column], npt.NDArray[Any]]:
        """Return the same, and the target: y, or where there is none the column of X that was the target."""
        table = self._new_table(X, with_target=y is None)
        if y is not None:
            return dict(table.columns), scikit_learn.checked_target(y, table.rows)
        target = self.fitted.encoding.target
        self.fitted.encoding.check_classes(table)
        values = target_values(X, table, target)
        return table.without(target).columns, values

    def _new_table(self, X: Any, *, with_target: bool) -> Table:
        encoding = self.fitted.encoding
        if is_matrix(X):
            X = scikit_learn.checked_matrix(X)
            if X.shape[1] != len(encoding.features.kinds):
                expected = f"{type(self).__name__} is expecting {len(encoding.features.kinds)} features as input"
                raise ValueError(f"X has {X.shape[1]} features, but {expected}")
        table = encoding.read(X, with_target=with_target)
        for note in table.notes:
            LOGGER.info("%s", note)
        return table
