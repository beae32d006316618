"""The charts of a test, of classes and of amounts, each a function from plain numbers to HTML."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dnn.pages.axes import Axes
from dnn.pages.curves import figure_text
from dnn.pages.svg import ACCENT, QUIET, chart, series_style, short

CONFUSIONS = ("true_positives", "false_positives", "false_negatives", "true_negatives")


def roc_chart(curves: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> str:
    """Draw the ROC curve of each class against the rest.

    Args:
        curves: As `class_charts` returns: class, area, false_positive_rate, true_positive_rate.
        classes: The names of the classes.

    Returns:
        A chart.
    """
    areas = [f"“{short(classes[curve['class']])}” {figure_text(curve['area'])}" for curve in curves]

    def draw(axes: Axes) -> None:
        for index, (curve, area) in enumerate(zip(curves, areas, strict=True)):
            axes.plot(curve["false_positive_rate"], curve["true_positive_rate"], label=area, **series_style(index))
        axes.plot([0, 1], [0, 1], ":", color=QUIET)
        axes.set(xlabel="false positive rate", ylabel="true positive rate (recall)", xlim=(0, 1), ylim=(0, 1.02))
        axes.legend(title="area under the curve", loc="lower right")

    tells = f"Area under the curve: {', '.join(areas)}; the dotted line is chance, 0.5."
    return chart(draw, name="roc", title="ROC", tells=tells)


def precision_recall_chart(thresholds: Mapping[str, Any], average_precision: float | None, name: str) -> str:
    """Draw precision over recall, of all thresholds.

    Args:
        thresholds: As `threshold_table` returns.
        average_precision: Its area; None where it is not defined.
        name: Of the positive class.

    Returns:
        A chart.
    """
    hits, alarms, misses = (np.array(thresholds[each]) for each in CONFUSIONS[:3])
    taken = (hits + alarms) > 0
    recall, precision = (hits / np.maximum(hits + misses, 1))[taken], hits[taken] / (hits + alarms)[taken]
    share = float((hits + misses)[0] / max(sum(thresholds[each][0] for each in CONFUSIONS), 1))

    def draw(axes: Axes) -> None:
        axes.step(recall, precision, color=ACCENT)
        axes.axhline(share, linestyle=":", color=QUIET)
        axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))

    tells = (
        f"Average precision of “{short(name)}”: {figure_text(average_precision)}; "
        f"the dotted line is chance, the share of its rows, {share:.4g}."
    )
    return chart(draw, name="precision-recall", title="Precision and recall", tells=tells)


def calibration_chart(bins: Mapping[str, Any]) -> str:
    """Draw the reliability diagram: how often the predicted class is right where the network is so confident.

    Args:
        bins: As `calibration_bins` returns.

    Returns:
        A chart.
    """

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], ":", color=QUIET)
        axes.plot(bins["confidence"], bins["accuracy"], "-o", color=ACCENT, markersize=4)
        axes.set(xlabel="mean confidence of the bin", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1.02))

    tells = (
        f"Expected calibration error: {bins['error']:.4g}, of {sum(bins['rows']):,} rows in bins 1/15 wide; on the "
        "dotted line, confidence is as high as accuracy."
    )
    return chart(draw, name="calibration", title="Calibration", tells=tells)


def amounts_chart(numbers: Mapping[str, Any], r2: float | None) -> str:
    """Draw what was predicted against what is true.

    Args:
        numbers: As `amount_charts` returns.
        r2: The share of the variance that is explained; None where it is not defined.

    Returns:
        A chart.
    """
    true, predicted = numbers["target"], numbers["predicted"]
    ends = [min(*true, *predicted), max(*true, *predicted)]
    tells = f"{len(true):,} of {numbers['rows']:,} rows; R² {figure_text(r2)}; on the dotted line they are the same."
    draw = _points(true, predicted, (ends, ends), xlabel="true", ylabel="predicted")
    return chart(draw, name="predicted", title="Predicted against true", tells=tells)


def residuals_chart(numbers: Mapping[str, Any]) -> str:
    """Draw residuals, true − predicted, over what was predicted.

    Args:
        numbers: As `amount_charts` returns.

    Returns:
        A chart.
    """
    predicted = numbers["predicted"]
    residuals = np.subtract(numbers["target"], predicted)
    tells = f"Residuals of {len(residuals):,} rows, from {residuals.min():.4g} to {residuals.max():.4g}."
    ends = [min(predicted), max(predicted)]
    draw = _points(predicted, residuals, (ends, [0, 0]), xlabel="predicted", ylabel="true − predicted")
    return chart(draw, name="residuals", title="Residuals over the prediction", tells=tells)


def residual_histogram(numbers: Mapping[str, Any]) -> str:
    """Draw how the residuals of all rows are spread.

    Args:
        numbers: As `amount_charts` returns.

    Returns:
        A chart.
    """
    counts, edges = numbers["residuals"]["counts"], numbers["residuals"]["edges"]

    def draw(axes: Axes) -> None:
        axes.stairs(counts, edges, color=ACCENT, alpha=0.6)
        axes.set(xlabel="true − predicted", ylabel="rows")

    most = int(np.argmax(counts))
    tells = f"{sum(counts):,} rows; most of them, {counts[most]:,}, from {edges[most]:.4g} to {edges[most + 1]:.4g}."
    return chart(draw, name="residual-histogram", title="Residuals", tells=tells)


def _points(across: Any, up: Any, line: tuple[Any, Any], **labels: str) -> Callable[[Axes], None]:
    """Return what draws points over a dotted line, on axes with these labels."""

    def draw(axes: Axes) -> None:
        axes.plot(*line, ":", color=QUIET)
        axes.plot(across, up, ".", color=ACCENT, markersize=4, alpha=0.6)
        axes.set(**labels)

    return draw
