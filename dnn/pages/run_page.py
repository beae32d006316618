"""The page of one run: a pure function of its report.json."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dnn.pages.confusion import MOST_CLASSES_SHOWN, confusion_part
from dnn.pages.curves import curve_charts
from dnn.pages.flat import flat, flat_settings, shown_value
from dnn.pages.inside import columns_part, layers_part
from dnn.pages.members import members_part
from dnn.pages.outcome_charts import (
    amounts_chart,
    calibration_chart,
    precision_recall_chart,
    residual_histogram,
    residuals_chart,
    roc_chart,
)
from dnn.pages.page import charts, escaped, html_table, page, paragraph, section
from dnn.pages.thresholds import THRESHOLD_SCRIPT, thresholds_part

FIGURES = ("loss", "accuracy", "roc_auc", "average_precision", "r2", "mae", "rmse")


def run_page(report: Mapping[str, Any]) -> str:
    """Return the page of a run.

    Args:
        report: The contents of report.json.

    Returns:
        HTML.
    """
    data, metrics = report["data"], report["metrics"]
    title = f"{data['target']}: a run of dnn train"
    body = [
        f"<h1>{escaped(title)}</h1>",
        paragraph(f"{data['source']}; finished {_moment(report['config']['finished'])}."),
        _results(metrics),
        section("Training", charts(curve_charts(report["history"]["epochs"], report["history"]["best_epoch"]))),
        _outcomes(report["outcomes"], metrics["test"]),
        members_part(report.get("members")),
        columns_part(report["importance"], report["dependence"]),
        layers_part(report["layers"]),
        _data(data),
        section("Configuration", html_table(("setting", "value"), _settings(report["config"]))),
        section("Timing", html_table(("stage", "seconds"), report["timing"].items())),
        section(
            "All figures",
            paragraph("Everything in metrics.json, with all its digits in the data-value of each cell."),
            html_table(("figure", "value"), _shown(_fitting(metrics)), name="all-figures", tall=True),
        ),
    ]
    return page(title, "\n".join(body), script=THRESHOLD_SCRIPT if report["outcomes"].get("thresholds") else "")


def _results(metrics: Mapping[str, Any]) -> str:
    models = {"the network": metrics["test"], **metrics["baselines"]}
    names = [name for name in FIGURES if any(scores.get(name) is not None for scores in models.values())]
    rows = ([model, *(scores.get(name) for name in names)] for model, scores in models.items())
    caption = f"{metrics['test']['rows']:,} test rows, seen by neither training nor early stopping"
    table = html_table(("", *names), rows, caption=caption, name="results")
    if not metrics["baselines"] or metrics["test"].get("threshold") is None:
        return section("Results", table)
    return section("Results", table, paragraph("Only the network has a threshold; the others' accuracy is by 0.5."))


def _outcomes(outcomes: Mapping[str, Any], test: Mapping[str, Any]) -> str:
    if "calibration" not in outcomes:
        drawn = [amounts_chart(outcomes, test["r2"]), residuals_chart(outcomes), residual_histogram(outcomes)]
        return section("Test rows", charts(drawn))
    thresholds, classes = outcomes["thresholds"], test["classes"]
    drawn = [roc_chart(outcomes["roc"], classes)] if outcomes["roc"] else []
    if thresholds:
        drawn.append(precision_recall_chart(thresholds, test["average_precision"], classes[1]))
    drawn.append(calibration_chart(outcomes["calibration"]))
    parts = [confusion_part(test["confusion_matrix"], classes, test["threshold"]), charts(drawn)]
    if not outcomes["roc"]:
        parts.append(paragraph(f"No ROC curves: of more than 8 classes, here {len(classes):,}, they are not drawn."))
    return section("Test rows", *parts, *([thresholds_part(thresholds, classes[1])] if thresholds else []))


def _data(data: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{count:,} {name}" for name, count in data["parts"].items())
    parts = [paragraph(f"Target: {data['target']}. Rows: {counts}.")]
    if data["columns"] is None:
        parts.append(paragraph("A prepared folder keeps the encoded arrays and not the columns."))
    else:
        header = ("column", "kind", "missing", "different", "what is in it")
        rows = (
            (each["column"], each["kind"], each["missing"], each["distinct"], _contents(each))
            for each in data["columns"]
        )
        parts.append(html_table(header, rows, name="columns", caption="The columns of all rows, as they were read"))
    notes = "".join(f"<li>{escaped(note)}</li>" for note in data["notes"])
    return section("Data", *parts, *([f"<h3>Notes</h3>\n<ul>{notes}</ul>"] if notes else []))


def _contents(column: Mapping[str, Any]) -> str:
    if column["kind"] == "category":
        return ", ".join(f"{name} ({rows:,})" for name, rows in column["frequent"])
    if column["mean"] is None:
        return "no number"
    return f"{column['least']:.4g} … {column['most']:.4g}, mean {column['mean']:.4g}"


def _fitting(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures without confusion matrices of more classes than are shown."""
    if len(metrics["test"].get("classes", [])) <= MOST_CLASSES_SHOWN:
        return dict(metrics)
    scores = {"test": metrics["test"], **metrics["baselines"]}
    test, *others = ({key: each[key] for key in each if key != "confusion_matrix"} for each in scores.values())
    return {**metrics, "test": test, "baselines": dict(zip(metrics["baselines"], others, strict=True))}


def _settings(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the settings as texts: numbers among words would stand on both sides of one column."""
    return [(name, str(shown_value(value))) for name, value in flat_settings(dict(config))]


def _moment(finished: str) -> str:
    """Return a moment of config.json as a reader has it: 2024-01-31, 12:30 UTC+01:00."""
    moment = datetime.fromisoformat(finished)
    return f"{moment:%Y-%m-%d, %H:%M} {moment.tzname() or ''}".rstrip()


def _shown(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name, shown_value(value)) for name, value in flat(dict(values))]
