"""From a table to the class of each row: one object that is trained, evaluated, kept and exported."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from dnn.data.encoding import Encoding
from dnn.data.labels import Labels
from dnn.data.table import Column
from dnn.data.target_advice import Task
from dnn.estimator import scikit_learn
from dnn.estimator.base import Estimator
from dnn.estimator.class_factors import weighted_by_class
from dnn.estimator.class_names import class_name, class_names, classes_of, plain_classes
from dnn.estimator.network import Rows
from dnn.estimator.threshold import WithThreshold
from dnn.nn.scores.confusion import accuracy_score
from dnn.nn.softmax import softmax
from dnn.report.scores import scores


@dataclass(eq=False, repr=False, kw_only=True)
class Classifier(WithThreshold, Estimator):
    """A network that tells the class of each row of a table, and how probable each class is.

    The settings are those of `dnn train`, with the same names and defaults; scikit-learn's conventions hold, so it
    works in `Pipeline`, `cross_val_score`, `GridSearchCV` and `clone`.

    Args:
        hidden: Units of each hidden layer; () for logistic regression.
        architecture: "mlp"; "tabm", an ensemble whose networks share their kernels, `dnn.TabM`; or "realmlp",
            `dnn.realmlp`.
        ensemble: How many networks are trained as one, >= 1; what they predict together is their mean probability.
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
        label_smoothing: Share of each label that is spread over all classes, in [0, 1), in the history's
            losses too.
        batch_size: Rows per step, >= 1.
        epochs: Maximum number of passes over the training rows, >= 1.
        patience: Training stops after this many epochs in a row that were not better, >= 1.
        min_delta: By how much the monitored figure must be better to count, >= 0.
        monitor: Figure of the validation rows that must become better: "val_loss", "val_accuracy", and of two classes
            "val_roc_auc" or "val_average_precision".
        restore_best: Whether to keep the weights of the best epoch rather than of the last.
        validation: Share of the rows that stops the training, in [0, 1), the same of each class. Where it rounds to no
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
        class_weight: A factor of the loss of each row, in training and in validation: "balanced" for
            rows / (classes × rows of its class), or by class, those that are not named weigh 1. None: 1 for all.

    Raises:
        ValueError: By `fit`, if a setting is out of its range.

    Example:
        >>> table = dnn.read_csv(dnn.sample_path())
        >>> classifier = dnn.Classifier(hidden=(16,), epochs=3, seed=0).fit(table, target="y")
        >>> classifier.predict_proba(table).shape
        (4521, 2)
    """

    task: ClassVar[Task] = "classification"
    class_weight: Literal["balanced"] | Mapping[Any, float] | None = None

    _estimator_type: ClassVar[str] = "classifier"  # what scikit-learn before 1.6 looks at

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the class of each row: the most probable one, or by the threshold that `choose_threshold` found.

        Args:
            X: New rows, in any form that `fit` takes; columns may be in another order, and some more.

        Returns:
            [rows], of `classes_`.

        Raises:
            ValueError: If a column is missing, or holds what it did not in training.
        """
        labels = self.labels_of(self.predict_logits(X))
        return self.classes_[labels]

    def predict_proba(self, X: Any) -> npt.NDArray[np.float32]:
        """Return the probability of each class, for each row.

        Args:
            X: New rows, as for `predict`.

        Returns:
            float32[rows, classes], in the order of `classes_`; each row sums to 1.

        Raises:
            ValueError: As `predict`.
        """
        probabilities: npt.NDArray[np.float32] = softmax(self.predict_logits(X)).numpy()
        return probabilities

    def predict_logits(self, X: Any) -> npt.NDArray[np.float32]:
        """Return what the network gives before the softmax.

        Args:
            X: New rows, as for `predict`.

        Returns:
            float32[rows, classes].

        Raises:
            ValueError: As `predict`.
        """
        return self.fitted.logits(self._columns(X))

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return the accuracy.

        Args:
            X: Rows, as for `predict`.
            y: [rows], their classes. None: the column of X that was the target.
            sample_weight: float[rows], what each row weighs in the mean. None: all alike.

        Returns:
            The share of rows whose class is predicted, in [0, 1].

        Raises:
            ValueError: As `predict`, or if y has a class that training did not have.
        """
        labels, logits = self._labels_and_logits(X, y)
        return accuracy_score(labels, self.labels_of(logits), sample_weight=sample_weight)

    def evaluate(self, X: Any, y: Any = None) -> dict[str, Any]:
        """Return every figure of a test, over all rows at once: see `dnn.report.scores.scores`.

        Args:
            X: Rows, as for `predict`.
            y: [rows], their classes. None: the column of X that was the target.

        Returns:
            loss, accuracy, roc_auc, precision, recall, confusion_matrix and others, as plain numbers.

        Raises:
            ValueError: As `score`.
        """
        labels, logits = self._labels_and_logits(X, y)
        return self.scores_of(labels, logits)

    def evaluate_arrays(self, rows: Rows) -> tuple[dict[str, Any], npt.NDArray[np.float32]]:
        logits = self.fitted.model_outputs(rows[0])
        return self.scores_of(rows[1], logits), logits

    def evaluate_columns(self, columns: Mapping[str, Column], target: npt.NDArray[Any]) -> dict[str, Any]:
        return self.scores_of(self.fitted.encoding.class_labels(class_names(target)), self.fitted.logits(columns))

    def scores_of(self, labels: npt.NDArray[np.int32], logits: npt.NDArray[np.float32]) -> dict[str, Any]:
        """Return what `evaluate` does, of rows whose logits are known.

        Args:
            labels: The true class numbers, int[rows].
            logits: float32[rows, classes].

        Returns:
            The figures by name.
        """
        return scores(labels, logits, self.fitted.encoding.class_labels.names, threshold=self.threshold_)

    def learnt(self) -> dict[str, Any]:
        return {"classes": plain_classes(self.classes_), "threshold": self.threshold_}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what `learnt` returned.

        Args:
            state: The plain values.

        Raises:
            ValueError: If the threshold is no number, or the classes are not those of the encoding.
        """
        super().restore(state)
        threshold = state.get("threshold")
        if not (threshold is None or (isinstance(threshold, float | int) and 0 <= threshold <= 2)):
            raise ValueError(f"the threshold must be a probability, got {threshold!r}")
        self.threshold_ = threshold
        self.classes_ = classes_of(self.fitted.encoding.class_labels.names, state.get("classes"))

    def __sklearn_tags__(self) -> Any:
        return scikit_learn.tags("classifier")

    def _labels_and_logits(self, X: Any, y: Any) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        columns, target = self._columns_and_target(X, y)
        return self.fitted.encoding.class_labels(class_names(target)), self.fitted.logits(columns)

    def _remember_target(self, encoding: Encoding, rows: Rows) -> None:
        self.threshold_ = None
        names = encoding.class_labels.names
        if [class_name(value) for value in getattr(self, "classes_", ())] != names:
            self.classes_ = np.array(names, object)  # of arrays that were encoded before: all that is known

    def _learn_target(self, target: npt.NDArray[Any]) -> Labels:
        names = class_names(target)
        labels = Labels(names)
        values = dict(zip(names.tolist(), target.tolist(), strict=True))
        self.classes_ = np.array([values[name] for name in labels.names], target.dtype)
        return labels

    def _target_values(self, target: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return class_names(target)

    def strata(self, target: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.unique(class_names(target).astype(str), return_inverse=True)[1]

    def _exported_threshold(self) -> float | None:
        return self.threshold_

    def _outputs(self, encoding: Encoding) -> int:
        return encoding.class_labels.classes

    def _weighted(self, encoding: Encoding, rows: Rows, validation: Rows | None) -> tuple[Rows, Rows | None]:
        if self.class_weight is None:
            return rows, validation
        return weighted_by_class(rows, validation, self.class_weight, encoding.class_labels.names)
