"""From a table to an amount for each row: one object that is trained, evaluated, kept and exported."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from dnn.data.amounts import Amounts
from dnn.data.encoding import Encoding
from dnn.data.table import Column
from dnn.data.target_advice import Task
from dnn.estimator import scikit_learn
from dnn.estimator.base import Estimator
from dnn.estimator.network import Rows
from dnn.nn.scores.regression import r2_score
from dnn.report.scores import regression_scores


@dataclass(eq=False, repr=False, kw_only=True)
class Regressor(Estimator):
    """A network that predicts an amount for each row of a table, in the unit of the target.

    It learns the standardised target, (y − mean) / deviation of the training rows, by its mean squared error. The
    settings are those of `dnn train --task regression`; scikit-learn's conventions hold.

    Args:
        hidden: Units of each hidden layer; () for linear regression.
        architecture: "mlp"; "tabm", an ensemble whose networks share their kernels, `dnn.TabM`; or "realmlp",
            `dnn.realmlp`.
        ensemble: How many networks are trained as one, >= 1; what they predict together is their mean amount.
        embedding: Learnt vectors of the numbers before the network: "linear" (`LinearReLUEmbeddings`), "periodic"
            (`PeriodicEmbeddings`), "pbld" (`PBLDEmbeddings`) or "piecewise" (`PiecewiseLinearEmbeddings`). None: none.
        embedding_size: Size of a number's vector, >= 1.
        frequency_scale: Deviation of the first frequencies, for "periodic" and "pbld". None: 0.01 and 0.1.
        category_embedding: Size of a learnt vector, `Embedding`, of categories with more values. 0: all one-hot.
        activation: Function between the layers: a name that `dnn train --activation` takes, or any function of tensors.
        dropout: Share of each hidden layer's units that a training step drops, in [0, 1).
        optimizer: "adam", "adamw", "rmsprop" or "sgd", or a function of (parameters, learning rate) that makes one.
        learning_rate: The optimizer's step size, > 0.
        weight_decay: Weights shrink by this × the learning rate in each step, >= 0.
        beta_2: How slowly the mean of squares forgets, for "adam" and "adamw", in [0, 1).
        schedule: How the learning rate changes over all epochs: "constant", "cosine" to 0 at the last of `epochs`, or
            "coslog4", RealMLP's four waves, `dnn.Coslog`.
        warmup: Epochs in which the rate first rises from 0, for "cosine", >= 0.
        label_smoothing: Not used: it is for classes.
        batch_size: Rows per step, >= 1.
        epochs: Maximum number of passes over the training rows, >= 1.
        patience: Training stops after this many epochs in a row that were not better, >= 1.
        min_delta: By how much the monitored figure must be better to count, >= 0.
        monitor: Figure of the validation rows that must become better: "val_loss".
        restore_best: Whether to keep the weights of the best epoch rather than of the last.
        validation: Share of the rows that stops the training, in [0, 1). Where it rounds to no
            row at all, the training rows' own figure decides.
        scale: "standardize", "rescale", "normalize", "binarize", "quantile", "robust" (`RobustScale`), "piecewise"
            (bins from quantiles) or "piecewise_tree" (bins from a tree's splits, which needs scikit-learn), or as
            `Features` takes it. None: "piecewise", or "standardize" with an embedding.
        bins: Most bins of a column, for the two piecewise scales, >= 1.
        column_scale: Scales of single columns, by name, such as {"age": "quantile"}.
        missing_indicator: Whether a numeric column with empty cells gets a feature that tells them.
        min_count: Values of a category with fewer training rows share one feature, >= 1.
        ordinal: Categories with an order, by name: {"size": ["small", "large"]} makes each a number from 0 to 1.
        kinds: "numeric" or "category" for columns whose kind is not to be found from their cells.
        drop: Names of columns to leave out.
        missing: Strings that stand for a missing value, besides empty cells.
        delimiter: Character between the cells of a CSV file. None: it is found.
        decimal: Decimal sign of the numbers in a CSV file. None: it is found.
        encoding: Encoding of a CSV file. None: it is found.
        on_nan: What a training loss that is not finite does: "stop", "skip" or "ignore", as in `dnn.fit`.
        jit: Whether to compile with XLA. None: as soon as it pays off.
        seed: Of the split, the first weights and the order of the rows, >= 0.

    Raises:
        ValueError: By `fit`, if a setting is out of its range.

    Example:
        >>> rows = np.linspace(0, 1, 200)[:, None]
        >>> regressor = dnn.Regressor(hidden=(16,), epochs=5, seed=0).fit(rows, 3 * rows[:, 0])
        >>> regressor.predict(rows).shape
        (200,)
    """

    task: ClassVar[Task] = "regression"
    _estimator_type: ClassVar[str] = "regressor"  # what scikit-learn before 1.6 looks at

    def predict(self, X: Any) -> npt.NDArray[np.float64]:
        """Return the predicted amount of each row.

        Args:
            X: New rows, in any form that `fit` takes; columns may be in another order, and some more.

        Returns:
            float64[rows], in the unit of the target.

        Raises:
            ValueError: If a column is missing, or holds what it did not in training.
        """
        return self.fitted.amounts(self._columns(X))

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return R², the share of the target's variance that is explained.

        Args:
            X: Rows, as for `predict`.
            y: [rows], their amounts. None: the column of X that was the target.
            sample_weight: float[rows], what each row weighs. None: all alike.

        Returns:
            R², at most 1; 0 for always predicting the mean of these rows.

        Raises:
            ValueError: As `predict`.
        """
        target, predicted = self._target_and_predicted(X, y)
        return float(r2_score(target, predicted, sample_weight=sample_weight))

    def evaluate(self, X: Any, y: Any = None) -> dict[str, Any]:
        """Return every figure of a test: see `dnn.report.scores.regression_scores`.

        Args:
            X: Rows, as for `predict`.
            y: [rows], their amounts. None: the column of X that was the target.

        Returns:
            r2, mae, rmse and others, as plain numbers.

        Raises:
            ValueError: As `score`.
        """
        return self._scores_of(*self._target_and_predicted(X, y))

    def evaluate_arrays(self, rows: Rows) -> tuple[dict[str, Any], npt.NDArray[np.float64]]:
        amounts = self.fitted.encoding.amounts
        predicted = amounts.restore(self.fitted.model_outputs(rows[0])[:, 0])
        return self._scores_of(amounts.restore(rows[1]), predicted), predicted

    def evaluate_columns(self, columns: Mapping[str, Column], target: npt.NDArray[Any]) -> dict[str, Any]:
        return self._scores_of(self._target_values(target), self.fitted.amounts(columns))

    def _remember_target(self, encoding: Encoding, rows: Rows) -> None:
        self.median_ = float(np.median(encoding.amounts.restore(rows[1])))

    def _scores_of(self, target: npt.NDArray[Any], predicted: npt.NDArray[Any]) -> dict[str, Any]:
        return regression_scores(target, predicted, mean=self.fitted.encoding.amounts.mean, median=self.median_)

    def learnt(self) -> dict[str, Any]:
        """Return what is kept besides the settings and the encoding.

        Returns:
            The median of the training rows' target, with which results are compared.
        """
        return {"median": self.median_}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `learnt` returned.

        Args:
            state: The plain values.
        """
        super().restore(state)
        self.median_ = float(state["median"])

    def __sklearn_tags__(self) -> Any:
        return scikit_learn.tags("regressor")

    def _target_and_predicted(self, X: Any, y: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        columns, target = self._columns_and_target(X, y)
        return self._target_values(target), self.fitted.amounts(columns)

    def _learn_target(self, target: npt.NDArray[Any]) -> Amounts:
        return Amounts(self._target_values(target))

    def _target_values(self, target: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        try:
            values = target.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"the target must be numbers, got {target.dtype}: {error}; dnn.Classifier predicts classes"
            ) from None
        scikit_learn.refuse_missing_targets(np.isnan(values))
        if np.isinf(values).any():
            raise ValueError("Input y contains infinity")
        return values

    def strata(self, target: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if len(target) < 2:
            raise ValueError("one sample is too few to learn from: n_samples = 1")
        return np.zeros(len(self._target_values(target)), np.intp)  # all are looked at before they are split

    def _outputs(self, encoding: Encoding) -> None:
        return None
