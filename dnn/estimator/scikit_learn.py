"""scikit-learn's conventions for estimators, followed without importing it until it asks: tags, errors and warnings.

Source: scikit-learn, "Developing scikit-learn estimators", 1.9.
"""

import importlib.util
import warnings
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

INSTALLED = importlib.util.find_spec("sklearn") is not None


class NotFittedError(ValueError, AttributeError):
    """An estimator was used before it was fitted. Where scikit-learn is installed, its error of this name is raised."""


def not_fitted(estimator: object) -> Exception:
    """Return the error that an estimator without a network raises."""
    name = type(estimator).__name__
    message = f"This {name} instance is not fitted yet. Call 'fit' with appropriate arguments before using this."
    if INSTALLED:
        from sklearn.exceptions import NotFittedError as TheirError

        return TheirError(message)
    return NotFittedError(message)


def tags(kind: Literal["classifier", "regressor"]) -> Any:
    """Return the tags by which scikit-learn knows what an estimator is and takes. Called by scikit-learn alone."""
    from sklearn.utils import ClassifierTags, InputTags, RegressorTags, Tags, TargetTags

    return Tags(
        estimator_type=kind,
        target_tags=TargetTags(required=True),
        classifier_tags=ClassifierTags() if kind == "classifier" else None,
        regressor_tags=RegressorTags() if kind == "regressor" else None,
        input_tags=InputTags(allow_nan=True, string=True, categorical=True),
        non_deterministic=False,
    )


def checked_matrix(x: Any) -> npt.NDArray[Any]:
    """Return an array of features, [rows, columns] of numbers or of mixed values.

    Raises:
        ValueError: If it is not two-dimensional, is empty, holds complex numbers or an infinity.
        TypeError: If it is sparse.
    """
    if hasattr(x, "tocsr"):
        raise TypeError("Sparse data was passed for X, but dense data is required: X.toarray()")
    array = np.asarray(x)
    if array.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: X is {array.dtype}")
    if array.ndim < 2:
        raise ValueError(
            f"Expected 2D array, got {array.ndim}D array instead. Reshape your data either using X.reshape(-1, 1) if "
            "it has a single feature or X.reshape(1, -1) if it is a single sample."
        )
    if array.ndim > 2:
        raise ValueError(f"Found array with dim {array.ndim}, while dim <= 2 is required: X must be [rows, columns]")
    for count, what in zip(array.shape, ("sample", "feature"), strict=True):
        if not count:
            raise ValueError(f"Found array with 0 {what}(s) (shape={array.shape}) while a minimum of 1 is required.")
    if array.dtype.kind == "f" and np.isinf(array).any():
        raise ValueError("Input X contains infinity; NaN and None are missing values, an infinity is refused")
    return array


def checked_target(y: Any, rows: int) -> npt.NDArray[Any]:
    """Return the target as [rows].

    Raises:
        ValueError: If there is none, its length differs from that of X, or it has more than one column.
    """
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None; or fit(table, target='column')")
    if hasattr(y, "tocsr"):
        raise TypeError("Sparse data was passed for y, but dense data is required")
    array = np.asarray(y)
    if array.dtype.kind == "c":
        raise ValueError("Complex data not supported: y is complex")
    if array.ndim == 2 and array.shape[1] == 1:
        warn_of_column_vector()
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(f"y must be [rows], one target for each row, got shape {array.shape}")
    if len(array) != rows:
        raise ValueError(f"Found input variables with inconsistent numbers of samples: [{rows}, {len(array)}]")
    return array


def refuse_missing_targets(missing: npt.NDArray[np.bool_]) -> None:
    """Refuse a target where some are missing, bool[rows]. Raises: ValueError that counts them."""
    if missing.any():
        count, rows, first = int(missing.sum()), len(missing), int(np.argmax(missing)) + 1
        raise ValueError(f"Input y contains NaN: {count:,} of {rows:,} rows have no target, the first is row {first}")


def warn_of_column_vector() -> None:
    """Warn that y is [rows, 1], as scikit-learn does; its warning's class is used where it is installed."""
    category: type[Warning] = UserWarning
    if INSTALLED:
        from sklearn.exceptions import DataConversionWarning

        category = DataConversionWarning
    message = "A column-vector y was passed when a 1d array was expected. Please change the shape of y to (n_samples,)."
    warnings.warn(message, category, stacklevel=5)


def checked_sample_weight(weights: Any, rows: int) -> npt.NDArray[np.float32]:
    """Return sample weights as float32[rows].

    Raises:
        ValueError: If they are not one number >= 0 for each row.
    """
    array = np.asarray(weights, np.float32)
    if array.ndim == 0:
        array = np.full(rows, array)
    if array.ndim != 1:
        raise ValueError(f"Sample weights must be 1D array or scalar, got {array.ndim}D array")
    if len(array) != rows:
        raise ValueError(f"sample_weight.shape == {array.shape}, expected {(rows,)}!")
    if not np.isfinite(array).all() or (array < 0).any():
        raise ValueError("sample_weight must be finite and 0 or more")
    if not array.any():
        raise ValueError("every weight in sample_weight is zero: there is nothing to learn from")
    return array
