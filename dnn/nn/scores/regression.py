"""How near predicted amounts are to the true ones: over all rows at once, in float64."""

import warnings
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from dnn.nn.argument_checks import checked_array
from dnn.nn.scores.score_checks import UndefinedMetricWarning, checked_weights

Amounts: TypeAlias = npt.NDArray[np.float64]
EPSILON = 2.0**-52
MultiOutput: TypeAlias = Literal["raw_values", "uniform_average"] | npt.ArrayLike
MultiOutputOrVariance: TypeAlias = Literal["raw_values", "uniform_average", "variance_weighted"] | npt.ArrayLike


def r2_score(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    multioutput: MultiOutputOrVariance = "uniform_average",
    force_finite: bool = True,
) -> float | Amounts:
    """Return R², the share of the variance that is explained: 1 − Σ w (y − ŷ)² / Σ w (y − ȳ)².

    1 is perfect, 0 is always predicting the mean ȳ of these rows, and less is worse than that.
    Source: S. Wright, "Correlation and Causation", 1921; the formula is that of sklearn.metrics.r2_score.

    Args:
        y_true: The true amounts, [rows] or [rows, outputs].
        y_pred: The predicted amounts, of the same shape.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.
        multioutput: How the outputs make one score: "uniform_average", their mean; "variance_weighted", weighted by
            the variance of each; weights [outputs]; or "raw_values", the score of each.
        force_finite: Where all true amounts are equal, return 1 if the predictions are exact and 0 if not. False: NaN
            and −∞.

    Returns:
        A number <= 1; NaN, and an `UndefinedMetricWarning`, for less than two rows. float64[outputs] for "raw_values".

    Raises:
        ValueError: If the arguments are not of the same shape, or an amount is NaN or infinite.
        TypeError: If amounts are not numbers.

    Example:
        >>> round(dnn.r2_score([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0]), 3)
        0.949
    """
    true, predicted, weights = _checked(y_true, y_pred, sample_weight)
    if len(true) < 2:
        warnings.warn("R² is NaN: it needs two rows", UndefinedMetricWarning, stacklevel=2)
        return float("nan")
    factors = np.ones(len(true)) if weights is None else weights.astype(np.float64)
    residual = factors @ (true - predicted) ** 2
    variance = factors @ (true - np.average(true, axis=0, weights=weights)) ** 2
    scores = _one_minus_ratio(residual, variance, force_finite)
    if not isinstance(multioutput, str) or multioutput != "variance_weighted":
        return _combined(scores, multioutput, "variance_weighted")
    return float(np.average(scores, weights=variance if variance.any() else None))


def mean_absolute_error(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    multioutput: MultiOutput = "uniform_average",
) -> float | Amounts:
    """Return the mean of |y − ŷ|, in the unit of the amounts.

    Args:
        y_true: The true amounts, [rows] or [rows, outputs].
        y_pred: The predicted amounts, of the same shape.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.
        multioutput: How the outputs make one score: "uniform_average", their mean; weights [outputs]; or "raw_values",
            the score of each.

    Returns:
        A number >= 0; float64[outputs] for "raw_values".

    Raises:
        ValueError: If the arguments are not of the same shape, or an amount is NaN or infinite.
        TypeError: If amounts are not numbers.

    Example:
        >>> dnn.mean_absolute_error([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0])
        0.5
    """
    true, predicted, weights = _checked(y_true, y_pred, sample_weight)
    return _combined(np.average(np.abs(true - predicted), axis=0, weights=weights), multioutput)


def mean_absolute_percentage_error(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    multioutput: MultiOutput = "uniform_average",
) -> float | Amounts:
    """Return the mean of |y − ŷ| / |y|: 0.1 is 10 %.

    Source: the formula is that of sklearn.metrics: an amount nearer to 0 than ε = 2⁻⁵² counts as ε, so that a true
    amount of 0 makes the mean huge, but for an exact prediction.

    Args:
        y_true: The true amounts, [rows] or [rows, outputs].
        y_pred: The predicted amounts, of the same shape.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.
        multioutput: How the outputs make one score: "uniform_average", their mean; weights [outputs]; or "raw_values",
            the score of each.

    Returns:
        A number >= 0; float64[outputs] for "raw_values".

    Raises:
        ValueError: If the arguments are not of the same shape, or an amount is NaN or infinite.
        TypeError: If amounts are not numbers.

    Example:
        >>> dnn.mean_absolute_percentage_error([2.0, 4.0], [1.0, 5.0])
        0.375
    """
    true, predicted, weights = _checked(y_true, y_pred, sample_weight)
    shares = np.abs(true - predicted) / np.maximum(np.abs(true), EPSILON)
    return _combined(np.average(shares, axis=0, weights=weights), multioutput)


def root_mean_squared_error(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    multioutput: MultiOutput = "uniform_average",
) -> float | Amounts:
    """Return √ mean (y − ŷ)², in the unit of the amounts: large errors count more than in the mean absolute error.

    Args:
        y_true: The true amounts, [rows] or [rows, outputs].
        y_pred: The predicted amounts, of the same shape.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.
        multioutput: How the outputs make one score: "uniform_average", their mean; weights [outputs]; or "raw_values",
            the score of each.

    Returns:
        A number >= 0; float64[outputs] for "raw_values".

    Raises:
        ValueError: If the arguments are not of the same shape, or an amount is NaN or infinite.
        TypeError: If amounts are not numbers.

    Example:
        >>> round(dnn.root_mean_squared_error([3.0, -0.5, 2.0, 7.0], [2.5, 0.0, 2.0, 8.0]), 3)
        0.612
    """
    true, predicted, weights = _checked(y_true, y_pred, sample_weight)
    return _combined(np.sqrt(np.average((true - predicted) ** 2, axis=0, weights=weights)), multioutput)


def _checked(
    y_true: npt.ArrayLike, y_pred: npt.ArrayLike, sample_weight: npt.ArrayLike | None
) -> tuple[Amounts, Amounts, npt.NDArray[Any] | None]:
    """Return both as float64[rows, outputs]."""
    true, predicted = _amounts(y_true, "y_true"), _amounts(y_pred, "y_pred")
    if true.shape != predicted.shape:
        raise ValueError(f"y_true and y_pred must have the same shape, got {np.shape(y_true)} and {np.shape(y_pred)}")
    return true, predicted, checked_weights(sample_weight, len(true))


def _amounts(values: npt.ArrayLike, name: str) -> Amounts:
    array = checked_array(values, name, "biufV", "numbers").astype(np.float64)  # V: bfloat16
    if array.ndim not in (1, 2) or not array.size:
        raise ValueError(f"{name} must be [rows] or [rows, outputs], got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return array.reshape(len(array), -1)


def _one_minus_ratio(residual: Amounts, variance: Amounts, force_finite: bool) -> Amounts:
    """Return 1 − residual / variance; without variance 1 if there is no residual either, else 0."""
    if not force_finite:
        with np.errstate(divide="ignore", invalid="ignore"):
            return 1 - residual / variance
    ratio = np.divide(residual, variance, out=np.zeros(len(residual)), where=variance != 0)
    return np.where(variance == 0, residual == 0, 1 - ratio)


def _combined(scores: Amounts, multioutput: MultiOutputOrVariance, *others: str) -> float | Amounts:
    if isinstance(multioutput, str):
        if multioutput == "raw_values":
            return scores
        if multioutput == "uniform_average":
            return float(scores.mean())
        names = ", ".join(f'"{name}"' for name in ("raw_values", "uniform_average", *others))
        raise ValueError(f"multioutput must be {names} or weights of the outputs, got {multioutput!r}")
    weights = np.asarray(multioutput, np.float64)
    if weights.shape != scores.shape:
        raise ValueError(f"multioutput must be a weight for each of {len(scores)} outputs, got shape {weights.shape}")
    return float(np.average(scores, weights=weights))
