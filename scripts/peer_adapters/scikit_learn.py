"""scikit-learn's tests of sklearn.metrics on the scores of `dnn`, which have its names and arguments."""

import functools
import re
import warnings
from collections.abc import Callable
from typing import Any

import scipy.sparse
import sklearn.metrics
from sklearn.exceptions import UndefinedMetricWarning

import dnn
from scripts.peer_adapters.recording import MissingError, of_dnn, replaced

MODULES = tuple(
    f"sklearn/metrics/tests/{name}.py"
    for name in ("test_classification", "test_ranking", "test_regression", "test_common")
)
SCORES = (
    "accuracy_score",
    "average_precision_score",
    "balanced_accuracy_score",
    "brier_score_loss",
    "cohen_kappa_score",
    "confusion_matrix",
    "f1_score",
    "fbeta_score",
    "log_loss",
    "matthews_corrcoef",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "precision_score",
    "r2_score",
    "recall_score",
    "roc_auc_score",
    "root_mean_squared_error",
    "top_k_accuracy_score",
)
DIFFERENCES = (
    (
        r"must be both strings or both numbers|must be class labels, strings or whole numbers",
        "Labels of a wrong kind are a TypeError",
    ),
    (r"one label for each row, got shape \(\d+, 1\)", "A column [rows, 1] of labels is refused"),
    (r"sample_weight must be numbers, got object", "A column [rows, 1] of labels is refused"),
    (r'average of "ovo" must be', "Errors and warnings have words of their own"),
    (r"_warnings\[warn\]|log_loss_y_pred_deprecation", "Errors and warnings have words of their own"),
)
MISSING = ((r"one label for each row, got shape \(\d+, (?!1\))", "log_loss and brier_score_loss of several labels"),)
SELECTED = ""
SAME_WORDS = (  # what is the same complaint in scikit-learn's words
    (r"sample_weight must be \[rows\]", "Found input variables with inconsistent numbers of samples: {rows}"),
    (r"must be finite, got NaN or infinity", "Input contains NaN. contains infinity"),
)


def adapted(name: str) -> Callable[..., Any]:
    """Return the score of `dnn`, called as scikit-learn's, with warnings of scikit-learn's class."""
    score = getattr(dnn, name)

    @functools.wraps(getattr(sklearn.metrics, name))
    def called(*arguments: Any, **options: Any) -> Any:
        if any(scipy.sparse.issparse(argument) for argument in arguments):
            raise MissingError("sparse matrices")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                result = score(*arguments, **options)
            except (TypeError, ValueError) as error:
                raise in_their_words(error, [*arguments, options.get("sample_weight")]) from error
        for warning in caught:
            undefined = issubclass(warning.category, dnn.UndefinedMetricWarning)
            warnings.warn(str(warning.message), UndefinedMetricWarning if undefined else warning.category, stacklevel=2)
        return result

    return of_dnn(called)


def in_their_words(error: TypeError | ValueError, arrays: list[Any]) -> Exception:
    """Return the error, with scikit-learn's words for the same complaint after its own."""
    rows = [len(array) for array in arrays if hasattr(array, "__len__")]
    words = [theirs.format(rows=rows) for pattern, theirs in SAME_WORDS if re.search(pattern, str(error))]
    return type(error)(f"{error} {' '.join(words)}".strip())


def pytest_configure() -> None:
    """Before the test modules import them: some keep the functions in tables."""
    replaced(sklearn.metrics, {name: adapted(name) for name in SCORES})
